"""Cross-validate: hold out each fold once, train on the others from the same weights, and measure the answers to all examples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from tfft.core import forks
from tfft.core.errors import DataError, PlanError, kind_of, quantity
from tfft.core.html_tables import table
from tfft.core.workers import cluster_of
from tfft.data.examples import Examples, Splits, joined
from tfft.data.folds import folds_of
from tfft.evaluation.predictions import Predictions, aligned
from tfft.evaluation.render import number as shown
from tfft.evaluation.report import Report, reported
from tfft.measures.base import measured
from tfft.models.assembly import TransferModel
from tfft.models.prepared import prepared
from tfft.plans.phase import Plan
from tfft.tasks.base import Task
from tfft.training.checks import check, check_plan, warn_about_targets, warn_about_texts
from tfft.training.plan_choice import plan_for
from tfft.tuning.fold_training import Answered, Trial, answered_folds


@dataclass(frozen=True)
class FoldRecord:
    """The training and the measurement of one fold.

    Attributes:
        train, validation, held_out: The number of examples in each part.
        metrics: Name -> value on the held-out examples; NaN where it is undefined.
        epochs: Name of a phase -> the epoch whose weights were kept, from 1; 0 when no epoch was better than the weights before.
        seconds: Wall time in seconds, with the predictions.
    """

    train: int
    validation: int
    held_out: int
    metrics: Mapping[str, float]
    epochs: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The result of ``cross_validate``.

    Attributes:
        folds: A record of each fold.
        fold_of: The fold in which each example was held out, from 0; int64, shape (n,).
        examples: The n examples, in the order of ``fold_of`` and ``probabilities``.
        probabilities: The answer to each example by the model that was not trained on it: float64, shape (n, outputs); for a
            regression the predicted quantities; a list of n arrays where answers have different sizes.
        report: The report on all n answers together, with bootstrap intervals.
        plan: The plan of every fold.
        seed: The seed of the folds and of the trainings.
        batch_size: Number of examples in a batch.
    """

    folds: tuple[FoldRecord, ...]
    fold_of: np.ndarray = field(repr=False)
    examples: Examples = field(repr=False)
    probabilities: Any = field(repr=False)
    report: Report = field(repr=False)
    plan: Plan
    seed: int
    batch_size: int

    @property
    def mean(self) -> dict[str, float]:
        """The mean of each metric over the folds; NaN when it is undefined in a fold."""
        return {name: float(np.mean(values)) for name, values in self._values().items()}

    @property
    def deviation(self) -> dict[str, float]:
        """The standard deviation of each metric between the folds, with n - 1 in the denominator."""
        return {name: float(np.std(values, ddof=1)) for name, values in self._values().items()}

    def _values(self) -> dict[str, list[float]]:
        return {name: [fold.metrics[name] for fold in self.folds] for name in self.folds[0].metrics}

    def describe(self) -> str:
        """Describe the first metric: its mean and standard deviation over the folds, and its value on all examples together."""
        name, values = next(iter(self._values().items()))
        mean, deviation, low, high = map(shown, (self.mean[name], self.deviation[name], min(values), max(values)))
        return (
            f"{name} of {len(self.folds)} folds: mean {mean}, standard deviation {deviation}, from {low} to {high}. "
            f"All held-out answers together: {self.report.describe()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values; ``fold_of``, examples and answers, of shape (n, ...), are not part of it."""
        return {
            "folds": [
                {
                    "train": fold.train,
                    "validation": fold.validation,
                    "held_out": fold.held_out,
                    "metrics": _finite(fold.metrics),
                    "epochs": dict(fold.epochs),
                    "seconds": fold.seconds,
                }
                for fold in self.folds
            ],
            "mean": _finite(self.mean),
            "deviation": _finite(self.deviation),
            "pooled": self.report.to_dict(),
            "plan": self.plan.to_dict(),
            "seed": self.seed,
            "batch_size": self.batch_size,
        }

    def _repr_html_(self) -> str:
        """Return a table of the metrics, which notebooks show."""
        rows = []
        for name, values in self._values().items():
            pooled = self.report.metrics[name]
            rows.append(
                {"metric": name.replace("_", " "), "mean": shown(self.mean[name])}
                | {"standard deviation": shown(self.deviation[name])}
                | {f"fold {index}": shown(value) for index, value in enumerate(values, 1)}
                | {
                    "together": shown(pooled["value"]),
                    "95 % interval": f"{shown(pooled['low'])} to {shown(pooled['high'])}",
                }
            )
        return table(rows, f"{quantity(len(self.folds), 'fold')} of {quantity(len(self.fold_of), 'example')}")


def cross_validate(
    model: TransferModel,
    data: Splits | Examples,
    plan: Plan | None = None,
    folds: int = 5,
    seed: int = 0,
    batch_size: "int | Literal['auto']" = 32,
    progress: bool | None = None,
) -> CrossValidation:
    """Estimate how well a plan works on data: train once for each fold, from the same weights, and measure the held-out examples.

    The training and the validation part together are divided into folds; the test part is never read. In each fold, 15 % of the
    other folds choose the best weights, and nothing uses the held-out examples before they are answered, except that quantities
    keep the mean and scale with which the model was built. Examples of a group, and
    examples with the same content, are in one fold. Features of frozen layers are computed once for all folds.

    Weights, random states and trainable flags are afterwards what they were, bit for bit, also after Ctrl-C and errors. Ctrl-C
    gives no result for the finished folds; features on disk make the next call faster.

    Args:
        model: From ``build``. It must not have been trained on these examples.
        data: Splits, or one Examples; images of any shape, or texts.
        plan: As for ``fit``. All folds have the same plan.
        folds: The number of folds, at least 2. Every class needs as many examples, and four with two folds.
        seed: The seed of the folds, and of the order of examples in every fold.
        batch_size: As for ``fit``.
        progress: As for ``fit``.

    Returns:
        A CrossValidation, with metrics of each fold, and an answer to each example.

    Raises:
        DataError: When there are too few examples, the model has been trained on some of them, or as ``fit``.
        PlanError: When the plan does not fit the model, or several workers train together.
        TfftError: As ``fit``.
        KeyboardInterrupt: On Ctrl-C.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 20)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> found = cross_validate(model, data, tfft.plans.head_only(epochs=2), folds=3)
        >>> len(found.folds), found.probabilities.shape == (len(data.train) + len(data.validation), 2)
        (3, True)

    Source:
        Stratified folds: Kohavi 1995, "A study of cross-validation and bootstrap for accuracy estimation and model selection".
    """
    forks.check()
    automatic, size = batch_size == "auto", 32 if batch_size == "auto" else batch_size
    pool = _pool(model, data)
    drawn = folds_of(pool, folds, seed)
    for fold in drawn:
        check(model, fold.splits(pool, seed), size)
    if plan is None:
        plan = plan_for(model.backbone, model.task, len(drawn[0].train), model.strategy)
    check_plan(model, plan)
    pool = aligned(pool, model.task.labels)
    ready = prepared(model.preprocessor, pool, model.task.align, model.task.place)
    warn_about_texts(model.backbone, ready)
    warn_about_targets(model.task, {"pooled": ready})
    found = answered_folds(Trial(model, pool, ready, plan, int(seed), int(size), automatic, progress), drawn)
    fold_of, answers = _in_order(found, len(pool))
    report = reported(model, pool, Predictions(answers, None, ready.statistics), seed)
    report = replace(report, weights="")  # each fold had its own
    records = tuple(_record(model.task, pool, fold) for fold in found)
    return CrossValidation(records, fold_of, pool, answers, report, plan, int(seed), int(size))


def _pool(model: Any, data: Any) -> Examples:
    """The examples to divide, after checks of both arguments."""
    if not isinstance(model, TransferModel) or not isinstance(data, (Splits, Examples)):
        raise DataError(
            "cross_validate() takes a model from build(), and data from tfft.data.",
            f"{kind_of(model)} and {kind_of(data)}",
            "Write cross_validate(model, data).",
        )
    cluster = cluster_of(model.strategy)
    if cluster is not None:
        raise PlanError(
            "cross_validate() works in one process, not with several workers.",
            f"{cluster.count} workers",
            "Unset TF_CONFIG, and build the model with strategy=None.",
        )
    pool = joined([data.train, data.validation]) if isinstance(data, Splits) else data
    met = 0 if model.seen is None else int(model.seen.among(pool).sum())
    if met:
        raise DataError(
            "The model has already been trained on some of these examples, so it would answer them from memory.",
            f"{met} of {quantity(len(pool), 'example')}",
            "Pass a new model from build().",
        )
    return pool


def _in_order(found: list[Answered], count: int) -> tuple[np.ndarray, Any]:
    """The fold of each example, int64, shape (n,), and the answers in the order of the pool."""
    fold_of, answers = np.zeros(count, np.int64), [None] * count
    for number, each in enumerate(found):
        fold_of[each.fold.held_out] = number
        for position, answer in zip(each.fold.held_out.tolist(), each.answers, strict=True):
            answers[position] = answer
    return fold_of, np.stack(answers) if isinstance(found[0].answers, np.ndarray) else answers  # type: ignore[arg-type]


def _record(task: Task, pool: Examples, found: Answered) -> FoldRecord:
    fold = found.fold
    metrics = measured(task.measures, task.score(pool.take(fold.held_out), found.answers))
    sizes = len(fold.train), len(fold.validation), len(fold.held_out)
    return FoldRecord(*sizes, metrics, found.epochs, found.seconds)


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """Replace NaN by None, because JSON has no NaN."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
