"""Read JSON lines: one object on each line becomes columns of values."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tfft.core import limits, strict_json
from tfft.core.errors import DataError
from tfft.data.tables.delimited import Cells

_SHOWN = 80
_CHECKED_ROWS = 10_000


def read_json_lines(path: Path, choose: Callable[[Sequence[str]], Sequence[str]]) -> Cells:
    r"""Read a file with one object on each line. Lines end at ``\n`` or ``\r\n``; blank lines are skipped.

    The columns are chosen from the keys of the first row. The file is read a second time only when the keys of later rows lead to
    another choice, so that columns that are not chosen need no memory.

    Args:
        path: The path of a UTF-8 file, with or without a byte order mark.
        choose: A function from the names of all columns to the names to keep.

    Returns:
        The names of all keys; the values of the chosen ones, each of shape (rows,), with None when a row does not have the key; and
        the line of each row.

    Raises:
        DataError: When a line is not one JSON object, or the file exceeds a limit of ``core.limits``.
        UnicodeDecodeError: When the file is not UTF-8.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.jsonl").write_text('{"text": "one", "label": "007"}\n{"text": "two"}\n')
        ...     read_json_lines(Path(folder, "a.jsonl"), lambda names: ["label"]).columns
        {'label': ['007', None]}
    """
    names: dict[str, None] = {}
    first: list[str] = []
    columns: dict[str, list[Any]] = {}
    lines = array("q")
    for number, row in _checked_rows(path, names):
        if not lines:
            first, columns = list(row), _probable_columns(choose, row)
        lines.append(number)
        for name, values in columns.items():
            values.append(row.get(name))
    if columns and first == list(names):
        return Cells(tuple(names), columns, lines)
    chosen = list(choose(list(names)))
    if any(name not in columns for name in chosen):
        columns = {name: [] for name in chosen}
        for _, row in _rows(path):
            for name, values in columns.items():
                values.append(row.get(name))
    return Cells(tuple(names), {name: columns[name] for name in chosen}, lines)


def _probable_columns(choose: Callable[[Sequence[str]], Sequence[str]], row: dict[str, Any]) -> dict[str, list[Any]]:
    """Empty columns for the keys of the first row; none when a later row must have one of the requested keys."""
    try:
        return {name: [] for name in choose(list(row))}
    except DataError:
        return {}


def json_names(path: Path) -> list[str]:
    """Read the names of all keys in a file.

    Args:
        path: As for ``read_json_lines``.

    Returns:
        The names, in order of first appearance.

    Raises:
        DataError: As ``read_json_lines``.
        UnicodeDecodeError: For another encoding.
    """
    names: dict[str, None] = {}
    for _ in _checked_rows(path, names):
        pass
    return list(names)


def _checked_rows(path: Path, names: dict[str, None]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the number of its line, after adding its keys to ``names``. Check the limits on columns and cells."""
    count = 0
    for number, row in _rows(path):
        names |= dict.fromkeys(row)
        count += 1
        limits.check("table_columns", len(names), repr(str(path)))
        if count % _CHECKED_ROWS == 0:
            limits.check("table_cells", count * len(names), repr(str(path)))
        yield number, row
    limits.check("table_cells", count * len(names), repr(str(path)))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    longest = limits.highest("text_bytes")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            what = f"Line {number} of {str(path)!r}"
            if len(line) > longest:
                limits.check("text_bytes", len(line), what)
            if not line.strip():
                continue
            # Python writes NaN for a missing number
            row = strict_json.read(line.decode("utf-8-sig" if number == 1 else "utf-8"), what, nan=True)
            if not isinstance(row, dict):
                raise DataError(
                    f"{what} is not a JSON object.", repr(row)[:_SHOWN], 'Write {"text": "...", "label": "..."}.'
                )
            yield number, row
