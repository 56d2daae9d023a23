"""Choose the precision of a run by a short trial on a few of its own examples, unless the user has set it."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from tfft.accelerate.gradients import gradient
from tfft.accelerate.precision import DTYPES, FLOAT32, DtypeTrial, Precision, fastest, remembered, tried
from tfft.core import fingerprint, machine
from tfft.core.blocks import is_whole
from tfft.core.errors import RunWarning
from tfft.core.graph import multiplications
from tfft.core.ragged import padded
from tfft.core.strategy import local_replicas
from tfft.core.tpus import is_tpu
from tfft.core.values import Arrays, Loaded
from tfft.data.examples import Examples
from tfft.data.feature_tables import MEMORY_ONLY
from tfft.data.loading import Loading, lengths_of
from tfft.data.pipeline import evaluation_batches
from tfft.models.assembly import TransferModel
from tfft.models.cuts import HEAD, feature_name, segments
from tfft.models.net_identity import net_identity
from tfft.models.trunk import tail_net, whole_net
from tfft.training.context import RunContext
from tfft.training.feature_schedule import Turn, chain
from tfft.training.trunk_cache import TrunkCache

_EXAMPLES = 8
# the shortest work in float32, in seconds, for which a trial of two to four seconds is worthwhile
_WORTH_SECONDS = 10.0
# so few multiplications are short on every machine with instructions for half precision; its speed is then not measured
_SHORT = 1e11
# nets multiply slower than a matrix product: MiniLM 0.46, ResNet50 0.9, MobileNetV2 0.2 of it (docs/benchmarks.md, machine limit)
_SHARE_OF_PRODUCT = 0.5
# float16 needs a scaled loss to train with, and is no faster than bfloat16 where there is hardware for either
_TRAINING = ("bfloat16",)


def choose(context: RunContext, features: TrunkCache, turns: Sequence[Turn], batch_size: int) -> Precision:
    """Return the precision that the user has set, or else the fastest one that is close enough to float32; bfloat16 on TPUs.

    Two things are tried separately: the forward pass of the frozen part on eight training examples, and a training step of the
    rest on a whole batch, because a step has costs that do not depend on the number of examples, such as casting kernels. There
    is no trial when the run is short, when the CPU has no instructions for bfloat16 and float16, or when this machine has tried
    the same net before.

    Args:
        context: The run: its model and its examples, images of any shape or texts.
        features: The features of the run, whose functions the trials use.
        turns: All phases.
        batch_size: Number of examples in a batch.

    Returns:
        A Precision.

    Raises:
        DataError: When an image cannot be read.

    Warns:
        RunWarning: When the user has set a precision, and the backbone is a SavedModel, which always computes in its own.

    Source:
        Mixed precision with float32 variables: Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740.
    """
    model, train = context.model, context.train.examples
    if model.precision is not None:
        if model.precision != Precision() and is_whole(model.backbone_net):
            warnings.warn(
                f"{model.backbone.handle!r} is a SavedModel, which computes in the precision that it was saved with; precision= "
                "does not change it.",
                RunWarning,
                stacklevel=4,
            )
        return model.precision
    if is_tpu(model.strategy):  # its matrix units multiply in bfloat16 in any case
        return Precision() if is_whole(model.backbone_net) else Precision(_TRAINING[0], _TRAINING[0])
    if not machine.may_gain_from_half_precision():
        return Precision()
    frozen = [turn for turn in turns if not turn.at.reason]
    deepest, widest = max(turns, key=lambda turn: turn.at.depth), min(turns, key=lambda turn: turn.at.depth)
    epochs = sum(turn.phase.epochs for turn in turns if turn.at.part != HEAD)
    once = model.cache.on and not any(turn.phase.augment for turn in turns)
    passes = 1 if once else sum(turn.phase.epochs for turn in turns)
    forward = (len(train) + len(context.validation.examples)) * passes * _multiplications(model, None, deepest)
    training = 3 * len(train) * epochs * _multiplications(model, widest, None)
    lengths, made_from = lengths_of(train), _made_from(model)
    if lengths is not None:
        made_from |= {"length": padded(round(lengths.mean()))}
        forward, training = (round(work * lengths.mean()) for work in (forward, training))

    trunk = tail = FLOAT32
    if max(forward, training) <= _SHORT:
        return Precision()
    worth = _WORTH_SECONDS * _SHARE_OF_PRODUCT * _multiplications_a_second()
    if frozen and forward > worth:
        about: dict[str, Any] = {"work": "forward", "cuts": [at.describe() for at in chain(frozen, model.cache)]}
        trunk = _fastest(made_from | about, _forward(context, features, frozen), DTYPES[1:])
    if training > worth:
        intents = [[row.path, row.intent] for row in widest.overview.rows]
        about = {
            "work": "training",
            "cut": widest.at.describe(),
            "trunk": trunk,
            "batch_size": batch_size,
            "intents": intents,
        }
        tail = _fastest(made_from | about, _training(context, features, turns, trunk, batch_size), _TRAINING)
    return Precision(trunk, tail)


def _multiplications_a_second() -> float:
    """The speed of this machine, measured once and remembered, so that equal runs have equal trials."""

    def measure() -> list[DtypeTrial]:
        return [DtypeTrial(FLOAT32, 1 / machine.multiplications_a_second(), 0.0)]

    about = {"work": "one multiplication in a product of matrices", "machine": machine.hardware()}
    seconds = [trial.seconds for trial in remembered(machine.trials_file(), about, measure)]
    # the file may be damaged
    return 1 / seconds[0] if len(seconds) == 1 and seconds[0] > 0 else machine.multiplications_a_second()


def _made_from(model: TransferModel) -> dict[str, Any]:
    """The key of a remembered trial: the machine, and the net with all of its weights. The examples are not part of it."""
    return {
        "weights": fingerprint.combined(fingerprint.weight_digests(model.backbone_net.weights)),
        "head": [list(weight.shape) for weight in model.head_net.weights],
        "pixels": {**model.preprocessor.to_dict(), "range": model.backbone.pixel_range},
        "task": model.task.name,
        "machine": machine.hardware(),
        **net_identity([model.backbone_net]),
    }


def _multiplications(model: TransferModel, begin: Turn | None, end: Turn | None) -> int:
    """The number of multiplications for one example, from one cut to another; None stands for the input or the logits."""
    places = [None if turn is None else turn.at.place for turn in (begin, end)]
    return sum(multiplications(net) for net, _ in segments(model, *places))


def _fastest(about: Mapping[str, Any], work: Callable[[str], np.ndarray], dtypes: Sequence[str]) -> str:
    def measure() -> list[DtypeTrial]:
        return tried(work, dtypes)

    return fastest(measure() if MEMORY_ONLY in about else remembered(machine.trials_file(), about, measure))


def _forward(context: RunContext, features: TrunkCache, turns: Sequence[Turn]) -> Callable[[str], np.ndarray]:
    batch = _batch(context.model, context.train.examples, _EXAMPLES)
    return lambda dtype: _features(features, turns, batch, dtype)[-1].astype(np.float32)


def _features(features: TrunkCache, turns: Sequence[Turn], batch: Arrays, dtype: str) -> list[np.ndarray]:
    """Features at each cut, computed by the function that later fills the tables, so that it is traced only once."""
    shapes = {name: shape for name, shape, _ in features.context.model.preprocessor.inputs}
    count = len(next(iter(batch.values())))

    def load(_: int, chosen: np.ndarray) -> Loaded:
        return Loaded({name: array[chosen] for name, array in batch.items()}, chosen)

    loading = Loading(count, load, shapes=shapes)
    compute = features.extraction(dtype).compute(None, chain(turns, features.context.model.cache))
    found = compute(evaluation_batches(loading, count, copies=local_replicas(features.context.model.strategy)))
    return [np.concatenate(parts)[:count] for parts in zip(*found, strict=True)][1:]


def _training(
    context: RunContext, features: TrunkCache, turns: Sequence[Turn], trunk: str, batch_size: int
) -> Callable[[str], np.ndarray]:
    """The gradient of the phase that trains most, for the features at its cut, or for the inputs of the net."""
    model, train = context.model, context.train.examples
    turn = min(turns, key=lambda turn: turn.at.depth)
    model.apply(turn.phase.trainable, turn.phase.train_norms)
    batch = _batch(model, train, batch_size)
    targets, _ = model.task.encode(train.targets[_chosen(train, batch_size)], batch)
    if turn.at.reason:
        inputs = {name: batch[name].astype(dtype) for name, _, dtype in model.preprocessor.inputs}
    else:
        frozen = [other for other in turns if not other.at.reason]
        ahead = frozen if turn.at in chain(frozen, model.cache) else [turn]
        ends = [at for at in chain(ahead, model.cache) for _ in at.tensors]
        found = _features(features, ahead, batch, trunk)
        own = [array for at, array in zip(ends, found, strict=True) if at is turn.at]
        inputs = {feature_name(index): array for index, array in enumerate(own)}

    @cache
    def differentiated(dtype: str) -> Callable[[Any, np.ndarray], np.ndarray]:
        net = (whole_net if turn.at.reason else tail_net)(model, turn.at, Precision(trunk, dtype))
        return gradient(net, model.task.loss(), model.strategy)

    return lambda dtype: differentiated(dtype)(inputs, targets)


def _batch(model: TransferModel, examples: Examples, count: int) -> Arrays:
    return model.preprocessor.collate([model.preprocessor(examples.inputs[int(i)]) for i in _chosen(examples, count)])


def _chosen(examples: Examples, count: int) -> np.ndarray:
    return np.linspace(0, len(examples) - 1, min(count, len(examples))).astype(int)
