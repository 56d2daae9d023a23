"""Folders as users have them: nested, mixed case, with stray files, links, and classes called "test"."""

import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_folder


def _write(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)).save(path)


def _tree(root, *homes, count=4, suffix=".png"):
    for number, home in enumerate(homes):
        for index in range(count):
            _write(root / home / f"{index}{suffix}", hash((number, index)) % 2**32)
    return root


def _names(splits):
    """File names with their labels, over all parts."""
    parts = [part for part in (splits.train, splits.validation, splits.test) if part is not None]
    return {part.name(i): splits.labels.names[part.targets[i]] for part in parts for i in range(len(part))}


def test_classes_are_the_sorted_folder_names(class_folder):
    splits = from_folder(class_folder)
    assert splits.labels.names == ("blues", "greens", "reds")
    assert len(_names(splits)) == 24
    assert all(f"/{label}/" in path for path, label in _names(splits).items())


def test_the_same_seed_gives_the_same_parts(class_folder):
    assert from_folder(class_folder, seed=4).test.digests == from_folder(str(class_folder), seed=4).test.digests
    assert from_folder(class_folder, seed=4).test.digests != from_folder(class_folder, seed=5).test.digests


@pytest.mark.parametrize(
    "suffix",
    [".jpg", ".JPG", ".jpeg", ".Jpeg", ".PNG", ".bmp", ".GIF", ".webp", ".tif", ".TIFF", ".jpe", ".JFIF", ".ppm"],
)
def test_every_ending_in_any_case_is_read(tmp_path, suffix):
    assert from_folder(_tree(tmp_path, "a", "b", suffix=suffix)).describe().endswith("2 classes")


def test_images_may_lie_deeper_and_names_may_hold_spaces_and_any_script(tmp_path):
    splits = from_folder(_tree(tmp_path, "house cat/2019/may", "猫 (two)"))
    assert splits.labels.names == ("house cat", "猫 (two)")
    assert len(_names(splits)) == 8


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "dev", "Testing"), ("TRAIN", "valid", "test")],
)
def test_part_folders_are_recognised(tmp_path, train, validation, test):
    splits = from_folder(_tree(tmp_path, *(f"{part}/{name}" for part in (train, validation, test) for name in "ab")))
    assert splits.describe() == "8 train, 8 validation, 8 test; 2 classes"
    assert all(f"/{test}/" in splits.test.name(index) for index in range(8))


def test_a_missing_validation_part_is_split_off_training(tmp_path):
    splits = from_folder(_tree(tmp_path, "train/a", "train/b", "test/a", "test/b"))
    assert splits.describe() == "6 train, 2 validation, 8 test; 2 classes"


def test_parts_can_be_named(tmp_path):
    _tree(tmp_path, "2019/a", "2019/b", "2020/a", "2020/b")
    splits = from_folder(tmp_path, parts={"train": "2019", "test": "2020"})
    assert all("/2020/" in splits.test.name(index) for index in range(len(splits.test)))


@pytest.mark.parametrize("classes", [["test", "exam"], ["train", "car", "bus"], ["train", "test", "car"], ["val", "x"]])
def test_a_class_may_be_called_like_a_part(tmp_path, classes):
    assert from_folder(_tree(tmp_path, *classes)).labels.names == tuple(sorted(classes))


def test_parts_without_class_folders_are_not_taken_for_classes(tmp_path):
    _tree(tmp_path, "train", "test")
    with pytest.raises(DataError, match=r"no image in the class folders.*'test', 'train'.*one folder for each class"):
        from_folder(tmp_path)


def test_parts_without_a_training_part_are_not_taken_for_classes(tmp_path):
    _tree(tmp_path, "test/a", "test/b", "val/a", "val/b")
    with pytest.raises(DataError, match=r"but no training part.*'val', 'test'.*parts=False"):
        from_folder(tmp_path)
    assert from_folder(tmp_path, parts=False).labels.names == ("test", "val")
    assert from_folder(tmp_path, parts={"train": "."}).labels.names == ("test", "val")


def test_hidden_and_system_files_are_ignored_without_a_warning(class_folder):
    for junk in (
        "reds/._0.png",
        ".git/x/1.png",
        "__MACOSX/reds/1.png",
        "reds/.ipynb_checkpoints/1.png",
        "reds/@eaDir/1.png",
    ):
        (class_folder / junk).parent.mkdir(parents=True, exist_ok=True)
        (class_folder / junk).write_bytes(b"junk")
    for junk in ("reds/Thumbs.db", "blues/.DS_Store", "README.txt", "greens/README.md"):
        (class_folder / junk).write_bytes(b"junk")
    splits = from_folder(class_folder)
    assert len(_names(splits)) == 24
    assert splits.left_out == {"hidden": 3}
    assert splits.describe().endswith("; files left out: 3 hidden")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("stray.png", r"1 image is directly in.*'stray.png'"),
        (
            "reds/scan.HEIC",
            r"1 file in .* is not a readable image, and is left out: 1 \.heic, such as 'scan\.HEIC'.*Convert",
        ),
        ("reds/notes.csv", r"1 file in .*1 \.csv"),
        ("reds/0.txt", r"1 file in .*1 \.txt"),
        ("empty/readme.md", r"class folder 'empty' in .* holds no image and is left out"),
    ],
)
def test_files_that_may_be_data_are_named_when_they_are_left_out(class_folder, path, message):
    (class_folder / path).parent.mkdir(exist_ok=True)
    (class_folder / path).write_bytes(b"x")
    with pytest.warns(DataWarning, match=message):
        assert len(_names(from_folder(class_folder))) == 24


def test_folders_beside_the_parts_are_named(tmp_path):
    _tree(tmp_path, "train/a", "train/b", "test/a", "test/b", "more/a")
    with pytest.warns(DataWarning, match=r"folders 'more' in .* are not parts.*parts="):
        from_folder(tmp_path)


def test_links_are_followed_once_and_loops_end(tmp_path):
    _tree(tmp_path / "store", "reds", "blues")
    root = tmp_path / "root"
    root.mkdir()
    for name in ("reds", "blues"):
        (root / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "reds" / "loop").symlink_to(tmp_path / "store" / "reds")
    assert len(_names(from_folder(root))) == 8


def test_an_accent_is_one_class_however_it_is_written(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    _tree(tmp_path, f"train/{composed}", "train/tea", f"test/{decomposed}", "test/tea")
    assert from_folder(tmp_path).test.counts() == {composed: 4, "tea": 4}


def test_an_empty_folder_is_refused_with_what_is_in_it(tmp_path):
    with pytest.raises(DataError, match=r"no image in the class folders.*an empty folder.*one folder for each class"):
        from_folder(tmp_path)
    _write(tmp_path / "flat.png", 0)
    with pytest.raises(DataError, match=r"1 image directly in it.*'flat\.png'"):
        from_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no folder .*nowhere.*Check the path"):
        from_folder(tmp_path / "nowhere")


def test_one_class_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"two classes.*'only'.*another class"):
        from_folder(_tree(tmp_path, "only"))


def test_one_image_a_class_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"train part is empty.*every class needs one"):
        from_folder(_tree(tmp_path, "a", "b", count=1))


def test_a_class_that_only_the_test_part_has_is_refused(tmp_path):
    _tree(tmp_path, "train/a", "train/b", "test/a", "test/wasp")
    with pytest.raises(DataError, match=r"test part has labels that training does not have: 'wasp'.*'a', 'b'"):
        from_folder(tmp_path)


def test_an_empty_test_part_is_refused(tmp_path):
    _tree(tmp_path, "train/a", "train/b")
    (tmp_path / "test" / "a").mkdir(parents=True)
    with pytest.raises(DataError, match=r"holds no class folders with examples.*parts={'train': 'train'} to leave"):
        from_folder(tmp_path)


def test_images_without_a_class_in_the_test_folder_are_refused_with_the_call_that_leaves_them_out(tmp_path):
    _tree(tmp_path, "train/a", "train/b", "test")
    with pytest.raises(DataError, match=r"\d images without a class.*parts={'train': 'train'} to leave the folder out"):
        from_folder(tmp_path)
    with pytest.warns(DataWarning, match="'test' .* are not parts, and are left out"):
        splits = from_folder(tmp_path, parts={"train": "train"})
    assert len(splits.test) > 0
    assert not any("/test/" in str(path) for path in splits.everything().inputs)


def test_two_folders_for_one_part_are_refused(tmp_path):
    _tree(tmp_path, "train/a", "train/b", "val/a", "dev/a")
    with pytest.raises(DataError, match=r"could be the validation part: 'dev', 'val'.*parts="):
        from_folder(tmp_path)


@pytest.mark.parametrize("parts", [{"test": "train"}, {"train": "nowhere"}, {"train": "train", "exam": "train"}])
def test_named_parts_must_exist_and_hold_a_training_part(tmp_path, parts):
    _tree(tmp_path, "train/a", "train/b")
    with pytest.raises(DataError, match=r"parts= must map.*'train'") as caught:
        from_folder(tmp_path, parts=parts)
    assert repr(parts) in str(caught.value)


def test_a_corrupt_image_is_named_or_skipped_and_listed(class_folder):
    (class_folder / "reds" / "bad.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 of 25 images cannot be read: .*reds/bad.jpg \(empty file\).*on_corrupt"):
        from_folder(class_folder)
    splits = from_folder(class_folder, on_corrupt="skip")
    assert splits.skipped == (f"{class_folder}/reds/bad.jpg: empty file",)
    assert len(_names(splits)) == 24


def test_the_same_image_in_two_parts_is_named(tmp_path):
    _tree(tmp_path, "train/a", "train/b", "test/a", "test/b")
    shutil.copy(tmp_path / "train/a/0.png", tmp_path / "test/a/copy.png")
    with pytest.warns(DataWarning, match=r"train/a/0.png \((train|validation)\) = .*test/a/copy.png \(test\)"):
        from_folder(tmp_path)


PARTS = [
    ("training_set", "test_set"),
    ("train_set", "val_set"),
    ("train_data", "test_data"),
    ("seg_train", "seg_test"),
    ("images_train", "images_val"),
    ("train_images", "val_images"),
    ("trn", "tst"),
    ("Training", "Testing"),
    ("train2017", "val2017"),
    ("1-train", "2-dev"),
    ("TrainSet", "ValidSet"),
    ("trainset", "evalset"),
]


@pytest.mark.parametrize(("train", "other"), PARTS)
def test_folders_called_like_parts_are_parts(tmp_path, train, other):
    splits = from_folder(_tree(tmp_path, f"{train}/a", f"{train}/b", f"{other}/a", f"{other}/b"))
    assert splits.labels.names == ("a", "b")
    held = [part for part in (splits.validation, splits.test) if f"/{other}/" in part.name(0)]
    assert [len(part) for part in held] == [8]


def test_the_repeated_folder_of_an_archive_is_entered(tmp_path):
    _tree(tmp_path, *(f"seg_{part}/seg_{part}/{name}" for part in ("train", "test") for name in "ab"))
    assert from_folder(tmp_path).labels.names == ("a", "b")
    named = from_folder(tmp_path, parts={"train": "seg_train", "test": "seg_test"})
    assert (named.labels.names, len(named.test)) == (("a", "b"), 8)


@pytest.mark.parametrize(
    "classes",
    [
        ["test_tube", "flask"],
        ["training_shoes", "running_shoes"],
        ["train", "bus"],
        ["trainer", "tester"],
        ["valid", "invalid"],
        ["test_set", "cats"],
        ["fold", "crease"],
    ],
)
def test_class_names_that_only_sound_like_parts_stay_classes(tmp_path, classes):
    assert from_folder(_tree(tmp_path, *classes)).labels.names == tuple(sorted(classes))


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (
            ["fold1/a", "fold1/b", "fold2/a", "fold2/b"],
            r"folds.*parts=\{'train': 'fold1', 'test': 'fold2'\}.*parts=False",
        ),
        (["fold1", "fold2", "fold3"], r"folds.*parts=False"),
        (["train/steam", "train/diesel", "bus/red"], r"parts beside other folders.*'train', 'bus'.*parts=False"),
        (["a", "b", "test/a", "test/b"], r"parts beside classes.*\{'train': '\.', 'test': 'test'\}"),
        (["train1/a", "train2/a"], r"could be the train part.*parts=False"),
    ],
)
def test_folders_that_may_be_parts_or_classes_are_refused_with_both_calls(tmp_path, folders, message):
    _tree(tmp_path, *folders)
    with pytest.raises(DataError, match=message):
        from_folder(tmp_path)
    assert from_folder(tmp_path, parts=False).labels.names == tuple(sorted({name.split("/")[0] for name in folders}))


def test_a_part_may_lie_beside_the_classes_of_training(tmp_path):
    splits = from_folder(_tree(tmp_path, "a", "b", "test/a", "test/b"), parts={"train": ".", "test": "test"})
    assert (splits.labels.names, len(splits.test)) == (("a", "b"), 8)


def test_images_without_endings_are_read_by_from_folder(tmp_path):
    for path in _tree(tmp_path, "a", "b").rglob("*.png"):
        path.rename(path.with_suffix(""))
    assert len(_names(from_folder(tmp_path))) == 8


def test_images_with_side_cars_are_images(tmp_path):
    for path in list(_tree(tmp_path, "a", "b", suffix=".tif").rglob("*.tif")):
        path.with_suffix(".txt").write_text("0 0.5 0.5")
    with pytest.warns(DataWarning, match=r"4|8 files .* not readable images, .*\.txt"):
        splits = from_folder(tmp_path)
    assert all(name.endswith(".tif") for name in _names(splits))
    assert splits.left_out == {".txt": 8}


@pytest.mark.parametrize("texts", ["b", "a"])
def test_a_mix_of_images_and_texts_is_refused(tmp_path, texts):
    _tree(tmp_path, "a", *(["c"] if texts == "a" else []))
    for number in range(9):
        (tmp_path / texts).mkdir(exist_ok=True)
        (tmp_path / texts / f"review {number}.txt").write_text(f"review {number}")
    with pytest.raises(DataError, match=r"images and texts.*9 texts without an image.*Move"):
        from_folder(tmp_path)


def test_a_folder_above_or_below_the_classes_is_said(tmp_path):
    _tree(tmp_path / "flowers", "a", "b")
    with pytest.raises(DataError, match=r"one folder.*'flowers'.*from_folder\('.*flowers'\)"):
        from_folder(tmp_path)
    with pytest.raises(DataError, match=r"4 images directly in it.*If 'a' is one of the classes.*flowers'"):
        from_folder(tmp_path / "flowers" / "a")
    with pytest.raises(DataError, match=r"no folder .*flower'.*Did you mean '.*flowers'"):
        from_folder(tmp_path / "flower")


@pytest.mark.parametrize("folder", [None, 3, ["flowers"], b"flowers"])
def test_an_object_that_is_not_a_path_is_refused(folder):
    with pytest.raises(DataError, match=r"from_folder\(\) takes the path of one folder"):
        from_folder(folder)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("x.zip", "Unpack it, and pass the folder"),
        ("x.tar.gz", "Unpack it"),
        ("x.XLSX", r"from_csv\(\) reads tables; save it as CSV first"),
        ("x.csv", r"from_csv\(\) reads tables\.$"),
        ("x.png", "Pass a folder with one folder for each class"),
    ],
)
def test_a_file_in_place_of_a_folder_is_said_what_to_do_with(tmp_path, name, advice):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"is a file\. {advice}"):
        from_folder(tmp_path / name)


def test_classes_of_two_parts_that_differ_in_capitals_are_said_to(tmp_path):
    _tree(tmp_path, "train/ants", "train/bees", "test/ants", "test/Bees")
    with pytest.raises(
        DataError,
        match=r"'Bees'\. Spell these in the same way; they differ only in capitals, spaces or Unicode form: 'Bees' and 'bees'",
    ):
        from_folder(tmp_path)


def test_folders_of_images_and_masks_are_doubted_as_classes(tmp_path):
    with pytest.warns(
        DataWarning, match=r"The classes are 'images', 'masks': .*read them with from_masks\(\)"
    ) as caught:
        from_folder(_tree(tmp_path, "images", "masks", count=12))
    assert caught[0].filename == __file__
