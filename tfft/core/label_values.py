"""The values of masks that stand for classes, as a label space holds them: pairs of a value and a class id."""

from collections.abc import Iterable, Sequence
from typing import Any

from tfft.core.errors import TaskError

IGNORED = 255
"""The class id of pixels that have no class and no loss."""
MOST_CLASSES = 254
MaskValue = int | tuple[int, int, int]
ValuePairs = tuple[tuple[MaskValue, int], ...]
_SHOWN = 5


def check(values: Any, classes: int) -> None:
    """Refuse values that masks cannot have.

    Args:
        values: Pairs of a value and a class id; a value is a number, or a colour (red, green, blue).
        classes: The number of classes.

    Raises:
        TaskError: When a pair is invalid, a value occurs twice, or numbers and colours are mixed.

    Example:
        >>> check((((0, 0, 0), 0), ((0, 0, 9), IGNORED)), classes=1)
        >>> check(((0, 0), (0, 1)), classes=2)
        Traceback (most recent call last):
        tfft.core.errors.TaskError: The value 0 of masks stands for two classes. Got: classes 0 and 1. Give each value one class.
    """
    seen: dict[MaskValue, int] = {}
    for pair in values:
        value: Any
        own: Any
        value, own = pair if isinstance(pair, tuple) and len(pair) == 2 else (None, None)
        channels = value if isinstance(value, tuple) and len(value) == 3 else (value,)
        most = 255 if len(channels) == 3 else 2**24 - 1
        valid = all(type(each) is int and 0 <= each <= most for each in channels) and type(own) is int
        if not valid or not (own == IGNORED or 0 <= own < min(classes, MOST_CLASSES)):
            raise TaskError(
                "A value of masks must be a number from 0, or a colour, with the id of one of the classes.",
                repr(pair)[:100],
                f"Write (value, class id), with ids below {min(classes, MOST_CLASSES)}, or {IGNORED} for ignored pixels.",
            )
        if seen.setdefault(value, own) != own:
            raise TaskError(
                f"The value {value!r} of masks stands for two classes.",
                f"classes {seen[value]} and {own}",
                "Give each value one class.",
            )
    if len({isinstance(value, tuple) for value in seen}) > 1:
        raise TaskError("The values of masks are numbers and colours.", repr(values)[:100], "Use one of them.")


def moved(
    before: ValuePairs, names_before: Sequence[str], now: ValuePairs, names_now: Sequence[str]
) -> tuple[str, ...]:
    """Find the values that stand for another class than before.

    Args:
        before: The pairs of a label space.
        names_before: The names of its classes.
        now: The pairs of another label space; values that only one of them has are left out.
        names_now: The names of its classes.

    Returns:
        A phrase for each such value.

    Example:
        >>> moved(((0, 0), (1, 1)), ["sky", "road"], ((0, 0), (1, 255), (2, 1)), ["sky", "tree"])
        ("1 (now ignored, in training 'road')",)
    """
    own = {value: "ignored" if place == IGNORED else repr(names_before[place]) for value, place in before}
    found = []
    for value, place in now:
        name = "ignored" if place == IGNORED else repr(names_now[place])
        if own.get(value, name) != name:
            found.append(f"{value} (now {name}, in training {own[value]})")
    return tuple(found)


def listed(phrases: Iterable[str]) -> str:
    """Join phrases from ``moved`` for a message; at most five are shown.

    Args:
        phrases: One or more phrases, which may repeat.

    Example:
        >>> listed(["a", "b", "a"]), listed("abcdefg")
        ('a, b', 'a, b, c, d, e, and 2 more')
    """
    each = list(dict.fromkeys(phrases))
    rest = f", and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
    return ", ".join(each[:_SHOWN]) + rest
