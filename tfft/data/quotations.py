"""Quoted cells that span lines: real ones, such as reviews with line breaks, and stray marks that swallow rows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfft.core.errors import DataError
from tfft.data.spellings import is_number

_SHOWN = 60
# of a cell that spans lines: from how many lines, and which share of them, the number of cells alone decides
_MANY_LINES, _MOST = 10, 0.9


@dataclass(frozen=True)
class Spanning:
    """The lines of one row, each of them taken for a row of its own.

    Attributes:
        line: Where the row begins, counted from 1.
        lines: How many lines it covers, without blank ones.
        labels: How often each combination of labels stands on a line that has as many cells as the header.
        begins: The first characters of its first line.
    """

    line: int
    lines: int
    labels: Counter[tuple[str, ...]]
    begins: str

    @classmethod
    def of(cls, lines: Sequence[str], line: int, separator: str, width: int, at: Sequence[int]) -> "Spanning":
        r"""Look at each line of a row, without regard to quotation marks.

        Args:
            lines: Of the file, with their ends.
            line: Number of the first one.
            separator: Between cells.
            width: How many cells the header has.
            at: Positions of the labels among them.

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
    """Raise where a quoted cell spans lines that are rows.

    Such a line has as many cells as the header, and a label that stands on other rows of the file, or a number where all labels are
    numbers. The cell is refused when this holds for two lines and half of them. Of ten lines and more, nine in ten with that number
    of cells are enough. One line is never enough: the first or the last line of a real row holds its label.

    Args:
        path: Of the file, for the message.
        rows: Those that span lines.
        known: The values of each label column on rows of one line.

    Raises:
        DataError: With the line where the quotation begins.
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
    """The error for a quoted cell that no mark ends.

    Args:
        path: Of the file.
        row: The last one.

    Returns:
        A DataError to raise.
    """
    return DataError(
        f"Line {row.line} of {str(path)!r} begins a quoted cell that never ends.",
        repr(row.begins),
        "Repair the quotation mark; or pass quotes=False if such marks belong to the texts.",
    )
