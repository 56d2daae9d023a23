"""Loading: how examples at some positions become the arrays of a batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.core.seed import derive
from tfft.data.examples import Examples

Reader = Callable[[Any], np.ndarray]
Encoder = Callable[[np.ndarray], np.ndarray]
RandomReader = Callable[[Any, np.random.Generator], np.ndarray]
Mixer = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Loading:
    """How examples become the arrays of a batch.

    Attributes:
        count: How many examples there are.
        load: Number of the epoch, and int64 positions of shape (batch,) -> inputs and, last, targets, each of shape (batch, ...).
            In evaluation the epoch is 0.
        weighted: Whether weights of shape (batch,) follow the targets.
        held: What ``load`` would give for all positions at once, where that is in memory already and the same in every epoch.
    """

    count: int
    load: Callable[[int, np.ndarray], Arrays]
    weighted: bool = False
    held: Arrays | None = None


def reading(examples: Examples, read: Reader, encode: Encoder) -> Loading:
    """Read each input as it is.

    Args:
        examples: What to read.
        read: Raw input -> uint8 pixels, all of one shape (height, width, 3).
        encode: Targets of a batch -> shape (batch, outputs).

    Returns:
        A Loading of uint8 (batch, height, width, 3) and float32 (batch, outputs).

    Example:
        >>> from tfft import tasks
        >>> from tfft.data import from_arrays
        >>> from tfft.preprocess.image import ImagePreprocessor
        >>> data = from_arrays(np.random.default_rng(0).integers(0, 255, (20, 10, 12, 3), np.uint8), [0, 1] * 10)
        >>> loading = reading(data.validation, ImagePreprocessor(8, 8), tasks.classification(data.labels).encode)
        >>> [array.shape for array in loading.load(0, np.arange(3))]
        [(3, 8, 8, 3), (3, 2)]
    """

    def load(_: int, chosen: np.ndarray) -> Arrays:
        images = np.stack([read(examples.inputs[int(index)]) for index in chosen])
        return images, encode(examples.targets[chosen]).astype(np.float32)

    return Loading(len(examples), load)


def draw(seed: int, epoch: int, position: int) -> np.random.Generator:
    """What changes one example in one epoch: the same whoever reads it, and however many threads do.

    Args:
        seed: Of all draws.
        epoch: Number of the epoch within the run.
        position: Of the example.

    Returns:
        A generator.

    Example:
        >>> [int(draw(0, epoch=epoch, position=2).integers(100)) for epoch in (1, 1, 2)]
        [55, 55, 16]
    """
    return np.random.default_rng([seed, epoch, position])


def reading_at_random(examples: Examples, read: RandomReader, encode: Encoder, mix: Mixer, seed: int) -> Loading:
    """Read inputs and change them anew in every epoch.

    What is drawn at random depends on the seed, the epoch and the example alone, so it is the same however many threads read.

    Args:
        examples: What to read.
        read: Raw input and a generator -> uint8 pixels, all of one shape (height, width, 3).
        encode: Targets of a batch -> shape (batch, outputs).
        mix: Pixels and encoded targets of a batch, and a generator -> the same of equal shapes.
        seed: The user's seed.

    Returns:
        A Loading as of ``reading``.
    """
    draw_seed = derive(seed, "augment")

    def load(epoch: int, chosen: np.ndarray) -> Arrays:
        images = [read(examples.inputs[int(i)], draw(draw_seed, epoch, int(i))) for i in chosen]
        random = np.random.default_rng([draw_seed, epoch, int(chosen[0]), len(examples)])
        return mix(np.stack(images), encode(examples.targets[chosen]).astype(np.float32), random)

    return Loading(len(examples), load)
