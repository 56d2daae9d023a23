"""Find class names that are several labels in one text, such as "dog|indoor", so that they are not learned as classes."""

from collections import Counter
from collections.abc import Iterable, Sequence

SEPARATORS = ("|", ";", ",", "/", "&", "+", " ")
# the fraction of joined labels that must be names themselves, for separators that ordinary names contain as well
_ALONE = {"/": 0.5, "&": 0.5, "+": 1.0, " ": 1.0}


def joining(names: Iterable[str]) -> tuple[str, list[str]]:
    """Find the separator in class names that join several labels.

    The result is the first separator for which most of the names that contain it consist of labels that occur in other names too.
    Names that combine two lists of words, such as "red rose", "white rose" and "red tulip", are not joined labels: each of their
    words has a fixed position. Spaces, pluses, slashes and "&" also occur in ordinary names, such as "dark red" and "R&B". For
    these, at least two names must be joined, and either each label (half of them for slashes and "&") is a name itself, or there
    are at least twice as many joined names as labels.

    Args:
        names: The names of all classes, each once.

    Returns:
        The separator and the names that contain it; an empty string and an empty list when there is no separator.

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
        if several and _joined(parts, several, _ALONE.get(separator, 0)):
            return separator, [names[index] for index in several]
    return "", []


def _joined(parts: Sequence[tuple[str, ...]], several: Sequence[int], least: float) -> bool:
    names = Counter(part for found in parts for part in set(found))
    whole = [parts[index] for index in several if all(parts[index]) and all(names[part] > 1 for part in parts[index])]
    alone = {found[0] for found in parts if len(found) == 1}
    labels = {part for found in whole for part in found}
    named = len(labels & alone) >= least * len(labels)
    if least and (len(whole) < 2 or (not named and len(whole) < 2 * len(labels))):
        return False
    places: dict[str, set[tuple[int, int]]] = {}
    for found in parts:
        for place, part in enumerate(found):
            places.setdefault(part, set()).add((place, len(found)))
    moving = any(len(places[part]) > 1 for found in whole for part in found)
    return moving and 5 * len(whole) >= 4 * len(several)
