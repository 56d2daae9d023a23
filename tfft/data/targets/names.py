"""Checks of label names, class ids and columns that several kinds of targets share."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NoReturn

import numpy as np

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.specs import LabelSpace


def whole(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names; refuse a lone surrogate, which no file can store.

    Args:
        names: Label names.

    Returns:
        The same names.

    Raises:
        DataError: When a name holds half a character.
    """
    halves = [name for name in names if any("\ud800" <= character <= "\udfff" for character in name)]
    if halves:
        raise DataError(
            "Labels hold half a character (a lone surrogate), such as half an emoji.",
            shortlist(halves),
            "Repair the program that cut them.",
        )
    return tuple(names)


def normalised(name: str) -> str:
    r"""Return a label name without spaces around it, in one Unicode form.

    Two names may look the same: an accent is stored as part of a letter or after it, and letters may be full-width.

    Args:
        name: A label name.

    Returns:
        The name in the Unicode form NFKC. Capitals are kept.

    Example:
        >>> normalised("cafe\N{COMBINING ACUTE ACCENT} ") == normalised("caf\N{LATIN SMALL LETTER E WITH ACUTE}")
        True
    """
    return unicodedata.normalize("NFKC", name).strip()


def named(names: Sequence[str] | None, default: list[str]) -> tuple[str, ...]:
    """Return the names of the columns of targets.

    Args:
        names: The names that the user gave; None for the default names.
        default: A name for each column.

    Returns:
        One name for each column.

    Raises:
        DataError: When the user gave another number of names.
    """
    if names is not None and len(names) != len(default):
        raise DataError(
            f"{quantity(len(names), 'name')} cannot name {quantity(len(default), 'column')} of targets.",
            shortlist(names),
            "Give one name for each column; for one class per example, pass targets of shape (n,).",
        )
    return tuple(default if names is None else names)


def check_columns(array: np.ndarray, labels: LabelSpace, part: str) -> np.ndarray:
    """Refuse targets with another number of columns than in training.

    Args:
        array: Targets, shape (n, k).
        labels: The label space of training.
        part: The name of the part, for messages.

    Returns:
        The same targets.

    Raises:
        DataError: When k is not the number of labels.
    """
    if array.shape[1] != len(labels):
        raise DataError(
            f"The {part} targets must have {quantity(len(labels), 'column')}, as in training.",
            f"shape {array.shape}",
            f"The columns are {shortlist(labels.names)}.",
        )
    return array


def check_ids(ids: np.ndarray, count: int, part: str) -> None:
    """Refuse class ids without a name.

    Args:
        ids: Integers or booleans, shape (n,).
        count: The number of names.
        part: The name of the part, for messages.

    Raises:
        DataError: When an id is not in [0, count).
    """
    outside = sorted({int(value) for value in ids.tolist()} - set(range(count)))
    if outside:
        raise DataError(
            f"The {part} targets hold class ids that have no name.",
            f"{shortlist(outside)} for {count} class names",
            f"Give one name for every id; the ids run from 0 to {count - 1}.",
        )


def check_zeros_and_ones(array: np.ndarray) -> None:
    """Refuse targets that are not zeros and ones with a column for each label.

    Args:
        array: Targets of any shape and dtype.

    Raises:
        DataError: When the shape is not (n, k), or another value occurs.
    """
    if array.ndim != 2 or array.dtype.kind not in "buif" or not np.isin(array, (0, 1)).all():
        raise DataError(
            "Targets of kind 'multi' must be zeros and ones, one column for each label.",
            f"shape {array.shape}, values {shortlist(np.unique(array).tolist())}",
            "For one class per example, pass shape (n,); for k quantities, pass floats.",
        )


def ids_of(labels: LabelSpace, used: Iterable[str], part: str) -> dict[str, int]:
    """Return the class id of each label name, and refuse names that training does not have.

    Args:
        labels: The label space of training.
        used: The names that occur.
        part: The name of the part, for messages.

    Returns:
        Name -> class id, for all labels.

    Raises:
        DataError: When a used name is not a label. The message tells names that differ only in capitals, spaces or
            Unicode form.
    """
    known = {name: index for index, name in enumerate(labels.names)}
    strange = sorted(set(used) - set(known))
    if strange:
        where = "that are not among the names" if part == "train" else "that training does not have"
        plain = {normalised(name).casefold(): name for name in labels.names}
        alike = [f"{name!r} and {plain[key]!r}" for name in strange if (key := normalised(name).casefold()) in plain]
        raise DataError(
            f"The {part} part has labels {where}: {shortlist(strange)}.",
            fix=f"Spell these in the same way; they differ only in capitals, spaces or Unicode form: {', '.join(alike[:10])}."
            if len(alike) == len(strange)
            else f"The labels of training are {shortlist(labels.names)}; remove the others, or add training examples.",
        )
    return known


def check_same_labels(labels: LabelSpace, given: LabelSpace) -> None:
    """Refuse examples that a model cannot be evaluated on, because it does not know their labels.

    Args:
        labels: The label space of the model.
        given: The label space of the examples. It may have fewer labels.

    Raises:
        DataError: When the kinds differ, or the model does not have a label.

    Example:
        >>> check_same_labels(LabelSpace(("ants", "bees")), LabelSpace(("bees",)))
    """
    strange = [name for name in given.names if name not in labels.names]
    if given.kind != labels.kind or strange:
        refuse_labels(labels, given)


def refuse_labels(labels: LabelSpace, given: LabelSpace) -> NoReturn:
    """Raise the error for examples with other labels than the model.

    Args:
        labels: The label space of the model.
        given: The label space of the examples.

    Raises:
        DataError: Always.
    """
    strange = [name for name in given.names if name not in labels.names]
    raise DataError(
        "The examples have other labels than the model.",
        f"{given.kind} {shortlist(strange or given.names)} for {labels.kind} {shortlist(labels.names)}",
        "Evaluate on data of the same label space.",
    )
