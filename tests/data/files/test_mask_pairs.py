"""Images and masks are paired by their names."""

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.data.files.mask_pairs import mask_folders, paired


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            (folder / name).write_text("a note")
        else:
            Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / name)
    return folder


def test_pairs_have_the_same_name_at_any_depth_and_the_rest_is_told(tmp_path):
    images = fill(tmp_path / "images", "a/1.jpg", "b/1.jpg", "2.jpg", "note.txt")
    masks = fill(tmp_path / "masks", "a/1.png", "b/1.png", "3.png")
    found = paired(images, masks)
    assert found.images == [str(images / "a/1.jpg"), str(images / "b/1.jpg")]
    assert found.masks == [str(masks / "a/1.png"), str(masks / "b/1.png")]
    assert (found.without_mask, found.without_image) == ([str(images / "2.jpg")], [str(masks / "3.png")])
    assert found.left_out == {".txt": 1}


@pytest.mark.parametrize("ending", ["_mask", "_L", "-labels"])
def test_all_masks_may_have_one_ending(tmp_path, ending):
    images = fill(tmp_path / "images", "1.jpg", "12.jpg")
    masks = fill(tmp_path / "masks", f"1{ending}.png", f"12{ending}.png")
    assert len(paired(images, masks).images) == 2


def test_names_without_a_pair_are_refused_with_examples(tmp_path):
    images, masks = fill(tmp_path / "images", "1.jpg"), fill(tmp_path / "masks", "x.png", "y.png")
    with pytest.raises(DataError, match=r"No image below .* has a mask .*images '1', masks 'x', 'y'.*same name"):
        paired(images, masks)


def test_two_files_of_one_name_are_refused(tmp_path):
    images, masks = fill(tmp_path / "images", "1.jpg", "1.png"), fill(tmp_path / "masks", "1.png")
    with pytest.raises(DataError, match=r"1 pair of files .* differ only in the extension: '1\.jpg and 1\.png'"):
        paired(images, masks)


def test_a_folder_without_images_is_refused(tmp_path):
    images, masks = fill(tmp_path / "images", "1.jpg"), fill(tmp_path / "masks", "1.txt")
    with pytest.raises(DataError, match="no image in the folder of masks"):
        paired(images, masks)


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
