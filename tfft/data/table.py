"""Tables with an image column and label columns -> Splits: CSV, TSV, JSON lines, Parquet, pandas DataFrames."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, nearest, shortlist
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
        frame = _read(Path(file))
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
    pools = {part: _pool(rows, image_column, label_column, group_column, Path()) for part, rows in frames.items()}
    return assemble(pools, Drawing(holdout, seed, on_corrupt), _column_names(label_column))


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    readers: dict[str, Any] = {
        ".csv": pd.read_csv,
        ".tsv": lambda file: pd.read_csv(file, sep="\t"),
        ".jsonl": lambda file: pd.read_json(file, lines=True),
        ".parquet": pd.read_parquet,
    }
    if path.suffix.lower() not in readers:
        raise DataError(f"{str(path)!r} is not a table that can be read.", fix=f"Use one of {shortlist(readers)}.")
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", fix="Check the path; it is relative to where you run.")
    try:
        return readers[path.suffix.lower()](path)
    except (ValueError, OSError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(
            f"{str(path)!r} cannot be read as {path.suffix[1:].upper()}: {error}.",
            fix="Save it as UTF-8 with one header line (JSON lines: one object a line).",
        ) from error


def _pool(
    frame: "pd.DataFrame", image_column: str, label_column: str | Sequence[str], group_column: str | None, folder: Path
) -> Pool:
    several = not isinstance(label_column, str)
    columns = [image_column, *([label_column] if not several else label_column)]
    for column in [*columns, *([group_column] if group_column else [])]:
        if column not in frame.columns:
            raise DataError(
                f"There is no column {column!r}.",
                f"the columns {shortlist(frame.columns)}",
                nearest(str(column), [str(name) for name in frame.columns]),
            )
    empty = frame.index[frame[image_column].isna()].tolist()
    if empty:
        raise DataError(f"{len(empty)} rows have no {image_column!r}.", f"rows {shortlist(empty)}", "Drop these rows.")
    inputs = [str(folder / value) if isinstance(value, (str, Path)) else value for value in frame[image_column]]
    if several:
        labels: Any = frame[list(label_column)].to_numpy()
    else:
        labels = frame[label_column].tolist()
    return Pool(inputs, labels, frame[group_column].to_numpy() if group_column else None)


def _column_names(label_column: str | Sequence[str]) -> list[str] | None:
    return None if isinstance(label_column, str) else [str(name) for name in label_column]
