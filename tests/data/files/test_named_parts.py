"""Folders named as parts are refused when they do not exist, lie outside of the root, or would turn parts into classes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.data import from_folder
from tfft.data.files.named_parts import named_parts


@pytest.fixture
def root(tmp_path):
    for number, name in enumerate(f"{part}/{kind}" for part in ("train", "val", "test") for kind in "ab"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for index in range(4):
            pixels = np.random.default_rng(10 * number + index).integers(0, 256, (6, 7, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
    return tmp_path


@pytest.mark.parametrize("name", ["", " ", None, 3, b"train", ["train"]])
def test_a_part_without_the_name_of_a_folder_is_refused(root, name):
    with pytest.raises(DataError, match=r"no folder for the train part.*Write parts=\{\"train\""):
        from_folder(root, parts={"train": name})
    with pytest.raises(DataError, match=r"no folder for the test part.*leave 'test' out"):
        from_folder(root, parts={"train": "train", "test": name})


@pytest.mark.parametrize(
    "parts", [{"train": "."}, {"train": "./"}, {"train": ".", "test": "test"}, {"train": "train/.."}]
)
def test_part_folders_do_not_become_classes_of_the_root(root, parts):
    with pytest.raises(DataError, match=r"folders would be classes, but they look like parts.*'train'.*parts=False"):
        from_folder(root, parts=parts)


def test_a_class_called_train_may_lie_beside_a_test_part(root):
    for name in ("val", "test"):
        (root / name).rename(root / f"{name}ley")
    (root / "train" / "a").rename(root / "train" / "steam")
    (root / "train" / "b").rename(root / "train" / "diesel")
    found = named_parts(root, {"train": ".", "test": "testley"})
    assert found == {"train": root, "test": root / "testley"}


@pytest.mark.parametrize("name", ["..", "../other", "/"])
def test_folders_outside_of_the_root_are_refused(root, name):
    with pytest.raises(DataError, match=r"is not below .*Pass the folder that holds all parts"):
        named_parts(root, {"train": name})


def test_paths_below_the_root_are_taken_as_they_are_written(root, monkeypatch):
    monkeypatch.chdir(root.parent)
    short = Path(root.name)
    for name in ("train", "./train/", str(root / "train"), Path("train")):
        assert named_parts(short, {"train": name}) == {"train": short / "train"}


def test_wrong_keys_are_named_with_the_right_ones(root):
    with pytest.raises(
        DataError, match=r"parts= must map.*Write 'train' in place of 'training'.*'test' in place of 'testing'"
    ):
        from_folder(root, parts={"training": "train", "testing": "test"})
