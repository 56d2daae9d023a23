"""Table files -> DataFrames, with labels as they are written: pandas' guesses are convenient and wrong for class names."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, shortlist

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, label_column: str | Sequence[str]) -> "pd.DataFrame":
    """Read a table without changing what its labels say.

    Args:
        path: A ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file.
        label_column: Its label column or columns; in a text column "None" and "NA" are names, and only an empty cell is missing.

    Returns:
        A DataFrame of shape (rows, columns), values as they are written.

    Raises:
        DataError: When there is no such file, it is of another kind, or it cannot be parsed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table = Path(folder) / "photos.jsonl"
        ...     _ = table.write_text('{"path": "1.jpg", "label": "007"}')
        ...     read_table(table, "label")["label"].tolist()
        ['007']
    """
    import pandas as pd

    readers: dict[str, Any] = {
        ".csv": lambda file: _read_text(file, _separator(file), label_column),
        ".tsv": lambda file: _read_text(file, "\t", label_column),
        ".jsonl": _read_json_lines,
        ".parquet": pd.read_parquet,
    }
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", fix="Check the path; it is relative to where you run.")
    if path.suffix.lower() not in readers:
        raise DataError(
            f"{str(path)!r} is not a table that can be read.",
            fix=f"Use one of {shortlist(readers)}, or a folder with one folder for each class.",
        )
    try:
        return readers[path.suffix.lower()](path)
    except ImportError as error:
        raise DataError(f"{str(path)!r} needs a Parquet reader.", str(error), "pip install pyarrow") from error
    except (ValueError, OSError) as error:  # the errors of pandas' parsers, of pyarrow and of UTF-8 are ValueErrors
        raise DataError(
            f"{str(path)!r} cannot be read as {path.suffix[1:].upper()}: {error}.",
            fix="Save it as UTF-8 with one header line (JSON lines: one object a line).",
        ) from error


def _read_text(path: Path, separator: str, label_column: str | Sequence[str]) -> "pd.DataFrame":
    """A CSV or TSV file in which a class may be called "None" or "NA", words that pandas takes for a missing value."""
    import pandas as pd

    frame = pd.read_csv(path, sep=separator)
    if (
        isinstance(label_column, str)
        and label_column in frame
        and not pd.api.types.is_numeric_dtype(frame[label_column])
    ):
        frame[label_column] = pd.read_csv(path, sep=separator, usecols=[label_column], keep_default_na=False)
    return frame


def _separator(path: Path) -> str:
    """A semicolon where the header line has some and no comma: spreadsheets write it where the comma is the decimal sign."""
    with path.open(encoding="utf-8-sig") as lines:
        header = lines.readline()
    return ";" if ";" in header and "," not in header else ","


def _read_json_lines(path: Path) -> "pd.DataFrame":
    """Values as they are written; ``pandas.read_json`` turns a name "007" into the number 7, and a column "date" into times."""
    import pandas as pd

    with path.open(encoding="utf-8-sig") as lines:
        return pd.DataFrame([json.loads(line) for line in lines if line.strip()])
