"""A worker starts with a socket to its keeper, and nothing of it remains after close()."""

import os
import signal
import time
from pathlib import Path

import pytest

from tfft.core.errors import ClusterError
from tfft.launch import worker


@pytest.fixture
def start():
    started = []

    def begin(script, index=1):
        started.append(worker.start(index, ["sh", "-c", script], dict(os.environ), 1.0))
        return started[-1]

    yield begin
    for each in started:
        worker.close(each)


def until(done):
    """Wait until a function returns something true."""
    deadline = time.monotonic() + 20
    while not (found := done()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def ended(each):
    worker.hear(each)
    return each.code is not None


def test_lines_and_the_code_arrive(start):
    each = start("echo out; echo err >&2; exit 4")
    until(lambda: ended(each))
    assert (each.code, worker.read(each)) == (4, ["out", "err"])
    until(lambda: worker.read(each) is None)


def test_the_chief_writes_to_the_streams_of_this_process(start, capfd):
    each = start("echo 'as it is'", index=0)
    until(lambda: ended(each))
    assert worker.read(each) is None
    assert capfd.readouterr().out == "as it is\n"


def test_signals_reach_the_command(start):
    each = start("echo ready; sleep 60")
    until(lambda: worker.read(each))
    worker.send(each, signal.SIGTERM)
    until(lambda: ended(each))
    assert each.code == -signal.SIGTERM
    worker.send(each, signal.SIGTERM)  # it has ended already


def test_a_command_that_cannot_start_is_named(tmp_path):
    (tmp_path / "broken").write_bytes(b"\0\0")
    (tmp_path / "broken").chmod(0o755)
    each = worker.start(1, [str(tmp_path / "broken")], {}, 1.0)
    with pytest.raises(ClusterError, match=r"Worker 1 cannot start the command\. Got: Exec format error"):
        until(lambda: ended(each))
    worker.close(each)


@pytest.mark.parametrize("killed", [False, True], ids=["running", "keeper killed"])
def test_close_kills_everything(start, killed):
    each = start("sleep 60 & echo $!; wait")
    child = int(until(lambda: worker.read(each))[0])
    if killed:
        each.keeper.kill()
    worker.close(each)
    until(lambda: not is_running(child))
    assert each.keeper.returncode is not None


def is_running(number):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
