"""Hidden files are ignored, and links that lead back are followed once."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.data.files.file_listing import files_below, holds_images, holds_texts, images_in, look_below, visible_folders


def test_files_folders_and_images_below_a_folder(tmp_path):
    for name in ("b/2.JPG", "a/1.png", "a/notes.txt", ".git/3.png", "__MACOSX/4.png", "b/.5.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    assert [path.name for path in visible_folders(tmp_path)] == ["a", "b"]
    assert look_below(tmp_path).images == [str(tmp_path / "a/1.png"), str(tmp_path / "b/2.JPG")]
    assert sorted(files_below(tmp_path)) == sorted(
        str(tmp_path / name) for name in ("a/1.png", "a/notes.txt", "b/2.JPG")
    )


def test_a_folder_that_cannot_be_read_is_an_error_and_its_files_are_not_left_out_silently(tmp_path, monkeypatch):
    (tmp_path / "bees" / "more").mkdir(parents=True)
    closed, real = str(tmp_path / "bees" / "more"), os.scandir

    def scandir(path):
        if str(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    for look in (look_below, holds_texts, holds_images):
        with pytest.raises(DataError, match=r"bees/more' cannot be read: permission denied\..*chmod -R u\+rX"):
            look(tmp_path)


def test_a_folder_holds_texts_where_there_are_some_and_no_image(tmp_path):
    assert not holds_texts(tmp_path)
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "1.TXT").write_text("a film")
    assert holds_texts(tmp_path)
    (tmp_path / "good" / "2.png").touch()
    assert not holds_texts(tmp_path)


def test_images_are_known_by_content_whatever_their_names(tmp_path):
    for name in ("1", "2.jpg_large", "3.DAT", "4.jpe"):
        Image.new("RGB", (4, 4)).save(tmp_path / name, "PNG")
    for name, content in {
        "5.csv": b"a,b",
        "6.bin": b"BM is how it begins",
        "7": b"P5 is a page",
        "README.md": b"x",
        "Thumbs.db": b"x",
        ".DS_Store": b"x",
        "8.heic": b"\0\0\0\x18ftypheic",
    }.items():
        (tmp_path / name).write_bytes(content)
    found = look_below(tmp_path)
    assert [Path(path).name for path in found.images] == ["1", "2.jpg_large", "3.DAT", "4.jpe"]
    assert [Path(path).name for path in found.others] == ["5.csv", "6.bin", "7", "8.heic"]
    assert found.hidden == 2
    assert found.left_out() == "1 .csv, 1 .bin, 1 without ending, 1 .heic, such as '5.csv', '6.bin', '7'"
    assert images_in(tmp_path) == ["1", "2.jpg_large", "3.DAT", "4.jpe"]
    assert holds_images(tmp_path)
