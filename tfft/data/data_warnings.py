"""Warnings about data that is valid but probably a mistake: a photo in two parts, one-hot rows, class ids as floats."""

import warnings
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from tfft.core.errors import DataWarning, quantity, shortlist
from tfft.data.examples import Examples
from tfft.data.targets import Target
from tfft.data.targets.names import normalised

_USER = 4  # stacklevel of the line that calls from_..., which calls assemble or folder_pools, which calls warn_...


def warn_labels(target: Target, values: np.ndarray) -> None:
    """Warn when training targets look like another kind of label than the one they are treated as, or like typing mistakes.

    Args:
        target: The Target of the training part.
        values: Its targets as ``Examples`` carries them, shape (n,) or (n, k).

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> from tfft.data.targets import target_of
        >>> space = LabelSpace(("target",), "real", mean=(0.5,), scale=(0.5,))
        >>> with warnings.catch_warnings(record=True, action="always") as caught:
        ...     warn_labels(target_of(space), np.array([[0.0], [1.0], [1.0], [0.0]]))
        >>> str(caught[0].message)
        'The targets are the floats 0.0 to 1, so they are treated as a quantity. If they are class ids, pass integers.'
    """
    for doubt in target.doubts(values):
        warnings.warn(doubt, DataWarning, stacklevel=_USER)
    alike: dict[str, list[str]] = {}
    for name in target.labels.names:
        plain = normalised(name)
        alike.setdefault(plain.casefold() if len(plain) > 1 else plain, []).append(name)
    pairs = [names for names in alike.values() if len(names) > 1]
    if pairs:
        warnings.warn(
            f"Some labels differ only in capitals, spaces or Unicode form, so they are different classes: {shortlist(pairs)}. "
            "If they mean the same, spell them in the same way; for a table, use "
            "frame[column].str.normalize('NFKC').str.strip().str.lower() and from_dataframe(frame).",
            DataWarning,
            stacklevel=_USER,
        )


def warn_overlap(parts: Mapping[str, Examples]) -> None:
    """Warn when two parts hold the same content, because a model can memorise it and metrics would be too good.

    Args:
        parts: Examples by part name. They are compared by digest: the same pixels in another format, shape or dtype are not found.
    """
    pairs = [
        f"{parts[first_part].name(first)} ({first_part}) = {parts[part].name(index)} ({part})"
        for (first_part, first), (part, index) in _alike(parts)
        if first_part != part
    ]
    if pairs:
        warnings.warn(
            f"{quantity(len(pairs), 'input is', 'inputs are')} in two parts with the same content: {shortlist(pairs)}. "
            "Metrics on them are too good; remove one of each pair.",
            DataWarning,
            stacklevel=_USER,
        )


def warn_contradictions(parts: Mapping[str, Examples]) -> None:
    """Warn when the same content has two different targets: any answer of a model is wrong for one of them.

    Args:
        parts: Examples by part name, targets of shape (n,) or (n, k).

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> twice = Examples(["1.jpg", "2.jpg"], np.array([0, 1]), LabelSpace(("ants", "bees")), ("a1", "a1"))
        >>> with warnings.catch_warnings(record=True, action="always") as caught:
        ...     warn_contradictions({"train": twice})
        >>> str(caught[0].message)
        "1 input has the same content as another one, but a different target: '2.jpg = 1.jpg'. Keep the correct one of each pair."
    """
    pairs = [
        f"{parts[part].name(index)} = {parts[first_part].name(first)}"
        for (first_part, first), (part, index) in _alike(parts)
        if not np.array_equal(parts[part].targets[index], parts[first_part].targets[first])
    ]
    if pairs:
        warnings.warn(
            f"{quantity(len(pairs), 'input has', 'inputs have')} the same content as another one, but a different target: "
            f"{shortlist(pairs)}. "
            "Keep the correct one of each pair.",
            DataWarning,
            stacklevel=_USER,
        )


def _alike(parts: Mapping[str, Examples]) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """Yield (part, index) of the first example with a content, and of each later example with the same content."""
    first_of: dict[str, tuple[str, int]] = {}
    for part, examples in parts.items():
        for index, content in enumerate(examples.digests):
            first = first_of.setdefault(content, (part, index))
            if first != (part, index):
                yield first, (part, index)


def warn_absent(parts: Mapping[str, Examples]) -> None:
    """Warn when a part has no example of a class, so that it cannot measure this class.

    Args:
        parts: Examples by part name, targets of shape (n,) or (n, k).

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> bees = Examples(["1.jpg"], np.array([1]), LabelSpace(("ants", "bees")), ("a1",))
        >>> with warnings.catch_warnings(record=True, action="always") as caught:
        ...     warn_absent({"validation": bees})
        >>> str(caught[0].message)
        "The validation part has no examples of the classes 'ants', so it cannot measure them."
    """
    for part, examples in parts.items():
        absent = [name for name, count in examples.counts().items() if not count]
        if absent and len(examples):
            warnings.warn(
                f"The {part} part has no examples of the classes {shortlist(absent)}, so it cannot measure them.",
                DataWarning,
                stacklevel=_USER,
            )


def warn_groups(groups: Mapping[str, np.ndarray | None]) -> None:
    """Warn when two parts of the source share a group.

    Args:
        groups: Group name of each example, shape (n,), by part name; None when the source has no groups.

    Example:
        >>> with warnings.catch_warnings(record=True, action="always") as caught:
        ...     warn_groups({"train": np.array(["anna", "ben"]), "test": np.array(["anna", "cleo"])})
        >>> str(caught[0].message)
        "1 group is in two parts: 'anna (train and test)'. Metrics on them are too good; keep each group in one part."
    """
    seen: dict[str, str] = {}
    shared: dict[str, str] = {}
    for part, members in groups.items():
        for name in sorted({str(member) for member in members} if members is not None else ()):
            first = seen.setdefault(name, part)
            if first != part:
                shared[name] = f"{name} ({first} and {part})"
    if shared:
        warnings.warn(
            f"{quantity(len(shared), 'group is', 'groups are')} in two parts: {shortlist(shared.values())}. "
            "Metrics on them are too good; keep each group in one part.",
            DataWarning,
            stacklevel=_USER,
        )


def warn_ignored(remarks: Iterable[str]) -> None:
    """Warn of files and folders that are left out although the user may have meant them as data.

    Args:
        remarks: One sentence for each warning.
    """
    for remark in remarks:
        warnings.warn(remark, DataWarning, stacklevel=_USER)
