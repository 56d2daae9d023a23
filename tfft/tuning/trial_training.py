"""Train the trials of a search one after the other: each with a new model from the same seed; the best one is kept."""

import gc
import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tfft.backbones.base import Backbone
from tfft.cache.settings import Cache
from tfft.core.errors import RunWarning, TfftError
from tfft.core.interrupts import Signals
from tfft.data.examples import Splits
from tfft.models.assembly import build
from tfft.tasks.base import Task
from tfft.training.loop import fit
from tfft.training.run import Run
from tfft.tuning.candidate_plans import Candidate, shortened
from tfft.tuning.ranking import rank_backbones
from tfft.tuning.search_budget import Budget, expected_seconds
from tfft.tuning.search_record import SearchRecord
from tfft.tuning.search_trials import SearchTrial, best_of

PROBE = "linear probe, cross-validated"
"""The label of a trial in rung 0 that trains nothing."""


@dataclass(frozen=True, eq=False)
class Setting:
    """The settings shared by all trials of a search.

    Attributes:
        data: Training and validation part, without the test part.
        backbones: Name -> backbone.
        task: The task.
        seed: The seed of the heads and of the order of examples.
        batch_size: As for ``fit``.
        examples: The largest number of examples of a probe.
        cache: Where features are cached.
        precision: As for ``build``.
        progress: As for ``fit``.
        note: A function that shows a line.
        strategy: The result of ``resolve``; None for a single device.
    """

    data: Splits
    backbones: Mapping[str, Backbone]
    task: Task
    seed: int
    batch_size: "int | Literal['auto']"
    examples: int
    cache: Cache
    precision: Any
    progress: bool | None
    note: Callable[[str], None]
    strategy: Any = None

    def __post_init__(self) -> None:
        # trials cannot read test examples, because they never get them
        object.__setattr__(self, "data", replace(self.data, test=None))


class Trials:
    """The trials of a search. Results of earlier calls are read from the record, and not trained again.

    Args:
        setting: The settings shared by all trials; texts or images of any shape.
        record: The finished trials.
        budget: The wall time.
        signals: The signals that arrived.

    Attributes:
        not_started: Candidate -> the first rung whose trial did not fit into the budget.
    """

    def __init__(self, setting: Setting, record: SearchRecord, budget: Budget, signals: Signals) -> None:
        self.setting, self.record, self.budget, self._signals = setting, record, budget, signals
        self.not_started: dict[tuple[str, str], int] = {}
        self._run: Run | None = None
        self._run_of: str = ""

    def probed(self, backbone: str, until: float | None) -> SearchTrial | None:
        """Cross-validate a linear probe of a backbone on training examples.

        Args:
            backbone: The name of the backbone.
            until: The time at which the rung should end, in seconds of ``budget.elapsed``; None starts it in any case.

        Returns:
            The trial; None when it does not fit into the budget.
        """
        took = [trial.seconds for trial in self.record.trials if trial.plan is None]
        new = SearchTrial(backbone, PROBE, 0, None)
        return self._result(new, max(took, default=None), until, self._probe)

    def trained(self, candidate: Candidate, fraction: float, rung: int, until: float | None) -> SearchTrial | None:
        """Train a candidate with a fraction of its epochs.

        Args:
            candidate: The candidate.
            fraction: The fraction, in (0, 1].
            rung: The number of the rung.
            until: As for ``probed``.

        Returns:
            The trial; None when it does not fit into the budget.
        """
        plan = shortened(candidate.plan, fraction)
        expected = expected_seconds(plan, candidate.backbone, self.record.trials)
        return self._result(SearchTrial(candidate.backbone, candidate.label, rung, plan), expected, until, self._train)

    def has_tried(self, candidate: Candidate) -> bool:
        """Tell whether any trial of a candidate has finished or failed.

        Args:
            candidate: The candidate.
        """
        wanted = candidate.backbone, candidate.label
        return any((trial.backbone, trial.label) == wanted for trial in self.record.trials)

    def best_run(self) -> Run:
        """Return the run of the best trial. When an earlier call has trained it, it is read from its run folder.

        Returns:
            A Run whose model has the best weights, of any shape.

        Raises:
            TfftError: When all trials failed, or the weights of the best one are damaged.
        """
        best = best_of(self.record.trials)
        if best is None:
            errors = [f"{trial.backbone}, {trial.label}: {trial.error}" for trial in self.record.trials if trial.error]
            raise TfftError(
                "No trial of the search has finished.",
                f"{len(errors)} failed; the first one: {errors[0] if errors else 'none was started'}".rstrip("."),
                "Fix the cause named above, and search again: failed trials are repeated.",
            )
        if self._run is None or self._run_of != best.identity:
            self._run = None
            self._run, self._run_of = self._fitted(best), best.identity
            again = best.of(self._run, best.seconds)
            if again.value is None or not math.isclose(again.value, best.value or 0.0, rel_tol=1e-3):
                warnings.warn(
                    f"The record of the search says {best.measure} {best.value} for the best trial, and its run says "
                    f"{again.value}. The leaderboard may be wrong.",
                    RunWarning,
                    stacklevel=3,
                )
        return self._run

    def _result(
        self,
        new: SearchTrial,
        expected: float | None,
        until: float | None,
        compute: Callable[[SearchTrial, float], SearchTrial],
    ) -> SearchTrial | None:
        found, key = self.record.find(new.backbone, new.plan), (new.backbone, new.label)
        until = None if self.record.is_begun(new) else until  # an interrupted trial continues
        if found is None and until is not None and self.budget.elapsed + (expected or 0.0) > until:
            self.not_started.setdefault(key, new.rung)
            return None
        self.not_started.pop(key, None)
        if found is not None:
            return found
        about = "" if expected is None else f", expected to take {expected:.0f} s"
        self.setting.note(f"rung {new.rung}: {new.backbone}, {new.label}{about}")
        begun = time.perf_counter()
        self.record.write(self.budget.elapsed)
        try:
            done = compute(new, begun)
        except Exception as error:  # a trial that fails is recorded, and the search goes on
            done = new.failed(error, time.perf_counter() - begun)
        self.record.add(done, self.budget.elapsed)
        self._say(done)
        self._signals()
        return done

    def _probe(self, new: SearchTrial, begun: float) -> SearchTrial:
        one = self.setting
        about = one.examples, one.seed, one.cache, one.progress
        found = rank_backbones(one.data, [one.backbones[new.backbone]], "probe", *about)
        value, seconds = found.rows[0].probe, time.perf_counter() - begun
        if not math.isfinite(value):
            return new.failed(f"The {found.measure} of the probe is undefined.", seconds)
        return replace(new, measure=found.measure, value=value, seconds=round(seconds, 3))

    def _train(self, new: SearchTrial, begun: float) -> SearchTrial:
        run = self._fitted(new)
        done = new.of(run, time.perf_counter() - begun)
        best = best_of([*self.record.trials, done])
        if best is done:
            self._run, self._run_of = run, done.identity
        return done

    def _fitted(self, trial: SearchTrial) -> Run:
        """Train a trial, or continue it in its run folder."""
        gc.collect()  # nets are in reference cycles, and the last one should not stay beside the new one
        one, home = self.setting, self.record.home(trial)
        backbone, resume = one.backbones[trial.backbone], None if home is None else True
        model = build(backbone, one.task, one.seed, one.strategy, cache=one.cache, precision=one.precision)
        return fit(model, one.data, trial.plan, one.seed, one.batch_size, home, one.progress, resume=resume)

    def _say(self, done: SearchTrial) -> None:
        if done.error:
            self.setting.note(f"  failed after {done.seconds:.1f} s: {done.error}")
        elif done.plan is not None and done.value is not None:
            best = best_of(self.record.trials)
            told = ", the best so far" if best is done else ""
            self.setting.note(f"  {done.measure} {done.value:.4f}, {done.seconds:.1f} s{told}")
