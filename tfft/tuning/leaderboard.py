"""The result of a search: the best model, and all trials as a leaderboard."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfft.core.errors import quantity, shortlist
from tfft.core.files import write_text
from tfft.core.html_tables import table
from tfft.core.terminal import plain
from tfft.evaluation.report import Report
from tfft.models.assembly import TransferModel
from tfft.training.run import Run
from tfft.tuning.search_trials import SearchTrial, best_of

_MOST_METRICS = 2


@dataclass(frozen=True, eq=False)
class Search:
    """The result of ``search``.

    Attributes:
        run: The run of the best trial; ``tfft.export(found.run.model, path)`` writes its bundle.
        report: The report on the test part, which was read once, after everything was chosen; None without a test part.
        trials: All trials, in the order in which they ran.
        not_started: Backbone, plan and rung of each trial that did not fit into the budget.
        budget_minutes: The budget in minutes.
        seconds: The used wall time in seconds, with that of earlier calls, without the test.
        seed: The seed of all trials.
    """

    run: Run
    report: Report | None
    trials: tuple[SearchTrial, ...]
    not_started: tuple[tuple[str, str, int], ...]
    budget_minutes: float
    seconds: float
    seed: int

    def __repr__(self) -> str:
        return f"<Search of {quantity(len(self.trials), 'trial')}>\n{self.describe()}"

    @property
    def model(self) -> TransferModel:
        """The best model, with weights of any shape."""
        return self.run.model

    @property
    def best(self) -> SearchTrial:
        """The trial of the best model: the lowest validation loss, or the highest watched metric."""
        return next(trial for trial in self.ordered if trial.rank is not None)

    @property
    def ordered(self) -> tuple[SearchTrial, ...]:
        """All trials: trained ones, best first; then probes, the highest first; then failed ones."""
        return ordered(self.trials)

    def describe(self) -> str:
        """Return the leaderboard as an aligned table, and what was chosen."""
        lines = [_aligned(_cells(self._trained))] if self._trained else []
        probes = [trial for trial in self.ordered if trial.plan is None and not trial.error]
        if probes:
            said = ", ".join(f"{plain(trial.backbone)} {trial.value:.4f}" for trial in probes)
            lines.append(f"Rung 0, {probes[0].measure} of linear probes, cross-validated on training examples: {said}.")
        lines += [f"failed: {plain(f'{t.backbone}, {t.label}: {t.error}')}" for t in self.trials if t.error]
        return "\n".join([*lines, self._caption, *self._chosen])

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the weights as plain JSON values, the trials best first."""
        return {
            "best": self.best.to_dict(),
            "trials": [trial.to_dict() for trial in self.ordered],
            "not_started": [
                {"backbone": backbone, "label": label, "rung": rung} for backbone, label, rung in self.not_started
            ],
            "budget_minutes": self.budget_minutes,
            "seconds": self.seconds,
            "seed": self.seed,
            "report": None if self.report is None else self.report.to_dict(),
        }

    def save(self, folder: str | Path) -> Path:
        """Write the leaderboard: ``leaderboard.json`` and ``leaderboard.txt``, each in one step.

        Args:
            folder: The folder; it is created if it does not exist.

        Returns:
            The path of ``leaderboard.json``.

        Raises:
            OSError: When a file cannot be written.
        """
        path = Path(folder) / "leaderboard.json"
        write_text(path, json.dumps(self.to_dict(), indent=1, ensure_ascii=False))
        write_text(path.with_suffix(".txt"), f"{self.describe()}\n")
        return path

    def _repr_html_(self) -> str:
        """Return the leaderboard as a table, which notebooks show."""
        head, *rows = _cells(self._trained)
        lines = [dict(zip(head, row, strict=True)) for row in rows]
        return table(lines, " ".join([self._caption, *self._chosen]))

    @property
    def _trained(self) -> list[SearchTrial]:
        return [trial for trial in self.ordered if trial.rank is not None]

    @property
    def _caption(self) -> str:
        left = ""
        if self.not_started:
            left = f" Not started: {quantity(len(self.not_started), 'trial')}, because the budget ended."
            never = {backbone for backbone, *_ in self.not_started} - {trial.backbone for trial in self.trials}
            left += f" Never tried: {plain(shortlist(sorted(never)))}." if never else ""
        return (
            f"Ordered by {self.best.measure}. {quantity(len(self.trials), 'trial')} in {self.seconds:.0f} s of "
            f"{60 * self.budget_minutes:.0f} s.{left}"
        )

    @property
    def _chosen(self) -> list[str]:
        plan = "" if self.best.plan is None else self.best.plan.describe()
        lines = [f"Chosen: {plain(self.best.backbone)}, {plain(self.best.label)}", plan]
        return lines if self.report is None else [*lines, f"test: {self.report.describe()}"]


def ordered(trials: Sequence[SearchTrial]) -> tuple[SearchTrial, ...]:
    """Order trials: trained ones, best first; then probes, the highest first; then failed ones.

    Args:
        trials: Trials of any kind.

    Returns:
        The same trials.

    Example:
        >>> low, high = (SearchTrial(name, "", 0, None, "accuracy", value) for name, value in (("a", 0.5), ("b", 0.75)))
        >>> [trial.backbone for trial in ordered([low, high])]
        ['b', 'a']
    """
    trained = sorted((trial for trial in trials if trial.rank is not None), key=lambda trial: trial.rank or ())
    probes = [trial for trial in trials if trial.plan is None and not trial.error]
    probes.sort(key=lambda trial: -(trial.value or 0.0))
    return (*trained, *probes, *(trial for trial in trials if trial.error))


def _cells(trials: Sequence[SearchTrial]) -> list[list[str]]:
    """The cells of the table, with a row of names."""
    best = best_of(trials)
    if best is None:
        return [["backbone"]]
    names = list(dict.fromkeys((best.measure, *best.metrics)))[: 1 + _MOST_METRICS]
    rows = [["backbone", "plan", "rung", "kept epochs", *names, "seconds"]]
    for trial in trials:
        kept = " ".join(f"{epoch}/{count}" for epoch, count in zip(trial.kept, trial.epochs, strict=True))
        values = {**trial.metrics, trial.measure: trial.value}
        numbers = ["-" if (value := values.get(name)) is None else f"{value:.4f}" for name in names]
        about = [plain(trial.backbone), plain(trial.label), str(trial.rung), kept]
        rows.append([*about, *numbers, f"{trial.seconds:.1f}"])
    return rows


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table as text: names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = [cell in ("backbone", "plan", "kept epochs") for cell in rows[0]]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in rows
    )
