"""The answer to one input of ``Predictor.predict``, as it is printed, written and shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tfft.bundles import showing
from tfft.tasks.answers import Answer, Entity


@dataclass(frozen=True)
class Prediction:
    """The answer to one input.

    Attributes:
        name: The path of the input, the beginning of a text, or the position of the input in the call.
        answer: The label, its probability and all scores; None when the input cannot be read (``on_corrupt="skip"``).
        problem: Why the input cannot be read; empty when there is an answer.
        item: The text or the path of the input; None for arrays and bytes, so that predictions keep no images in memory.

    Example:
        >>> Prediction("1.jpg", Answer("ants", 0.75, {"ants": 0.75, "bees": 0.25})).to_dict()
        {'name': '1.jpg', 'label': 'ants', 'probability': 0.75, 'scores': {'ants': 0.75, 'bees': 0.25}}
    """

    name: str
    answer: Answer | None
    problem: str = ""
    item: Any = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        """Return the answer as HTML, which notebooks show."""
        return showing.html([self])

    @property
    def label(self) -> str | tuple[str, ...] | None:
        """The class name; a tuple of names for several labels; None for quantities and without an answer."""
        return None if self.answer is None else self.answer.label

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities of a text, in order; empty for other tasks and without an answer."""
        return () if self.answer is None or self.answer.entities is None else self.answer.entities

    @property
    def place(self) -> tuple[int, int] | None:
        """Begin and end of the answer to a question in its context; None for other tasks, and when there is no answer."""
        return None if self.answer is None else self.answer.place

    @property
    def mask(self) -> np.ndarray | None:
        """The class id of each pixel, uint8, shape (height, width) of the image; None for other tasks and without an answer."""
        return None if self.answer is None else self.answer.mask

    @property
    def probability(self) -> float | None:
        """The probability of the label, in [0, 1]; None for several labels, for quantities and without an answer."""
        return None if self.answer is None else self.answer.probability

    @property
    def scores(self) -> Mapping[str, float]:
        """The probability of each class, or the value of each quantity; empty without an answer."""
        return {} if self.answer is None else self.answer.scores

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain JSON values; of a mask, its size and the share of each class in its pixels."""
        label = list(self.label) if isinstance(self.label, tuple) else self.label
        values: dict[str, Any] = {
            "name": self.name,
            "label": label,
            "probability": self.probability,
            "scores": dict(self.scores),
        }
        if self.answer is not None and self.answer.entities is not None:
            values = {"name": self.name, "entities": [asdict(entity) for entity in self.answer.entities]}
        if self.place is not None:
            values |= {"start": self.place[0], "end": self.place[1]}
        if self.mask is not None:
            height, width = self.mask.shape
            values = {"name": self.name, "height": height, "width": width, "shares": dict(self.scores)}
        return values | ({"problem": self.problem} if self.problem else {})


class Predictions(list[Prediction]):
    """A list of predictions, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        """Return the first predictions as HTML."""
        return showing.html(self)
