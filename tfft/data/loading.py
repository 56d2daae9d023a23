"""Loading: how positions of examples become the arrays of a batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from tfft.core.ragged import Ragged
from tfft.core.seed import derive
from tfft.core.values import Arrays, Loaded
from tfft.data.examples import Examples

Encoder = Callable[[Any, Arrays], tuple[np.ndarray, np.ndarray | None]]
TargetReader = Callable[[int, np.ndarray], Any]
RandomReader = Callable[[Sequence[Any], Sequence[np.random.Generator]], Arrays]
Mixer = Callable[[Arrays, np.ndarray, np.random.Generator], tuple[Arrays, np.ndarray]]


class RowMaker(Protocol):
    """The part of a preprocessor that loading needs.

    Attributes:
        inputs: Name, shape without the batch axis and dtype of each input of the network.
    """

    @property
    def inputs(self) -> tuple[tuple[str, tuple[int | None, ...], str], ...]:
        """Name, shape and dtype of each input."""

    def __call__(self, item: Any) -> np.ndarray:
        """Convert one raw input to one row, such as pixels of shape (height, width, 3)."""

    def collate(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Convert the rows of a batch to the inputs of the network by name, each of shape (batch, ...)."""


@dataclass(frozen=True)
class Loading:
    """How examples become the arrays of a batch.

    Attributes:
        count: The number of examples.
        load: A function (epoch, int64 positions of shape (batch,)) -> Loaded. In evaluation the epoch is 0.
        held: The result of ``load`` for all positions, when it is already in memory and the same in every epoch.
        lengths: Length of each example, shape (count,), when lengths differ; each batch is padded to its longest example.
        shapes: Name -> shape of the input without the batch axis, with None for a variable length; None when no shape varies.
        together: Whether the examples of a batch influence each other, so that it must be loaded as a whole.
    """

    count: int
    load: Callable[[int, np.ndarray], Loaded]
    held: Loaded | None = None
    lengths: np.ndarray | None = None
    shapes: Mapping[str, tuple[int | None, ...]] | None = None
    together: bool = False


def reading(examples: Examples, preprocessor: RowMaker, encode: Encoder) -> Loading:
    """Load each input unchanged.

    Args:
        examples: The examples to load.
        preprocessor: Converts a raw input to a row, and the rows of a batch to the inputs of the network.
        encode: A function (targets of a batch, inputs of the network) -> the targets for loss and metrics, shape (batch, ...), and
            which of the losses count, as in ``Loaded``.

    Returns:
        A Loading of the network's inputs, such as uint8 (batch, height, width, 3), and of targets, shape (batch, ...).

    Example:
        >>> from tfft import tasks
        >>> from tfft.data import from_arrays
        >>> from tfft.inputs.image import ImagePreprocessor
        >>> data = from_arrays(np.random.default_rng(0).integers(0, 255, (20, 10, 12, 3), np.uint8), [0, 1] * 10)
        >>> loading = reading(data.validation, ImagePreprocessor(8, 8), tasks.classification(data.labels).encode)
        >>> found = loading.load(0, np.arange(3))
        >>> found.inputs["pixels"].shape, found.targets.shape
        ((3, 8, 8, 3), (3, 2))
    """

    def load(_: int, chosen: np.ndarray) -> Loaded:
        inputs = preprocessor.collate([preprocessor(examples.inputs[int(index)]) for index in chosen])
        return Loaded(inputs, *encode(examples.targets[chosen], inputs))

    shapes = {name: shape for name, shape, _ in preprocessor.inputs}
    return Loading(len(examples), load, lengths=lengths_of(examples), shapes=shapes)


def lengths_of(examples: Examples) -> np.ndarray | None:
    """Return the length of each example, when lengths differ.

    Args:
        examples: n examples.

    Returns:
        The number of tokens in each example, shape (n,); None for inputs without lengths, such as images.
    """
    return examples.inputs.lengths if isinstance(examples.inputs, Ragged) else None


def draw(seed: int, epoch: int, position: int) -> np.random.Generator:
    """Make the random generator of one example in one epoch: it does not depend on the thread that reads the example.

    Args:
        seed: Seed of all random draws.
        epoch: Number of the epoch within the run.
        position: The position of the example.

    Returns:
        A NumPy generator.

    Example:
        >>> [int(draw(0, epoch=epoch, position=2).integers(100)) for epoch in (1, 1, 2)]
        [55, 55, 16]
    """
    return np.random.default_rng([seed, epoch, position])


def unchanging(examples: Examples) -> TargetReader:
    """Return a function that reads the targets of examples, which are the same in every epoch.

    Args:
        examples: The examples, with targets of any shape.

    Returns:
        A function (epoch, positions of shape (m,)) -> the targets at these positions.
    """
    return lambda _, chosen: examples.targets[chosen]


def reading_at_random(
    examples: Examples, read: RandomReader, targets: TargetReader, encode: Encoder, mix: Mixer, seed: int, like: Loading
) -> Loading:
    """Load inputs with new random changes in every epoch.

    The changes of an example depend only on the seed, the epoch and the example, and not on the number of threads.

    Args:
        examples: The examples to load.
        read: A function (raw inputs of a batch, a generator for each) -> the inputs of the network by name, each of shape
            (batch, ...).
        targets: A function (epoch, positions) -> the targets of a batch; masks move with their images.
        encode: A function (targets of a batch, inputs of the network) -> the targets for loss and metrics, shape (batch, ...), and
            which of the losses count, as in ``Loaded``.
        mix: A function (inputs, encoded targets, generator) -> mixed inputs and targets of the same shapes, for one batch.
        seed: The user's seed.
        like: The Loading of the unchanged inputs; lengths and shapes are taken from it.

    Returns:
        A Loading like that of ``reading``.
    """
    draw_seed = derive(seed, "augment")

    def load(epoch: int, chosen: np.ndarray) -> Loaded:
        items = [examples.inputs[int(index)] for index in chosen]
        inputs = read(items, [draw(draw_seed, epoch, int(index)) for index in chosen])
        encoded, counted = encode(targets(epoch, chosen), inputs)
        random = np.random.default_rng([draw_seed, epoch, int(chosen[0]), len(examples)])
        return Loaded(*mix(inputs, encoded, random), counted)

    return replace(like, load=load)
