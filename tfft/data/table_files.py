"""Table files -> DataFrames, with labels as they are written: pandas' guesses are convenient and wrong for class names."""

import ast
import codecs
import csv
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, shortlist
from tfft.core.path_advice import missing_file

if TYPE_CHECKING:
    import pandas as pd

_NO_COMMA = re.compile(r"(['\"])\s+(['\"])")
_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def read_table(path: Path, as_written: Sequence[str], texts: Sequence[str] = ()) -> "pd.DataFrame":
    r"""Read a table without changing what its labels, groups and texts say.

    Args:
        path: A ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file.
        as_written: Columns in which every value keeps its spelling: "007", "1.0" in a column with "x", "None" and "NA" are names,
            only an empty cell is missing, and a column is one of numbers when each of them would be written in the same way.
        texts: Columns in which every cell is text, an empty one too.

    Returns:
        A DataFrame of shape (rows, columns).

    Raises:
        DataError: When there is no such file, it is of another kind, or it cannot be parsed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table = Path(folder) / "photos.csv"
        ...     _ = table.write_text("path,label\n1.jpg,007\n2.jpg,7\n")
        ...     read_table(table, ["label"])["label"].tolist()
        ['007', '7']
    """
    import pandas as pd

    readers: dict[str, Any] = {
        ".csv": lambda file: _read_text(file, _separator(file), as_written, texts),
        ".tsv": lambda file: _read_text(file, "\t", as_written, texts),
        ".jsonl": _read_json_lines,
        ".parquet": pd.read_parquet,
    }
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", fix=missing_file(path))
    if path.suffix.lower() not in readers:
        raise DataError(
            f"{str(path)!r} is not a table that can be read.",
            fix=f"Use one of {shortlist(readers)}, or a folder with one folder for each class.",
        )
    try:
        return readers[path.suffix.lower()](path)
    except ImportError as error:
        raise DataError(f"{str(path)!r} needs a Parquet reader.", str(error), "pip install pyarrow") from error
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except (ValueError, OSError) as error:  # the errors of pandas' parsers and of pyarrow are ValueErrors
        raise DataError(
            f"{str(path)!r} cannot be read as {path.suffix[1:].upper()}: {str(error).strip().rstrip('.')}.",
            fix="Save it as UTF-8 with one header line (JSON lines: one object a line).",
        ) from error


def _read_text(path: Path, separator: str, as_written: Sequence[str], texts: Sequence[str]) -> "pd.DataFrame":
    """A CSV or TSV file in which a class may be called "None" or "007", which pandas takes for a missing value and for 7."""
    import pandas as pd

    quoting = _tab_quoting(path) if separator == "\t" else csv.QUOTE_MINIMAL
    with warnings.catch_warnings():
        # else pandas takes the first cell of rows with one more than the header for their name, and all others move by one
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(path, sep=separator, quoting=quoting, index_col=False)
            text = pd.read_csv(path, sep=separator, quoting=quoting, index_col=False, dtype=str, keep_default_na=False)
        except pd.errors.EmptyDataError:
            raise DataError(f"{str(path)!r} is empty.", fix="Pass a table with one header line.") from None
        except (pd.errors.ParserWarning, pd.errors.ParserError) as error:
            raise _too_many_cells(path, separator, quoting) or error from None
    for column in as_written:
        if column in frame:
            frame[column] = _as_written(text[column], frame[column].notna())
    for column in texts:
        if column in frame and column not in as_written:
            frame[column] = text[column]
    return frame


def _too_many_cells(path: Path, separator: str, quoting: Any) -> DataError | None:
    """Which row has more cells than there are columns; None where it is something else."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, delimiter=separator, quoting=quoting)
        try:
            columns = len(next(rows))
            line, row = next(((rows.line_num, row) for row in rows if len(row) > columns), (0, []))
        except csv.Error:  # of a cell with more than 131,072 characters
            return None
    if not row:
        return None
    return DataError(
        f"Line {line} of {str(path)!r} has {len(row)} cells, and the header {columns}.",
        shortlist(row),
        f"Put quotation marks around texts that hold a {separator!r}.",
    )


def _tab_quoting(path: Path) -> int:
    """How a TSV file quotes: often not at all, though some of its texts begin with a quotation mark.

    pandas then reads on to the next such mark, over line ends, and drops all rows in between without a word (of 6,211 hotel
    reviews 102). A file in which every line has as many tabs as the header, and some quotation that spans lines, is of this kind.
    """
    import pandas as pd

    with path.open(encoding="utf-8-sig") as lines:
        tabs = {line.count("\t") for line in lines if line.strip()}
    if len(tabs) != 1:
        return csv.QUOTE_MINIMAL
    try:
        cells = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except pd.errors.ParserError:  # the last quotation never ends
        return csv.QUOTE_NONE
    spans = any(cells[column].str.contains("\n", regex=False).any() for column in cells)
    return csv.QUOTE_NONE if spans else csv.QUOTE_MINIMAL


def _not_utf8(path: Path) -> DataError:
    """Another encoding: which line shows it."""
    content = path.read_bytes()
    wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    number, line = next((n, line) for n, line in enumerate(content.split(b"\n"), 1) if not _is_utf8(line))
    return DataError(
        f"{str(path)!r} cannot be read as {path.suffix[1:].upper()}: {'it is UTF-16' if wide else f'line {number}'}, not UTF-8.",
        f"{line[:80]!r}",
        "Save it as UTF-8.",
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_written(cells: "pd.Series", filled: "pd.Series") -> "pd.Series":
    """Numbers where every cell that pandas finds filled is the usual spelling of one, else text; an empty cell is missing."""
    import pandas as pd

    for spelling in (_WHOLE, _DECIMAL):
        if filled.any() and all(spelling.fullmatch(cell) for cell in cells[filled]):
            return pd.to_numeric(cells.where(filled, None)).astype(
                int if filled.all() and spelling is _WHOLE else float
            )
    if filled.any() and any(map(looks_like_list, cells[filled])):
        return cells.map(lambda cell: as_list(cell) if cell else None)
    return cells.astype(object).where(cells != "", None)


def looks_like_list(cell: Any) -> bool:
    """Whether a cell is the text of a list: pandas writes lists so.

    Args:
        cell: Anything.

    Example:
        >>> looks_like_list("['dog', 'indoor']"), looks_like_list("dog")
        (True, False)
    """
    return isinstance(cell, str) and cell.startswith("[") and cell.endswith("]")


def as_list(cell: str) -> list[str]:
    """The labels that a cell holds.

    Args:
        cell: What pandas writes for a list or for an array of labels.

    Returns:
        Labels.

    Raises:
        ValueError: When it is neither.

    Example:
        >>> as_list("['dog', 'indoor']"), as_list("['dog' 'indoor']")
        (['dog', 'indoor'], ['dog', 'indoor'])
    """
    # NumPy writes no commas, and Python reads neighbouring strings as one
    spaced = _NO_COMMA.sub(r"\1, \2", cell)
    try:
        found = ast.literal_eval(spaced)
    except (ValueError, SyntaxError) as error:
        raise ValueError(
            f"{cell!r} is no list of labels such as ['dog', 'indoor'], which other cells of its column hold"
        ) from error
    return [str(label) for label in found]


def _separator(path: Path) -> str:
    """A semicolon where the header line has some and no comma: spreadsheets write it where the comma is the decimal sign."""
    with path.open(encoding="utf-8-sig") as lines:
        header = lines.readline()
    return ";" if ";" in header and "," not in header else ","


def _read_json_lines(path: Path) -> "pd.DataFrame":
    """Values as they are written; ``pandas.read_json`` turns a name "007" into the number 7, and a column "date" into times."""
    import pandas as pd

    with path.open(encoding="utf-8-sig") as lines:
        rows = []
        for number, line in enumerate(lines, start=1):
            try:
                rows += [json.loads(line)] if line.strip() else []
            except ValueError as error:
                raise DataError(
                    f"Line {number} of {str(path)!r} is no JSON: {str(error).partition(':')[0]}.",
                    line[:80].strip(),
                    "Repair it.",
                ) from None
        return pd.DataFrame(rows)
