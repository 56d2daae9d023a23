"""CSV and TSV files -> columns of text, each cell as it is written.

Python's reader rather than pandas': it says on which lines a row stands, and keeps only the columns that are asked for.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tfft.core import limits
from tfft.core.errors import DataError, shortlist
from tfft.data.quotations import Spanning, refuse_swallowed, unended

_SHOWN = 60
_CHECKED_ROWS = 10_000
Choose = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Cells:
    """What is read of a delimited file.

    Attributes:
        names: Of all columns, in order.
        columns: Name to cells, shape (rows,), of the columns that were asked for; None for a cell that a short row lacks.
    """

    names: tuple[str, ...]
    columns: dict[str, list[str | None]]


@dataclass
class _Pass:
    """What one pass over a file found.

    Attributes:
        cells: The columns.
        labels: Values of each label column on rows of one line.
        spanning: Rows of several lines.
        unended: The last row, where the file ends inside a quoted cell.
        too_wide: Why the pass ended at a row that has more cells than the header.
        uniform: Whether all lines have equally many separators.
    """

    cells: Cells
    labels: list[set[str]]
    spanning: list[Spanning] = field(default_factory=list)
    unended: Spanning | None = None
    too_wide: DataError | None = None
    uniform: bool = True


class _Lines(Iterator[str]):
    """Lines of a file, those of the row that is being read kept at hand.

    Attributes:
        held: Lines since ``held`` was emptied.
        ended: Whether the file was asked for more than it has.
        uniform: Whether every line so far has as many separators as the first one; blank lines do not count.
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

    Rows end at ``\n``, ``\r\n`` or ``\r``; blank lines are no rows. A quoted cell may span lines, but not lines that are rows
    themselves (``quotations.refuse_swallowed``).

    Args:
        path: In UTF-8, with or without a byte order mark.
        separator: One character.
        choose: Called with the names of all columns; returns those to keep.
        labels: Columns in which the same values stand often.
        quotes: True for quotation marks that enclose cells, whatever the lines look like; False for marks that belong to the texts;
            None to see from a TSV file, and to refuse a doubtful CSV file.

    Returns:
        Cells.

    Raises:
        DataError: For a row with more cells than the header, a quoted cell that never ends or swallows rows, an empty file, or more
            than the limits of ``core.limits`` allow.
        UnicodeDecodeError: For another encoding.

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
            # texts hold no tabs: each line is a row, and the marks belong to the texts
            found = _read(path, separator, choose, labels, False)
        else:
            refuse_swallowed(path, [*found.spanning, *([found.unended] if found.unended else [])], found.labels)
    if found.unended is not None:
        raise unended(path, found.unended)
    if found.too_wide is not None:
        raise found.too_wide
    return found.cells


def header(path: Path, separator: str) -> tuple[str, ...]:
    """The names of the columns.

    Args:
        path: As for ``read_delimited``.
        separator: One character.

    Returns:
        Names, shape (columns,).

    Raises:
        DataError: As ``read_delimited``.
    """
    with _opened(path) as file:
        return _header(csv.reader(_Lines(file, separator, path), delimiter=separator), path)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The file, with our limit on the length of a cell in place of Python's (131,072 characters)."""
    before = csv.field_size_limit(limits.highest("text_bytes"))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    finally:
        csv.field_size_limit(before)


def _header(rows: Iterator[list[str]], path: Path) -> tuple[str, ...]:
    names = next((tuple(row) for row in rows if not _is_blank(row)), None)
    if names is None:
        raise DataError(f"{str(path)!r} is empty.", fix="Pass a table with one header line.")
    limits.check("table_columns", len(names), repr(str(path)))
    return names


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _read(path: Path, separator: str, choose: Choose, labels: Sequence[str], quotes: bool) -> _Pass:
    """One pass over the file."""
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
            if len(row) > len(names):
                found.too_wide = _too_many(path, begins, row, len(names), separator)
                break
            for position, append in fill:
                append(row[position] if position < len(row) else None)
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
    """Number of the first line, all lines, and the cells of each row behind the header."""
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
        f"Line {line} of {str(path)!r} has {len(row)} cells, and the header {columns}.",
        shortlist(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}..." for cell in row),
        f"Put quotation marks around texts that hold a {separator!r}.",
    )
