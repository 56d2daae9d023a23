"""Examples (inputs and targets, accessed by position) and Splits (training, validation and test examples)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfft.core import fingerprint
from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.html_tables import table
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace, Text
from tfft.data.sequences import Joined, Selected
from tfft.data.target_sequences import concatenated, digests_of
from tfft.data.targets import Target, target_of

_MOST_CLASSES = 10  # in the table for notebooks


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets side by side; inputs are read only when an index asks for one.

    Attributes:
        inputs: Sequence of length n; each item is a path (``str``), encoded ``bytes``, an array of shape
            (height, width[, channels]), or a ``Text``; or a dict of several of them, for a preprocessor that reads several.
        targets: ``single``: int64 class ids, shape (n,). ``multi``: float32 zeros and ones, shape (n, classes).
            ``real``: float32 in the user's own unit, shape (n, quantities). ``tags``: a Ragged of int32, a tag for each word.
            ``span``: a Ragged of int32, begin and end of each accepted answer, shape (answers, 2).
            ``masks``: Masks, which are read lazily.
        labels: The label space of the targets.
        digests: Content hash of each input, for duplicate warnings and fingerprints.
        groups: The name of the group of each example, shape (n,), where the source has groups; all examples of a group belong to
            the same part or fold.
    """

    inputs: Sequence[Any]
    targets: Any
    labels: LabelSpace
    digests: tuple[str, ...]
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def __repr__(self) -> str:
        return f"<{quantity(len(self), 'example')} of {shortlist(self.labels.names, 5)}>"

    @property
    def target(self) -> Target:
        """What the targets mean: it counts, splits and converts them."""
        return target_of(self.labels)

    def take(self, indices: Sequence[int] | np.ndarray) -> "Examples":
        """Select the examples at these positions, in this order.

        Args:
            indices: Integers, shape (m,), each in [0, n); or a mask of booleans, shape (n,).

        Returns:
            Examples of length m; inputs are still read lazily.

        Raises:
            IndexError: When a position is outside of the examples, or a mask has another length.

        Example:
            >>> labels = LabelSpace(("ants", "bees"))
            >>> examples = Examples(["1.jpg", "2.jpg", "3.jpg"], np.array([0, 1, 1]), labels, ("a1", "b2", "c3"))
            >>> list(examples.take(examples.targets == 1).inputs)
            ['2.jpg', '3.jpg']
        """
        chosen = np.asarray(indices)
        if chosen.dtype == bool and chosen.shape != (len(self),):
            raise IndexError(f"A mask of shape {chosen.shape} does not fit {quantity(len(self), 'example')}.")
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
        groups = None if self.groups is None else self.groups[chosen]
        digests = tuple(self.digests[i] for i in chosen)
        return Examples(Selected(self.inputs, chosen), self.targets[chosen], self.labels, digests, groups)

    def name(self, index: int) -> str:
        """Name one example in a message: by its path, its text, or its position in the data that the user passed.

        Args:
            index: The position of the example, in [0, n).

        Returns:
            The path, ``"example 7"``, or the name or the beginning of the text.
        """
        item = self.inputs[index]
        if isinstance(item, (str, Text)):
            return item if isinstance(item, str) else item.called()
        return f"example {self.inputs.position(index) if isinstance(self.inputs, Selected) else index}"

    def fingerprint(self) -> str:
        """Hash the contents of all inputs, in order, and the dtype, shape and values of the targets."""
        return fingerprint.combined([*self.digests, *digests_of(self.targets)])

    def counts(self) -> dict[str, int]:
        """Count the examples of each class; return an empty dict for quantities, which have no classes.

        With several labels an example, targets of shape (n, classes), it counts once for each label; the sum may exceed n.
        Of masks, the pixels of each class are counted.

        Example:
            >>> Examples(["1.jpg", "2.jpg"], np.array([1, 1]), LabelSpace(("ants", "bees")), ("a1", "b2")).counts()
            {'ants': 0, 'bees': 2}
        """
        return self.target.counts(self.targets)


def joined(parts: Sequence[Examples]) -> Examples:
    """Concatenate examples that have the same label space.

    Args:
        parts: At least one Examples, with targets of shape (n,) or (n, k).

    Returns:
        Examples as long as all parts together; inputs are still read lazily. When only some parts have groups, each example of
        the others is a group of its own.
    """
    inputs = [part.inputs for part in parts]
    return Examples(
        concatenated(inputs) if isinstance(inputs[0], Ragged) else Joined(inputs),
        concatenated([part.targets for part in parts]),
        parts[0].labels,
        tuple(digest for part in parts for digest in part.digests),
        _groups(parts),
    )


def _groups(parts: Sequence[Examples]) -> np.ndarray | None:
    if all(part.groups is None for part in parts):
        return None
    named = [
        np.array([f"\0{number}:{index}" for index in range(len(part))], str) if part.groups is None else part.groups
        for number, part in enumerate(parts)  # no user names a group like this
    ]
    return np.concatenate(named)


@dataclass(frozen=True, eq=False)
class Splits:
    """Training, validation and test examples of one label space.

    Attributes:
        train: Examples that the weights are fitted to.
        validation: Examples by which phases, early stopping and the best weights are chosen.
        test: Examples for the report; None when there is no test part.
        labels: The label space, the same for every part; its kind says which shape the targets have.
        seed: Seed of the random split.
        skipped: Inputs left out because they could not be read (``on_corrupt="skip"``), with the reason.
        source: The call that read the data, as text.
        left_out: File extension -> the number of files with it that are not inputs; hidden files count under ``"hidden"``.
    """

    train: Examples
    validation: Examples
    test: Examples | None
    labels: LabelSpace
    seed: int = 0
    skipped: tuple[str, ...] = ()
    source: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Splits: {self.describe()}>"

    def _repr_html_(self) -> str:
        """Return a table of the sizes of the parts and classes, which notebooks show."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        there = {name: part for name, part in parts.items() if part is not None}
        rows: list[dict[str, object]] = [{"examples": "all"} | {name: len(part) for name, part in there.items()}]
        counts = {name: part.counts() for name, part in there.items()}
        for label in list(counts["train"])[:_MOST_CLASSES]:
            rows.append({"examples": label} | {name: counts[name][label] for name in there})
        return table(rows, self.describe())

    def part(self, name: str) -> Examples:
        """Return one part by its name.

        Args:
            name: ``"train"``, ``"validation"`` or ``"test"``.

        Returns:
            Its examples.

        Raises:
            DataError: When there is no such part, or the source has no test part.

        Example:
            >>> from tfft.data.sources.arrays import from_arrays
            >>> data = from_arrays(np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8), [0, 1] * 10)
            >>> data.part("validation").targets.shape
            (4,)
        """
        if name not in ("train", "validation", "test"):
            raise DataError(f"There is no part {name!r}.", fix="The parts are 'train', 'validation' and 'test'.")
        found = getattr(self, name)
        if found is None:
            raise DataError(
                "This data has no test part.", self.describe(), "Add a test folder, or name one with parts=."
            )
        return found

    def everything(self) -> Examples:
        """Join all parts, to evaluate a model on data that it was not trained on.

        Returns:
            Training, validation and test examples, in this order; targets of shape (n,) or (n, k) with n the sum of all parts.

        Example:
            >>> from tfft.data.sources.arrays import from_arrays
            >>> data = from_arrays(np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8), [0, 1] * 10)
            >>> len(data.train), len(data.everything())
            (14, 20)
        """
        return joined([part for part in (self.train, self.validation, self.test) if part is not None])

    def describe(self) -> str:
        """Describe the data in one line: the number of examples in each part, and the number of classes."""
        sizes = [f"{len(self.train)} train", f"{len(self.validation)} validation"]
        sizes += [f"{len(self.test)} test"] if self.test is not None else ["no test part"]
        one, many = self.train.target.nouns
        left_out = f"; {len(self.skipped)} left out, see .skipped" if self.skipped else ""
        if self.left_out:
            left_out += f"; files left out: {', '.join(f'{count} {ending}' for ending, count in self.left_out.items())}"
        return f"{', '.join(sizes)}; {len(self.labels)} {one if len(self.labels) == 1 else many}{left_out}"
