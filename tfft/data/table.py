"""Tables with an image column and label columns -> Splits: CSV, TSV, JSON lines, Parquet, pandas DataFrames."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.errors import DataError, nearest, shortlist
from tfft.data.arrays import AsPixels
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.pools import OnCorrupt, Pool
from tfft.data.splits import HOLDOUT, Drawing, assemble
from tfft.data.table_files import as_list, looks_like_list, read_table

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
        Splits; targets of shape (n,), or (n, columns) for several label columns.

    Raises:
        DataError: For a file that is missing or not such a table, columns that are not there, and all that ``from_folder`` refuses.

    Example:
        >>> import pandas as pd, tempfile, PIL.Image
        >>> rows = [(f"{number}.png", "ants" if number < 6 else "bees") for number in range(12)]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for number, (name, _) in enumerate(rows):
        ...         PIL.Image.new("RGB", (8, 8), (20 * number, 0, 0)).save(Path(folder) / name)
        ...     pd.DataFrame(rows, columns=["path", "label"]).to_csv(Path(folder) / "photos.csv", index=False)
        ...     from_csv(Path(folder) / "photos.csv").describe()
        '8 train, 2 validation, 2 test; 2 classes'
    """
    source = as_call(from_csv, locals())
    pools = table_pools(path, image_column, label_column, group_column)
    return assemble(pools, Drawing(holdout, seed, on_corrupt), _column_names(label_column, pools.get("train")), source)


def table_pools(
    path: str | Path | Mapping[str, str | Path],
    image_column: str,
    label_column: str | Sequence[str],
    group_column: str | None = None,
) -> dict[str, Pool]:
    """The rows of table files before anything is drawn; the arguments are those of ``from_csv``.

    Args:
        path: As for ``from_csv``.
        image_column: As for ``from_csv``.
        label_column: As for ``from_csv``.
        group_column: As for ``from_csv``.

    Returns:
        Pools of paths or bytes, and targets of shape (n,) or (n, k), by part.

    Raises:
        DataError: When a file or a column is missing.
    """
    files = path if isinstance(path, Mapping) else {"train": path}
    several = [label_column] if isinstance(label_column, str) else list(label_column)
    as_text = [*several, *([] if group_column is None else [group_column])]
    return {
        part: _pool(read_table(Path(file), as_text), image_column, label_column, group_column, Path(file).parent)
        for part, file in files.items()
    }


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
        image_column: Column of paths (relative ones start at the working folder), encoded bytes, or uint8 arrays of shape
            (height, width[, channels]).
        label_column: As in ``from_csv``.
        group_column: As in ``from_csv``.
        holdout: As in ``from_csv``.
        seed: Draws the parts.
        on_corrupt: As in ``from_csv``.

    Returns:
        Splits.

    Raises:
        DataError: As ``from_csv``.

    Example:
        >>> import pandas as pd
        >>> images = list(np.random.default_rng(0).integers(0, 255, (12, 8, 8, 3), np.uint8))
        >>> data = from_dataframe(pd.DataFrame({"pixels": images, "age": [20.0, 40.0] * 6}), "pixels", "age")
        >>> data.labels.kind, data.train.targets.shape
        ('real', (8, 1))
    """
    source = as_call(from_dataframe, locals())
    frames = frame if isinstance(frame, Mapping) else {"train": frame}
    for part, rows in frames.items():
        if not hasattr(rows, "columns"):
            raise DataError(
                f"The {part} part is not a DataFrame.",
                type(rows).__name__,
                'Pass a DataFrame, or {"train": frame, "test": frame}.',
            )
    pools = {part: _pool(rows, image_column, label_column, group_column, Path()) for part, rows in frames.items()}
    return assemble(pools, Drawing(holdout, seed, on_corrupt), _column_names(label_column, pools.get("train")), source)


def _pool(
    frame: "pd.DataFrame", image_column: str, label_column: str | Sequence[str], group_column: str | None, folder: Path
) -> Pool:
    several = [label_column] if isinstance(label_column, str) else list(label_column)
    columns = [image_column, *several, *([group_column] if group_column is not None else [])]
    if not several or len(set(several)) < len(several):
        raise DataError(
            "label_column must name columns, each of them once.", repr(label_column), 'Write label_column="label".'
        )
    twice = sorted({str(name) for name in frame.columns if list(frame.columns).count(name) > 1})
    if twice:
        raise DataError(f"Column names must be unique; {shortlist(twice)} stand twice.", fix="Rename one of each.")
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
    first = next((Path(value) for value in frame[image_column] if isinstance(value, str)), None)
    if first is not None and first.is_file() and not (folder / first).is_file():
        raise DataError(
            f"Paths in a table start at the folder of the table; {str(folder / first)!r} does not exist.",
            f"{str(first)!r}, which exists below the working folder",
            "Move the table, write whole paths, or read it with pandas and use from_dataframe().",
        )
    labels: Any = _labels(frame[label_column]) if isinstance(label_column, str) else _numbers(frame[several])
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


def _labels(column: "pd.Series") -> list[Any]:
    """One label column; text of lists, which pandas leaves behind when it reads a CSV file, as lists."""
    values = column.tolist()
    if not any(map(looks_like_list, values)):
        return values
    try:
        return [as_list(value) if isinstance(value, str) else value for value in values]
    except ValueError as error:
        raise DataError(
            f"The label column {str(column.name)!r} holds lists and other text: {error}.", fix="Make all of them lists."
        ) from None


def _numbers(columns: "pd.DataFrame") -> np.ndarray:
    """Several label columns as one array of integers or floats, (n, columns)."""
    import pandas as pd

    columns = columns.infer_objects()
    truths = {name for name in columns if set(columns[name].astype(str)) <= {"True", "False"}}
    columns = columns.assign(**{name: columns[name].astype(str) == "True" for name in truths})
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


def _column_names(label_column: str | Sequence[str], train: Pool | None) -> list[str] | None:
    """Names of quantities or labels; one column of classes has its names in it."""
    if not isinstance(label_column, str):
        return [str(name) for name in label_column]
    values = [] if train is None else train.targets
    return [label_column] if len(values) and all(isinstance(value, float) for value in values) else None
