"""Coding: what the values of masks mean, from the arguments of the user or from the labels of a model."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from tfft.core.errors import DataError, DataWarning, shortlist, similar
from tfft.core.fingerprint import digest
from tfft.core.label_values import IGNORED, MOST_CLASSES, MaskValue
from tfft.core.specs import LabelSpace

Classes = Sequence[str] | Mapping[int, str] | Mapping[tuple[int, int, int], str] | LabelSpace | None
_MOSTLY = 0.9
_TABLE = 2**16
_USER = 5  # stacklevel of the line that calls from_masks, which calls mask_pools, coding_of and _warn_smoothed


def as_number(value: MaskValue) -> int:
    """Write a value of a mask as one number; a colour is 65536 * red + 256 * green + blue.

    Args:
        value: A number, or (red, green, blue).

    Example:
        >>> as_number(7), as_number((0, 1, 2))
        (7, 258)
    """
    return (value[0] << 16) + (value[1] << 8) + value[2] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Coding:
    """The meaning of the values of masks.

    Attributes:
        names: The names of the classes; their order is the class id.
        ids: Value -> class id, or ``IGNORED``. A colour is 65536 * red + 256 * green + blue.
        colored: Whether the values are colours.
    """

    names: tuple[str, ...]
    ids: Mapping[int, int]
    colored: bool = False

    def encoded(self, values: np.ndarray) -> np.ndarray:
        """Convert the values of a mask to class ids.

        Args:
            values: int32, shape (height, width).

        Returns:
            uint8 of the same shape; ``IGNORED`` for pixels without a class.

        Raises:
            ValueError: When a value stands for no class.

        Example:
            >>> Coding(("sky", "road"), {0: 0, 5: 1, 9: IGNORED}).encoded(np.array([[0, 5, 9]])).tolist()
            [[0, 1, 255]]
        """
        known = np.array(sorted(self.ids), np.int64)
        own = np.array([self.ids[int(value)] for value in known], np.uint8)
        if max(int(known[-1]), int(values.max())) < _TABLE:  # much faster than a search
            table = np.full(_TABLE, -1, np.int64)
            table[known] = np.arange(len(known))
            places = table[values]
            strange = places < 0
        else:
            places = np.minimum(np.searchsorted(known, values), len(known) - 1)
            strange = known[places] != values
        if unknown := np.unique(values[strange]).tolist():
            raise ValueError(f"{'colours' if self.colored else 'values'} without a class: {self.shown(unknown)}")
        return own[places]

    def shown(self, values: Sequence[int]) -> str:
        """Write values as a user writes them: numbers, or (red, green, blue).

        Args:
            values: Values of masks.
        """
        return shortlist([self._written(value) for value in values])

    def labels(self) -> LabelSpace:
        """Return the label space of masks with these values.

        Example:
            >>> Coding(("sky", "road"), {0: 0, 255: IGNORED, 256: 1}, colored=True).labels().values
            (((0, 0, 0), 0), ((0, 0, 255), 255), ((0, 1, 0), 1))
        """
        return LabelSpace(
            self.names, "masks", values=tuple((self._written(value), own) for value, own in sorted(self.ids.items()))
        )

    @classmethod
    def of(cls, labels: LabelSpace) -> "Coding":
        """Undo ``labels``.

        Args:
            labels: A label space of kind ``"masks"``, with the values of masks.

        Example:
            >>> coding = Coding(("sky", "road"), {0: 0, 255: IGNORED, 256: 1}, colored=True)
            >>> Coding.of(coding.labels()) == coding
            True
        """
        ids = {as_number(value): own for value, own in labels.values}
        return cls(labels.names, ids, any(isinstance(value, tuple) for value, _ in labels.values))

    def _written(self, value: int) -> MaskValue:
        return (value >> 16, value >> 8 & 255, value & 255) if self.colored else value

    def digest(self) -> str:
        """Hash names and values."""
        return digest(json.dumps([self.names, sorted(self.ids.items()), self.colored]).encode())


def are_colors(classes: Classes) -> bool:
    """Return whether colours stand for classes.

    Args:
        classes: As for ``from_masks``.

    Example:
        >>> are_colors({(0, 0, 0): "sky", (128, 64, 128): "road"}), are_colors(["sky", "road"])
        (True, False)
    """
    keys = [value for value, _ in classes.values] if isinstance(classes, LabelSpace) else classes
    return isinstance(keys, (Mapping, list)) and any(isinstance(key, tuple) for key in keys)


def coding_of(classes: Classes, ignore: Any, counted: Mapping[int, int]) -> Coding:
    """Decide what the values of masks mean, from the arguments of the user and the values of the training part.

    Args:
        classes: As for ``from_masks``.
        ignore: As for ``from_masks``.
        counted: Value -> number of pixels, in the training part.

    Raises:
        DataError: When an argument is invalid, or there are fewer than two classes.

    Warns:
        DataWarning: When the values are those of smoothed black and white masks.

    Example:
        >>> coding_of({0: "sky", 5: "road"}, 9, {0: 10, 5: 3}).ids
        {0: 0, 5: 1, 9: 255}
    """
    colored = are_colors(classes)
    ignored = _several(ignore, colored)
    if isinstance(classes, LabelSpace):
        return _known(classes, ignored)
    if classes is None:
        values = sorted(counted)
        _warn_smoothed(counted)
        pairs = [(value, str(value)) for value in values]
        if len(values) > MOST_CLASSES:
            raise DataError(
                f"The masks have {len(values):,} different values.",
                shortlist(values),
                "A mask has a few values, one for each class. Name the values with classes={value: name}.",
            )
    elif isinstance(classes, str) or not isinstance(classes, (Sequence, Mapping)):
        raise DataError(
            "classes must be a list of names, or a dict of values and names.",
            repr(classes)[:100],
            'Write ["sky", "road"].',
        )
    else:
        if not isinstance(classes, Mapping) and any(not isinstance(name, str) for name in classes):
            raise DataError(
                "classes as a list must hold names.",
                shortlist(classes, 3),
                "Write {(128, 0, 0): 'car', ...} for colours, or {7: 'car', ...} for values.",
            )
        entries = classes.items() if isinstance(classes, Mapping) else enumerate(classes)
        pairs = [(_value(key, colored), str(name)) for key, name in entries]
        named = [name for _, name in pairs]
        if not isinstance(classes, Mapping) and len(set(named)) < len(named):
            raise DataError(
                "classes has a name twice.", shortlist(named), "To join values, write {0: 'road', 3: 'road'}."
            )
    _check_ignored(ignored, {name for _, name in pairs})
    kept = [(value, name) for value, name in pairs if value not in ignored and name not in ignored]
    names = tuple(dict.fromkeys(name for _, name in kept))
    _check_number(names)
    numbers = [each for each in ignored if not isinstance(each, str)] + [v for v, name in pairs if name in ignored]
    ids = {value: names.index(name) for value, name in kept} | dict.fromkeys(numbers, IGNORED)
    return Coding(names, ids, colored)


def _known(labels: LabelSpace, ignored: Sequence[int | str]) -> Coding:
    """The meaning of values in the training of a model; more of them may be ignored."""
    if not labels.values:
        raise DataError(
            "The label space does not say which values of masks its classes have.",
            shortlist(labels.names),
            "Pass the names in the order of the values, or {value: name}.",
        )
    _check_ignored(ignored, set(labels.names), "Leave ignore out: these labels already say which values are ignored.")
    coding = Coding.of(labels)
    more = {value for value, own in coding.ids.items() if own != IGNORED and labels.names[own] in ignored}
    more |= {each for each in ignored if not isinstance(each, str)}
    found = replace(coding, ids={**coding.ids, **dict.fromkeys(more, IGNORED)})
    _check_number([labels.names[own] for own in sorted(set(found.ids.values()) - {IGNORED})])
    return found


def _check_ignored(ignored: Sequence[int | str], known: set[str], advice: str = "") -> None:
    if strange := [each for each in ignored if isinstance(each, str) and each not in known]:
        fix = similar(strange[0], known) or f"The classes are {shortlist(sorted(known))}."
        raise DataError(f"ignore={strange[0]!r} is not the name of a class.", fix=f"{fix} {advice}".strip())


def _check_number(names: Sequence[str]) -> None:
    if not 2 <= len(names) <= MOST_CLASSES:
        raise DataError(
            f"Segmentation needs from 2 to {MOST_CLASSES} classes.",
            f"{len(names)}: {shortlist(names)}",
            "Check classes= and ignore=.",
        )


def _warn_smoothed(counted: Mapping[int, int]) -> None:
    """Warn when the values look like those of smoothed black and white masks."""
    if (
        len(counted) > 2
        and counted.get(0)
        and counted.get(255)
        and counted[0] + counted[255] > _MOSTLY * sum(counted.values())
    ):
        warnings.warn(
            f"The masks have {len(counted)} different values, and nearly all pixels have 0 or 255: borders may be smoothed. "
            "Each value is a class now. To read two classes, save masks without smoothing, and name both values with classes=.",
            DataWarning,
            stacklevel=_USER,
        )


def _several(ignore: Any, colored: bool) -> list[int | str]:
    """The argument ``ignore`` as values and names."""
    if ignore is None:
        return []
    one = not isinstance(ignore, (list, tuple, set, frozenset, np.ndarray)) or (colored and isinstance(ignore, tuple))
    return [each if isinstance(each, str) else _value(each, colored) for each in ([ignore] if one else ignore)]


def _value(key: Any, colored: bool) -> int:
    """A number, or a colour as a number."""
    channels = key if colored and isinstance(key, (tuple, list)) else () if colored else (key,)
    whole = [each for each in channels if isinstance(each, Integral) and not isinstance(each, bool)]
    if len(whole) != (3 if colored else 1) or any(not 0 <= int(each) < (256 if colored else 2**24) for each in whole):
        raise DataError(
            f"{key!r} is not {'a colour' if colored else 'a value'} of a mask.",
            fix="Write colours as (red, green, blue), each from 0 to 255."
            if colored
            else "Values are whole numbers from 0.",
        )
    return (int(whole[0]) << 16) + (int(whole[1]) << 8) + int(whole[2]) if colored else int(whole[0])
