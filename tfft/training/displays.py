"""Show progress: as a bar in a terminal, as one changing line in a notebook, and as plain lines elsewhere."""

import sys
import time
from html import escape
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from tfft.core.terminal import plain

_WIDE = 110  # from this number of columns on, the bar and all metrics fit into one line
_NOTEBOOK_SECONDS = 0.25
SILENT_SECONDS = 60.0
"""Without a terminal, a long computation writes a line at least this often."""


class Display(Protocol):
    """A place that shows progress.

    Attributes:
        wide: Whether there is room for all metrics.
    """

    wide: bool

    def begin(self, text: str) -> None:
        """Say that a computation begins, where no bar will show it.

        Args:
            text: The name of the computation.
        """

    def move(self, text: str, done: int, total: int, numbers: str = "") -> None:
        """Show the current state of a computation.

        Args:
            text: The name of the computation.
            done: The number of finished parts.
            total: The number of all parts.
            numbers: The latest metrics.
        """

    def line(self, text: str) -> None:
        """Show a line that stays.

        Args:
            text: The line.
        """

    def close(self) -> None:
        """Finish; the last state stays visible. It may be called twice."""


def display(show: bool | None) -> Display:
    """Choose where progress is shown.

    Args:
        show: True for a bar, False for nothing. None chooses a bar in terminals, a changing line in notebooks, and else plain lines
            in the error stream.

    Returns:
        A Display.

    Example:
        >>> type(display(False)).__name__
        'Silent'
    """
    if show is False:
        return Silent()
    console = Console(stderr=True)
    if console.is_jupyter:
        return NotebookLine()
    return TerminalBar(console) if show or console.is_terminal else Lines()


class Silent:
    """Shows nothing."""

    wide = True

    def begin(self, text: str) -> None:
        """Do nothing."""

    def move(self, text: str, done: int, total: int, numbers: str = "") -> None:
        """Do nothing."""

    def line(self, text: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TerminalBar(Silent):
    """A bar on one line of a terminal.

    Args:
        console: The console of the error stream.
    """

    def __init__(self, console: Console) -> None:
        self.wide, self._console = console.width >= _WIDE, console
        self.bar: Progress | None = None
        self._moving = False

    def move(self, text: str, done: int, total: int, numbers: str = "") -> None:
        """Move the bar; the first call, and the first one after ``close``, starts a bar."""
        if self.bar is None or not self._moving:
            columns: list[ProgressColumn] = [
                TextColumn("{task.description}", markup=False),
                *([BarColumn(bar_width=16)] if self.wide else []),
                TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                TextColumn("{task.fields[numbers]}", markup=False),
            ]
            self.bar = Progress(*columns, console=self._console)
            self.bar.add_task(plain(text), total=total, numbers=numbers)
            self.bar.start()
            self._moving = True
        self.bar.update(self.bar.tasks[0].id, description=plain(text), completed=done, total=total, numbers=numbers)

    def line(self, text: str) -> None:
        """Print the line above the bar."""
        self._console.print(plain(text), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Stop the bar and leave it visible."""
        if self.bar is not None and self._moving:
            self.bar.stop()
        self._moving = False


class NotebookLine(Silent):
    """One line below a notebook cell. It changes in place; only its last state stays, also in the saved notebook.

    ipywidgets is not used: a finished widget leaves an empty area, and a saved notebook shows it as a dead bar.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._moving = False
        self._begun = self._shown = 0.0
        self._last = ("", 0, 0, "")

    def move(self, text: str, done: int, total: int, numbers: str = "") -> None:
        """Change the line, at most four times a second; the first call shows it. After ``close`` the same line changes again."""
        now = time.monotonic()
        self._last = (text, done, total, numbers)
        if self._moving and now - self._shown < _NOTEBOOK_SECONDS:
            return
        if not self._moving:
            self._begun, self._moving = now, True
        if self._handle is None:
            from IPython.display import display as show

            self._handle = show(self._content(now, moving=True), raw=True, display_id=True)
        else:
            self._handle.update(self._content(now, moving=True), raw=True)
        self._shown = now

    def line(self, text: str) -> None:
        """Show the line below the cell."""
        from IPython.display import display as show

        show({"text/plain": plain(text), "text/html": f"<div>{escape(plain(text))}</div>"}, raw=True)

    def close(self) -> None:
        """Replace the bar by a line with the last state and the time."""
        if self._moving:
            self._handle.update(self._content(time.monotonic(), moving=False), raw=True)
        self._moving = False

    def _content(self, now: float, moving: bool) -> dict[str, str]:
        text, done, total, numbers = self._last
        seconds = now - self._begun
        words = plain(" ".join(part for part in (text, numbers) if part))
        if not moving:
            words += f" ({seconds:.1f} s)"
            return {"text/plain": words, "text/html": f"<div>{escape(words)}</div>"}
        left = f" about {seconds * (total - done) / done:.0f} s left" if 0 < done < total else ""
        bar = f'<progress value="{done}" max="{total}"></progress>'
        return {"text/plain": words + left, "text/html": f"<div>{bar} {escape(words + left)}</div>"}


class Lines(Silent):
    """Plain lines in the error stream, for scripts, batch systems and containers."""

    def __init__(self) -> None:
        self._written = time.monotonic()

    def begin(self, text: str) -> None:
        """Write the line."""
        self.line(text)

    def move(self, text: str, done: int, total: int, numbers: str = "") -> None:
        """Write a line when nothing was written for a minute."""
        if time.monotonic() - self._written >= SILENT_SECONDS:
            self.line(f"{text}, {100 * done / max(total, 1):.0f} %")

    def line(self, text: str) -> None:
        """Write the line."""
        self._written = time.monotonic()
        if sys.stderr is not None:
            sys.stderr.write(f"{plain(text)}\n")
            sys.stderr.flush()
