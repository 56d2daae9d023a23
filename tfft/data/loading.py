"""Loading: how examples at some positions become the arrays of a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from tfft.core.ragged import Ragged
from tfft.core.seed import derive
from tfft.data.examples import Examples

Reader = Callable[[Any], np.ndarray]
Encoder = Callable[[np.ndarray], np.ndarray]
RandomReader = Callable[[Any, np.random.Generator], np.ndarray]
Mixer = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
Arrays = tuple[np.ndarray, ...]


class Preprocessor(Protocol):
    """How raw inputs become what a net takes.

    Attributes:
        inputs: Name, shape without the batch axis and dtype of each input of the net.
    """

    @property
    def inputs(self) -> tuple[tuple[str, tuple[int | None, ...], str], ...]:
        """See above."""

    def __call__(self, item: Any) -> np.ndarray:
        """One raw input -> one row, such as pixels of shape (height, width, 3)."""

    def collate(self, rows: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Rows of a batch -> the inputs of the net, each of shape (batch, ...)."""


@dataclass(frozen=True)
class Loading:
    """How examples become the arrays of a batch.

    Attributes:
        count: How many examples there are.
        load: Number of the epoch, and int64 positions of shape (batch,) -> inputs and, last, targets, each of shape (batch, ...).
            In evaluation the epoch is 0.
        weighted: Whether weights of shape (batch,) follow the targets.
        held: What ``load`` would give for all positions at once, where that is in memory already and the same in every epoch.
        lengths: Of each example, shape (count,), where they differ; the inputs of a batch are padded to its longest.
        shapes: Of each input without the batch axis, None for a length that differs; left out where all are alike.
    """

    count: int
    load: Callable[[int, np.ndarray], Arrays]
    weighted: bool = False
    held: Arrays | None = None
    lengths: np.ndarray | None = None
    shapes: tuple[tuple[int | None, ...], ...] | None = None


def reading(examples: Examples, preprocessor: Preprocessor, encode: Encoder) -> Loading:
    """Read each input as it is.

    Args:
        examples: What to read.
        preprocessor: Raw input -> one row, and rows of a batch -> inputs of the net.
        encode: Targets of a batch -> shape (batch, outputs).

    Returns:
        A Loading of what the net takes, such as uint8 (batch, height, width, 3), and float32 (batch, outputs).

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
        rows = [preprocessor(examples.inputs[int(index)]) for index in chosen]
        return *preprocessor.collate(rows), encode(examples.targets[chosen]).astype(np.float32)

    return Loading(
        len(examples), load, lengths=lengths_of(examples), shapes=tuple(s for _, s, _ in preprocessor.inputs)
    )


def lengths_of(examples: Examples) -> np.ndarray | None:
    """How long each example is, where that differs.

    Args:
        examples: n of them.

    Returns:
        Tokens of each, shape (n,); None for pictures.
    """
    return examples.inputs.lengths if isinstance(examples.inputs, Ragged) else None


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


def reading_together(
    examples: Examples,
    read: Callable[[Sequence[Any], Sequence[np.random.Generator]], Arrays],
    encode: Encoder,
    seed: int,
    like: Loading,
) -> Loading:
    """Read the inputs of a batch together, and change them anew in every epoch.

    Args:
        examples: What to read.
        read: Raw inputs of a batch, and a generator for each -> the inputs of the net, each of shape (batch, ...).
        encode: Targets of a batch -> shape (batch, outputs).
        seed: The user's seed.
        like: What reads them unchanged; lengths and shapes are taken from it.

    Returns:
        A Loading as of ``reading``.
    """
    draw_seed = derive(seed, "augment")

    def load(epoch: int, chosen: np.ndarray) -> Arrays:
        items = [examples.inputs[int(index)] for index in chosen]
        inputs = read(items, [draw(draw_seed, epoch, int(index)) for index in chosen])
        return *inputs, encode(examples.targets[chosen]).astype(np.float32)

    return replace(like, load=load)
