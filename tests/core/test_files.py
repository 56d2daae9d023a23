"""A write that fails leaves what was there, and nothing beside it."""

import os
from pathlib import Path

import pytest

from tfft.core.files import refusal, replacing, write_text


def _listing(folder):
    return sorted(os.listdir(folder))


def _fail(path, error):
    """Write half of a file or folder, then fail."""
    with replacing(path) as fresh:
        if path.is_dir():
            fresh.mkdir()
            fresh = fresh / "inner"
        fresh.write_text("half")
        raise error


def test_a_file_is_written_and_replaced(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "é")
    write_text(tmp_path / "deep" / "a.txt", "猫")
    assert (tmp_path / "deep" / "a.txt").read_text(encoding="utf-8") == "猫"
    assert _listing(tmp_path / "deep") == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error):
        _fail(path, error)
    assert path.read_text() == "old"
    assert _listing(tmp_path) == ["a.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "stale").write_text("old")
    with replacing(folder) as fresh:
        fresh.mkdir()
        (fresh / "new").write_text("new")
    assert _listing(folder) == ["new"]
    assert _listing(tmp_path) == ["bundle"]


def test_a_write_that_fails_leaves_the_old_folder(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(RuntimeError):
        _fail(folder, RuntimeError)
    assert (folder / "old").read_text() == "old"
    assert _listing(folder) == ["old"]
    assert _listing(tmp_path) == ["bundle"]


def test_an_old_folder_comes_back_when_nothing_was_made(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(FileNotFoundError), replacing(folder):
        pass
    assert _listing(folder) == ["old"]
    assert _listing(tmp_path) == ["bundle"]


def test_a_link_is_replaced_and_its_target_stays(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "precious").write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(target)
    with replacing(link) as fresh:
        fresh.mkdir()
    assert (target / "precious").read_text() == "kept"
    assert not link.is_symlink()


def test_a_bare_name_is_written_into_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text("a.txt", "x")
    assert _listing(tmp_path) == ["a.txt"]


def test_an_old_folder_survives_even_when_it_cannot_be_moved_back(tmp_path, monkeypatch):
    home = tmp_path / "bundle"
    home.mkdir()
    (home / "content").write_text("old")
    renames = []

    def fail_from_the_second_on(self, target):
        renames.append(target)
        if len(renames) > 1:
            raise OSError(5, "Input/output error")
        return real(self, target)

    def replace_it():
        with replacing(home) as fresh:
            fresh.mkdir()
            monkeypatch.setattr(Path, "rename", fail_from_the_second_on)

    real = Path.rename
    with pytest.raises(OSError, match="Input/output"):
        replace_it()
    assert [path.read_text() for path in tmp_path.rglob("content")] == ["old"]


def test_a_file_never_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_text("precious")
    with pytest.raises(IsADirectoryError, match=r"photos' is a folder; name a file in it"):
        write_text(tmp_path / "photos", "a report")
    assert (tmp_path / "photos" / "1.jpg").read_text() == "precious"


def test_a_place_that_takes_nothing_says_why(tmp_path):
    assert refusal(tmp_path / "new" / "report.html") == ""
    (tmp_path / "file").touch()
    assert "Not a directory" in refusal(tmp_path / "file" / "report.html")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
