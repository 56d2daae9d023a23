"""Show what workers write, and what the launcher has to say about them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from tfft.launch import worker
from tfft.launch.worker import Worker


class Say(Protocol):
    """A function that shows a line to the user."""

    def __call__(self, text: object, wrong: bool = False, color: str | None = None) -> None:
        """Show a line.

        Args:
            text: The line.
            wrong: Whether it belongs into the error stream.
            color: The color of the line in a terminal.
        """


class Screen:
    """Shows lines in the error stream. It raises no OSError, because a closed terminal must not keep workers running."""

    def __init__(self, say: Say, verbose: bool) -> None:
        self._say, self._verbose = say, verbose

    def say(self, text: str) -> None:
        """Show a line of the launcher.

        Args:
            text: The line.
        """
        with _shown():
            self._say(text, wrong=True, color="red")

    def read(self, source: Worker) -> bool:
        """Read what a worker has written, without waiting, and show it when all output is asked for.

        Args:
            source: A worker. The chief has no output here: it writes to the streams of this process.

        Returns:
            False at the end of the output.
        """
        lines = worker.read(source)
        if self._verbose:
            self._show(source, lines or [])
        return lines is not None

    def read_rest(self, source: Worker) -> None:
        """Read what is left, as ``read`` does. Do not wait for the end: a process that left the session could hold the pipe open.

        Args:
            source: A worker that has ended.
        """
        while lines := worker.read(source):
            if self._verbose:
                self._show(source, lines)
        rest = source.lines.rest()
        if self._verbose:
            self._show(source, rest)

    def show_last(self, source: Worker) -> None:
        """Show the last lines of a worker, unless they are on the screen already.

        Args:
            source: A worker that failed.
        """
        if not self._verbose:
            self._show(source, list(source.lines.last))

    def _show(self, source: Worker, lines: list[str]) -> None:
        for line in lines:
            with _shown():
                self._say(f"[worker {source.index}] {line}", wrong=True)


@contextmanager
def _shown() -> Iterator[None]:
    """Show lines while somebody reads them. Then the error stream goes nowhere.

    Python would otherwise write the rest of its buffer when the launcher ends, fail, and exit with status 120.
    """
    try:
        yield
    except OSError:
        with suppress(OSError, ValueError, AttributeError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stderr.fileno())
