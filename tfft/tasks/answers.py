"""The answer of a model to one input, of any task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfft.tasks import mask_images


@dataclass(frozen=True)
class Entity:
    """An entity in a text.

    Attributes:
        text: The characters of the entity.
        label: Its type.
        start: Its first character in the text, from 0.
        end: The character after its last one.
        probability: The mean probability of the tags of its words, in [0, 1].
    """

    text: str
    label: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True)
class Answer:
    """The answer of a model to one input.

    Attributes:
        label: The class name; a tuple of class names for several labels; the answer to a question; None for quantities and
            entities, and when a question has no answer.
        probability: The probability of the label, in [0, 1]; None for several labels, quantities and entities.
        scores: Name -> probability of the class, or value of the quantity in the unit of the user, one row of shape (outputs,); for
            questions the probabilities of the five best answers.
        entities: The entities of a text, in order; None for other tasks.
        place: The first character of the answer to a question in its context, and the character after its last one; None for other
            tasks, and when there is no answer.
        mask: The class id of each pixel, uint8, shape (height, width) of the image; None for other tasks. ``scores`` are then the
            share of each class in the pixels, in the order of the class ids, and ``probability`` is the mean over the pixels.
        source: The path of the image, to show it in notebooks; None for arrays and bytes, and for other tasks.

    Example:
        >>> Answer("ants", 0.75, {"ants": 0.75, "bees": 0.25}).label
        'ants'
    """

    label: str | tuple[str, ...] | None
    probability: float | None
    scores: Mapping[str, float]
    entities: tuple[Entity, ...] | None = None
    place: tuple[int, int] | None = None
    mask: np.ndarray | None = field(default=None, repr=False, compare=False)
    source: Any = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str | None:
        """Return the mask beside its image, which notebooks show; None for other tasks."""
        return None if self.mask is None else mask_images.html(self.mask, tuple(self.scores), self.source)
