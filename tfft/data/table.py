"""Tables with an image column and label columns -> Splits: CSV, TSV, JSON lines, Parquet, pandas DataFrames."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.errors import DataError, nearest, shortlist
from tfft.data.arrays import AsPixels
from tfft.data.examples import Splits
from tfft.data.splits import HOLDOUT, Drawing, OnCorrupt, Pool, assemble

if TYPE_CHECKING:
    import pandas as pd


def from_csv(
    path: str | Path | Mapping[str, str | Path],
    image_column: str = "path",
    label_column: str | Sequence[str] = "label",
    group_column: str | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read a table file: ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet``, or one file for each part.

    Args:
        path: A file, or ``{"train": file, "validation": file, "test": file}``.
        image_column: Column of image paths (relative ones start at the table's folder) or of encoded bytes.
        label_column: One column (text or integers: classes; floats: a quantity; lists of text: several labels), or several
            columns of zeros and ones (several labels) or floats (several quantities).
        group_column: Rows with the same value here never land in different parts.
        holdout: Fractions (validation, test) of the training rows for parts that are missing, as in ``from_folder``.
        seed: Draws the parts.
        on_corrupt: ``"error"``, or ``"skip"`` to leave unreadable images out and list them in ``Splits.skipped``.

    Returns:
        Splits.

    Raises:
        DataError: For a file that is missing or not such a table, columns that are not there, and all that ``from_folder`` refuses.
    """
    files = path if isinstance(path, Mapping) else {"train": path}
    pools = {}
    for part, file in files.items():
        frame = _read(Path(file), label_column)
        pools[part] = _pool(frame, image_column, label_column, group_column, Path(file).parent)
    return assemble(pools, Drawing(holdout, seed, on_corrupt), _column_names(label_column))


def from_dataframe(
    frame: "pd.DataFrame | Mapping[str, pd.DataFrame]",
    image_column: str = "path",
    label_column: str | Sequence[str] = "label",
    group_column: str | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Take a pandas DataFrame, or one for each part; the arguments are those of ``from_csv``.

    Args:
        frame: A DataFrame, or ``{"train": frame, "validation": frame, "test": frame}``.
        image_column: Column of paths (relative ones start at the working folder), encoded bytes, or arrays.
        label_column: As in ``from_csv``.
        group_column: As in ``from_csv``.
        holdout: As in ``from_csv``.
        seed: Draws the parts.
        on_corrupt: As in ``from_csv``.

    Returns:
        Splits.

    Raises:
        DataError: As ``from_csv``.
    """
    frames = frame if isinstance(frame, Mapping) else {"train": frame}
    for part, rows in frames.items():
        if not hasattr(rows, "columns"):
            raise DataError(
                f"The {part} part is not a DataFrame.",
                type(rows).__name__,
                'Pass a DataFrame, or {"train": frame, "test": frame}.',
            )
    pools = {part: _pool(rows, image_column, label_column, group_column, Path()) for part, rows in frames.items()}
    return assemble(pools, Drawing(holdout, seed, on_corrupt), _column_names(label_column))


def _read(path: Path, label_column: str | Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    readers: dict[str, Any] = {
        ".csv": lambda file: _read_text(file, ",", label_column),
        ".tsv": lambda file: _read_text(file, "\t", label_column),
        ".jsonl": _read_json_lines,
        ".parquet": pd.read_parquet,
    }
    if path.suffix.lower() not in readers:
        raise DataError(f"{str(path)!r} is not a table that can be read.", fix=f"Use one of {shortlist(readers)}.")
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", fix="Check the path; it is relative to where you run.")
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


def _read_json_lines(path: Path) -> "pd.DataFrame":
    """Values as they are written; ``pandas.read_json`` turns a name "007" into the number 7, and a column "date" into times."""
    import pandas as pd

    with path.open(encoding="utf-8-sig") as lines:
        return pd.DataFrame([json.loads(line) for line in lines if line.strip()])


def _pool(
    frame: "pd.DataFrame", image_column: str, label_column: str | Sequence[str], group_column: str | None, folder: Path
) -> Pool:
    several = [label_column] if isinstance(label_column, str) else list(label_column)
    columns = [image_column, *several, *([group_column] if group_column is not None else [])]
    for column in columns:
        if column not in frame.columns:
            raise DataError(
                f"There is no column {column!r}.",
                f"the columns {shortlist(frame.columns)}",
                nearest(str(column), [str(name) for name in frame.columns]),
            )
    empty = frame.index[frame[image_column].isna()].tolist()
    if empty:
        raise DataError(f"{len(empty)} rows have no {image_column!r}.", f"rows {shortlist(empty)}", "Drop these rows.")
    inputs = [_image(value, row, folder) for row, value in enumerate(frame[image_column])]
    labels: Any = frame[label_column].tolist() if isinstance(label_column, str) else _numbers(frame[several])
    return Pool(inputs, labels, frame[group_column].tolist() if group_column is not None else None)


def _image(value: Any, row: int, folder: Path) -> Any:
    """One cell of the image column: a path from where the table lies, encoded bytes, or uint8 pixels."""
    if isinstance(value, (str, Path)):
        return str(folder / value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, np.ndarray):
        return AsPixels([value], None)[0]
    raise DataError(
        "The image column must hold paths, encoded bytes or uint8 arrays.",
        f"a {type(value).__name__} in row {row}: {str(value)[:100]!r}",
        "Name another column with image_column=, or write the file names out with their endings.",
    )


def _numbers(columns: "pd.DataFrame") -> np.ndarray:
    """Several label columns as one array of integers or floats, (n, columns)."""
    import pandas as pd

    columns = columns.infer_objects()
    text = [str(name) for name in columns if not pd.api.types.is_numeric_dtype(columns[name])]
    if text:
        raise DataError(
            "Several label columns must hold zeros and ones (several labels) or floats (several quantities).",
            f"text or mixed values in {shortlist(text)}",
            "For one class an example name one column; for several names an example use a column of lists.",
        )
    lost = np.flatnonzero(columns.isna().any(axis=1)).tolist()
    if lost:
        raise DataError(f"{len(lost)} targets are missing.", f"rows {shortlist(lost)}", "Drop or fill these rows.")
    floats = any(pd.api.types.is_float_dtype(columns[name]) for name in columns)
    return columns.to_numpy(np.float64 if floats else np.int64)


def _column_names(label_column: str | Sequence[str]) -> list[str] | None:
    return None if isinstance(label_column, str) else [str(name) for name in label_column]
