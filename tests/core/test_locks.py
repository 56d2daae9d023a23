"""A folder belongs to one training at a time, and to nobody after a kill."""

import os
import signal
import subprocess
import sys

import pytest

from tfft.core.errors import TfftError
from tfft.core.locks import alone_in

HOLDER = """
import sys, time
from pathlib import Path
from tfft.core.locks import alone_in
with alone_in(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="locks are those of POSIX systems")
def test_another_process_is_refused_and_named_until_it_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "locked\n"
            told = rf"uses the folder '{tmp_path}'\. Got: process {holder.pid} on "
            with pytest.raises(TfftError, match=told), alone_in(tmp_path):
                pytest.fail("locked twice")
        finally:
            holder.send_signal(signal.SIGKILL)
    with alone_in(tmp_path):  # the file of the dead process does not count
        assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} on ")
    assert not list(tmp_path.iterdir())


def test_it_ends_with_its_context_also_after_an_error(tmp_path):
    folder = tmp_path / "runs" / "1"
    for _ in range(2):
        with pytest.raises(ValueError, match="inside"), alone_in(folder):
            raise ValueError("inside")
    assert not list(folder.iterdir())


def test_nothing_is_locked_without_a_folder_or_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("kept")
    with alone_in(None), alone_in(tmp_path / "file"), alone_in(tmp_path / "file"):
        pass
    assert (tmp_path / "file").read_text() == "kept"


def test_a_file_system_without_locks_does_not_stop_a_training(tmp_path, monkeypatch):
    import fcntl

    def unsupported(file, kind):
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with alone_in(tmp_path), alone_in(tmp_path):
        pass


def test_a_file_that_its_holder_deleted_meanwhile_is_not_the_lock(tmp_path, monkeypatch):
    import fcntl

    flock, calls = fcntl.flock, []

    def late(file, kind):
        calls.append(file)
        if len(calls) == 1:
            (tmp_path / ".lock").unlink()
        flock(file, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    with alone_in(tmp_path):
        assert len(calls) == 2
        with pytest.raises(TfftError, match="Another training"), alone_in(tmp_path):
            pytest.fail("locked twice")


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("kept")
    (tmp_path / ".lock").symlink_to(tmp_path / "precious")
    with alone_in(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def test_the_holder_is_not_named_by_what_somebody_else_wrote_into_the_file(tmp_path):
    with alone_in(tmp_path):
        (tmp_path / ".lock").write_text("\x1b[2J process 1 on all")
        told = rf"^Another training uses the folder '{tmp_path}'\. Wait until it ends"
        with pytest.raises(TfftError, match=told), alone_in(tmp_path):
            pytest.fail("locked twice")
