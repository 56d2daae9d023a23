"""Read table files into DataFrames, with labels as they are written; pandas alone would change class names such as "007"."""

import codecs
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, shortlist
from tfft.core.path_advice import check_permitted, missing_file, unreadable
from tfft.data.tables.delimited import header, read_delimited
from tfft.data.tables.json_lines import json_names, read_json_lines
from tfft.data.tables.places import numbered
from tfft.data.tables.spellings import as_spelt, may_group_thousands

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
_SHEET = "Save it as CSV; or read it with pandas.read_excel(path), and pass the frame to from_dataframe()."
_UNPACK = "Unpack it first."
_OTHER = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods"), _SHEET),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"), _UNPACK),
    ".txt": "Rename it to .csv, or to .tsv when tabs are between its cells.",
    ".json": "Write a .jsonl file with one JSON object on each line.",
}
_EXCEL_HINT = re.compile(r"sep=([,;|\t])")
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip (an Excel workbook is one)"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
)


@dataclass(frozen=True)
class Writing:
    """How the cells of a file are written.

    Attributes:
        quotes: Whether quotation marks enclose cells (True) or belong to the texts (False); None to decide from the file.
        decimal: The decimal sign of labels, ``","`` or ``"."``; None for commas only in files whose cells are separated by
            semicolons.
        separator: The text between several labels in one cell; None when each cell is one label.

    Raises:
        DataError: When an option has another value.
    """

    quotes: bool | None = None
    decimal: str | None = None
    separator: str | None = None

    def __post_init__(self) -> None:
        if self.quotes not in (None, True, False):
            raise DataError("quotes must be True or False.", repr(self.quotes), "Leave it out to decide from the file.")
        if self.decimal not in (None, ".", ","):
            raise DataError('decimal must be "," or ".".', repr(self.decimal), "Leave it out if labels are classes.")
        if self.separator is not None and (not isinstance(self.separator, str) or not self.separator):
            raise DataError(
                "separator must be the text between two labels of a cell.", repr(self.separator), 'Write separator="|".'
            )


AS_FOUND = Writing()
"""The default: decide everything from the file."""


def read_table(
    path: Path,
    as_written: Sequence[str],
    texts: Sequence[str] = (),
    writing: Writing = AS_FOUND,
    choose: Callable[[Sequence[str]], Sequence[str]] = lambda names: names,
) -> "pd.DataFrame":
    r"""Read a table without changing what its labels, groups and texts say.

    Args:
        path: A ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file.
        as_written: Columns in which every value keeps its spelling: "007", "1.0" in a column with "x", "None" and "NA" are names,
            and only an empty cell is missing. A column has numbers only when all of its cells are written as numbers.
        texts: Columns in which every cell is text, even an empty cell. In JSON lines and Parquet, whole numbers stay whole where
            other cells are missing.
        writing: How the cells of CSV and TSV files are written.
        choose: A function from the names of all columns to the names to keep.

    Returns:
        A DataFrame of shape (rows, columns). For files with lines, ``places.numbered`` makes its index.

    Raises:
        DataError: When the file does not exist, has another type, or cannot be parsed; when two columns have the same name; when
            the table exceeds a limit of ``core.limits``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table = Path(folder) / "photos.csv"
        ...     _ = table.write_text("path,label\n1.jpg,007\n2.jpg,7\n")
        ...     read_table(table, ["label"])["label"].tolist()
        ['007', '7']
    """
    import pandas as pd

    def chosen(names: Sequence[str]) -> Sequence[str]:
        check_names(names, repr(str(path)))
        return choose(names)

    def read() -> "pd.DataFrame":
        if path.suffix.lower() == ".jsonl":
            held = read_json_lines(path, chosen)
            kept = {name: pd.Series(cells, dtype=object) for name, cells in held.columns.items() if name in texts}
            return numbered(pd.DataFrame(held.columns | kept), held.lines, path)
        if path.suffix.lower() == ".parquet":
            from tfft.data.tables.parquet_files import read_parquet

            return read_parquet(path, chosen, texts)
        separator = _separator(path)
        held = read_delimited(path, separator, chosen, as_written, writing.quotes)
        columns: dict[str, Any] = {
            name: _series(cells, name in as_written, name in texts, separator, writing)
            for name, cells in held.columns.items()
        }
        return numbered(pd.DataFrame(columns), held.lines, path)

    found: pd.DataFrame = _readable(path, read)
    return found


def column_names(path: Path) -> list[str]:
    """Read the names of the columns of a table; the rest is read only when the format requires it.

    Args:
        path: As for ``read_table``.

    Returns:
        The names, shape (columns,).

    Raises:
        DataError: As ``read_table``.
    """

    def read() -> list[str]:
        if path.suffix.lower() == ".jsonl":
            return json_names(path)
        if path.suffix.lower() == ".parquet":
            from tfft.data.tables import parquet_files

            return parquet_files.names(path)
        return list(header(path, _separator(path)))

    found: list[str] = _readable(path, read)
    return found


def check_names(names: Sequence[Any], what: str) -> None:
    r"""Refuse columns with the same name, or with names that differ only in spaces and byte order marks.

    Args:
        names: The names of all columns; several may be empty.
        what: The name of the table in messages.

    Raises:
        DataError: When two names are the same; the message shows them.

    Example:
        >>> check_names(["text", "label", " label"], "'a.csv'")
        Traceback (most recent call last):
        tfft.core.errors.DataError: 'a.csv' has two columns with the same name: 'label'. Got: the columns 'text', 'label', ...
    """
    counts = Counter(str(name).strip().strip("\ufeff").strip() for name in names)
    twice = sorted(name for name, count in counts.items() if name and count > 1)
    if twice:
        raise DataError(
            f"{what} has two columns with the same name: {shortlist(twice)}.",
            f"the columns {shortlist(names)}",
            "Rename or remove one of each.",
        )


def _series(cells: list[str | None], as_written: bool, text: bool, separator: str, writing: Writing) -> "pd.Series":
    """The cells of one column as a Series, with a dtype that keeps all information."""
    import pandas as pd

    if text or not as_written:
        return pd.Series([cell if text or cell else None for cell in cells], dtype=object)
    if writing.separator is not None:
        return pd.Series([cell or None for cell in cells], dtype=object)
    # the comma in 1,234 may group thousands: ``cells.labels`` decides, or raises
    commas = separator == ";" and not may_group_thousands([cell for cell in cells if cell])
    values = as_spelt(cells, writing.decimal or ("," if commas else None))
    plain = pd.Series(values)
    return plain if plain.dtype.kind in "if" else pd.Series(values, dtype=object)


def _readable(path: Path, read: Callable[[], Any]) -> Any:
    """Call a reader, and convert its errors to a DataError."""
    check_permitted(path)
    if path.is_dir():
        raise DataError(
            f"{str(path)!r} is a folder, not a table.",
            fix=f"Pass a table in it, or read class folders with from_folder({str(path)!r}).",
        )
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", fix=missing_file(path))
    kind = path.suffix[1:].upper()
    if path.suffix.lower() not in ENDINGS:
        raise DataError(
            f"{str(path)!r} is not a table that can be read.",
            fix=_OTHER.get(
                path.suffix.lower(), f"Use one of {shortlist(ENDINGS)}, or from_folder() for a folder of class folders."
            ),
        )
    try:
        return read()
    except DataError:
        raise
    except ImportError as error:
        raise DataError(f"{str(path)!r} needs a Parquet reader.", str(error), "pip install pyarrow") from error
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except PermissionError:
        raise unreadable(path) from None
    except (ValueError, OSError, NotImplementedError) as error:  # most errors of pyarrow are ValueErrors
        fix = {".jsonl": "Write one JSON object on each line.", ".parquet": "Write it again."}.get(
            path.suffix.lower(), "Repair it."
        )
        raise DataError(
            f"{str(path)!r} cannot be read as {kind}: {str(error).strip().rstrip('.')}.", fix=fix
        ) from error


def _not_utf8(path: Path) -> DataError:
    """The error for a file in another encoding, with the first line that is not UTF-8."""
    kind = path.suffix[1:].upper()
    with path.open("rb") as file:
        begins = file.read(8)
        file.seek(0)
        packed = next((name for magic, name in _PACKED if begins.startswith(magic)), None)
        if packed is not None:
            return DataError(
                f"{str(path)!r} is not {kind} but compressed by {packed}.", fix="Unpack it, or save it as CSV."
            )
        wide = begins[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        number, line = next(((n, line) for n, line in enumerate(file, 1) if not _is_utf8(line)), (0, b""))
    return DataError(
        f"{str(path)!r} cannot be read as {kind}: {'it is UTF-16' if wide else f'line {number}'}, not UTF-8.",
        f"{line[:80]!r}",
        "Save it as UTF-8.",
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _separator(path: Path) -> str:
    """A tab for TSV; a semicolon when the header of a CSV file has semicolons and no comma; else a comma.

    Spreadsheets write semicolons when the comma is the decimal sign. A first line "sep=;" decides.
    """
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open(encoding="utf-8-sig") as lines:
        begins = lines.readline(1_000_000)
    if hint := _EXCEL_HINT.fullmatch(begins.strip("\r\n")):
        return hint[1]
    return ";" if ";" in begins and "," not in begins else ","
