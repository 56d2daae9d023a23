"""Define ``search``: choose backbone and plan on the validation part by successive halving, within a budget of minutes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from tfft.backbones.base import Backbone
from tfft.cache.settings import Cache
from tfft.core import forks
from tfft.core.errors import TfftError, quantity
from tfft.core.interrupts import noticed
from tfft.core.locks import alone_in
from tfft.core.seed import derive
from tfft.core.strategy import resolve
from tfft.data.examples import Splits
from tfft.evaluation.report import evaluate
from tfft.plans.phase import Plan
from tfft.tasks import for_labels
from tfft.training.progress import FeatureProgress
from tfft.tuning.candidate_plans import Candidate, default_backbones, interleaved, plans_around_default, shortened
from tfft.tuning.leaderboard import Search
from tfft.tuning.ranking import FEWEST, described_backbones
from tfft.tuning.search_arguments import SearchOptions, check_arguments, check_home, check_task, contents_of
from tfft.tuning.search_budget import Budget
from tfft.tuning.search_record import SearchRecord
from tfft.tuning.search_trials import SearchTrial, identity_of
from tfft.tuning.trial_training import Setting, Trials

if TYPE_CHECKING:
    import keras

FRACTIONS = (0.25, 0.5, 1.0)
"""The fraction of the epochs of a plan that each rung trains."""


def search(
    data: Splits,
    backbones: "Sequence[str | Backbone | keras.Model] | None" = None,
    budget_minutes: float = 10.0,
    seed: int = 0,
    batch_size: "int | Literal['auto']" = 32,
    folder: str | Path | None = None,
    progress: bool | None = None,
    **options: Unpack[SearchOptions],
) -> Search:
    """Choose a backbone and a plan on the validation part, by successive halving within a budget of wall time.

    Rung 0 compares several backbones by cross-validated linear probes of some training examples (entities, answers and masks: by
    short trainings), and keeps the better half. Then the default plan of the best backbone is trained in full, so that the result
    is never worse on the validation part than this plan. Variants of the default plans are trained for a quarter of their epochs;
    the better half for half of them, and again the better half for all. Each trial begins with a new model and the same seed. The
    best trial has the lowest validation loss, or the highest metric that the task watches: as in ``fit``.

    The test part is measured once, at the end; before, no trial has it. The validation metric of the chosen model is optimistic,
    because many trials were compared by it.

    Args:
        data: Splits; images of any shape, or texts.
        backbones: Names or results of ``load_backbone``. None takes those that need no download: ``tfft_mini`` for images, and the
            installed text encoders for texts.
        budget_minutes: The budget in minutes. The default plan always runs, and a trial that has begun is finished. Other trials
            start only when they are expected to end in time. The final test is not counted.
        seed: The seed of the heads, of the order of examples, and of the probes.
        batch_size: As for ``fit``.
        folder: The folder for ``search.json``, the run folders of the trials and the leaderboard. The same call with the same
            folder continues a search; a larger budget adds trials. None writes nothing.
        progress: As for ``fit``.
        **options: ``task=``, such as a classification with other options. ``plans=``, plans to try besides the default plan,
            instead of its variants. ``examples=``, at most so many for a probe, 500 by default. ``cache=`` and ``precision=``, as
            for ``build``.

    Returns:
        A Search with the best model, its run, the report on the test part, and all trials.

    Raises:
        TypeError: For an option of another name.
        KeyboardInterrupt: On Ctrl-C. The folder then keeps the best weights so far, and the same call continues.
        SystemExit: With status 143, on SIGTERM.
        TfftError: When all trials failed, or the folder holds another search, or nothing can be written there.
        BackboneError: When a backbone does not exist.
        WeightsError: When there is no text encoder without a download.
        DataError: When a backbone takes other inputs than the data holds, or another argument is invalid.
        PlanError: When ``plans`` is not a list of plans, or several workers train together.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 20)
        >>> found = search(data, ["toy"], plans=[tfft.plans.linear_probe()], progress=False)
        >>> sorted(trial.label for trial in found.trials), found.report.count == len(data.test)
        (['default plan', 'plan 1'], True)

    Source:
        Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization". Here each rung trains
        anew, because the schedule of a learning rate depends on the number of epochs; and each rung has the same share of the time.
    """
    forks.check()
    chosen = check_arguments(data, budget_minutes, batch_size, options)
    derive(seed, "order")  # an invalid seed is refused before weights are loaded
    described = described_backbones(data, default_backbones(data) if backbones is None else backbones, "search")
    task = for_labels(data.labels) if chosen.task is None else chosen.task
    check_task(task, data)
    home, counting, strategy = check_home(folder), FeatureProgress(progress), resolve("auto")
    how = int(seed), batch_size, chosen.examples, Cache.of(chosen.cache), chosen.precision, progress
    setting = Setting(data, described, task, *how, counting.note, strategy)
    candidates = _candidates(setting, chosen.plans)
    with noticed() as signals, alone_in(home):
        record = SearchRecord(home, {} if home is None else contents_of(setting, chosen.plans))
        _check_known(record, setting, candidates)
        record.write(record.seconds)  # from now on, another search in this folder is refused
        trials = Trials(setting, record, Budget(float(budget_minutes), record.seconds), signals)
        try:
            _halved(trials, candidates)
            run, seconds = trials.best_run(), trials.budget.elapsed
        except (KeyboardInterrupt, SystemExit):
            counting.note(_interrupted(record))
            raise
        finally:
            counting.close()
            record.write(trials.budget.elapsed)
        report = None
        if data.test is not None and len(data.test):
            report = evaluate(run.model, data.test, run.batch_size)
        left = tuple((*key, rung) for key, rung in trials.not_started.items())
        found = Search(run, report, tuple(record.trials), left, float(budget_minutes), seconds, int(seed))
        if home is not None:
            found.save(home)
    return found


def _candidates(setting: Setting, plans: Sequence[Plan] | None) -> dict[str, list[Candidate]]:
    """The candidates of each backbone, the default plan first."""
    about = setting.task, len(setting.data.train), setting.strategy
    own = {name: plans_around_default(each, *about) for name, each in setting.backbones.items()}
    if plans is not None:
        labelled = [(f"plan {number}", plan) for number, plan in enumerate(plans, 1)]
        own = {name: [found[0], *labelled] for name, found in own.items()}
    return {name: [Candidate(name, *each) for each in found] for name, found in own.items()}


def _check_known(record: SearchRecord, setting: Setting, candidates: dict[str, list[Candidate]]) -> None:
    """Refuse a record with trials that this search would not run."""
    trained = {
        identity_of(name, shortened(each.plan, fraction))
        for name, some in candidates.items()
        for each in some
        for fraction in FRACTIONS
    }
    probes = {identity_of(name, None) for name in candidates}
    for trial in record.trials:
        measured = trial.measure == f"val_{setting.task.watched}"
        if trial.identity not in (probes if trial.plan is None else trained) or (
            trial.plan is not None and not measured
        ):
            raise TfftError(
                f"The record in {str(record.folder)!r} holds a trial that does not belong to this search.",
                f"{trial.backbone}, {trial.label}, measured by {trial.measure}",
                "Choose another folder, or delete this one to search anew.",
            )


def _halved(trials: Trials, candidates: dict[str, list[Candidate]]) -> None:
    """Run all rungs."""
    names = _better_backbones(trials, {name: found[0] for name, found in candidates.items()})
    if not names:
        return
    first, *alive = interleaved([candidates[name] for name in names])
    trials.trained(first, 1.0, len(FRACTIONS), None)
    while alive:
        before = len(trials.record.trials)
        _rungs(trials, alive)
        # estimates are rather too long, so time may be left for candidates that did not fit before
        alive = [each for each in alive if not trials.has_tried(each)]
        if len(trials.record.trials) == before:
            break


def _rungs(trials: Trials, alive: list[Candidate]) -> None:
    """Train candidates for more and more of their epochs, and halve them after each rung."""
    for rung, fraction in enumerate(FRACTIONS, 1):
        until = trials.budget.until(len(FRACTIONS) + 1 - rung)
        results = [(each, trials.trained(each, fraction, rung, until)) for each in alive]
        alive = _better_half(alive, results)


def _better_backbones(trials: Trials, defaults: dict[str, Candidate]) -> list[str]:
    """Rung 0: the better half of the backbones, best first. One backbone alone needs no comparison."""
    if len(defaults) == 1:
        return list(defaults)
    results: list[tuple[str, SearchTrial | None]] = []
    until = trials.budget.until(len(FRACTIONS) + 1)
    for name, candidate in defaults.items():
        # one backbone is needed, whatever the budget
        limit = until if any(trial is not None and not trial.error for _, trial in results) else None
        if trials.setting.task.solve is None or len(trials.setting.data.train) < FEWEST:
            results.append((name, trials.trained(candidate, FRACTIONS[0], 0, limit)))
        else:
            results.append((name, trials.probed(name, limit)))
    better = _better_half(list(defaults), results)
    trials.setting.note(f"rung 0 keeps {', '.join(better)}")
    return better


def _interrupted(record: SearchRecord) -> str:
    """A message about an interrupted search."""
    finished = sum(trial.rank is not None for trial in record.trials)
    if record.folder is None:
        return "The search was interrupted; without folder= nothing is kept."
    kept = f" The best weights so far are in {str(record.folder)!r}." if finished else ""
    return (
        f"The search was interrupted after {quantity(finished, 'finished training')}.{kept} The same call continues it."
    )


def _better_half(all_of_them: list[Any], results: Sequence[tuple[Any, SearchTrial | None]]) -> list[Any]:
    """Return the better half of the measured candidates, best first. When nothing was started, return the first half."""
    done = [(trial.rank or (-(trial.value or 0.0),), each) for each, trial in results if trial and not trial.error]
    if not done and any(trial is not None for _, trial in results):
        return []
    ranked = [each for _, each in sorted(done, key=lambda pair: pair[0])] or all_of_them
    return ranked[: math.ceil(len(ranked) / 2)]
