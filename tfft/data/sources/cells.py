"""Convert the cells of table columns to inputs and targets; errors name the row."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError, DataWarning, kind_of, quantity, shortlist
from tfft.core.specs import Text
from tfft.data.raw_examples import OnCorrupt
from tfft.data.sources.arrays import AsPixels
from tfft.data.tables.places import place, places
from tfft.data.tables.spellings import (
    are_comma_numbers,
    as_list,
    comma_number,
    looks_like_list,
    refuse_doubtful_commas,
    taken_apart,
)
from tfft.data.tables.table_files import AS_FOUND, Writing
from tfft.data.values import is_missing

if TYPE_CHECKING:
    import pandas as pd

_USER = 6  # stacklevel of the line that calls from_csv (then table_pools, Columns.pool, labels, _separated)


def with_inputs(
    frame: "pd.DataFrame", columns: Sequence[str], on_corrupt: OnCorrupt
) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Choose the rows of a table that have inputs.

    Args:
        frame: A table of shape (rows, columns).
        columns: The input columns.
        on_corrupt: ``"error"`` to raise when a row has no input, or ``"skip"`` to leave it out.

    Returns:
        The other rows, and a sentence for each row that was left out.

    Raises:
        DataError: When a row has no input, and ``on_corrupt`` is not ``"skip"``; or when no row has one.

    Example:
        >>> import pandas as pd
        >>> frame, skipped = with_inputs(pd.DataFrame({"text": ["one", None]}), ["text"], "skip")
        >>> len(frame), skipped
        (1, ("row 1: no 'text'",))
    """
    for column in columns:
        empty = np.flatnonzero(frame[column].isna()).tolist()
        these, them = ("these rows", "them") if len(empty) > 1 else ("this row", "it")
        if empty and (on_corrupt != "skip" or len(empty) == len(frame)):
            raise DataError(
                f"{quantity(len(empty), 'row has', 'rows have')} no {column!r}.",
                places(frame.index, empty),
                "Fill this column."
                if len(empty) == len(frame)
                else f'Drop {these}, or pass on_corrupt="skip" to leave {them} out.',
            )
    lost = frame[list(columns)].isna().to_numpy()
    skipped = [
        f"{place(frame.index, row)}: no {columns[int(lost[row].argmax())]!r}"
        for row in np.flatnonzero(lost.any(axis=1)).tolist()
    ]
    return (frame[~lost.any(axis=1)], tuple(skipped)) if skipped else (frame, ())


def refuse_missing(targets: Sequence[Any], index: "pd.Index") -> None:
    """Raise when a row has no target.

    Args:
        targets: The targets, shape (rows,) or (rows, k).
        index: The index of their table, shape (rows,).

    Raises:
        DataError: When a target is missing; the message names the lines or rows.
    """
    _refuse_lost([row for row, value in enumerate(targets) if is_missing(value)], index)


def _refuse_lost(rows: Sequence[int], index: "pd.Index") -> None:
    if rows:
        what = f"{quantity(len(rows), 'target is', 'targets are')} missing."
        raise DataError(what, places(index, rows), "Drop or fill such rows.")


def texts(columns: "pd.DataFrame") -> list[Text]:
    """Convert columns of texts to inputs.

    Args:
        columns: One column of texts, or two for pairs; shape (rows, 1 or 2).

    Returns:
        A Text for each row.

    Raises:
        DataError: When a cell does not hold text.
    """
    rows = columns.to_numpy(object)
    for row, cells in enumerate(rows):
        for cell in cells:
            if not isinstance(cell, str):
                raise DataError(
                    "A text column must hold text.",
                    f"{kind_of(cell)} in {place(columns.index, row)}: {str(cell)[:100]!r}",
                    "Name another column with text_column=.",
                )
    return [Text(*cells) for cells in rows]


def images(column: "pd.Series", folder: Path) -> list[Any]:
    """Convert a column of images to inputs.

    Args:
        column: Paths, encoded bytes, Pillow images, or uint8 arrays of shape (height, width[, channels]).
        folder: The folder from which relative paths start.

    Returns:
        Paths, bytes and arrays.

    Raises:
        DataError: When a cell holds another type, or the paths start at the working folder instead.
    """
    inputs = [_image(value, column.index, row, folder) for row, value in enumerate(column)]
    first = next((Path(value) for value in column if isinstance(value, str)), None)
    if first is not None and first.is_file() and not (folder / first).is_file():
        raise DataError(
            f"Paths in a table start at the folder of the table; {str(folder / first)!r} does not exist.",
            f"{str(first)!r}, which exists below the working folder",
            f"Write {os.path.relpath(first, folder)!r} in the table, move the table, or read it with pandas and use "
            "from_dataframe().",
        )
    return inputs


def _image(value: Any, index: "pd.Index", row: int, folder: Path) -> Any:
    """Convert one cell of the image column to a path, encoded bytes or uint8 pixels."""
    if isinstance(value, (str, Path)):
        # URLs and paths in the home folder are not relative to the table; a later check reports missing files
        return str(value) if str(value).startswith("~") or "://" in str(value) else str(folder / value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, (np.ndarray, Image.Image)):
        return AsPixels([value], None)[0]
    raise DataError(
        "The image column must hold paths, encoded bytes, uint8 arrays or Pillow images.",
        f"{kind_of(value)} in {place(index, row)}: {str(value)[:100]!r}",
        "Name another column with image_column=, or write the file names with their endings.",
    )


def labels(column: "pd.Series", writing: Writing = AS_FOUND) -> list[Any]:
    """Convert one column of labels; the text of a list, as pandas writes it into a CSV file, becomes a list.

    Args:
        column: A column of shape (rows,).
        writing: How a cell separates several labels, and which decimal sign it uses.

    Returns:
        A label, or a list of labels, for each row.

    Raises:
        DataError: When some cells are lists and others are not, or when a comma may be a decimal sign.
    """
    values = column.tolist()
    if writing.separator is not None:
        return _separated(column, writing.separator)
    filled = [value for value in values if not is_missing(value)]
    refuse_doubtful_commas(str(column.name), filled, writing.decimal)
    if writing.decimal == "," and filled and all(isinstance(value, str) for value in filled):
        try:
            return [None if is_missing(value) else comma_number(value) for value in values]
        except ValueError as error:
            raise DataError(
                f"The label column {str(column.name)!r} does not hold numbers with a decimal comma: {error}.",
                fix="Leave decimal= out if its labels are classes.",
            ) from None
    if not any(map(looks_like_list, values)):
        return values
    try:
        return [as_list(value) if isinstance(value, str) else value for value in values]
    except ValueError as error:
        raise DataError(
            f"The label column {str(column.name)!r} holds lists and other text: {error}.", fix="Make all of them lists."
        ) from None


def _with_commas(column: "pd.Series", decimal: str | None) -> "pd.Series":
    """Convert a text column with decimal commas to numbers; return other columns unchanged."""
    filled = [value for value in column.tolist() if not is_missing(value)]
    if not are_comma_numbers(filled):
        return column
    refuse_doubtful_commas(str(column.name), filled, decimal)
    return column.map(lambda value: None if is_missing(value) else comma_number(value)).astype(float)


def _separated(column: "pd.Series", separator: str) -> list[Any]:
    """Split cells into lists of labels; missing values become empty lists, with a warning."""
    values = column.tolist()
    empty = [row for row, value in enumerate(values) if is_missing(value)]
    several = len(empty) > 1
    if empty:
        warnings.warn(
            f"{quantity(len(empty), 'cell')} of the column {str(column.name)!r} {'are' if several else 'is'} empty, so "
            f"{'these rows have' if several else 'this row has'} no label: {places(column.index, empty)}. "
            "Drop such rows if their labels are unknown.",
            DataWarning,
            stacklevel=_USER,
        )
    return [[] if is_missing(value) else taken_apart(value, separator) for value in values]


def numbers(columns: "pd.DataFrame", writing: Writing = AS_FOUND) -> np.ndarray:
    """Convert several columns of labels to one array.

    Args:
        columns: Columns of numbers or booleans, shape (rows, k).
        writing: The decimal sign of numbers in text.

    Returns:
        int64 or float64, shape (rows, k).

    Raises:
        DataError: When a column holds text, or a cell is empty.
    """
    import pandas as pd

    columns = columns.infer_objects()
    truths = {name for name in columns if set(columns[name].astype(str)) <= {"True", "False"}}
    columns = columns.assign(**{name: columns[name].astype(str) == "True" for name in truths})
    for name in columns if writing.decimal != "." else ():
        columns = columns.assign(**{name: _with_commas(columns[name], writing.decimal)})
    text = [str(name) for name in columns if not pd.api.types.is_numeric_dtype(columns[name])]
    if text:
        raise DataError(
            "Several label columns must hold zeros and ones (several labels) or floats (several quantities).",
            f"text or mixed values in {shortlist(text)}",
            "For one class per example, name one column; for several names per example, use a column of lists.",
        )
    _refuse_lost(np.flatnonzero(columns.isna().any(axis=1)).tolist(), columns.index)
    floats = any(pd.api.types.is_float_dtype(columns[name]) for name in columns)
    return columns.to_numpy(np.float64 if floats else np.int64)
