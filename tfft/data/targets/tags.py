"""Tags: the entities of each text, as a tag for each word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfft.core.errors import DataError, shortlist
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace
from tfft.data.targets.names import check_same_labels

OUTSIDE = "O"


@dataclass(frozen=True)
class Tags:
    """Targets with a tag for each word of a text. The label space has the types of the entities.

    Attributes:
        labels: The label space, of kind ``"tags"``. Type t has the tags 1 + 2 t, at the begin of an entity, and 2 + 2 t
            inside of it. 0 is outside of entities.

    Example:
        >>> tags = Tags(LabelSpace(("person", "place"), "tags"))
        >>> tags.read([["B-person", "I-person", "O"], ["B-place"]], "train")[0].tolist()
        [1, 2, 0]
    """

    labels: LabelSpace
    nouns: ClassVar[tuple[str, str]] = ("entity type", "entity types")
    every_class: ClassVar[bool] = False
    listed: ClassVar[bool] = False

    @property
    def names(self) -> tuple[str, ...]:
        """The tags in the order of their ids: ``"O"``, and ``"B-..."`` and ``"I-..."`` of each type."""
        return (OUTSIDE, *(f"{where}-{name}" for name in self.labels.names for where in "BI"))

    def read(self, raw: Sequence[Any] | np.ndarray, part: str, by_position: bool = False) -> Any:
        """Convert the tags of each text to ids. See ``Target.read``.

        Args:
            raw: For each text a sequence of tags such as ``"O"``, ``"B-person"`` and ``"I-person"``, one for each word.
            part: The name of the part, for messages.
            by_position: Not used.

        Returns:
            A Ragged with one row of int32, shape (words,), for each text.

        Raises:
            DataError: When training does not have a tag.
        """
        known = {name: index for index, name in enumerate(self.names)}
        strange = sorted({str(tag) for tags in raw for tag in tags} - set(known))
        if strange:
            where = "is malformed" if part == "train" else "that training does not have"
            raise DataError(
                f"The {part} part has tags {where}: {shortlist(strange)}.",
                f"the types of training are {shortlist(self.labels.names)}",
                'Tags are "O", "B-type" and "I-type"; add training examples of new types, or remove them.',
            )
        lengths = np.array([len(tags) for tags in raw], np.int64)
        flat = np.fromiter((known[str(tag)] for tags in raw for tag in tags), np.int32, int(lengths.sum()))
        return Ragged(flat, lengths)

    def counts(self, values: Any) -> dict[str, int]:
        """Count the entities of each type.

        Args:
            values: A Ragged of tags, one row of shape (words,) for each text.
        """
        totals = self.members(values).sum(axis=0)
        return {name: int(total) for name, total in zip(self.labels.names, totals, strict=True)}

    def strata(self, values: Any) -> np.ndarray:
        """Return the rarest type of each text, int64, shape (n,); texts without entities have a stratum of their own.

        Args:
            values: A Ragged of tags, one row of shape (words,) for each text.
        """
        found = self.members(values) > 0
        having = np.concatenate([found, found.sum(axis=1, keepdims=True) == 0], axis=1)
        return np.where(having, having.sum(axis=0), len(values) + 1).argmin(axis=1)

    def members(self, values: Any) -> np.ndarray:
        """Count the entities of each type in each text, float64, shape (n, types).

        Args:
            values: A Ragged of tags, one row of shape (words,) for each text.
        """
        rows = np.repeat(np.arange(len(values)), values.lengths)
        before = np.concatenate([[0], values.flat[:-1]])
        before[rows != np.concatenate([[-1], rows[:-1]])] = 0
        kinds = (values.flat - 1) // 2
        # a tag "inside" continues an entity only after a tag of the same type
        begins = (values.flat > 0) & ((values.flat % 2 == 1) | ((before - 1) // 2 != kinds) | (before == 0))
        found = np.zeros((len(values), len(self.labels)))
        np.add.at(found, (rows[begins], kinds[begins]), 1)
        return found

    def adopt(self, values: Any, given: LabelSpace) -> Any:
        """Convert tags of another label space to those of this one. See ``Target.adopt``.

        Args:
            values: A Ragged of tags, one row of shape (words,) for each text.
            given: Their label space; it may have fewer types.

        Raises:
            DataError: When it has other types, or another kind.
        """
        check_same_labels(self.labels, given)
        places = [0]
        for name in given.names:
            own = self.labels.index(name)
            places += [1 + 2 * own, 2 + 2 * own]
        return Ragged(np.array(places, np.int32)[values.flat], values.lengths)

    def fitted(self, values: Any) -> LabelSpace:
        """Return the label space unchanged.

        Args:
            values: A Ragged of tags, one row of shape (words,) for each text.
        """
        return self.labels

    def doubts(self, values: Any) -> Iterator[str]:
        """Say when no text of the training part has an entity.

        Args:
            values: A Ragged of tags, one row of shape (words,) for each text.
        """
        if not values.flat.any():
            yield "No text of the training part has an entity, so a model can only learn to find no entity."
