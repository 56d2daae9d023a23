"""A failed write keeps the old files and leaves no temporary files."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.permissions import run_bound
from tfft.core.files import check_room, refusal, replacing, sweep, unexpanded, write_text


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
def test_a_failed_write_keeps_the_old_file(tmp_path, error):
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


def test_a_failed_write_keeps_the_old_folder(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(RuntimeError):
        _fail(folder, RuntimeError)
    assert (folder / "old").read_text() == "old"
    assert _listing(folder) == ["old"]
    assert _listing(tmp_path) == ["bundle"]


def test_the_old_folder_is_restored_when_nothing_new_was_written(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(FileNotFoundError), replacing(folder):
        pass
    assert _listing(folder) == ["old"]
    assert _listing(tmp_path) == ["bundle"]


def test_a_link_is_replaced_and_its_target_is_not_changed(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "precious").write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(target)
    with replacing(link) as fresh:
        fresh.mkdir()
    assert (target / "precious").read_text() == "kept"
    assert not link.is_symlink()


def test_a_name_without_a_folder_is_written_into_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text("a.txt", "x")
    assert _listing(tmp_path) == ["a.txt"]


def test_the_old_folder_is_not_deleted_even_if_it_cannot_be_moved_back(tmp_path, monkeypatch):
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


def test_a_file_never_replaces_a_folder(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_text("precious")
    with pytest.raises(IsADirectoryError, match=r"photos' is a folder; name a file in it"):
        write_text(tmp_path / "photos", "a report")
    assert (tmp_path / "photos" / "1.jpg").read_text() == "precious"


def test_a_path_that_cannot_be_written_has_a_reason(tmp_path):
    assert refusal(tmp_path / "new" / "report.html") == ""
    (tmp_path / "file").touch()
    assert "Not a directory" in refusal(tmp_path / "file" / "report.html")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("inside", ["", "new.tfft"])
def test_a_folder_that_cannot_be_moved_or_written_into_has_a_reason(tmp_path, inside):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    code = "import sys, pathlib; from tfft.core.files import refusal; print(refusal(pathlib.Path(sys.argv[1])))"
    done = run_bound(code, tmp_path, f"closed/{inside}")
    assert "Permission denied ('" in done.stdout, done.stderr
    closed.chmod(0o755)
    assert refusal(closed / inside) == ""


def test_a_path_below_a_folder_that_may_not_be_entered_has_a_reason(tmp_path):
    (tmp_path / "closed" / "in").mkdir(parents=True)
    (tmp_path / "closed").chmod(0)
    code = "import pathlib; from tfft.core.files import refusal; print(refusal(pathlib.Path('closed/in/a.tfft')))"
    done = run_bound(code, tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert f"Permission denied ({str(tmp_path / 'closed')!r})" in done.stdout, done.stderr


def test_the_target_of_a_link_may_be_closed_because_the_link_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    looked = []
    real = tempfile.TemporaryDirectory
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **given: looked.append(given["dir"]) or real(**given))
    assert refusal(tmp_path / "link") == refusal(tmp_path / "target") == ""
    assert looked == [tmp_path, tmp_path, tmp_path / "target"]


def test_a_home_folder_that_python_does_not_expand_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    for path in (Path("~/b.tfft"), Path("~")):
        assert refusal(path) == f"Python does not expand '~' in a path: write {str(path.expanduser())!r}"
        with pytest.raises(OSError, match="write '/home/ann"), replacing(path):
            pass
    assert _listing(tmp_path) == []
    write_text(Path("a~/~x y"), "fine")
    assert not unexpanded(tmp_path / "~")


KILLED = """
import os, signal, sys
from pathlib import Path
from tfft.core.files import replacing

path = Path(sys.argv[1])
if sys.argv[2] == "between":
    rename, Path.rename = Path.rename, lambda self, to: (rename(self, to), os.kill(os.getpid(), signal.SIGKILL))
with replacing(path) as fresh:
    fresh.mkdir()
    (fresh / "half").write_text("half")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["writing", "between"])
def test_leftovers_of_a_killed_process_are_deleted_and_the_old_folder_is_restored(tmp_path, when):
    folder = tmp_path / "m.tfft"
    folder.mkdir()
    (folder / "old").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), when], check=False)
    assert done.returncode == -9
    assert folder.exists() == (when == "writing")
    assert any(name.endswith(".partial") for name in _listing(tmp_path))
    sweep(folder)
    assert _listing(tmp_path) == ["m.tfft"]
    assert (folder / "old").read_text() == "old"


def test_files_that_are_being_written_or_belong_to_others_are_not_deleted(tmp_path):
    path = tmp_path / "a.txt"
    here, now = socket.gethostname(), time.time()
    kept = [
        f".a.txt.{here}-{os.getpid()}-12345678.partial",
        ".a.txt.elsewhere-1-12345678.partial",
        ".a.txt.abcdefgh.partial",
    ]
    kept += [".b.txt.abcdefgh.partial", ".a.txt.mine.partial", "a.txt.abcdefgh.partial"]
    for name in kept:
        (tmp_path / name).mkdir()
    os.utime(tmp_path / kept[3], (now - 10**6, now - 10**6))
    old = ".a.txt.elsewhere-1-87654321.partial", ".a.txt.hgfedcba.partial"
    for name in old:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (now - 10**6, now - 10**6))
    write_text(path, "new")
    assert _listing(tmp_path) == sorted([*kept, "a.txt"])


def test_a_file_that_does_not_fit_is_refused(tmp_path):
    check_room(tmp_path, 1)
    with pytest.raises(OSError, match=r"1e\+12 GB are needed and .* are free"):
        check_room(tmp_path, 10**21)
