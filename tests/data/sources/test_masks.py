"""Images and masks become Splits; whatever is wrong with one of them is an error, or is left out and named."""

import warnings

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError, DataWarning
from tfft.core.label_values import IGNORED
from tfft.core.specs import LabelSpace
from tfft.data.raw_examples import unsplit
from tfft.data.sources.masks import from_masks, mask_pools

SIZE = (12, 16)


def photo(seed: int, size=SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)


def mask(seed: int, size=SIZE, values=(0, 1, 2)) -> np.ndarray:
    return np.random.default_rng(100 + seed).choice(np.uint8(values), size)


@pytest.fixture
def folder(tmp_path):
    for part, count in (("train", 8), ("val", 3), ("test", 3)):
        for kind in ("images", "masks"):
            (tmp_path / part / kind).mkdir(parents=True)
        for number in range(count):
            seed = 100 * count + number + (part == "test") * 50
            Image.fromarray(photo(seed)).save(tmp_path / part / "images" / f"{number}.jpg", quality=95)
            Image.fromarray(mask(seed)).save(tmp_path / part / "masks" / f"{number}.png")
    return tmp_path


def first_mask(folder):
    return folder / "train" / "masks" / "0.png"


def test_a_folder_with_parts_is_read_with_names_in_order_of_the_values(folder):
    data = from_masks(folder, ["sky", "road", "void"], ignore="void")
    assert data.describe() == "8 train, 3 validation, 3 test; 2 classes"
    assert (data.labels.names, data.labels.kind) == (("sky", "road"), "masks")
    raw = np.asarray(Image.open(first_mask(folder)))
    np.testing.assert_array_equal(data.train.targets[0], np.where(raw == 2, IGNORED, raw))
    assert data.train.counts()["road"] == sum(int((data.train.targets[i] == 1).sum()) for i in range(8))
    assert data.source.startswith("tfft.data.from_masks(")


def test_one_pair_of_folders_is_split_at_random_by_the_seed(folder):
    pair = {"train": (folder / "train" / "images", folder / "train" / "masks")}
    data, again, other = (from_masks(pair, ignore=2, seed=seed) for seed in (1, 1, 2))
    assert data.labels.names == ("0", "1")
    assert data.describe().startswith("6 train, 1 validation, 1 test")
    assert data.train.digests == again.train.digests
    assert data.train.digests != other.train.digests


def test_images_and_masks_directly_below_a_folder_are_the_training_part(folder):
    assert len(from_masks(folder / "train", ["a", "b", "c"], holdout=(0.3, 0)).train) == 6


@pytest.mark.parametrize("ignore", [2, [2], "void", ["void"], (2, 250)])
def test_what_is_ignored_may_be_named_by_value_or_by_name(folder, ignore):
    assert from_masks(folder, ["a", "b", "void"], ignore=ignore).labels.names == ("a", "b")


def test_several_values_may_be_one_class(folder):
    data = from_masks(folder, {0: "still", 1: "moving", 2: "still"})
    raw = np.asarray(Image.open(first_mask(folder)))
    np.testing.assert_array_equal(data.train.targets[0], raw == 1)


def test_colours_and_palettes_are_classes_too(tmp_path):
    table = {(128, 0, 0): "car", (0, 0, 128): "road", (0, 0, 0): "void"}
    found = {}
    for kind in ("colours", "palette"):
        masks = []
        for number in range(10):
            path = tmp_path / f"{kind}{number}.png"
            if kind == "colours":
                Image.fromarray(np.uint8([*table])[mask(number)]).save(path)
            else:
                indexed = Image.fromarray(mask(number)).convert("P")
                indexed.frombytes(mask(number).tobytes())
                indexed.putpalette([channel for colour in table for channel in colour])
                indexed.save(path)
            masks.append(path)
        images = [photo(number) for number in range(10)]
        found[kind] = from_masks({"train": (images, masks)}, table, ignore=(0, 0, 0))
        assert found[kind].labels.names == ("car", "road")
        expected = np.where(mask(0) == 2, IGNORED, mask(0))
        index = list(found[kind].everything().inputs)
        position = next(i for i, image in enumerate(index) if np.array_equal(image, photo(0)))
        np.testing.assert_array_equal(found[kind].everything().targets[position], expected)
    # the indices of the same palette, without colours
    assert from_masks({"train": (images, masks)}, ["car", "road", "void"]).labels.names == ("car", "road", "void")


def test_masks_may_have_one_word_more_in_their_names(folder):
    for path in (folder / "train" / "masks").iterdir():
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    assert len(from_masks(folder, ["a", "b", "c"]).train) == 8


FAULTS = {
    "another size": (
        lambda path: Image.fromarray(mask(0, (6, 8))).save(path),
        r"size is 8x6, and that of its image is 16x12",
    ),
    "a value without a class": (
        lambda path: Image.fromarray(mask(0, values=(0, 77))).save(path),
        r"values without a class in [0-9]+ pixels: 77.*ignore=",
    ),
    "ignored pixels only": (
        lambda path: Image.fromarray(np.full(SIZE, 3, np.uint8)).save(path),
        "all of its pixels are ignored",
    ),
    "half a file": (lambda path: path.write_bytes(path.read_bytes()[:60]), "0.png"),
    "no image": (lambda path: path.write_bytes(b"not an image at all"), "not an image"),
    "a photo": (lambda path: Image.fromarray(photo(3)).save(path), "it has colours, and no colour has a class"),
    "transparent pixels": (
        lambda path: Image.fromarray(np.dstack([mask(0)] * 3 + [mask(0)])).save(path),
        "transparent pixels",
    ),
    "floats": (
        lambda path: Image.fromarray(mask(0).astype(np.float32)).save(path, format="TIFF"),
        "its pixels are of type 'F'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mask_that_cannot_be_used_is_an_error_or_is_left_out_and_named(folder, fault):
    spoil, message = FAULTS[fault]
    spoil(first_mask(folder))
    classes = {0: "a", 1: "b", 2: "c"}
    with pytest.raises(DataError, match=rf"1 of 8 masks of the train part cannot be used: .*{message}"):
        from_masks(folder, classes, ignore=3)
    data = from_masks(folder, classes, ignore=3, on_corrupt="skip")
    assert len(data.train) == 7
    assert len(data.skipped) == 1
    assert data.skipped[0].startswith(str(first_mask(folder)))


def test_an_error_gives_each_reason_once(folder):
    for name in ("0", "2"):
        Image.fromarray(mask(0, (6, 8))).save(first_mask(folder).with_name(f"{name}.png"))
    Image.fromarray(mask(0, values=(0, 77))).save(first_mask(folder).with_name("1.png"))
    message = r"3 of 8 masks.*: '\S+0\.png', '\S+2\.png': its size is 8x6, .*16x12; '\S+1\.png': values .*77"
    with pytest.raises(DataError, match=message) as error:
        from_masks(folder, {0: "a", 1: "b", 2: "c"})
    assert str(error.value).count("size is") == 1


def test_values_of_several_masks_are_summed(folder):
    for name, values in (("0", (0, 77)), ("1", (0, 78))):
        Image.fromarray(mask(0, values=values)).save(first_mask(folder).with_name(f"{name}.png"))
    count = 2 * int((mask(0, values=(0, 1)) == 1).sum())
    message = rf"2 of 8 masks.*: '\S+0\.png', '\S+1\.png': values without a class in {count} pixels: 77, 78\."
    with pytest.raises(DataError, match=message):
        from_masks(folder, {0: "a", 1: "b", 2: "c"})


def test_a_mask_of_several_pages_is_refused(folder):
    pages = [Image.fromarray(mask(0))] * 3
    pages[0].save(first_mask(folder).with_suffix(".tif"), save_all=True, append_images=pages[1:])
    first_mask(folder).unlink()
    with pytest.raises(DataError, match=r"it has several pages or frames, and a mask has one"):
        from_masks(folder, {0: "a", 1: "b", 2: "c"})


def test_with_the_labels_of_a_model_no_training_part_is_needed(folder):
    labels = from_masks(folder, ["a", "b", "c"]).labels
    images = [photo(number) for number in range(3)]
    data = from_masks({"test": (images, [mask(number) for number in range(3)])}, labels)
    assert (len(data.train), len(data.validation), len(data.test)) == (0, 0, 3)
    assert data.describe().startswith("0 train, 0 validation, 3 test")
    model = tfft.build("toy", tfft.tasks.segmentation(labels))
    assert tfft.evaluate(model, data.test).count == 3
    with pytest.raises(DataError, match=r"needs a training and a validation part.*0 train"):
        tfft.fit(model, data)
    with pytest.raises(DataError, match="no training part"):
        from_masks({"test": (images, [mask(number) for number in range(3)])}, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore": 2.0}, r"2\.0 is not a value of a mask"),
        ({"classes": [(0, 0, 0), (128, 0, 0)]}, r"must hold names.*Write \{\(128, 0, 0\): 'car'"),
        (
            {"masks": np.eye(3, dtype=np.uint8)[np.arange(12) % 3][None].repeat(16, 0)},
            r"one-hot.*mask\.argmax\(axis=-1\)",
        ),
    ],
)
def test_common_slips_get_advice(options, message):
    images = [np.zeros((16, 12, 3), np.uint8)] * 4
    masks = [options.get("masks", np.uint8(np.arange(192).reshape(16, 12) % 2))] * 4
    with pytest.raises(DataError, match=message):
        from_masks({"train": (images, masks)}, options.get("classes", ["a", "b", "c"]), options.get("ignore"))


def test_paths_of_arrays_as_masks_get_advice(tmp_path):
    np.save(tmp_path / "1.npy", np.zeros((16, 12), np.uint8))
    with pytest.raises(
        DataError, match=r"a file of an array and not an image; save it as PNG, or pass np\.load\(path\)"
    ):
        from_masks({"train": ([np.zeros((16, 12, 3), np.uint8)], [str(tmp_path / "1.npy")])}, ["a", "b"])


def test_a_colour_that_is_not_in_the_palette_is_named(tmp_path):
    images = [photo(number) for number in range(8)]
    masks = [np.uint8([[255, 0, 0], [0, 0, 255]])[mask(number, values=(0, 1))] for number in range(8)]
    masks[5][2, 3] = (1, 2, 3)
    with pytest.raises(DataError, match=r"colours without a class in 1 pixels: \(1, 2, 3\)"):
        from_masks({"train": (images, masks)}, {(255, 0, 0): "a", (0, 0, 255): "b"})


def test_a_jpeg_as_a_mask_is_told_from_other_values(folder):
    coarse = np.kron(np.random.default_rng(0).integers(0, 2, (6, 8)), np.full((2, 2), 9)).astype(np.uint8)
    Image.fromarray(coarse).save(first_mask(folder).with_suffix(".jpg"), quality=50)
    first_mask(folder).unlink()
    with pytest.raises(
        DataError, match=r"1 of 8 masks.*0.jpg': a JPEG changes the values of masks.*; save them as PNG"
    ):
        from_masks(folder, {0: "a", 1: "b", 2: "c"})


def test_an_image_without_a_mask_and_a_mask_without_an_image_are_named(folder):
    first_mask(folder).unlink()
    with pytest.raises(DataError, match=r"1 image has no mask in the train part: .*0\.jpg.*same name"):
        from_masks(folder, ["a", "b", "c"])
    data = from_masks(folder, ["a", "b", "c"], on_corrupt="skip")
    assert (len(data.train), data.skipped) == (7, (f"{folder / 'train' / 'images' / '0.jpg'}: it has no mask",))
    (folder / "train" / "images" / "1.jpg").unlink()
    (folder / "train" / "images" / "0.jpg").unlink()
    with pytest.raises(DataError, match=r"1 mask has no image in the train part: .*1\.png"):
        from_masks(folder, ["a", "b", "c"])


def turned(path, size, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(photo(0, size)).save(path, exif=exif)


def test_the_mask_of_a_photo_with_a_rotation_is_that_of_the_upright_photo(folder):
    turned(folder / "train" / "images" / "0.jpg", (16, 12), 6)  # upright 12 high and 16 wide, as its mask
    data = from_masks(folder, ["a", "b", "c"])
    assert data.train.targets[0].shape == SIZE
    turned(folder / "train" / "images" / "0.jpg", SIZE, 6)
    with pytest.raises(DataError, match=r"its image as it is stored.*rotation of a camera \(EXIF\).*rotate the mask"):
        from_masks(folder, ["a", "b", "c"])


def test_a_rotation_that_keeps_the_size_is_a_warning(folder):
    turned(folder / "train" / "images" / "0.jpg", SIZE, 3)
    with pytest.warns(DataWarning, match=r"1 image has a rotation of a camera.*0\.jpg.*upright") as caught:
        from_masks(folder, ["a", "b", "c"])
    assert caught[0].filename == __file__


def test_a_part_without_masks_is_named_at_the_line_of_the_user(folder):
    for path in (*(folder / "test" / "masks").iterdir(), folder / "test" / "masks"):
        path.unlink() if path.is_file() else path.rmdir()
    with pytest.warns(DataWarning, match="'test' below .* is left out") as caught:
        from_masks(folder, ["a", "b", "c"])
    assert caught[0].filename == __file__


def test_an_image_that_cannot_be_read_is_told_from_its_mask(folder):
    (folder / "train" / "images" / "0.jpg").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"1 of 8 images cannot be read: .*0\.jpg \(not an image"):
        from_masks(folder, ["a", "b", "c"])
    assert len(from_masks(folder, ["a", "b", "c"], on_corrupt="skip").train) == 7


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ({}, {}, "takes a folder, or images and masks"),
        ({"train": 3}, {}, "train part needs images and masks"),
        ({"train": ([photo(0)], [])}, {}, "1 image and 0 masks"),
        ({"val": ([photo(0)], [mask(0)])}, {}, "Write 'validation' in place of 'val'"),
        ({"train": ("no such folder", "nor this")}, {}, "no folder of images 'no such folder'"),
        ({"train": ([photo(0)], [mask(0)])}, {"classes": "sky"}, "classes must be a list of names"),
        ({"train": ([photo(0)], [mask(0)])}, {"classes": ["a", "a"]}, "has a name twice"),
        (
            {"train": ([photo(0)], [mask(0)])},
            {"classes": ["a", "b", "c"], "ignore": "void"},
            "is not the name of a class",
        ),
        ({"train": ([photo(0)], [mask(0)])}, {"classes": ["a"]}, "from 2 to 254 classes"),
        ({"train": ([photo(0)], [mask(0)])}, {"classes": {-1: "a", 1: "b"}}, "-1 is not a value of a mask"),
        ({"train": ([photo(0)], [mask(0)])}, {"classes": {(1, 2): "a", (0, 0, 0): "b"}}, "not a colour of a mask"),
        ({"train": ([photo(0)], [mask(0)])}, {"on_corrupt": "ignore"}, "on_corrupt='ignore' is unknown"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(parts, options, message):
    with pytest.raises(DataError, match=message):
        from_masks(parts, **options)


def test_a_folder_without_images_and_masks_says_how_to_name_them(tmp_path):
    with pytest.raises(DataError, match=r"holds no folders of images and masks.*from_masks\("):
        from_masks(tmp_path)


def test_the_same_image_in_two_parts_is_a_warning(folder):
    for file in ("images/0.jpg", "masks/0.png"):
        (folder / "test" / file).write_bytes((folder / "train" / file).read_bytes())
    with pytest.warns(DataWarning, match="in two parts with the same content"):
        from_masks(folder, ["a", "b", "c"])


def test_a_class_without_training_pixels_is_a_warning(folder):
    with warnings.catch_warnings(record=True, action="always") as caught:
        data = from_masks(folder, ["a", "b", "c", "d"])
    assert "The train part has no examples of the classes 'd'" in str(caught[0].message)
    assert data.labels.names == ("a", "b", "c", "d")


def test_other_data_is_read_with_the_classes_of_a_model(folder):
    labels = LabelSpace(("c", "b", "a", "d"), "masks")
    pools = mask_pools(folder, ["a", "b", "c"])
    examples, skipped = unsplit(pools, labels)
    raw = np.asarray(Image.open(first_mask(folder)))
    np.testing.assert_array_equal(examples.targets[0], 2 - raw)
    assert (len(examples), skipped, examples.counts()["d"]) == (14, (), 0)
    with pytest.raises(DataError, match="classes that the label space does not have: 'c'"):
        unsplit(pools, LabelSpace(("a", "b"), "masks"))


def test_other_masks_are_read_as_those_of_the_training(folder):
    data = from_masks(folder, {2: "road", 0: "sky", 1: "void"}, ignore="void")
    assert data.labels.values == ((0, 1), (1, IGNORED), (2, 0))
    found = from_masks(folder, data.labels)
    raw = np.asarray(Image.open(folder / "test" / "masks" / "0.png"))
    np.testing.assert_array_equal(found.test.targets[0], np.choose(raw, [1, IGNORED, 0]))
    assert (found.labels, len(found.test)) == (data.labels, 3)
    with pytest.raises(DataError, match=r"from 2 to 254 classes.*1: 'sky'"):
        from_masks(folder, data.labels, ignore="road")
    with pytest.raises(DataError, match=r"'void' is not the name.*Leave ignore out"):
        from_masks(folder, data.labels, ignore="void")


def test_training_on_masks_with_other_values_is_a_warning(folder):
    model = tfft.build("toy", tfft.tasks.segmentation(from_masks(folder, {0: "a", 1: "b", 2: "c"}).labels))
    other = from_masks(folder, {1: "a", 0: "b", 2: "c"})
    with pytest.warns(DataWarning, match=r"1 \(now 'a', in training 'b'\).*keeps the first meaning") as caught:
        tfft.fit(model, other, tfft.plans.head_only(1), progress=False)
    assert caught[0].filename == __file__


def test_a_measurement_with_other_values_than_in_training_warns_at_the_line_of_the_user(folder):
    data = from_masks(folder, ["sky", "road", "void"], ignore="void")
    model = tfft.build("toy", tfft.tasks.segmentation(data.labels))
    swapped = from_masks(folder, ["road", "sky", "void"], ignore="void")
    with pytest.warns(DataWarning, match=r"0 \(now 'road', in training 'sky'\)") as caught:
        tfft.evaluate(model, swapped.test)
    assert caught[0].filename == __file__


def test_masks_are_read_when_they_are_needed_and_refused_when_they_have_changed(folder):
    data = from_masks(folder, ["a", "b", "c"])
    Image.fromarray(mask(99)).save(first_mask(folder))
    with pytest.raises(DataError, match=r"mask .*0\.png.* has changed since the data was read"):
        data.train.targets[0]
    first_mask(folder).unlink()
    with pytest.raises(DataError, match=r"0\.png.* can no longer be read"):
        data.train.targets[0]


def test_camvid_is_read_as_it_is(material):
    home = material / "data" / "segmentation" / "camvid_small"
    names = (home / "classes.txt").read_text().split()
    data = tfft.data.from_masks(home, names, ignore="unlabelled")
    assert data.describe() == "367 train, 101 validation, 233 test; 11 classes"
    assert data.train.targets[0].shape == (180, 240)
    assert data.skipped == ()


def test_masks_of_black_and_white_are_advised_to_name_both_values():
    pairs = {"train": ([photo(n) for n in range(6)], [mask(n, values=(0, 255)) for n in range(6)])}
    with pytest.raises(DataError, match=r"values 0 and 255 alone, pass classes=\{0: \"background\", 255: \"object\"\}"):
        from_masks(pairs, ["ground", "thing"])
    assert from_masks(pairs, {0: "ground", 255: "thing"}).labels.names == ("ground", "thing")


def test_smoothed_borders_of_black_and_white_masks_are_doubted():
    masks = [mask(n, values=(0, 255)) for n in range(8)]
    for each in masks:
        each[0, :2] = 100, 200
    with pytest.warns(DataWarning, match=r"4 different values, and nearly all pixels have 0 or 255") as caught:
        from_masks({"train": ([photo(n) for n in range(8)], masks)})
    assert caught[0].filename == __file__


def test_jpeg_masks_are_refused(folder):
    for path in (folder / "train" / "masks").iterdir():
        Image.fromarray(mask(1, values=(0, 255))).save(path.with_suffix(".jpg"), quality=95)
        path.unlink()
    with pytest.raises(
        DataError,
        match=r"No mask of the train part can be used.*JPEG and lossy WebP, also inside of TIFF, change.*save",
    ):
        from_masks(folder)


def test_masks_that_cannot_be_used_say_why_without_names_of_classes():
    colored = [np.stack([mask(n)] * 3, axis=-1) * np.uint8([50, 90, 1]) for n in range(6)]
    with pytest.raises(DataError, match=r"No mask of the train part can be used.*colours"):
        from_masks({"train": ([photo(n) for n in range(6)], colored)})


def test_palettes_that_number_colours_for_each_file_are_refused(folder):
    """A program that writes GIF, or reduces colours, numbers those of each file: index 2 may be value 3."""
    for path in (folder / "train" / "masks").iterdir():
        values = np.asarray(Image.open(path))
        if path.stem == "0":
            values = np.where(values == 1, 0, values)  # without value 1, value 2 gets index 1
        Image.fromarray(values).save(path.with_suffix(".gif"))
        path.unlink()
    with pytest.raises(
        DataError, match=r"1 of 8 masks .*0\.gif': index 1 of its palette .*\(2, 2, 2\).*\(1, 1, 1\).*grey PNG"
    ):
        from_masks(folder, ["sky", "road", "void"])
    data = from_masks(folder, {(0, 0, 0): "sky", (1, 1, 1): "road", (2, 2, 2): "void"}, on_corrupt="skip")
    assert len(data.train) == 8
