"""Distinguish quoted cells that span several lines, such as reviews, from stray quotation marks that swallow rows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfft.core.errors import DataError
from tfft.data.tables.spellings import is_number

_SHOWN = 60
# a cell that spans this many lines is refused when this share of its lines has as many cells as the header
_MANY_LINES, _MOST = 10, 0.9


@dataclass(frozen=True)
class Spanning:
    """A row that spans several lines, with the result of reading each line as a separate row.

    Attributes:
        line: The line on which the row begins, counted from 1.
        lines: The number of lines, without blank ones.
        labels: Labels of a line -> the number of lines with these labels, among lines with as many cells as the header.
        begins: The first characters of its first line.
    """

    line: int
    lines: int
    labels: Counter[tuple[str, ...]]
    begins: str

    @classmethod
    def of(cls, lines: Sequence[str], line: int, separator: str, width: int, at: Sequence[int]) -> "Spanning":
        r"""Read each line of a row, ignoring quotation marks.

        Args:
            lines: The lines of the row, with their line ends.
            line: The number of the first line.
            separator: The separator between cells.
            width: The number of cells in the header.
            at: The positions of the label columns.

        Returns:
            A Spanning.

        Example:
            >>> Spanning.of(['"so, so\n', 'and good\n', '",bad\n'], 7, ",", 2, [1]).labels
            Counter({(' so',): 1, ('bad',): 1})
        """
        labels: Counter[tuple[str, ...]] = Counter()
        filled = [each for each in lines if not each.isspace()] if len(lines) > 1 else lines
        for each in filled if len(filled) > 1 else ():
            if each.count(separator) == width - 1:
                cells = each.rstrip("\r\n").split(separator)
                labels[tuple(cells[position].strip('"') for position in at)] += 1
        return cls(line, len(filled), labels, lines[0][:_SHOWN].strip())


def refuse_swallowed(path: Path, rows: Iterable[Spanning], known: Sequence[set[str]]) -> None:
    """Raise when a stray quotation mark has joined several rows into one quoted cell.

    A line of the cell looks like a row when it has as many cells as the header, and a label that other rows also have (or a number
    when all labels are numbers). The cell is refused when at least two lines, and at least half of its lines, look like rows. A
    cell of ten or more lines is also refused when nine in ten lines have as many cells as the header. A single line is not enough,
    because the first or last line of a correct row contains the label of the row.

    Args:
        path: The path of the file, for the message.
        rows: The rows that span several lines.
        known: The values of each label column, from rows on a single line.

    Raises:
        DataError: When a cell is refused; the message has the line where the quotation begins.
    """
    numeric = [bool(values) and all(map(is_number, values)) for values in known]

    def stands_elsewhere(labels: tuple[str, ...]) -> bool:
        return any(
            label and (label in values or (numbers and is_number(label)))
            for label, values, numbers in zip(labels, known, numeric, strict=True)
        )

    for row in rows:
        count = sum(times for labels, times in row.labels.items() if stands_elsewhere(labels))
        alike = sum(row.labels.values())
        if (count > 1 and 2 * count >= row.lines) or (row.lines >= _MANY_LINES and alike >= _MOST * row.lines):
            raise DataError(
                f"Line {row.line} of {str(path)!r} begins a quoted cell that spans {row.lines:,} lines, and {alike:,} of them "
                "look like rows.",
                repr(row.begins),
                "Repair the quotation mark; or pass quotes=False if such marks belong to the texts, or quotes=True if the cell "
                "is right.",
            )


def unended(path: Path, row: Spanning) -> DataError:
    """Make the error for a quoted cell without a closing mark.

    Args:
        path: The path of the file.
        row: The last row.

    Returns:
        The DataError to raise.
    """
    return DataError(
        f"Line {row.line} of {str(path)!r} begins a quoted cell that never ends.",
        repr(row.begins),
        "Repair the quotation mark; or pass quotes=False if such marks belong to the texts.",
    )
