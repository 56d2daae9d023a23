"""Show the progress of a phase and of the computation of features, and write JSON lines to a log file."""

import json
import math
import time
import warnings
from pathlib import Path
from typing import Any

import keras

from tfft.core.errors import RunWarning, quantity
from tfft.plans.phase import Phase
from tfft.trainable.overview import Overview
from tfft.training.displays import Lines, display


class LiveLine(keras.callbacks.Callback):
    """Show phase, trained part, epoch and the latest metrics; without a terminal and a notebook, write one line for each epoch.

    Args:
        phase: The phase.
        overview: The variables of the phase.
        steps: The number of batches in one epoch.
        show: Whether to show a bar. None shows it in terminals and notebooks, and writes lines elsewhere.
    """

    def __init__(self, phase: Phase, overview: Overview, steps: int, show: bool | None = None) -> None:
        super().__init__()
        self._display = display(show)
        self._phase, self._steps, self._epoch, self._numbers = phase, steps, 0, ""
        self._trains = overview.describe()
        self._begun = time.monotonic()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the bar.

        Args:
            logs: Unused.
        """
        self._move(0)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the epoch.

        Args:
            epoch: The number of the epoch, from 0.
            logs: Unused.
        """
        self._epoch, self._begun = epoch, time.monotonic()
        self._move(0)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar.

        Args:
            batch: The number of the batch in the epoch, from 0.
            logs: Unused.
        """
        # this is called once for several steps
        self._move(batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the metrics of the epoch.

        Args:
            epoch: The number of the epoch, from 0.
            logs: The metrics of the epoch, from Keras.
        """
        found = logs or {}
        if isinstance(self._display, Lines):
            numbers = ", ".join(
                f"{name} {found[name]:.4f}" for name in found if name == "loss" or name.startswith("val_")
            )
            seconds = time.monotonic() - self._begun
            self._display.line(
                f"{self._phase.name}: epoch {epoch + 1} of {self._phase.end}, {numbers}, {seconds:.1f} s"
            )
        wide = self._display.wide
        shown = {k: v for k, v in found.items() if k == "val_loss" or (wide and k.startswith("val_"))}
        self._numbers = " ".join(f"{name} {value:.4f}" for name, value in shown.items())
        self._move(self._steps)

    def close(self) -> None:
        """Stop the bar and leave its last state visible; it may be called twice."""
        self._display.close()

    def _move(self, done: int) -> None:
        text = f"{self._phase.name} trains {self._trains}, epoch {self._epoch + 1}/{self._phase.end}"
        self._display.move(text, self._epoch * self._steps + done, self._phase.end * self._steps, self._numbers)


class FeatureProgress:
    """Show the progress of the computation of features before a phase.

    Args:
        show: Whether to show a bar. None shows it in terminals and notebooks, and writes lines elsewhere.

    Example:
        >>> progress = FeatureProgress(show=False)
        >>> progress("features", done=3, count=10)  # nothing to see
    """

    def __init__(self, show: bool | None = None) -> None:
        self._display = display(show)
        self._what = ""

    def __call__(self, what: str, done: int, count: int) -> None:
        """Move the bar; it stops when all examples are done.

        Args:
            what: The computed features, such as ``"vgg16 after block4_pool"``.
            done: The number of finished examples.
            count: The number of all examples.
        """
        if what != self._what and done < count:
            self._display.begin(f"computing {what} for {quantity(count, 'example')}")
            self._what = what
        self._display.move(f"computing {what}, {done:,} of {count:,}", done, count)
        if done == count:
            self.close()

    def note(self, text: str) -> None:
        """Show a line that stays.

        Args:
            text: The line.
        """
        self._display.line(text)

    def close(self) -> None:
        """Stop the bar and leave its last state visible; it may be called twice."""
        self._display.close()
        self._what = ""


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
            epoch: The number of the epoch in the phase, from 0.
            logs: Keras' metrics of the epoch.
        """
        self.write(
            "epoch",
            epoch=epoch + 1,
            **{name: float(value) if math.isfinite(value) else None for name, value in (logs or {}).items()},
        )
