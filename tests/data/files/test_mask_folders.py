"""The folders of images and masks are found by their names, and none is left out without a word."""

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError, DataWarning
from tfft.data.files.mask_folders import mask_folders


def fill(folder, *names):
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith((".txt", ".xml")):
            path.write_text("a note")
        else:
            values = np.random.default_rng(seed).integers(0, 2, (8, 8), np.uint8)
            values[0, :2] = 0, 1
            Image.fromarray(values).save(path)
    return folder


def test_the_folders_of_parts_are_found_by_their_names(tmp_path):
    for part in ("train", "val", "Testing"):
        fill(tmp_path / part, "JPEGImages/1.jpg", "SegmentationClass/1.png")
    fill(tmp_path, "classes/1.png")
    found = mask_folders(tmp_path)
    assert list(found) == ["train", "validation", "test"]
    assert found["test"][0].name == "JPEGImages"
    assert list(mask_folders(tmp_path / "val")) == ["train"]
    assert mask_folders(tmp_path / "classes") == mask_folders(tmp_path / "none") == {}


def test_two_folders_of_one_part_are_refused(tmp_path):
    for part in ("val", "valid"):
        fill(tmp_path / part, "images/1.jpg", "masks/1.png")
    with pytest.raises(DataError, match="Two folders could be the validation part"):
        mask_folders(tmp_path)


@pytest.mark.parametrize("kind", ["masks", "annotations"])
def test_parts_may_lie_below_images_and_masks(tmp_path, kind):
    """The folders of ADE20K."""
    places = [f"training/{n}.png" for n in range(6)] + [f"validation/{n}.png" for n in range(2)]
    fill(tmp_path, *(f"images/{place}" for place in places), *(f"{kind}/{place}" for place in places))
    found = mask_folders(tmp_path)
    assert found == {
        part: (tmp_path / "images" / name, tmp_path / kind / name)
        for part, name in (("train", "training"), ("validation", "validation"))
    }
    data = tfft.data.from_masks(tmp_path, ["a", "b"], holdout=(0.2, 0.34))
    assert len(data.validation) == 2
    assert all("validation" in path for path in data.validation.inputs)
    assert not any("validation" in path for path in data.train.inputs)


def test_folders_of_no_part_below_images_and_masks_are_one_part(tmp_path):
    fill(tmp_path, "images/street/1.png", "masks/street/1.png", "images/park/1.png", "masks/park/1.png")
    assert mask_folders(tmp_path) == {"train": (tmp_path / "images", tmp_path / "masks")}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("images/train/1.png", "masks/1.png"), "'images' and 'masks' have different parts.*'train', and none"),
        (
            ("images/train/1.png", "images/test/2.png", "masks/train/1.png"),
            "have different parts.*'test', 'train', and 'train'",
        ),
        (("images/train/1.png", "masks/train/1.png", "images/2.png"), r"images outside of the parts 'train'.*'2\.png'"),
        (
            ("images/train/1.png", "masks/train/1.png", "masks/more/2.png"),
            "images outside of the parts 'train'.*'more'",
        ),
        (
            ("images/1.png", "masks/1.png", "train/images/1.png", "train/masks/1.png"),
            "Beside 'images', 'masks', other folders have images and masks as well.*'train'",
        ),
        (
            ("train/images/1.png", "train/masks/1.png", "extra/images/1.png", "extra/masks/1.png"),
            "Beside 'train', other folders have images and masks as well.*'extra'",
        ),
        (("images/1.png", "masks/1.png", "labels/1.png"), "Several folders .*'masks', 'labels'"),
    ],
)
def test_folders_that_would_be_left_out_are_refused_by_name(tmp_path, names, message):
    fill(tmp_path, *names)
    with pytest.raises(DataError, match=message):
        mask_folders(tmp_path)


def test_of_several_folders_of_masks_the_one_with_images_is_taken(tmp_path):
    """The folders of VOC."""
    fill(tmp_path, "JPEGImages/1.png", "SegmentationClass/1.png", "Annotations/1.xml")
    assert mask_folders(tmp_path)["train"][1].name == "SegmentationClass"


@pytest.mark.parametrize("home", ["", "train/"])
def test_a_part_without_masks_is_told(tmp_path, home):
    fill(tmp_path, f"{home}images/1.png", f"{home}masks/1.png", "test/images/2.png", "val/note.txt")
    with pytest.warns(DataWarning, match="'test' below .* has no folders of both images and masks, and is left out"):
        assert list(mask_folders(tmp_path)) == ["train"]
