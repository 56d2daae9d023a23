"""Which precision a run computes in, where the user did not say: a short trial on a few of its own pictures."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from tfft.core import machine
from tfft.core.gradients import gradient
from tfft.core.precision import DTYPES, FLOAT32, Precision, Trial, fastest, remembered, tried
from tfft.models.cuts import HEAD, cut
from tfft.models.features import identity
from tfft.models.trunk import tail_net, trunk_net, whole_net
from tfft.training.trunk_cache import TrunkCache, Turn

_PICTURES = 4
# float16 needs a scaled loss to train with, and is no faster than bfloat16 where there is hardware for either
_TRAINING = ("bfloat16",)


def choose(features: TrunkCache, turns: Sequence[Turn]) -> Precision:
    """The precision of a run: what the user asked for, or what is fastest and near enough to float32.

    Forward passes of the frozen part and training of the rest are tried apart, on four training pictures. Nothing is tried where
    the work ahead is short, or where it was tried on this machine before.

    Args:
        features: Of the run, with model and data; pictures of any shape.
        turns: All phases.

    Returns:
        A Precision.

    Raises:
        DataError: When one of the pictures cannot be read.

    Source:
        Mixed precision with float32 variables: Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740.
    """
    model, train = features.model, features.data.train
    if model.precision is not None:
        return model.precision
    chosen = np.linspace(0, len(train) - 1, min(_PICTURES, len(train))).astype(int)
    cuts = [cut(model, turn.overview) for turn in turns]
    deepest, earliest = max(cuts, key=lambda at: at.depth), min(cuts, key=lambda at: at.depth)

    pixels = np.stack([model.preprocessor(train.inputs[int(index)]) for index in chosen]).astype(np.float32)
    epochs = sum(turn.phase.epochs for turn in turns)
    path = machine.cache_folder() / "precision.json"
    known = identity(model, deepest, "any") | {"machine": machine.hardware(), "pictures": len(chosen)}

    def of_trunk() -> list[Trial]:
        net = cache(lambda dtype: trunk_net(model, deepest, dtype))
        passes = (len(train) + len(features.data.validation)) * (1 if model.cache.on else epochs)
        return tried(lambda dtype: _flat(net(dtype)(pixels, training=False)), DTYPES[1:], passes / len(chosen))

    def of_tail() -> list[Trial]:
        turn = turns[cuts.index(earliest)]
        model.apply(turn.phase.trainable, turn.phase.train_norms)
        targets = model.task.encode(train.targets[chosen]).astype(np.float32)
        inputs = pixels if earliest.reason else trunk_net(model, earliest, trunk)(pixels, training=False)
        net = cache(
            lambda dtype: (whole_net if earliest.reason else tail_net)(model, earliest, Precision(trunk, dtype))
        )
        steps = len(train) * sum(turn.phase.epochs for turn, at in zip(turns, cuts, strict=True) if at.part != HEAD)
        return tried(
            lambda dtype: gradient(net(dtype), model.task.loss(), inputs, targets), _TRAINING, steps / len(chosen)
        )

    trunk = FLOAT32 if deepest.reason else fastest(remembered(path, known | {"work": "forward"}, of_trunk))
    if earliest.part == HEAD:
        return Precision(trunk)
    about = known | {"work": "training", "cut": earliest.describe(), "trunk": trunk}
    return Precision(trunk, fastest(remembered(path, about, of_tail)))


def _flat(tensors: Any) -> np.ndarray:
    several = tensors if isinstance(tensors, (list, tuple)) else [tensors]
    return np.concatenate([np.asarray(tensor).astype(np.float32).ravel() for tensor in several])
