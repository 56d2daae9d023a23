"""Read tables of images or texts and their labels as Splits: CSV, TSV, JSON lines, Parquet, pandas DataFrames."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from tfft.core.errors import DataError
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.sources.columns import Columns, InputColumns, TableColumns
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.tables.table_files import read_table

if TYPE_CHECKING:
    import pandas as pd


def from_csv(
    path: str | Path | Mapping[str, str | Path],
    label_column: str | Sequence[str] = "label",
    group_column: str | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
    **inputs: Unpack[TableColumns],
) -> Splits:
    """Read a table file: ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet``, or one file for each part.

    Args:
        path: A table file, or ``{"train": file, "validation": file, "test": file}``.
        label_column: One column (text or integers: classes; floats: a quantity; lists of text: several labels), or several
            columns of zeros and ones (several labels) or floats (several quantities).
        group_column: Column of groups; all rows of a group belong to the same part.
        holdout: Fractions (validation, test) of the training rows, to split off missing parts, as in ``from_folder``.
        seed: Seed of the random split.
        on_corrupt: ``"error"``, or ``"skip"`` to leave out unreadable images and rows without an image or a text, such as null in
            JSON lines, and list them in ``Splits.skipped``. A row without a label is always an error.
        **inputs: ``image_column``: the column of image paths (relative ones start at the table's folder) or of encoded bytes; or
            ``text_column``: one column of texts, or two for pairs of texts; an empty cell is an empty text. When neither is
            named, ``"path"`` is used for images, or else ``"text"`` for texts. ``separator="|"``: a label cell such as "dog|indoor"
            holds several labels, and an empty cell holds no label. ``decimal=","``: "1,5" is a number, as in files with semicolons
            between their cells; ``decimal="."``: "1,5" is the name of a class. ``quotes=False``: quotation marks are part of the
            texts; ``quotes=True``: quotation marks enclose cells, even when a cell looks like several rows.

    Returns:
        Splits; targets of shape (n,), or (n, columns) for several label columns.

    Raises:
        DataError: When a file or column is missing, or a file is not a valid table; and for all data that ``from_folder`` refuses.

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
    columns = Columns.of(label_column, group_column, inputs, TableColumns)
    pools = table_pools(path, columns, on_corrupt)
    return assemble(pools, Splitting(holdout, seed, on_corrupt), columns.label_names(pools.get("train")), source)


def table_pools(
    path: str | Path | Mapping[str, str | Path], columns: Columns, on_corrupt: OnCorrupt = "error"
) -> dict[str, Pool]:
    """Read table files before missing parts are split off.

    Args:
        path: As for ``from_csv``.
        columns: The roles of the columns.
        on_corrupt: As for ``from_csv``.

    Returns:
        Pools of paths, bytes or texts, and targets of shape (n,) or (n, k), by part.

    Raises:
        DataError: When a file or a column is missing.
    """
    files = path if isinstance(path, Mapping) else {"train": path}
    pools = {}
    for part, file in files.items():
        if not isinstance(file, (str, os.PathLike)):
            raise DataError(
                "from_csv() takes the path of a table, or one path for each part.",
                repr(file)[:100],
                'Write from_csv("photos.csv"), or from_csv({"train": "a.csv", "test": "b.csv"}); frames go to from_dataframe().',
            )
        choose = columns.chosen if len(files) == 1 else partial(_chosen, columns, str(file))
        frame = read_table(Path(file), columns.as_written, columns.texts, columns.writing, choose)
        home = Path(file).parent
        pools[part] = replace(columns.pool(frame, home, on_corrupt), start=str(home.absolute()))
    return pools


def _chosen(columns: Columns, file: str, names: Sequence[str]) -> Sequence[str]:
    """The columns to read from one of several files; an error names the file."""
    try:
        return columns.chosen(names)
    except DataError as error:
        raise DataError(error.what, f"{error.got} of {file!r}" if error.got else repr(file), error.fix) from None


def from_dataframe(
    frame: "pd.DataFrame | Mapping[str, pd.DataFrame]",
    label_column: str | Sequence[str] = "label",
    group_column: str | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
    **inputs: Unpack[InputColumns],
) -> Splits:
    """Read a pandas DataFrame, or one for each part; the arguments are those of ``from_csv``.

    Args:
        frame: A DataFrame, or ``{"train": frame, "validation": frame, "test": frame}``.
        label_column: As in ``from_csv``.
        group_column: As in ``from_csv``.
        holdout: As in ``from_csv``.
        seed: Seed of the random split.
        on_corrupt: As in ``from_csv``.
        **inputs: As in ``from_csv``, without ``quotes``; relative paths start at the working folder, and images may also be uint8
            arrays of shape (height, width[, channels]).

    Returns:
        Splits.

    Raises:
        DataError: As for ``from_csv``.

    Example:
        >>> import numpy as np, pandas as pd
        >>> images = list(np.random.default_rng(0).integers(0, 255, (12, 8, 8, 3), np.uint8))
        >>> data = from_dataframe(pd.DataFrame({"pixels": images, "age": [20.0, 40.0] * 6}), "age", image_column="pixels")
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
                f"Write from_csv({str(rows)!r})."
                if isinstance(rows, (str, os.PathLike))
                else 'Pass a DataFrame, or {"train": frame, "test": frame}.',
            )
    columns = Columns.of(label_column, group_column, inputs)
    pools = {part: columns.pool(rows, Path(), on_corrupt) for part, rows in frames.items()}
    return assemble(pools, Splitting(holdout, seed, on_corrupt), columns.label_names(pools.get("train")), source)
