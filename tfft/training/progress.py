"""Show the progress of a phase: a bar in terminals and notebooks, and JSON lines in a log file."""

import json
import math
import time
import warnings
from pathlib import Path
from typing import Any

import keras
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from tfft.core.errors import RunWarning
from tfft.core.terminal import plain
from tfft.plans.phase import Phase
from tfft.trainable.overview import Overview

_WIDE = 110  # columns from which on the bar and every metric fit into one line


class LiveLine(keras.callbacks.Callback):
    """A progress bar on one line: phase, trained part, epoch, remaining time and the latest metrics.

    Args:
        phase: The phase.
        overview: The variables of the phase.
        steps: The number of batches in one epoch.
        show: Whether to show the bar; None shows it in terminals and notebooks.
    """

    def __init__(self, phase: Phase, overview: Overview, steps: int, show: bool | None = None) -> None:
        super().__init__()
        console = Console(stderr=True)
        self._show = (console.is_terminal or console.is_jupyter) if show is None else show
        self._phase, self._steps, self._before = phase, steps, 0
        self._trains = overview.describe()
        self._wide = console.width >= _WIDE
        columns: list[ProgressColumn] = [
            TextColumn("[bold]{task.fields[phase]}[/bold] trains {task.fields[trains]}, epoch {task.fields[epoch]}"),
            *([BarColumn(bar_width=16)] if self._wide else []),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[numbers]}"),
        ]
        self._bar = Progress(*columns, console=console)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the bar.

        Args:
            logs: Unused.
        """
        if self._show:
            self._task = self._bar.add_task(
                "", total=self._phase.epochs * self._steps, phase=escape(plain(self._phase.name)), trains=self._trains,
                epoch=f"1/{self._phase.epochs}", numbers="",
            )  # fmt: skip
            self._bar.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the epoch.

        Args:
            epoch: From 0.
            logs: Unused.
        """
        if self._show:
            self._before = epoch * self._steps
            self._bar.update(self._task, epoch=f"{epoch + 1}/{self._phase.epochs}")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar.

        Args:
            batch: Of the epoch, from 0.
            logs: Unused.
        """
        if self._show:
            # with steps_per_execution, Keras calls this once for several steps
            self._bar.update(self._task, completed=self._before + batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch's metrics.

        Args:
            epoch: From 0.
            logs: Keras' metrics of the epoch.
        """
        if self._show:
            shown = {k: v for k, v in (logs or {}).items() if k == "val_loss" or (self._wide and k.startswith("val_"))}
            numbers = " ".join(f"{name} {value:.4f}" for name, value in shown.items())
            self._bar.update(self._task, numbers=numbers)

    def close(self) -> None:
        """Stop the bar and leave it visible; it may be called twice."""
        if self._show:
            self._bar.stop()


class Counting:
    """A progress bar for the computation of features before a phase.

    Args:
        show: Whether to show the bar; None shows it in terminals and notebooks.

    Example:
        >>> counting = Counting(show=False)
        >>> counting("features", done=3, count=10)  # nothing to see
    """

    def __init__(self, show: bool | None = None) -> None:
        console = Console(stderr=True)
        self._show = (console.is_terminal or console.is_jupyter) if show is None else show
        self._console = console
        self._bar: Progress | None = None

    def __call__(self, what: str, done: int, count: int) -> None:
        """Move the bar; it stops when all examples are done.

        Args:
            what: What is computed, such as ``"vgg16 after block4_pool"``.
            done: The number of finished examples.
            count: The number of all examples.
        """
        if not self._show:
            return
        if self._bar is None:
            text = TextColumn("computing {task.description}, {task.completed:,.0f} of {task.total:,.0f}")
            left = TimeRemainingColumn(compact=True, elapsed_when_finished=True)
            self._bar = Progress(text, BarColumn(bar_width=16), left, console=self._console)
            self._task = self._bar.add_task(what, total=count)
            self._bar.start()
        self._bar.update(self._task, completed=done)
        if done == count:
            self.close()

    def close(self) -> None:
        """Stop the bar and leave it visible; it may be called twice."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class JsonLog(keras.callbacks.Callback):
    """A log file with one JSON object a line: the beginning of the run, and the beginning, the epochs and the end of each phase.

    Args:
        path: The path of the ``.jsonl`` file, to which lines are appended; None writes nothing.
        phase: The name of the phase; empty for events of the whole run.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     JsonLog(Path(folder) / "log.jsonl", "head").on_epoch_end(0, {"loss": 0.5})
        ...     line = json.loads((Path(folder) / "log.jsonl").read_text())
        >>> line["event"], line["phase"], line["epoch"], line["loss"]
        ('epoch', 'head', 1, 0.5)
    """

    def __init__(self, path: Path | None, phase: str) -> None:
        super().__init__()
        self._path, self._name = path, phase

    def write(self, event: str, **values: Any) -> None:
        """Append one event.

        Args:
            event: ``"run"``, ``"phase"``, ``"epoch"`` or ``"end"``.
            **values: JSON values.
        """
        if self._path is not None:
            line = {"event": event, "phase": self._name, "unix_seconds": round(time.time(), 3), **values}
            try:
                with open(self._path, "a", encoding="utf-8") as file:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
            except OSError as error:
                warnings.warn(
                    f"The log {str(self._path)!r} cannot be written: {error}. Training goes on.", RunWarning, 2
                )
                self._path = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Append the epoch's metrics.

        Args:
            epoch: Of the phase, from 0.
            logs: Keras' metrics of the epoch.
        """
        self.write(
            "epoch",
            epoch=epoch + 1,
            **{name: float(value) if math.isfinite(value) else None for name, value in (logs or {}).items()},
        )
