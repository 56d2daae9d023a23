"""The wall time of a search: how much is left, and how long a trial is expected to take."""

import math
import time
from collections.abc import Callable, Sequence

from tfft.core.fingerprint import fingerprint
from tfft.plans.phase import Phase, Plan
from tfft.tuning.search_trials import SearchTrial

# assumed, so that estimates are rather too long: the share of a phase that does not depend on the number of epochs
_FIXED = 0.5
_OTHER_BACKBONE = 2.0


class Budget:
    """A budget of wall time.

    Args:
        minutes: The budget in minutes, above 0.
        spent: Seconds used by earlier calls of the same search.
        clock: () -> seconds.

    Example:
        >>> ticks = iter([100.0, 160.0, 160.0])
        >>> budget = Budget(10, spent=60.0, clock=lambda: next(ticks))
        >>> budget.elapsed, budget.until(rungs=4)
        (120.0, 240.0)
    """

    def __init__(self, minutes: float, spent: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.minutes, self._clock, self._begun = minutes, clock, clock() - spent

    @property
    def elapsed(self) -> float:
        """The used time in seconds, with that of earlier calls."""
        return self._clock() - self._begun

    def until(self, rungs: int) -> float:
        """Return when the next rung should end, so that all rungs have the same time.

        Args:
            rungs: The number of rungs that are left, at least 1.

        Returns:
            A value of ``elapsed``, in seconds.
        """
        elapsed = self.elapsed
        return elapsed + max(0.0, 60 * self.minutes - elapsed) / rungs


def expected_seconds(plan: Plan, backbone: str, trials: Sequence[SearchTrial]) -> float | None:
    """Estimate how long a trial will take, from the finished trials so far. The estimate is rather too long than too short.

    A phase is compared with one of the same work on this backbone: the same layers train, with the same augmentation and
    optimizer. With more epochs, it takes longer in proportion. Half of its time is assumed to be independent of a
    lower number of epochs. Where
    the work was not measured, each epoch is expected to take as long as the longest measured phase. A backbone without a trial
    takes twice as long as the slowest other one, or as many times as long as its probe took.

    Args:
        plan: The plan of the trial.
        backbone: The name of the backbone.
        trials: The trials so far.

    Returns:
        Seconds; None when nothing was measured.

    Example:
        >>> from tfft import plans
        >>> short, long = plans.head_only(2), plans.head_only(10)
        >>> done = SearchTrial("toy", "", 1, short, "val_loss", 0.5, 0.5, {}, (2,), (2,), (3.0,), seconds=4.0)
        >>> expected_seconds(long, "toy", [done]), expected_seconds(long, "vgg16", [done])
        (16.0, 32.0)
    """
    own = [trial for trial in trials if trial.backbone == backbone and trial.phase_seconds]
    if own:
        return _expected(plan, own)
    names = dict.fromkeys(trial.backbone for trial in trials if trial.phase_seconds)
    probes = {trial.backbone: trial.seconds for trial in trials if trial.plan is None and not trial.error}
    found = []
    for name in names:
        ratio = probes.get(backbone, 0.0) / probes[name] if probes.get(name) else 0.0
        others = [trial for trial in trials if trial.backbone == name and trial.phase_seconds]
        found.append(max(_OTHER_BACKBONE, ratio) * _expected(plan, others))
    return max(found, default=None)


def _expected(plan: Plan, trials: Sequence[SearchTrial]) -> float:
    measured = [
        (_work(phase), epochs, seconds)
        for trial in trials
        for phase, epochs, seconds in zip(trial.plan or (), trial.epochs, trial.phase_seconds, strict=True)
    ]
    longest = max(seconds for _, _, seconds in measured)
    around = max(trial.seconds - sum(trial.phase_seconds) for trial in trials)
    return around + sum(_of_phase(phase, measured, longest) for phase in plan)


def _of_phase(phase: Phase, measured: Sequence[tuple[str, int, float]], longest: float) -> float:
    """The expected seconds of a phase, from the measured phase of the same work whose number of epochs is nearest."""
    same = [(epochs, seconds) for work, epochs, seconds in measured if work == _work(phase) and epochs]
    if not same:
        return phase.end * longest
    epochs, seconds = max(same, key=lambda pair: (-abs(math.log(pair[0] / phase.end)), pair[1]))
    ratio = phase.end / epochs
    return seconds * (ratio if ratio > 1 else _FIXED + (1 - _FIXED) * ratio)


def _work(phase: Phase) -> str:
    """A hash of the options that determine the time of an epoch."""
    values = phase.to_dict()
    return fingerprint([values[name] for name in ("trainable", "train_norms", "augment", "optimizer")])
