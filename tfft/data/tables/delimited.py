"""Read CSV and TSV files into columns of text, with each cell as it is written.

Uses Python's reader and not pandas': it gives the line numbers of a row, and keeps only the requested columns.
"""

import csv
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tfft.core import limits
from tfft.core.errors import DataError, quantity, shortlist
from tfft.data.tables.quotations import Spanning, refuse_swallowed, unended

_SHOWN = 60
_CHECKED_ROWS = 10_000
# a first line "sep=;" tells Excel the separator; split at this separator, the line has these cells
_EXCEL_HINT = ["sep=", ""]
Choose = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Cells:
    """The result of reading a delimited file.

    Attributes:
        names: The names of all columns, in order.
        columns: Name -> cells, shape (rows,), of the requested columns; None for a cell that is missing in a short row.
        lines: The number of the line in which each row begins, counted from 1, int64 of shape (rows,).
    """

    names: tuple[str, ...]
    columns: dict[str, list[Any]]
    lines: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass
class _Pass:
    """The result of one pass over a file.

    Attributes:
        cells: The cells of the requested columns.
        labels: The values of each label column, from rows on a single line.
        spanning: The rows that span several lines.
        unended: The last row, when the file ends inside a quoted cell.
        too_wide: The error for a row with more cells than the header, which ended the pass.
        uniform: Whether all lines have the same number of separators.
    """

    cells: Cells
    labels: list[set[str]]
    spanning: list[Spanning] = field(default_factory=list)
    unended: Spanning | None = None
    too_wide: DataError | None = None
    uniform: bool = True


class _Lines(Iterator[str]):
    """The lines of a file; keeps the lines of the row that is being read.

    Attributes:
        held: The lines since ``held`` was last emptied.
        ended: Whether the reader asked for a line after the end of the file.
        uniform: Whether every line so far has as many separators as the first one; blank lines are ignored.
    """

    def __init__(self, file: TextIO, separator: str, path: Path) -> None:
        self.held: list[str] = []
        self.ended, self.uniform = False, True
        self._file, self._separator, self._path = file, separator, path
        self._longest = limits.highest("text_bytes")
        self._count: int | None = None

    def __next__(self) -> str:
        line = self._file.readline(self._longest + 1)
        if len(line) > self._longest:
            limits.check("text_bytes", len(line), f"A line of {str(self._path)!r}")
        if not line:
            self.ended = True
            raise StopIteration
        self.held.append(line)
        if self.uniform and not line.isspace():
            count = line.count(self._separator)
            self._count = count if self._count is None else self._count
            self.uniform = count == self._count
        return line


def read_delimited(
    path: Path, separator: str, choose: Choose, labels: Sequence[str], quotes: bool | None = None
) -> Cells:
    r"""Read a CSV or TSV file with one header line.

    Rows end at ``\n``, ``\r\n`` or ``\r``; blank lines, separators at the end of
    a line, and Excel's first line "sep=;" are skipped. A quoted cell may span several lines, but not lines that look
    like rows themselves (``quotations.refuse_swallowed``).

    Args:
        path: The path of a UTF-8 file, with or without a byte order mark.
        separator: The separator; one character.
        choose: A function from the names of all columns to the names to keep.
        labels: Columns whose values often repeat.
        quotes: True when quotation marks enclose cells, even if a cell looks like several rows. False when the marks belong to the
            texts. With None, the lines of a TSV file decide, and a doubtful CSV file is refused.

    Returns:
        The names of all columns, the cells of the requested ones, each of shape (rows,), and the line of each row.

    Raises:
        DataError: When a row has more cells than the header, a quoted cell never ends or swallows rows, the file is empty, or it
            exceeds a limit of ``core.limits``.
        UnicodeDecodeError: When the file is not UTF-8.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.csv").write_text('text,label\n"two\nlines",good\n')
        ...     read_delimited(Path(folder, "a.csv"), ",", lambda names: ["text"], ["label"]).columns
        {'text': ['two\nlines']}
    """
    found = _read(path, separator, choose, labels, quotes is not False)
    if quotes is None and (found.spanning or found.unended or found.too_wide):
        if separator == "\t" and found.uniform:
            # all lines have the same number of tabs, so each line is a row, and quotation marks are part of the texts
            found = _read(path, separator, choose, labels, False)
        else:
            refuse_swallowed(path, [*found.spanning, *([found.unended] if found.unended else [])], found.labels)
    if found.unended is not None:
        raise unended(path, found.unended)
    if found.too_wide is not None:
        raise found.too_wide
    return found.cells


def header(path: Path, separator: str) -> tuple[str, ...]:
    """Read the names of the columns.

    Args:
        path: As for ``read_delimited``.
        separator: The separator; one character.

    Returns:
        The names, shape (columns,).

    Raises:
        DataError: As ``read_delimited``.
    """
    with _opened(path) as file:
        return _header(csv.reader(_Lines(file, separator, path), delimiter=separator), path)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a file with tfft's limit on the length of a cell instead of Python's (131,072 characters)."""
    before = csv.field_size_limit(limits.highest("text_bytes"))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    finally:
        csv.field_size_limit(before)


def _header(rows: Iterator[list[str]], path: Path) -> tuple[str, ...]:
    names = next((tuple(row) for row in rows if not _is_blank(row) and row != _EXCEL_HINT), None)
    if names is None:
        raise DataError(f"{str(path)!r} is empty.", fix="Pass a table with one header line.")
    limits.check("table_columns", len(names), repr(str(path)))
    return names


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _read(path: Path, separator: str, choose: Choose, labels: Sequence[str], quotes: bool) -> _Pass:
    """Read the file once."""
    with _opened(path) as file:
        lines = _Lines(file, separator, path)
        rows = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
        names = _header(rows, path)
        cells = Cells(names, {name: [] for name in choose(names)})
        at = [names.index(name) for name in labels if name in names]
        found = _Pass(cells, [set() for _ in at])
        fill = [(names.index(name), column.append) for name, column in cells.columns.items()]
        count = 0
        for begins, held, row in _rows(lines, rows, path):
            spanning = Spanning.of(held, begins, separator, len(names), at)
            if lines.ended:  # in the middle of a row
                found.unended = spanning
                break
            if _is_blank(row):
                continue
            if spanning.lines > 1:
                found.spanning.append(spanning)
            while len(row) > len(names) and not row[-1].strip():  # a separator at the end of the line
                row.pop()
            if len(row) > len(names):
                found.too_wide = _too_many(path, begins, row, len(names), separator)
                break
            for position, append in fill:
                append(row[position] if position < len(row) else None)
            cells.lines.append(begins)
            for position, values in zip(at, found.labels, strict=True) if spanning.lines == 1 else ():
                values.update(row[position : position + 1])
            count += 1
            if count % _CHECKED_ROWS == 0:
                limits.check("table_cells", count * len(names), repr(str(path)))
        limits.check("table_cells", count * len(names), repr(str(path)))
        for _ in lines if separator == "\t" and found.too_wide else ():
            lines.held.clear()
    found.uniform = lines.uniform
    return found


def _rows(lines: _Lines, rows: Any, path: Path) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield the number of the first line, all lines, and the cells of each row after the header."""
    lines.held = []
    try:
        for row in rows:
            yield rows.line_num - len(lines.held) + 1, lines.held, row
            lines.held = []
    except csv.Error as error:
        raise DataError(
            f"Line {rows.line_num - len(lines.held) + 1} of {str(path)!r} begins a row that cannot be read: {error}.",
            f"limit {limits.highest('text_bytes'):,} characters in a cell",
            "Check its quotation marks, or raise the limit with the environment variable TFFT_MAX_TEXT_BYTES.",
        ) from None


def _too_many(path: Path, line: int, row: list[str], columns: int, separator: str) -> DataError:
    return DataError(
        f"Line {line} of {str(path)!r} has {quantity(len(row), 'cell')}, but the header has {columns}.",
        shortlist(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}..." for cell in row),
        f"Put quotation marks around texts that hold a {separator!r}.",
    )
