"""Seen: the training and validation examples of a model, so that a report can say when it includes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfft.core.errors import DataError
from tfft.core.specs import Text
from tfft.data.examples import Examples, Splits

_DIGITS = 16
"""Hexadecimal digits kept of each hash: with 64 bits, two of a million photos share one with a chance below 1 in 10 million."""


@dataclass(frozen=True)
class Seen:
    """Content hashes of all training and validation examples of a model.

    Names of examples do not count; for arrays, shape and dtype count as well as the values.

    Attributes:
        seed: Seed of the random split; with it, the same source gives the same test part again.
        train: Content hashes of the examples that the weights were fitted to.
        validation: Content hashes of the examples by which the best weights were chosen.
        texts: The number of texts in an example, 1 or 2; None for images, or when it is unknown.
        refit: Whether the weights were fitted to the validation examples as well, by ``fit(..., refit=True)``; ``train`` has them.

    Example:
        >>> import numpy as np
        >>> from tfft.data.sources.arrays import from_arrays
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8)
        >>> data = from_arrays(images, [0, 1] * 10, seed=7)
        >>> seen = Seen.of(data)
        >>> seen.counts(data.test), seen.counts(data.everything())
        ({'train': 0, 'validation': 0}, {'train': 14, 'validation': 4})
    """

    seed: int
    train: frozenset[str] = field(repr=False)
    validation: frozenset[str] = field(repr=False)
    texts: int | None = None
    refit: bool = False

    @classmethod
    def of(cls, data: Splits, before: "Seen | None" = None, refit: bool = False) -> "Seen":
        """Record what a model has seen after training on ``data``.

        Args:
            data: Splits with targets of any shape.
            before: The record from before this training; None for a new model.
            refit: Whether the validation examples are trained on as well.

        Returns:
            A Seen with the seed of ``data``, and the examples of both trainings.
        """
        train, validation = _short(data.train), _short(data.validation)
        if refit:
            train |= validation
        if before is not None:
            train, validation, refit = train | before.train, validation | before.validation, refit or before.refit
        return cls(data.seed, train, validation - train, _texts_of(data.train.inputs[0]), refit)

    def joined(self, other: "Seen") -> "Seen":
        """Return the examples of two models, one of which has learned from the other.

        Args:
            other: The examples of the other model; images of any shape, or texts.

        Returns:
            A Seen with the seed of this one.
        """
        train = self.train | other.train
        return replace(self, train=train, validation=(self.validation | other.validation) - train)

    def check_pairs(self, item: Any) -> None:
        """Refuse single texts for a model of pairs, and pairs for a model of single texts; the model would answer without an error.

        Args:
            item: One of the inputs; images of any shape are accepted.

        Raises:
            DataError: When the number of texts differs.
        """
        given = _texts_of(item)
        if given is not None and self.texts is not None and given != self.texts:
            kinds = {1: "single texts", 2: "pairs of texts"}
            raise DataError(
                f"The model was trained on {kinds[self.texts]}, but got {kinds[given]}.",
                repr(item.excerpt()),
                "Pass both texts: text_column=[first, second], or (first, second) to predict; in a shell put a tab between them."
                if self.texts == 2
                else "Pass one text for each example.",
            )

    def among(self, examples: Examples) -> np.ndarray:
        """Find the examples that the model has seen.

        Args:
            examples: n examples; images of any shape.

        Returns:
            Booleans, shape (n,): True for an example that the model has seen.
        """
        met = self.train | self.validation
        return np.array([content[:_DIGITS] in met for content in examples.digests], bool)

    def counts(self, examples: Examples) -> dict[str, int]:
        """Count the examples that the model has seen.

        Args:
            examples: n examples; images of any shape.

        Returns:
            ``{"train": ..., "validation": ...}``, each in [0, n].
        """
        met = [content[:_DIGITS] for content in examples.digests]
        return {
            "train": sum(content in self.train for content in met),
            "validation": sum(content in self.validation for content in met),
        }

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        met: dict[str, Any] = {"seed": self.seed, "train": sorted(self.train), "validation": sorted(self.validation)}
        met |= {"refit": True} if self.refit else {}
        return met if self.texts is None else met | {"texts": self.texts}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Seen":
        """Undo ``to_dict``.

        Args:
            values: The result of ``to_dict``, possibly after a JSON round trip.

        Returns:
            An equal Seen.

        Raises:
            KeyError: When a field is missing.
            ValueError: When a field has the wrong type.
        """
        lists = (values["train"], values["validation"])
        texts, refit = values.get("texts"), values.get("refit", False)
        valid = isinstance(values["seed"], int) and all(isinstance(contents, list) for contents in lists)
        if not valid or texts not in (None, 1, 2) or not isinstance(refit, bool):
            raise ValueError(f"this is not a valid record of seen examples: {str(values)[:100]}")
        return cls(values["seed"], frozenset(values["train"]), frozenset(values["validation"]), texts, refit)


def _short(examples: Examples) -> frozenset[str]:
    return frozenset(content[:_DIGITS] for content in examples.digests)


def _texts_of(item: Any) -> int | None:
    return (1 if item.second is None else 2) if isinstance(item, Text) else None
