"""Class names that are several labels in one text, such as "dog|indoor": found, so that they are not learned as classes."""

from collections import Counter
from collections.abc import Iterable, Sequence

SEPARATORS = ("|", ";", ",", "+", " ")


def joining(names: Iterable[str]) -> tuple[str, list[str]]:
    """The separator by which class names join other labels.

    Names are such when nearly all that hold the separator are made of labels that occur in other names as well. Names of a product,
    such as "red rose", "white rose", "red tulip", have each word at one place, and are none. Spaces and pluses join words as well:
    there each label must be a name itself ("very good" is not two labels), or the names must be many more than the labels.

    Args:
        names: Of all classes, each once.

    Returns:
        The separator, and the names that hold it; an empty text and no names where there is none.

    Example:
        >>> joining(["dog", "indoor", "dog|indoor"])
        ('|', ['dog|indoor'])
        >>> joining(["New York", "York", "New Jersey"])
        ('', [])
    """
    names = list(names)
    for separator in SEPARATORS:
        parts = [tuple(part.strip() for part in name.split(separator)) for name in names]
        several = [index for index, found in enumerate(parts) if len(found) > 1]
        if several and _joined(parts, several, strict=separator in (" ", "+")):
            return separator, [names[index] for index in several]
    return "", []


def _joined(parts: Sequence[tuple[str, ...]], several: Sequence[int], strict: bool) -> bool:
    names = Counter(part for found in parts for part in set(found))
    whole = [parts[index] for index in several if all(parts[index]) and all(names[part] > 1 for part in parts[index])]
    alone = {found[0] for found in parts if len(found) == 1}
    labels = {part for found in whole for part in found}
    if strict and not labels <= alone and len(whole) < 2 * len(labels):
        return False
    places: dict[str, set[tuple[int, int]]] = {}
    for found in parts:
        for place, part in enumerate(found):
            places.setdefault(part, set()).add((place, len(found)))
    moving = any(len(places[part]) > 1 for found in whole for part in found)
    return moving and 5 * len(whole) >= 4 * len(several)
