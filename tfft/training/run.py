"""The record of a ``fit``: its arguments, its results, versions, seeds and data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.accelerate.precision import Precision
from tfft.core import files, versions
from tfft.core.errors import quantity
from tfft.core.html_tables import table
from tfft.core.strategy import replicas
from tfft.keras_files import saving
from tfft.models.assembly import TransferModel
from tfft.plans.optimizers import LBFGS
from tfft.plans.phase import Phase, Plan
from tfft.trainable.overview import Overview
from tfft.training import run_code

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMAT = 1
_NO_REFIT = "No refit: no phase improved the validation, so the model has the weights from before training."


@dataclass(frozen=True, eq=False)
class PhaseRecord:
    """The record of one phase.

    Attributes:
        phase: The phase of the plan.
        overview: Each variable with its path and shape, whether it should change, and whether it did.
        history: Metric name -> one value for each epoch.
        best_epoch: The epoch whose weights were kept, from 1; 0 when no epoch was better than the weights before the phase.
        best_loss: The validation loss of the kept weights.
        seconds: Wall time in seconds.
        reads: A description of the inputs: features of the trunk, or pixels or tokens with the reason.
        watched: The validation metric that decided which weights were kept, or ``"loss"``.
        best_metric: The value of this metric with the kept weights; None when the loss decided.
    """

    phase: Phase
    overview: Overview
    history: Mapping[str, list[float]]
    best_epoch: int
    best_loss: float | None
    seconds: float
    reads: str = ""
    watched: str = "loss"
    best_metric: float | None = None

    @property
    def rank(self) -> tuple[float, float] | None:
        """What decides whether a later phase is better than the kept weights, as from ``rank_of``."""
        if self.best_loss is None:
            return None
        return (self.best_loss if self.best_metric is None else -self.best_metric), self.best_loss

    def describe(self) -> str:
        """Describe in two lines what was trained, which epoch was kept, and its metrics."""
        moved = sum(bool(row.moved) for row in self.overview.rows)
        first = f"{self.phase.name}: trained {self.overview.describe()}, {quantity(moved, 'variable')} moved, {self.seconds:.1f} s"
        first += f", on {self.reads}" if self.reads else ""
        if self.best_epoch == 0 and self.best_loss is not None:
            before, best = (self.best_loss, min) if self.best_metric is None else (self.best_metric, max)
            seen = best(self.history.get(f"val_{self.watched}", [float("nan")]))
            return (
                f"{first}\n{' ' * len(self.phase.name)}  no epoch improved the validation {self.watched} "
                f"({before:.4f} before, {seen:.4f} at best), so the weights from before were kept{self._saved()}"
            )
        done = len(self.history["loss"])
        if "val_loss" not in self.history:
            return f"{first}\n{' ' * len(self.phase.name)}  {quantity(done, 'epoch')} without validation"
        kept = {name: values[self.best_epoch - 1] for name, values in self.history.items() if name.startswith("val_")}
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in kept.items())
        return (
            f"{first}\n{' ' * len(self.phase.name)}  kept epoch {self.best_epoch} of {done}: {numbers}{self._saved()}"
        )

    def _saved(self) -> str:
        """How many epochs patience has saved; empty when the phase did not end by it."""
        done, patience = len(self.history.get("loss", ())), self.phase.patience
        if patience is None or done >= self.phase.end or done - self.best_epoch < patience:
            return ""
        left = quantity(self.phase.end - done, "epoch")
        return f"; stopped after {quantity(patience, 'epoch')} without a better one, which saved {left}"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values, with path, shape and change of each variable."""
        return {
            "phase": self.phase.to_dict(),
            "trained": self.overview.totals()[0],
            "parameters": self.overview.totals()[1],
            "variables": self.overview.to_rows(),
            "history": {name: list(values) for name, values in self.history.items()},
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "seconds": self.seconds,
            "reads": self.reads,
            "watched": self.watched,
            "best_metric": self.best_metric,
        }


@dataclass(frozen=True, eq=False)
class Run:
    """The record of one ``fit``; enough to repeat it.

    Attributes:
        model: The trained model, with the best weights.
        plan: The plan.
        seed: The seed of the order of examples.
        batch_size: Number of examples in a batch.
        data: Counts, label space and content fingerprints of the parts.
        first_weights: The fingerprint of all weights before the first phase.
        phases: One record for each finished phase.
        versions: The versions of Python and of packages.
        precision: The dtypes in which the net computed.
        accumulate: The number of parts in which each batch was computed at the end.
        teacher: The path, backbone and weights of the teacher, and what it had to say; None without one.
        selection: In a refit, the run that chose the epochs by the validation part; None otherwise. It has all validation metrics,
            and its ``model`` is that of this run, with the weights of the refit.
        refit_left_out: Whether ``fit(..., refit=True)`` was called, but no phase improved the validation, so that there was no
            refit.
    """

    model: TransferModel
    plan: Plan
    seed: int
    batch_size: int
    data: Mapping[str, Any]
    first_weights: str = ""
    phases: tuple[PhaseRecord, ...] = ()
    versions: Mapping[str, str] = field(default_factory=versions.installed)
    precision: Precision = field(default_factory=Precision)
    accumulate: int = 1
    teacher: Mapping[str, Any] | None = None
    selection: "Run | None" = None
    refit_left_out: bool = False

    def with_phase(self, record: PhaseRecord) -> "Run":
        """Return the run with one more finished phase.

        Args:
            record: The record of this phase.

        Returns:
            A new Run.
        """
        return replace(self, phases=(*self.phases, record))

    def __repr__(self) -> str:
        return f"<Run of {len(self.phases)} phases>\n{self.describe()}"

    def describe(self) -> str:
        """Describe the run in a few lines, with a warning when the first phase did not improve anything."""
        lines = [] if self.selection is None else [self.selection.describe(), _about_refit(self.data["counts"])]
        lines += [record.describe() for record in self.phases]
        lines += [_NO_REFIT] if self.refit_left_out else []
        if self.phases and self.phases[0].best_epoch == 0:
            solved = self.phases[0].phase.optimizer == LBFGS
            further = " or another backbone" if solved else ", more epochs or another learning rate"
            lines.append(
                f"Warning: phase {self.phases[0].phase.name!r} never improved on its initial weights. More examples (especially "
                f"for validation){further} may help."
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return a table of the phases, which notebooks show."""
        rows = []
        for record in self.phases:
            kept = {
                name: f"{values[record.best_epoch - 1]:.4f}" if record.best_epoch else "-"
                for name, values in record.history.items()
                if name.startswith("val_")
            }
            rows.append(
                {
                    "phase": record.phase.name,
                    "trained": record.overview.describe(),
                    "kept epoch": f"{record.best_epoch} of {len(record.history.get('loss', ()))}",
                    **kept,
                    "seconds": f"{record.seconds:.1f}",
                }
            )
        names = dict.fromkeys(name for row in rows for name in row)
        found = table(
            [{name: row.get(name, "-") for name in names} for row in rows] or [{"phase": "no finished phase"}]
        )
        if self.selection is None:
            return f"{found}<p>{_NO_REFIT}</p>" if self.refit_left_out else found
        return f"{self.selection._repr_html_()}<p>{_about_refit(self.data['counts'])}</p>{found}"

    def history(self) -> dict[str, list[float]]:
        """Return each metric over the epochs of all phases; those of a refit have no validation metrics, see ``selection``.

        Returns:
            Metric name -> a list with one value for each epoch.
        """
        joined: dict[str, list[float]] = {}
        for record in self.phases:
            for name, values in record.history.items():
                joined.setdefault(name, []).extend(values)
        return joined

    def plot(self) -> "Figure":
        """Plot the learning curves: a panel for each metric, with the phases marked."""
        from tfft.plots import learning_curves

        phases = [(record.phase.name, len(record.history["loss"]), record.best_epoch) for record in self.phases]
        return learning_curves.plot(self.history(), phases)

    def to_code(self) -> str:
        """Return Python code that repeats the run.

        Arguments without a short form, such as arrays, appear by their names, and a comment asks for them.
        """
        return run_code.to_code(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the run as plain JSON values. Of each weight it holds path, shape and change, but no values."""
        return {
            "format": FORMAT,
            "backbone": self.model.backbone.to_dict(),
            "task": self.model.task.to_dict(),
            "model_seed": self.model.seed,
            "first_weights": self.first_weights,
            "plan": self.plan.to_dict(),
            "seed": self.seed,
            "batch_size": self.batch_size,
            "replicas": replicas(self.model.strategy),
            "accumulate": self.accumulate,
            "precision": asdict(self.precision),
            "cache": {
                "where": self.model.cache.where,
                "max_bytes": self.model.cache.max_bytes,
                "views": self.model.cache.views,
            },
            "teacher": None if self.teacher is None else dict(self.teacher),
            "data": dict(self.data),
            "selection": None if self.selection is None else self.selection.to_dict(),
            "refit_left_out": self.refit_left_out,
            "phases": [record.to_dict() for record in self.phases],
            "versions": dict(self.versions),
        }

    def save(self, folder: str | Path) -> Path:
        """Write ``run.json`` and ``model.weights.h5`` into a folder, each in one step.

        To read the weights back, build a model with the same backbone and task, whose variables then have the same shapes, and
        call ``model.net.load_weights(folder / "model.weights.h5")``.

        Args:
            folder: The folder; it is created if it does not exist.

        Returns:
            The path of ``run.json``.

        Raises:
            OSError: When a file cannot be written; older files then stay unchanged.
        """
        home = Path(folder)
        saving.save_weights(self.model.net, home / "model.weights.h5")
        path = home / "run.json"
        files.write_text(path, json.dumps(self.to_dict(), indent=1, ensure_ascii=False))
        return path


def _about_refit(counts: Mapping[str, int]) -> str:
    """What the second training of a refit did; ``counts`` are the sizes of the parts."""
    return (
        f"Refit: trained again on {counts['train']:,} training and {counts['validation']:,} validation examples together. The "
        "validation metrics above are those of the first training; none exist for the final weights."
    )
