"""Rank backbones before any training, by how well their frozen features fit the targets of some training examples."""

import gc
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.backbones.base import Backbone
from tfft.backbones.handle_kinds import instead, is_model
from tfft.backbones.handles import load_backbone
from tfft.cache.settings import Cache
from tfft.core import forks
from tfft.core.errors import BackboneError, DataError, TaskError, TfftError, kind_of, quantity
from tfft.core.quiet import without_false_alarms
from tfft.core.seed import derive
from tfft.data.examples import Examples, Splits
from tfft.models.assembly import TransferModel, build
from tfft.models.prepared import prepared
from tfft.tasks import for_labels
from tfft.tasks.base import Task
from tfft.training.checks import check_inputs, warn_about_texts
from tfft.training.progress import FeatureProgress
from tfft.tuning.frozen_features import frozen_features, sample
from tfft.tuning.probing import cross_validated
from tfft.tuning.ranking_table import ORDERS, RankedBackbone, Ranking, named_apart, ordered
from tfft.tuning.transferability import h_score, logme

if TYPE_CHECKING:
    import keras

FEWEST = 10
"""The least number of training examples of a ranking."""
# the metric of the probe: the first one that the task has
_MEASURES = ("accuracy", "r2", "macro_f1")


def rank_backbones(
    data: Splits,
    backbones: "Sequence[str | Backbone | keras.Model]",
    order: str = "probe",
    examples: int = 500,
    seed: int = 0,
    cache: str | Cache = "auto",
    progress: bool | None = None,
) -> Ranking:
    """Compare backbones before any training, by their frozen features of some training examples.

    Each backbone gets three scores, all on the same examples. The probe is the metric of linear heads on examples that they have
    not seen: accuracy for classes, macro F1 for several labels, R2 for quantities. LogME and the H-score need no held-out
    examples. Validation and test examples are not read. All weights are loaded once before anything is computed, so that a
    backbone that does not work is reported at once. One backbone is in memory at a time.

    Args:
        data: Images of any shape, or texts, with a class, several labels or quantities for each example.
        backbones: Names such as ``"mobilenet_v2"``, or results of ``load_backbone``, which have options.
        order: The score that orders the result: ``"probe"``, ``"logme"`` or ``"hscore"``.
        examples: The largest number of training examples, at least 10. They are chosen at random, about the same fraction of every
            class. When there are no more, a ``fit`` that trains only the head finds their features in the cache.
        seed: The seed of the choice of examples and of the folds.
        cache: Where the features are cached, as for ``build``.
        progress: Whether to show progress: as for ``fit``.

    Returns:
        A Ranking, best first. Small differences are chance: with 500 examples, 2 to 3 points of accuracy.

    Raises:
        TfftError: In a process that was forked after TensorFlow had started, or when the seed is invalid.
        BackboneError: When a backbone does not exist, or its features are NaN or infinite.
        WeightsError: When weights cannot be found or do not fit.
        DataError: When a backbone takes other inputs than the data holds, another argument is invalid, or all targets are equal.
        TaskError: When the answers of the data belong to tokens or pixels, or ``order`` does not fit the data.

    Example:
        >>> import tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 20)
        >>> found = rank_backbones(data, ["toy", tfft.load_backbone("toy", size=32)], progress=False)
        >>> sorted(row.name for row in found.rows), found.rows[0].probe >= found.rows[1].probe
        (['toy(size=16)', 'toy(size=32)'], True)
    """
    forks.check()
    _check(data, backbones, order, examples)
    derive(seed, "rank")  # an invalid seed is refused before weights are loaded
    kept, task = Cache.of(cache), _task(data, order)
    described = described_backbones(data, backbones)
    chosen = _chosen(data, examples, seed)
    for name, backbone in described.items():
        if len(described) > 1:  # one alone is loaded next
            with _naming(name):
                build(backbone, task, seed, strategy=None)
            gc.collect()  # nets are in reference cycles
    counting, rows = FeatureProgress(progress), []
    try:
        for name, backbone in described.items():
            with _naming(name), without_false_alarms():
                rows.append(_row(name, backbone, (task, seed, kept), chosen, counting))
            gc.collect()
            counting.note(f"{name}: {_measure(task)} {rows[-1].probe:.4f}, {rows[-1].seconds:.1f} s")
    finally:
        counting.close()
    return Ranking(ordered(rows, order), order, _measure(task), len(chosen), int(seed))


def _check(data: Any, backbones: Any, order: Any, examples: Any) -> None:
    if not isinstance(data, Splits):
        raise DataError(
            "rank_backbones() takes data from tfft.data.",
            kind_of(data),
            'Write rank_backbones(data, ["mobilenet_v2", "resnet50"]), with all parts of the data.',
        )
    _check_list(backbones, "rank_backbones")
    if order not in ORDERS:
        raise DataError(f"order={order!r} is unknown.", fix=f"Use one of {', '.join(map(repr, ORDERS))}.")
    if isinstance(examples, bool) or not isinstance(examples, Integral) or examples < FEWEST:
        raise DataError(
            f"examples={examples!r} must be a whole number of at least {FEWEST}.", fix="500 is a good start."
        )
    if len(data.train) < FEWEST:
        raise DataError(f"A ranking needs {FEWEST} training examples.", data.describe(), "Add some.")


def _task(data: Splits, order: str) -> Task:
    task = for_labels(data.labels)
    if task.solve is None:
        raise TaskError(
            "rank_backbones() compares one vector of features for each example.",
            f"data for {task.name}",
            "Fine-tune the candidates for an epoch, and compare these runs.",
        )
    if order == "hscore" and not _has_classes(data.train):
        raise TaskError(
            "The H-score needs one class for each example.", f"data for {task.name}", 'Order by "probe" or "logme".'
        )
    return task


def _check_list(backbones: Any, caller: str) -> None:
    if isinstance(backbones, (str, Backbone)) or not isinstance(backbones, Sequence) or not backbones:
        raise BackboneError(
            f"{caller}() takes a list of backbones.",
            repr(backbones) if isinstance(backbones, (str, Sequence)) else kind_of(backbones),
            'Write ["mobilenet_v2", "resnet50"], for example.',
        )


def described_backbones(data: Splits, backbones: Any, caller: str = "rank_backbones") -> dict[str, Backbone]:
    """Describe backbones, and check that they fit the data; no weights are read.

    Args:
        data: Images of any shape, or texts.
        backbones: A list of names, results of ``load_backbone``, or models in memory.
        caller: The function of the user, for messages.

    Returns:
        Name -> backbone, in their order; the names are those of ``named_apart``.

    Raises:
        BackboneError: When this is not a list of backbones, or one does not exist.
        DataError: When a backbone takes other inputs than the data holds.
    """
    _check_list(backbones, caller)
    found: list[Backbone] = []
    for given in backbones:
        named = isinstance(given, (str, os.PathLike)) or is_model(given)
        backbone = load_backbone(given) if named else given
        if not isinstance(backbone, Backbone):
            raise BackboneError(
                f"{caller}() takes names of backbones, or results of load_backbone().",
                kind_of(given),
                instead(given, 'Write ["mobilenet_v2", "resnet50"], for example.'),
            )
        check_inputs(backbone, data)
        found.append(backbone)
    return named_apart(found)


def _chosen(data: Splits, count: int, seed: int) -> Examples:
    chosen = sample(data.train, count, seed)
    if (chosen.targets == chosen.targets[:1]).all():
        raise DataError(
            f"All targets of {quantity(len(chosen), 'training example')} are equal, so there is nothing to compare.",
            data.describe(),
            "Compare on more examples." if len(chosen) < len(data.train) else "Add other examples.",
        )
    return chosen


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the backbone in errors that do not."""
    try:
        yield
    except TfftError as error:
        if name in str(error):
            raise
        raise type(error)(f"The backbone {name!r} cannot be ranked. {error.what}", error.got, error.fix) from error


def _row(
    name: str, backbone: Backbone, how: tuple[Task, int, Cache], chosen: Examples, progress: FeatureProgress
) -> RankedBackbone:
    """Load a backbone, compute its features and their scores, and let go of it."""
    from threadpoolctl import threadpool_limits

    begun, (task, seed, cache) = time.perf_counter(), how
    model = build(backbone, task, seed, strategy=None, cache=cache)
    part = prepared(model.preprocessor, chosen, task.align, task.place)
    warn_about_texts(backbone, part)
    features = frozen_features(model, part, progress)
    if not np.isfinite(features).all():
        raise BackboneError(f"Features of {name!r} are NaN or infinite.", fix="Check its weights and its pixel range.")
    targets, _ = task.encode(chosen.targets, {})
    # with several threads, matrices of this size take longer; on a machine with other work, 50 times as long
    with threadpool_limits(1, user_api="blas"):
        probe = cross_validated(task, features, chosen, _measure(task), seed)
        evidence = logme(features, targets)
        score = h_score(features, chosen.targets) if _has_classes(chosen) else None
    seconds = time.perf_counter() - begun
    return RankedBackbone(name, backbone, probe, evidence, score, seconds, _megabytes(model), features.shape[1])


def _measure(task: Task) -> str:
    return next(name for name in _MEASURES if name in task.measures)


def _has_classes(examples: Examples) -> bool:
    """Whether each example has one class: other targets have an axis for labels or quantities."""
    return bool(np.ndim(examples.targets) == 1)


def _megabytes(model: TransferModel) -> float | None:
    sizes = [np.asarray(variable).nbytes for variable in model.backbone_net.weights]
    return sum(sizes) / 1e6 if sizes else None
