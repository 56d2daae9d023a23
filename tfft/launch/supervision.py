"""Start the workers of a command, watch them, and end all of them when one fails or somebody asks to stop.

::

    code = run_workers(["tfft", "fit", "--data", "flowers/"], 2, os.environ, say)
"""

import selectors
import shutil
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tfft.core.errors import ClusterError
from tfft.launch import stop_signals, worker
from tfft.launch.environment import worker_environments
from tfft.launch.screen import Say, Screen
from tfft.launch.worker import Worker

_AGAIN_SECONDS = 1.0  # programs such as `uv run` repeat a Ctrl-C that the terminal has sent already
_GIVE_UP_SECONDS = 10.0


@dataclass(frozen=True)
class Graces:
    """How long workers may take to end.

    Attributes:
        failed_seconds: After one worker failed, until the others get SIGTERM.
        ended_seconds: From this SIGTERM, or from the death of the launcher, to SIGKILL.
        stopped_seconds: From Ctrl-C or a SIGTERM of the user to SIGKILL.
    """

    failed_seconds: float = 15.0
    ended_seconds: float = 15.0
    stopped_seconds: float = 60.0


def run_workers(
    command: Sequence[str],
    count: int,
    environ: Mapping[str, str],
    say: Say,
    verbose: bool = False,
    graces: Graces = Graces(),
) -> int:
    """Run a command in several worker processes until all of them have ended.

    The chief (worker 0) writes to stdout and stderr of this process. Of the others, the last lines are shown when they fail.
    When this function returns or raises, no process of a worker runs, except one that left its session on purpose (``setsid``).

    Args:
        command: The program and its arguments.
        count: The number of workers, at least 1.
        environ: The environment variables that the workers get, beside ``TF_CONFIG`` and limits of threads.
        say: Shows lines to the user.
        verbose: Whether to show all lines of the other workers, in the error stream.
        graces: How long workers may take to end.

    Returns:
        0 when all workers ended with exit code 0. Otherwise the exit code of the worker that failed first; 128 + n when signal n
        ended it, or when signal n stopped this process.

    Raises:
        ClusterError: When the command does not exist or cannot start, ``TF_CONFIG`` is already set, or ports are missing.
    """
    _check(command, environ)
    environments = worker_environments(count, environ)
    started: list[Worker] = []
    with stop_signals.received() as stop:
        try:
            for index, environment in enumerate(environments):
                started.append(worker.start(index, command, environment, graces.ended_seconds))
            return _Supervision(started, Screen(say, verbose), graces).run(stop)
        finally:
            for each in started:
                worker.close(each)


def _check(command: Sequence[str], environ: Mapping[str, str]) -> None:
    if not hasattr(signal, "SIGHUP"):
        raise ClusterError("`tfft launch` needs Linux or macOS.", fix="Start the workers by hand, with TF_CONFIG.")
    if not command:
        raise ClusterError("The command of the workers is missing.", fix="Write it after --.")
    program = command[0]
    if shutil.which(program, path=environ.get("PATH")) is None:
        there = Path(program).is_file()
        raise ClusterError(
            f"The command {program!r} {'is not executable' if there else 'does not exist'}.",
            fix=f"Write `-- python {program}` for a script in Python, or make the file executable."
            if there
            else "Write a program and its arguments after --, for example `-- tfft fit --data flowers/`.",
        )


class _Supervision:
    """The loop that watches workers, and what it has decided so far."""

    def __init__(self, workers: list[Worker], screen: Screen, graces: Graces) -> None:
        self.workers, self.screen, self.graces = workers, screen, graces
        self.failed: Worker | None = None
        self.stopped = 0
        self.signalled = False
        self.stop_time = 0.0
        self.due: list[tuple[float, int]] = []

    @property
    def running(self) -> list[Worker]:
        return [each for each in self.workers if each.code is None]

    def run(self, stop: socket.socket) -> int:
        """Return the exit code when no worker runs any more."""
        with selectors.DefaultSelector() as selector:
            selector.register(stop, selectors.EVENT_READ, partial(self._stop, stop))
            for each in self.workers:
                selector.register(each.channel, selectors.EVENT_READ, partial(self._hear, each, selector))
                if each.output is not None:
                    selector.register(each.output, selectors.EVENT_READ, partial(self._read, each, selector))
            while self.running:
                pause = max(0.0, self.due[0][0] - time.monotonic()) if self.due else None
                for key, _ in selector.select(pause):
                    key.data()
                if self.due and time.monotonic() >= self.due[0][0] and not self._next():
                    break
            for each in self.workers:
                self.screen.read_rest(each)
        if self.failed is not None and self.failed.code is not None:
            return self.failed.code if self.failed.code > 0 else 128 - self.failed.code
        return 128 + self.stopped if self.stopped else 0

    def _hear(self, each: Worker, selector: selectors.BaseSelector) -> None:
        worker.hear(each)
        if each.code is None:
            return
        selector.unregister(each.channel)
        if each.code == 0 or self.signalled:
            return
        self.screen.read_rest(each)
        self.screen.show_last(each)
        others = f" The other workers get {self.graces.failed_seconds:g} seconds to end." if self.running else ""
        self.screen.say(
            f"Worker {each.index} failed with {_in_words(each.code)}.{others if self.failed is None else ''}"
        )
        if self.failed is None:
            self.failed = each
            wait = time.monotonic() + self.graces.failed_seconds
            self.due = [(wait, signal.SIGTERM), (wait + self.graces.ended_seconds, signal.SIGKILL)]

    def _read(self, each: Worker, selector: selectors.BaseSelector) -> None:
        if not self.screen.read(each) and each.output is not None:
            selector.unregister(each.output)

    def _send(self, number: int) -> None:
        self.signalled = True
        for each in self.running:
            worker.send(each, number)

    def _stop(self, stop: socket.socket) -> None:
        """React to the signals that this process got."""
        for number in stop.recv(64):
            if number not in stop_signals.STOP_SIGNALS:
                continue
            now = time.monotonic()
            if not self.stopped:
                self.stopped, self.stop_time = number, now
                seconds = self.graces.stopped_seconds
                self.screen.say(
                    f"Stopping: the workers get {seconds:g} seconds to save. Ctrl-C once more kills them at once."
                )
                # tfft and most programs save on SIGTERM, but not on SIGHUP
                self._send(signal.SIGTERM if number == signal.SIGHUP else number)
                self.due = [(now + seconds, signal.SIGKILL)]
            elif number == signal.SIGINT and now > self.stop_time + _AGAIN_SECONDS:
                self.due = [(now, signal.SIGKILL)]

    def _next(self) -> bool:
        """Send the signal that is due. Return False when nothing more can be done."""
        (_, number), *self.due = self.due
        if not number:
            self.screen.say(
                f"Cannot kill {_named(self.running)}: the operating system does not end it. Check its disks and devices."
            )
            return False
        begin = "Sending SIGTERM to" if number == signal.SIGTERM else "Killing"
        self.screen.say(f"{begin} the workers that still run: {_named(self.running)}.")
        self._send(number)
        if number == signal.SIGKILL:
            self.due = [(time.monotonic() + _GIVE_UP_SECONDS, 0)]
        return True


def _named(workers: list[Worker]) -> str:
    return " and ".join(f"worker {each.index}" for each in workers)


def _in_words(code: int) -> str:
    if code > 0:
        return f"exit code {code}"
    if code == -signal.SIGKILL:
        return "signal SIGKILL, often because memory ran out"
    return f"signal {signal.Signals(-code).name if -code in set(signal.Signals) else -code}"
