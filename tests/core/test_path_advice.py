"""Each mistake in a path gets the advice that repairs it."""

import os

import pytest

from tests.permissions import run_bound
from tfft.core.errors import BundleError, DataError
from tfft.core.path_advice import check_permitted, class_folders_below, missing_file, permitted, unreadable


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


def test_a_link_to_nothing_is_not_advised_instead_of_itself(home):
    (home / "data" / "old.jpg").symlink_to("gone.jpg")
    assert missing_file("data/old.jpg") == "It is a link to 'gone.jpg', where nothing is."


def test_paths_can_start_from_another_folder_than_the_working_folder(home):
    assert "data/cat.jpg'" in missing_file("cat", start="data")
    assert missing_file("cat", start="data") == "Did you mean 'cat.jpg', that is 'data/cat.jpg'?"
    assert missing_file("dog.jpg", start="data").startswith("Did you mean 'deep/dog.jpg', that is 'data/deep/dog.jpg'?")
    assert missing_file("no/zebra.gif", start="data").startswith("Check the path; it is relative to 'data'. The folder")


def test_class_folders_one_level_further_down_are_found(tmp_path):
    assert class_folders_below(tmp_path) == ""
    for name in ("flowers/a", "flowers/b"):
        (tmp_path / name).mkdir(parents=True)
    assert class_folders_below(tmp_path) == str(tmp_path / "flowers")
    (tmp_path / "more").mkdir()
    assert class_folders_below(tmp_path) == ""


def test_a_permission_error_names_the_mode_and_the_owner_and_says_how_to_get_the_permission(home):
    (home / "data").chmod(0o750)
    with pytest.raises(DataError) as caught, permitted():
        raise PermissionError(13, "Permission denied", "data")
    assert caught.value.what == "'data' cannot be read: permission denied."
    assert caught.value.got.startswith("mode drwxr-x---, owner ")
    assert caught.value.fix == "You are the owner: allow it with `chmod -R u+rX data`."


def test_the_owner_of_other_peoples_files_is_to_be_asked(home, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    error = unreadable(home / "data" / "two words.png", BundleError)
    assert isinstance(error, BundleError)
    assert error.fix.startswith("Ask ")
    assert error.fix.endswith(" for the permission to read it, or copy the data.")
    monkeypatch.undo()
    assert "`chmod u+rX '" in unreadable(home / "data" / "two words.png").fix


def test_other_errors_and_missing_paths_pass(home):
    check_permitted(home / "data")
    check_permitted(home / "top.jpg")
    check_permitted(home / "nowhere" / "x")
    check_permitted(home / "top.jpg" / "x")
    check_permitted("a long text " * 500)
    check_permitted("nul\0")
    with pytest.raises(FileNotFoundError), permitted():
        raise FileNotFoundError("x")


@pytest.mark.parametrize(
    ("closed", "path", "said"),
    [
        ("data", "data", "'data' cannot be read: permission denied. Got: mode d---------, owner "),
        ("top.jpg", "top.jpg", "'top.jpg' cannot be read: permission denied. Got: mode ----------, owner "),
        ("data", "data/cat.jpg", "'data/cat.jpg' cannot be read: permission denied. Got: the folder '"),
    ],
)
def test_a_closed_file_or_folder_is_found_also_from_inside(home, closed, path, said):
    (home / closed).chmod(0)
    code = (
        "import sys; from tfft.core.errors import DataError; from tfft.core.path_advice import check_permitted\n"
        "try: check_permitted(sys.argv[1])\nexcept DataError as error: print(error)"
    )
    done = run_bound(code, home, path)
    (home / closed).chmod(0o700)
    assert done.stdout.startswith(said), done.stderr
