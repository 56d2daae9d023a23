"""Each mistake in a path gets the advice that repairs it."""

import pytest

from tfft.core.path_advice import class_folders_below, missing_file


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("data/cat.jpg", "data/deep/dog.jpg", "top.jpg", "data/two words.png"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("https://example.org/cat.jpg", "That is a URL: download the file first"),
        ("https:/example.org/cat.jpg", "That is a URL"),  # the form that pathlib gives it
        ("s3://bucket/cat.jpg", "That is a URL"),
        ("file:///data/cat.jpg", "without 'file://'"),
        (r"data\cat.jpg", "Did you mean 'data/cat.jpg'? Forward slashes"),
        ("data/cat", "Did you mean 'data/cat.jpg'?"),
        ("data/cat.png", "Did you mean 'data/cat.jpg'?"),
        ("data/CAT.JPG", "Did you mean 'data/cat.jpg'?"),
        ("data/caat.jpg", "Did you mean 'data/cat.jpg'?"),
        ("data/two%20words.png", "Did you mean 'data/two words.png'?"),
        (" data/cat.jpg ", "Did you mean 'data/cat.jpg'?"),
        ("'data/cat.jpg'", "Did you mean 'data/cat.jpg'?"),
        ("~/data/cat.jpg", "data/cat.jpg'? Python does not expand '~'"),
        ("dog.jpg", "Did you mean 'data/deep/dog.jpg'?"),
        ("data/dog.jpg", "Did you mean 'data/deep/dog.jpg'?"),
        ("data/top.jpg", "top.jpg'? There is a file of this name"),
        ("data\top.jpg", r'Python reads \t in a string as one character: write r"..."'),
        ("nowhere/at/all.jpg", "relative to where you run"),
        ("nowhere/at/all.jpg", "The folder 'nowhere' does not exist"),
        ("/nowhere/at/all.jpg", "The folder '/nowhere' does not exist"),
        ("data/zebra.gif", "Its folder contains 'cat.jpg', 'deep', 'two words.png'"),
        (
            "data/*.jpg",
            r"pass glob.glob('data/*.jpg'), or in a shell the path without quotes. It matches 'data/cat.jpg'",
        ),
        ("data/[x.jpg", "Its folder contains"),
        ("data/*.gif", "Its folder contains"),
        ("below/deep", "Did you mean 'data/deep'? There is a folder of this name"),
        ("x" * 5000, "Check the path"),
        ("nul\0.jpg", "Check the path"),
    ],
)
def test_the_advice_names_what_was_probably_meant(home, path, advice):
    assert advice in missing_file(path)


def test_paths_can_start_from_another_folder_than_the_working_folder(home):
    assert "data/cat.jpg'" in missing_file("cat", start="data")


def test_class_folders_one_level_further_down_are_found(tmp_path):
    assert class_folders_below(tmp_path) == ""
    for name in ("flowers/a", "flowers/b"):
        (tmp_path / name).mkdir(parents=True)
    assert class_folders_below(tmp_path) == str(tmp_path / "flowers")
    (tmp_path / "more").mkdir()
    assert class_folders_below(tmp_path) == ""
