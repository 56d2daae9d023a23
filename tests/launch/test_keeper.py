"""A keeper passes signals on, and ends its command when the launcher is gone."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfft.launch import keeper

KEEPER = Path(keeper.__file__)


@pytest.fixture
def start():
    """Start a keeper as the launcher does; all that is left is killed at the end."""
    running = []

    def begin(*command, grace=0.3):
        ours, theirs = socket.socketpair()
        ours.settimeout(20)
        with theirs:
            words = [sys.executable, "-I", "-S", KEEPER, str(theirs.fileno()), str(grace), *command]
            process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE)
        said = ours.makefile("r")
        running.append((process, ours, said))
        return process, ours, said

    yield begin
    for process, channel, said in running:
        for each in (said, channel, process.stdout):
            each.close()
        process.wait(20)


def test_it_says_how_the_command_ended(start):
    _, _, said = start("sh", "-c", "exit 7")
    assert said.readline().startswith("started ")
    assert said.readline() == "ended 7\n"
    assert said.readline() == ""


def test_it_says_why_a_command_cannot_start(start, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"\0\0")
    broken.chmod(0o755)
    _, _, said = start(str(broken))
    assert said.readline() == "failed 8\n"  # ENOEXEC


def test_a_byte_is_sent_as_a_signal_to_the_command_and_its_children(start):
    process, channel, said = start(
        "sh", "-c", "sh -c 'trap \"echo saved; exit\" TERM; echo; while :; do sleep 0.05; done'; exit 3"
    )
    process.stdout.readline()
    channel.send(bytes([signal.SIGTERM]))
    said.readline()
    assert said.readline() == "ended -15\n"  # the outer shell ends at once, and the inner one may still save
    assert process.stdout.read() == b"saved\n"


def test_processes_that_the_command_leaves_behind_are_killed(start):
    process, _, said = start("sh", "-c", "sleep 60 & echo started")
    said.readline()
    assert said.readline() == "ended 0\n"
    assert process.stdout.read() == b"started\n"  # the end of the pipe: nobody holds it open


@pytest.mark.parametrize("ignoring", ["", "trap '' TERM; "])
def test_end_of_file_means_sigterm_and_then_sigkill(start, ignoring):
    process, channel, said = start("sh", "-c", f"{ignoring}echo; sleep 60; sleep 60")
    process.stdout.readline()
    begin = time.monotonic()
    said.close()
    channel.close()
    assert process.stdout.read() == b""
    assert (time.monotonic() - begin > 0.25) == bool(ignoring)
    assert process.wait(20) == 0


def test_sigterm_to_the_keeper_itself_does_not_end_it_and_the_command_inherits_no_handler(start):
    process, channel, said = start(
        sys.executable, "-c", "import signal, time; print(int(signal.getsignal(15)), flush=True); time.sleep(60)"
    )
    said.readline()
    process.terminate()
    time.sleep(0.1)
    assert process.poll() is None
    assert process.stdout.readline() == b"0\n"  # SIG_DFL
    channel.send(bytes([signal.SIGKILL]))
    assert said.readline() == "ended -9\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process reap its grandchildren")
def test_nobody_waits_for_grandchildren_that_have_ended(start):
    process, channel, said = start("sh", "-c", "sleep 60 & sleep 60 & echo; wait", grace=60)
    process.stdout.readline()
    begin = time.monotonic()
    channel.send(bytes([signal.SIGTERM]))  # all of them end at once; init, which may be slow, need not reap them
    said.readline()
    assert said.readline() == "ended -15\n"
    assert time.monotonic() - begin < 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_the_command_dies_with_a_killed_keeper(start):
    process, _, said = start("sleep", "60")
    said.readline()
    process.kill()
    assert process.stdout.read() == b""
