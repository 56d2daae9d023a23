"""Show on the error stream how many inputs have been answered."""

import time
from collections.abc import Iterator
from typing import TypeVar

from tfft.cli.console import say

Found = TypeVar("Found")

_FEW = 200
"""Fewer inputs than this are answered without a word."""
_EVERY_SECONDS = 60.0


def counted(found: Iterator[Found], count: int) -> Iterator[Found]:
    """Show the progress of predictions: a bar with both numbers on a terminal, and a line each minute in the log of a job.

    Args:
        found: The predictions, as they come.
        count: Their number.

    Yields:
        The same predictions.

    Example:
        >>> list(counted(iter("ab"), 2))
        ['a', 'b']
    """
    if count < _FEW:
        yield from found
        return
    # imported here, because importing rich changes the state of Python's global random generator (rich 15)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _told(found, count)
        return
    columns = (TextColumn("Predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(found, total=count)


def _told(found: Iterator[Found], count: int) -> Iterator[Found]:
    last = time.monotonic()
    for done, each in enumerate(found):
        if time.monotonic() - last >= _EVERY_SECONDS:
            last = time.monotonic()
            say(f"{done:,} of {count:,} inputs are answered", wrong=True)
        yield each
