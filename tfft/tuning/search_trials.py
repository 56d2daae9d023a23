"""One trial of a search: what was trained, how good it was on the validation part, and how long it took."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tfft.core.errors import DataError, TfftError
from tfft.core.fingerprint import fingerprint
from tfft.plans.phase import Plan
from tfft.training.run import Run

_MOST_SECONDS = 1e9
_MOST_TEXT, _MOST_ADVICE = 300, 1_000


@dataclass(frozen=True)
class SearchTrial:
    """One trial of a search.

    Attributes:
        backbone: The name of the backbone.
        label: The name of the plan in the leaderboard, such as ``"default plan"``; ``"linear probe, cross-validated"`` in rung 0.
        rung: The rung for which it was trained, from 0.
        plan: The plan; None for a probe of rung 0, which trains nothing.
        measure: The name of ``value``: ``"val_loss"``, the validation metric that the task watches, or the metric of a probe.
        value: The value of the kept weights; None when the trial failed.
        loss: The validation loss of the kept weights; None for a probe, and when the trial failed.
        metrics: Name -> validation metric of the kept weights.
        kept: The kept epoch of each phase, from 1; 0 where no epoch was better than the weights before.
        epochs: The number of epochs that each phase ran.
        phase_seconds: Wall time of each phase in seconds.
        seconds: Wall time in seconds, with loading the weights.
        error: What went wrong; empty when the trial finished.
    """

    backbone: str
    label: str
    rung: int
    plan: Plan | None
    measure: str = ""
    value: float | None = None
    loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    kept: tuple[int, ...] = ()
    epochs: tuple[int, ...] = ()
    phase_seconds: tuple[float, ...] = ()
    seconds: float = 0.0
    error: str = ""

    @property
    def status(self) -> str:
        """``"finished"`` or ``"failed"``."""
        return "failed" if self.error else "finished"

    @property
    def rank(self) -> tuple[float, float] | None:
        """The sort key of a trained trial; lower is better. None for a probe or a failed trial."""
        if self.plan is None or self.value is None or self.loss is None:
            return None
        return (self.value if self.measure == "val_loss" else -self.value), self.loss

    @property
    def identity(self) -> str:
        """32 hexadecimal digits for backbone and plan; it names the run folder of the trial."""
        return identity_of(self.backbone, self.plan)

    def of(self, run: Run, seconds: float) -> "SearchTrial":
        """Return the trial with the results of a run.

        Args:
            run: The finished run, with weights of any shape.
            seconds: Wall time in seconds.

        Returns:
            A finished SearchTrial; a failed one when no validation loss is finite.
        """
        last, watched = run.phases[-1], run.model.task.watched
        rank = last.rank
        if rank is None or not all(map(math.isfinite, rank)):
            return self.failed(f"The validation {watched} is NaN or infinite.", seconds)
        value = last.best_loss if last.best_metric is None else last.best_metric
        kept = [record for record in run.phases if record.best_epoch]
        metrics = {
            name: float(values[kept[-1].best_epoch - 1])
            for name, values in (kept[-1].history.items() if kept else ())
            if name.startswith("val_") and math.isfinite(values[kept[-1].best_epoch - 1])
        }
        return replace(
            self,
            measure=f"val_{watched}",
            value=value,
            loss=last.best_loss,
            metrics=metrics,
            kept=tuple(record.best_epoch for record in run.phases),
            epochs=tuple(len(record.history.get("loss", ())) for record in run.phases),
            phase_seconds=tuple(round(record.seconds, 3) for record in run.phases),
            seconds=round(max(seconds, sum(record.seconds for record in run.phases)), 3),
        )

    def failed(self, error: BaseException | str, seconds: float) -> "SearchTrial":
        """Return the trial with an error.

        Args:
            error: What went wrong.
            seconds: Wall time in seconds.

        Returns:
            A failed SearchTrial.
        """
        text = str(error) if isinstance(error, (TfftError, str)) else f"{type(error).__name__}: {error}"
        most = _MOST_ADVICE if isinstance(error, TfftError) else _MOST_TEXT  # the advice stands at the end
        text = (" ".join(text.split()) or type(error).__name__)[:most]
        return replace(self, error=text, seconds=round(seconds, 3))

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain JSON values, with its status."""
        return {
            "backbone": self.backbone,
            "label": self.label,
            "rung": self.rung,
            "plan": None if self.plan is None else self.plan.to_dict(),
            "measure": self.measure,
            "value": self.value,
            "loss": self.loss,
            "metrics": dict(self.metrics),
            "kept": list(self.kept),
            "epochs": list(self.epochs),
            "phase_seconds": list(self.phase_seconds),
            "seconds": self.seconds,
            "error": self.error,
            "status": self.status,
        }

    @classmethod
    def from_dict(cls, values: Any) -> "SearchTrial":
        """Check JSON values, and make a trial from them.

        Args:
            values: The result of ``to_dict``, possibly after a JSON round trip.

        Returns:
            An equal SearchTrial.

        Raises:
            DataError: When a value is missing, or has another type or range.

        Example:
            >>> trial = SearchTrial("toy", "default plan", 3, None, "accuracy", 0.75, seconds=1.5)
            >>> SearchTrial.from_dict(trial.to_dict()) == trial
            True
        """
        checks = {
            "backbone": _is_text,
            "label": _is_text,
            "rung": _is_count,
            "measure": _is_text,
            "value": _is_maybe_number,
            "loss": _is_maybe_number,
            "metrics": lambda found: isinstance(found, dict) and all(map(_is_number, found.values())),
            "kept": lambda found: isinstance(found, list) and all(map(_is_count, found)),
            "epochs": lambda found: isinstance(found, list) and all(map(_is_count, found)),
            "phase_seconds": lambda found: isinstance(found, list) and all(map(_are_seconds, found)),
            "seconds": _are_seconds,
            "error": _is_text,
        }
        if not isinstance(values, dict) or {*values} != {*checks, "plan", "status"}:
            raise DataError("A trial of the record has other fields than a trial.")
        for name, check in checks.items():
            if not check(values[name]):
                raise DataError(f"The field {name!r} of a trial is invalid.", repr(values[name])[:100])
        try:
            plan = None if values["plan"] is None else Plan.from_dict(values["plan"])
        except (TfftError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"The plan of a trial is invalid: {error}") from None
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        status = fields.pop("status")
        found = cls(**(fields | {"plan": plan}))
        _check_whole(found, status)
        return found


def identity_of(backbone: str, plan: Plan | None) -> str:
    """Name a trial by what it trains, regardless of its rung.

    Args:
        backbone: The name of the backbone.
        plan: The plan; None for a probe.

    Returns:
        32 hexadecimal digits.

    Example:
        >>> from tfft import plans
        >>> identity_of("toy", plans.head_only(2)) == identity_of("toy", plans.head_only(3))
        False
    """
    return fingerprint([backbone, None if plan is None else plan.to_dict()])


def best_of(trials: Sequence[SearchTrial]) -> SearchTrial | None:
    """Return the trained trial with the lowest rank, the first of equal ones.

    Args:
        trials: Trials of any kind.

    Returns:
        A finished trial; None when no training finished.

    Example:
        >>> best_of([]) is None
        True
    """
    ranked = [(trial.rank, number) for number, trial in enumerate(trials) if trial.rank is not None]
    return trials[min(ranked)[1]] if ranked else None


def _check_whole(trial: SearchTrial, status: Any) -> None:
    """Check that the fields of a trial fit each other."""
    phases = 0 if trial.plan is None or trial.error else len(trial.plan)
    if status != trial.status:
        raise DataError("The status of a trial does not fit its error.", repr(status)[:100])
    if (trial.value is None) != bool(trial.error) or (trial.loss is None) != (trial.plan is None or bool(trial.error)):
        raise DataError("A trial has no value and no error, or both.", repr(trial.error))
    if {len(trial.kept), len(trial.epochs), len(trial.phase_seconds)} != {phases}:
        raise DataError("A trial has other phases than its plan.", f"{len(trial.epochs)} instead of {phases}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_maybe_number(value: Any) -> bool:
    return value is None or _is_number(value)


def _are_seconds(value: Any) -> bool:
    return _is_number(value) and 0 <= value < _MOST_SECONDS
