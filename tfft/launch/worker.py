"""One worker process: its keeper, the socket to it, and what it writes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tfft.core.errors import ClusterError
from tfft.launch.output import LineCutter

_KEEPER = Path(__file__).with_name("keeper.py")
_CLOSE_SECONDS = 5.0


@dataclass
class Worker:
    """A worker that was started.

    Attributes:
        index: The number of the worker; 0 is the chief.
        keeper: The process that keeps the command.
        channel: The socket to the keeper, which does not block.
        output: The pipe with stdout and stderr of the command; None for the chief, which writes to those of the launcher.
        lines: The lines of ``output``.
        group: The process group of the command, as soon as it has started.
        code: How the command ended, as ``returncode`` of ``subprocess``: negative for a signal. None while it runs.
    """

    index: int
    keeper: "subprocess.Popen[bytes]"
    channel: socket.socket
    output: IO[bytes] | None
    lines: LineCutter = field(default_factory=LineCutter)
    group: int | None = None
    code: int | None = None


def start(index: int, command: Sequence[str], environment: dict[str, str], orphan_seconds: float) -> Worker:
    """Start a worker.

    Args:
        index: The number of the worker; 0 is the chief.
        command: The program and its arguments.
        environment: All environment variables of the command.
        orphan_seconds: The time between SIGTERM and SIGKILL when this process dies.

    Returns:
        The worker. Its command starts a moment later.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), str(theirs.fileno()), str(orphan_seconds), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=None if index == 0 else subprocess.PIPE,
            stderr=None if index == 0 else subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    if keeper.stdout is not None:
        os.set_blocking(keeper.stdout.fileno(), False)
    return Worker(index, keeper, ours, keeper.stdout)


def send(worker: Worker, number: int) -> None:
    """Send a signal to the process group of a worker's command.

    Args:
        worker: A worker; when it has ended, nothing happens.
        number: The signal.
    """
    with suppress(OSError):  # its keeper has ended
        worker.channel.send(bytes([number]))


def hear(worker: Worker) -> None:
    """Read what the keeper says, and set ``group`` and ``code`` of the worker.

    Args:
        worker: A worker whose ``channel`` can be read.

    Raises:
        ClusterError: When the command could not be started.
    """
    try:
        said = worker.channel.recv(4096)
    except BlockingIOError:
        return
    except OSError:
        said = b""
    for line in said.decode().splitlines():  # a line of some bytes is sent, and so received, at once
        what, _, number = line.partition(" ")
        if what == "started":
            worker.group = int(number)
        elif what == "ended":
            worker.code = int(number)
        else:
            raise ClusterError(
                f"Worker {worker.index} cannot start the command.",
                os.strerror(int(number)),
                "Check that the program runs on this machine without `tfft launch`.",
            )
    if not said and worker.code is None:  # somebody killed the keeper
        _kill(worker)
        worker.code = -signal.SIGKILL


def read(worker: Worker) -> list[str] | None:
    """Read the lines that the command has written, without waiting.

    Args:
        worker: A worker with an ``output``.

    Returns:
        The complete lines; None at the end of the output.
    """
    if worker.output is None:
        return None
    try:
        piece = os.read(worker.output.fileno(), 65_536)
    except BlockingIOError:
        return []
    return worker.lines.feed(piece) if piece else None


def close(worker: Worker) -> None:
    """Kill what still runs of a worker, and free its resources.

    Args:
        worker: A worker, running or not.
    """
    if worker.code is None:
        send(worker, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        worker.keeper.wait(_CLOSE_SECONDS)
    for _ in range(3):  # what the keeper said, then the end of file
        if worker.code is None and worker.keeper.returncode is not None:
            with suppress(ClusterError):
                hear(worker)
    worker.channel.close()
    if worker.output is not None:
        worker.output.close()


def _kill(worker: Worker) -> None:
    if worker.group is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.group, signal.SIGKILL)
