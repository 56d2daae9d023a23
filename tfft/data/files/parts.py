"""The names of the parts of a dataset, and advice for other names."""

from collections.abc import Iterable
from typing import Any

from tfft.core.errors import nearest, shortlist

PARTS = ("train", "validation", "test")
PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
"""Accepted names for the folders and splits of each part."""


def meant(unknown: Iterable[Any]) -> str:
    """Advise on names of parts that do not exist.

    Args:
        unknown: The names; at least one.

    Returns:
        One sentence for each name with a known meaning, and one for all others.

    Example:
        >>> meant(["val", "tset"])
        "Write 'validation' in place of 'val'. Did you mean 'test'?"
    """
    known = {other: part for part, others in PART_NAMES.items() for other in others}
    found = {name: known.get(str(name).strip().lower()) for name in unknown}
    sentences = [f"Write {part!r} in place of {name!r}." for name, part in found.items() if part]
    strange = [name for name, part in found.items() if not part]
    if len(strange) == 1:
        sentences.append(nearest(str(strange[0]), PARTS))
    elif strange:
        sentences.append(f"There are no parts {shortlist(strange)}: there are {shortlist(PARTS)}.")
    return " ".join(sentences)
