"""How labels are spelt in cells of text: numbers, numbers with a decimal comma, lists, and several labels in one cell.

::

    as_spelt        numbers where all cells are written as numbers, else the text
    as_list         the labels in the text of a list
    taken_apart     the labels in a cell, by the separator that the user names
"""

import ast
import re
from collections.abc import Sequence
from typing import Any

from tfft.core.errors import DataError, shortlist

_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+),\d+")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+")
_ITEM = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|-?\d[\d.eE+-]*+)"""
# NumPy writes spaces where Python writes commas
_LIST = re.compile(rf"\[\s*+(?:{_ITEM}(?:(?:\s*+,\s*+|\s++|(?=['\"])){_ITEM})*+,?\s*+)?\]", re.DOTALL)
_NAMES_BEGIN = re.compile(r"""\[\s*['"]""")
_SHOWN = 80
# Source: what pandas.read_csv takes for missing (pandas 3.0, argument na_values), and an empty cell
_NO_VALUE = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA")
) | {"NULL", "NaN", "None", "n/a", "nan", "null"}


def as_spelt(cells: Sequence[str | None], decimal: str | None = None) -> list[Any]:
    """Numbers where every filled cell is the usual spelling of one, else text.

    Args:
        cells: Text, shape (n,); None for a cell that a row lacks.
        decimal: ``","`` where numbers have a decimal comma, as in files with semicolons.

    Returns:
        Integers, floats or text; None for an empty cell, and for "NA" or "nan" among numbers.

    Example:
        >>> as_spelt(["1", "NA", "2"]), as_spelt(["1", "x"]), as_spelt(["1,5", "2"], decimal=",")
        ([1, None, 2], ['1', 'x'], [1.5, 2.0])
    """
    filled = [cell for cell in cells if cell is not None and cell not in _NO_VALUE]
    if filled:
        for spelling, number in ((_WHOLE, int), (_DECIMAL, float)):
            if all(spelling.fullmatch(cell) for cell in filled):
                return [None if cell is None or cell in _NO_VALUE else number(cell) for cell in cells]
        if decimal == "," and are_comma_numbers(filled):
            return [None if cell is None or cell in _NO_VALUE else comma_number(cell) for cell in cells]
    return [cell or None for cell in cells]


def is_number(cell: str) -> bool:
    """Whether a cell is a number as programs write it.

    Args:
        cell: Text.

    Example:
        >>> is_number("-1.5e3"), is_number("007"), is_number(" 5")
        (True, False, False)
    """
    return _DECIMAL.fullmatch(cell) is not None


def are_comma_numbers(cells: Sequence[Any]) -> bool:
    """Whether values are the text of numbers with a decimal comma, all of them.

    Args:
        cells: Values, without those that are missing.

    Returns:
        True when one has a comma and all others are such numbers or whole ones.

    Example:
        >>> are_comma_numbers(["1,5", "2", "1.000,25"]), are_comma_numbers(["1", "2"]), are_comma_numbers(["1,5,2"])
        (True, False, False)
    """
    found = [isinstance(cell, str) and bool(_COMMA.fullmatch(cell)) for cell in cells]
    return any(found) and all(
        comma or (isinstance(cell, str) and bool(_WHOLE.fullmatch(cell)))
        for cell, comma in zip(cells, found, strict=True)
    )


def comma_number(cell: str) -> float:
    """The number in a cell with a decimal comma.

    Args:
        cell: As ``are_comma_numbers`` knows it; points group thousands.

    Raises:
        ValueError: When it is something else.

    Example:
        >>> comma_number("1.000,25")
        1000.25
    """
    if not _COMMA.fullmatch(cell) and not _WHOLE.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a number with a decimal comma")
    return float(cell.replace(".", "").replace(",", "."))


def may_group_thousands(cells: Sequence[str]) -> bool:
    """Whether the commas of numbers may also group thousands, as in "1,234".

    Args:
        cells: As ``are_comma_numbers`` knows them.

    Example:
        >>> may_group_thousands(["1,234", "5"]), may_group_thousands(["1,234", "5,5"])
        (True, False)
    """
    return all(_THOUSANDS.fullmatch(cell) or _WHOLE.fullmatch(cell) for cell in cells)


def refuse_doubtful_commas(column: str, cells: Sequence[Any], decimal: str | None) -> None:
    """Raise where commas may be decimal signs, group thousands, or stand between several labels, and nothing says which.

    Args:
        column: Name of the label column.
        cells: Its values that are not missing, shape (n,).
        decimal: What the user says; with any value nothing is doubtful.

    Raises:
        DataError: Naming the ways to settle it.
    """
    if decimal is None and are_comma_numbers(cells):
        raise DataError(
            f"The labels of the column {column!r} are numbers with commas, which may be decimal signs.",
            shortlist(dict.fromkeys(cell for cell in cells if "," in cell)),
            'Pass decimal="," for quantities with a decimal comma, separator="," for several labels, or decimal="." for classes '
            "with these names; write 1,234 as 1234 if commas group thousands.",
        )


def looks_like_list(cell: Any) -> bool:
    """Whether a cell is meant as the text of a list of labels, well-formed or not; "[spam]" is a name.

    Args:
        cell: Anything.

    Example:
        >>> looks_like_list("['dog', 'indoor']"), looks_like_list("[spam]"), looks_like_list("dog")
        (True, False, False)
    """
    if not isinstance(cell, str) or not cell.startswith("[") or not cell.endswith("]"):
        return False
    return _NAMES_BEGIN.match(cell) is not None or _LIST.fullmatch(cell) is not None


def as_list(cell: str) -> list[str]:
    """The labels in the text of a list.

    Args:
        cell: As pandas writes a list or an array of labels.

    Returns:
        Labels.

    Raises:
        ValueError: When it is neither.

    Example:
        >>> as_list("['dog', 'indoor']"), as_list("['dog' 'indoor']")
        (['dog', 'indoor'], ['dog', 'indoor'])
    """
    try:
        if not _LIST.fullmatch(cell):
            raise ValueError
        # each item alone: nothing is nested, whatever the cell holds
        items = re.findall(_ITEM, cell, re.DOTALL)
        return [str(ast.literal_eval(item)) if item[0] in "'\"" else item for item in items]
    except (ValueError, SyntaxError):
        shown = cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}..."
        raise ValueError(
            f"{shown!r} is not a list of labels such as ['dog', 'indoor'], which other cells of its column hold"
        ) from None


def taken_apart(cell: Any, separator: str) -> list[str]:
    """The labels in one cell.

    Args:
        cell: Text; a list is returned as it is, and a number is one label.
        separator: What stands between two labels; spaces around a label are removed.

    Returns:
        Labels; none for an empty cell.

    Example:
        >>> taken_apart("dog | indoor", "|"), taken_apart("dog  indoor", " "), taken_apart("", "|")
        (['dog', 'indoor'], ['dog', 'indoor'], [])
    """
    if isinstance(cell, (list, tuple, set, frozenset)):
        return [str(label) for label in cell]
    text = str(cell).strip()
    if not separator.strip():
        return text.split()
    return [label.strip() for label in text.split(separator)] if text else []
