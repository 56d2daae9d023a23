"""Images and masks are paired by their names."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.data.files.mask_pairs import paired


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


def test_images_and_masks_in_one_folder_are_refused(tmp_path):
    both = fill(tmp_path / "both", "1.png", "1_mask.png")
    with pytest.raises(DataError, match=r"Images and masks are in the same folder.*two sequences of paths in the same"):
        paired(both, f"{both}/../both")


@pytest.mark.parametrize("inner", ["images", "masks"])
def test_of_a_folder_inside_of_the_other_no_file_is_read_twice(tmp_path, inner):
    outer = fill(tmp_path / "all", "1.png", "2.png")
    inside = fill(tmp_path / "all" / inner, "1.png", "2.png")
    found = paired(*((outer, inside) if inner == "masks" else (inside, outer)))
    assert len(found.images) == 2
    assert not set(found.images) & set(found.masks)
    assert found.without_mask == found.without_image == []


def test_masks_as_arrays_in_files_get_advice(tmp_path):
    images, masks = fill(tmp_path / "images", "1.jpg"), tmp_path / "masks"
    masks.mkdir()
    np.save(masks / "1.npy", np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match=r"Got: 1 \.npy.* Save arrays as PNG files: .*pass sequences of arrays"):
        paired(images, masks)


@pytest.mark.parametrize("masks", [("a_m", "a_m_m"), ("a_m", "a_m_m", "b_m")])
def test_a_mask_with_the_name_of_another_image_is_not_its_mask(tmp_path, masks):
    images = fill(tmp_path / "images", "a.png", "a_m.png", *(["b.png"] if len(masks) > 2 else []))
    found = paired(images, fill(tmp_path / "masks", *(f"{name}.png" for name in masks)))
    pairs = [(Path(image).stem, Path(mask).stem) for image, mask in zip(found.images, found.masks, strict=True)]
    assert pairs == [("a", "a_m"), ("a_m", "a_m_m"), ("b", "b_m")][: len(masks)]
    assert found.without_mask == found.without_image == []


def test_equal_names_are_taken_before_a_word_that_gives_as_many_pairs(tmp_path):
    found = paired(fill(tmp_path / "images", "a.png", "a_m.png"), fill(tmp_path / "masks", "a_m.png"))
    assert ([Path(each).stem for each in found.images], len(found.without_mask)) == (["a_m"], 1)
