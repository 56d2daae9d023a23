"""Tells which files in class folders are examples, and which are left out."""

from pathlib import Path

import pytest

from tfft.core.errors import DataError
from tfft.data.files.class_files import are_text_files, class_files, counted, unused
from tfft.data.files.file_listing import Below

ROOT = Path("root")


def test_files_by_class_without_the_folders_of_other_parts(tmp_path):
    for name in ("a/1.png", "a/deep/2.png", "a/1.txt", "a/.hidden", "b/x.csv", "test/a/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = class_files(tmp_path, {tmp_path / "test"})
    assert set(found) == {"a", "b"}
    assert found["a"] == Below(
        [str(tmp_path / "a/1.png"), str(tmp_path / "a/deep/2.png")], [str(tmp_path / "a/1.txt")], [], 1
    )
    assert counted(found.values(), texts=False) == {".txt": 1, ".csv": 1, "hidden": 1}


@pytest.mark.parametrize(
    ("classes", "texts"),
    [
        ([Below(["1.png"]), Below(["2.png"])], False),
        ([Below(texts=["1.txt"]), Below(texts=["2.txt"])], True),
        ([Below(["1.png"], ["1.txt"]), Below(["2.png"], ["2.png.txt"])], False),
        ([Below(["1.png", "2.png"], ["classes.txt"]), Below(["2.png"])], False),
        ([Below(["1.png"], ["README.txt"]), Below(["2.png"], ["license.txt"])], False),
        ([Below(), Below()], False),
    ],
)
def test_texts_beside_images_go_along_with_them(classes, texts):
    assert are_text_files(ROOT, classes) is texts


@pytest.mark.parametrize(
    "classes",
    [
        [Below(["1.png"]), Below(texts=["2.txt"])],
        [Below(["1.png"], ["a.txt", "b.txt"])],
        [Below(["1.png"], ["a.txt", "b.txt", "1.txt"])],
    ],
)
def test_folders_that_may_hold_images_or_texts_are_refused(classes):
    with pytest.raises(DataError, match=r"images and texts.*1 image, and \d texts? without.*Move"):
        are_text_files(ROOT, classes)


def test_files_that_are_not_examples_are_listed():
    files = Below(["1.png"], ["1.txt", "README.txt"], ["x.csv"])
    assert unused(files, texts=False) == ["1.txt", "x.csv"]
    assert unused(files, texts=True) == ["1.png", "x.csv"]
