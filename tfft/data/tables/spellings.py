"""Read labels from the text of cells: numbers, numbers with a decimal comma, lists, and several labels in one cell.

::

    as_spelt        numbers when all cells are written as numbers, else the text
    as_list         the labels in the text of a list
    taken_apart     the labels in a cell, split at the user's separator
"""

import ast
import re
from collections.abc import Sequence
from typing import Any

from tfft.core.errors import DataError, shortlist

_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
_UNSIGNED = r"((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_DECIMAL = re.compile(f"-?{_UNSIGNED}")
_SIGNED = re.compile(f"[+-]?{_UNSIGNED}")
# an amount with a currency, a percent sign, a unit or groups of digits: $1.50, 12 %, 3.5kg, 1,200 EUR, 1_000, 1'000.5, 1 000
_AMOUNT = re.compile(
    r"\s*[^\w\s.,+-]?\s*[+\u2212-]?"
    r"(\d{1,3}([ \xa0\u202f]\d{3})+(?!\d)[.,\d]*|\d[\d,._'’]*|\.\d+)\s*(%|[^\W\d]{1,3}|[^\w\s.,+-])?\s*"
)
_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+),\d+")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+")
_ITEM = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|-?\d[\d.eE+-]*+)"""
# NumPy writes spaces where Python writes commas
_LIST = re.compile(rf"\[\s*+(?:{_ITEM}(?:(?:\s*+,\s*+|\s++|(?=['\"])){_ITEM})*+,?\s*+)?\]", re.DOTALL)
_NAMES_BEGIN = re.compile(r"""\[\s*['"]""")
_SHOWN = 80
# Source: the values that pandas.read_csv reads as missing (pandas 3.0, argument na_values), and an empty cell
_NO_VALUE = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA")
) | {"NULL", "NaN", "None", "n/a", "nan", "null"}


def as_spelt(cells: Sequence[str | None], decimal: str | None = None) -> list[Any]:
    """Convert cells to numbers when every filled cell is written as programs write numbers; else keep the text.

    Blanks around a number, plus signs of decimal numbers, and the minus sign of Unicode are allowed.

    Args:
        cells: Strings, shape (n,); None for a cell that is missing in a short row.
        decimal: ``","`` when numbers have a decimal comma, as in files with semicolons.

    Returns:
        Integers, floats or strings; None for an empty cell, and for "NA" or "nan" among numbers.

    Example:
        >>> as_spelt(["1", "NA", "2"]), as_spelt(["1", "x"]), as_spelt(["1,5", "2"], decimal=",")
        ([1, None, 2], ['1', 'x'], [1.5, 2.0])
    """
    filled = [cell for cell in cells if cell is not None and cell not in _NO_VALUE]
    if filled:
        for spelling, number in ((_WHOLE, int), (_DECIMAL, float), (_SIGNED, float)):
            # "+1" and "-1" are names of classes, so numbers with a plus sign need a decimal point in at least one cell
            if all(spelling.fullmatch(_plain(cell)) for cell in filled) and (
                spelling is not _SIGNED or any("." in cell for cell in filled)
            ):
                return [None if cell is None or cell in _NO_VALUE else number(_plain(cell)) for cell in cells]
        if decimal == "," and are_comma_numbers(filled):
            return [None if cell is None or cell in _NO_VALUE else comma_number(cell) for cell in cells]
    return [cell or None for cell in cells]


def is_number(cell: str) -> bool:
    """Return whether a cell is a number as programs write it.

    Args:
        cell: The text of the cell.

    Example:
        >>> is_number("-1.5e3"), is_number("007"), is_number(" 5")
        (True, False, False)
    """
    return _DECIMAL.fullmatch(cell) is not None


def is_signed_number(cell: str) -> bool:
    """Return whether a cell is a number, perhaps with blanks around it, a plus sign or the minus sign of Unicode.

    Args:
        cell: The text of the cell.

    Example:
        >>> is_signed_number(" +1.5"), is_signed_number("\u22121.5"), is_signed_number("inf")
        (True, True, False)
    """
    return _SIGNED.fullmatch(_plain(cell)) is not None


def _plain(cell: str) -> str:
    return cell.strip().replace("\u2212", "-")


def are_comma_numbers(cells: Sequence[Any]) -> bool:
    """Return whether all values are text of numbers, and at least one has a decimal comma.

    Args:
        cells: The values of a column that are not missing, shape (rows,).

    Returns:
        True when one value has a comma and all others are such numbers or integers.

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
    """Convert a cell with a decimal comma to a number.

    Args:
        cell: Text in the form that ``are_comma_numbers`` accepts; points group thousands.

    Raises:
        ValueError: When the text has another form.

    Example:
        >>> comma_number("1.000,25")
        1000.25
    """
    if not _COMMA.fullmatch(cell) and not _WHOLE.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a number with a decimal comma")
    return float(cell.replace(".", "").replace(",", "."))


def is_amount(name: str) -> bool:
    """Return whether text is one number, perhaps with a currency sign, a percent sign or a short unit.

    Args:
        name: The name of a class.

    Example:
        >>> is_amount("$1.50"), is_amount("12 %"), is_amount("3.5kg"), is_amount("5 stars"), is_amount("1-2")
        (True, True, True, False, False)
    """
    return _AMOUNT.fullmatch(name) is not None


def may_group_thousands(cells: Sequence[str]) -> bool:
    """Return whether the commas in numbers may group thousands, as in "1,234".

    Args:
        cells: Text in the form that ``are_comma_numbers`` accepts.

    Example:
        >>> may_group_thousands(["1,234", "5"]), may_group_thousands(["1,234", "5,5"])
        (True, False)
    """
    return all(_THOUSANDS.fullmatch(cell) or _WHOLE.fullmatch(cell) for cell in cells)


def refuse_doubtful_commas(column: str, cells: Sequence[Any], decimal: str | None) -> None:
    """Raise when commas may be decimal signs, group thousands or separate labels, and the user has not said which.

    Args:
        column: The name of the label column.
        cells: The values that are not missing, shape (n,).
        decimal: The user's choice; with any choice there is no doubt.

    Raises:
        DataError: When it is doubtful; the message lists the ways to decide.
    """
    if decimal is None and are_comma_numbers(cells):
        raise DataError(
            f"The labels of the column {column!r} are numbers with commas, which may be decimal signs.",
            shortlist(dict.fromkeys(cell for cell in cells if "," in cell)),
            'Pass decimal="," for quantities with a decimal comma, separator="," for several labels, or decimal="." for classes '
            "with these names; write 1,234 as 1234 if commas group thousands.",
        )


def looks_like_list(cell: Any) -> bool:
    """Return whether a cell looks like the text of a list of labels, well-formed or not; "[spam]" is a name.

    Args:
        cell: Any value.

    Example:
        >>> looks_like_list("['dog', 'indoor']"), looks_like_list("[spam]"), looks_like_list("dog")
        (True, False, False)
    """
    if not isinstance(cell, str) or not cell.startswith("[") or not cell.endswith("]"):
        return False
    return _NAMES_BEGIN.match(cell) is not None or _LIST.fullmatch(cell) is not None


def as_list(cell: str) -> list[str]:
    """Read the labels in the text of a list.

    Args:
        cell: A list or an array of labels as pandas writes it.

    Returns:
        The labels.

    Raises:
        ValueError: When the cell is neither.

    Example:
        >>> as_list("['dog', 'indoor']"), as_list("['dog' 'indoor']")
        (['dog', 'indoor'], ['dog', 'indoor'])
    """
    try:
        if not _LIST.fullmatch(cell):
            raise ValueError
        # parse item by item, so that a cell with deeply nested brackets cannot overload the parser
        items = re.findall(_ITEM, cell, re.DOTALL)
        return [str(ast.literal_eval(item)) if item[0] in "'\"" else item for item in items]
    except (ValueError, SyntaxError):
        shown = cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}..."
        raise ValueError(
            f"{shown!r} is not a list of labels such as ['dog', 'indoor'], which other cells of its column hold"
        ) from None


def taken_apart(cell: Any, separator: str) -> list[str]:
    """Read the labels in one cell.

    Args:
        cell: Text; a list is returned unchanged, and a number is one label.
        separator: The text between two labels; spaces around a label are removed.

    Returns:
        The labels; an empty list for an empty cell.

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
