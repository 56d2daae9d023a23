"""The parent process of one worker: it starts the command, and ends it with all its children when the launcher dies.

The launcher starts this file as a program, so it imports nothing of tfft. Launcher and keeper share a socket:

* Each byte from the launcher is the number of a signal for the process group of the command.
* Keeper to launcher, in lines: ``started <process id>``, then ``ended <return code>``; or ``failed <errno>``.
* End of file from the launcher means that it has died, even by SIGKILL. The command gets SIGTERM, and SIGKILL after a grace time.

The command leads a session, and so a process group, of its own. Signals of the terminal do not reach it, and a program such as
``timeout`` cannot move it to another group.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
_POLL_SECONDS = 0.05
_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def keep(launcher: socket.socket, grace_seconds: float, command: list[str]) -> None:
    """Run a command until it and its process group have ended.

    Args:
        launcher: The socket to the launcher.
        grace_seconds: The time between SIGTERM and SIGKILL when the launcher has died.
        command: The program and its arguments.
    """
    wake = _notice_children()
    try:
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=_dying_with(os.getpid()))
    except OSError as error:
        _tell(launcher, f"failed {error.errno or 0}")
        return
    _tell(launcher, f"started {child.pid}")
    _watch(child, launcher, wake, grace_seconds)
    _tell(launcher, f"ended {child.returncode}")


def _watch(
    child: "subprocess.Popen[bytes]", launcher: socket.socket, wake: socket.socket, grace_seconds: float
) -> None:
    """Pass signals on. Return when the command and, if it was told to end, its whole process group have ended."""
    heard = [launcher, wake]
    kill_time = None
    told = False  # whether the group was asked to end; if so, its other processes may save as well
    while True:
        if child.poll() is not None and (not told or not _exists(child.pid)):
            _send(child.pid, signal.SIGKILL)
            return
        pause = _POLL_SECONDS if child.returncode is not None or kill_time is not None else None
        ready, _, _ = select.select(heard, [], [], pause)
        if wake in ready:
            wake.recv(512)
        numbers = _received(launcher) if launcher in ready else b""
        if numbers is None:
            heard.remove(launcher)
            kill_time = time.monotonic() + grace_seconds
            numbers = bytes([signal.SIGTERM])
        if kill_time is not None and time.monotonic() > kill_time:
            numbers = bytes([signal.SIGKILL])
        for number in numbers:
            told = number != signal.SIGKILL  # a killed group needs no time
            _send(child.pid, number)


def _received(launcher: socket.socket) -> bytes | None:
    """The numbers of the signals to send; None when the launcher has died."""
    try:
        return launcher.recv(64) or None
    except OSError:
        return None


def _notice_children() -> socket.socket:
    """Return a socket that can be read when a child has ended, and keep signals from ending this process.

    The command does not inherit a signal handler, but it inherits SIG_IGN. Signals that are ignored, as below ``nohup``, stay so.
    """
    wake, ringing = socket.socketpair()
    for end in (wake, ringing):
        end.setblocking(False)
    signal.set_wakeup_fd(ringing.detach(), warn_on_full_buffer=False)
    for number in _OURS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return wake


def _dying_with(parent: int) -> Callable[[], None] | None:
    """Return what the child does before it becomes the command: on Linux, it asks to be killed when this process is killed.

    This process also becomes the parent of grandchildren whose parent ends. Otherwise init has to reap them, and until it does, the
    process group still exists. In many containers init never reaps.
    """
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def prepare() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it was killed before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def _exists(group: int) -> bool:
    """Tell whether a process of the group is left, after reaping those that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    return _send(group, 0)


def _send(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether the group exists."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # on macOS, when only zombies are left; or the command runs as another user
        return number == 0 and sys.platform == "linux"
    return True


def _tell(launcher: socket.socket, line: str) -> None:
    with suppress(OSError):  # the launcher has died
        launcher.sendall(f"{line}\n".encode())


if __name__ == "__main__":
    keep(socket.socket(fileno=int(sys.argv[1])), float(sys.argv[2]), sys.argv[3:])
