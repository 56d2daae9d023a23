"""Read Parquet files after checking their sizes."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core import limits

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BYTES_PER_VALUE = 64  # for a Python string, in addition to its characters


def read_parquet(
    path: Path, choose: Callable[[Sequence[str]], Sequence[str]], exact: Sequence[str] = ()
) -> "pd.DataFrame":
    """Read the requested columns.

    Args:
        path: The path of the file.
        choose: A function from the names of all columns to the names to keep.
        exact: Columns whose whole numbers stay whole where other values are missing; pandas would make them floats.

    Returns:
        A DataFrame of shape (rows, columns).

    Raises:
        DataError: When the table exceeds a limit of ``core.limits`` on columns, cells or bytes.
        ImportError: When pyarrow is not installed.
        ValueError: When the file is damaged; raised by pyarrow.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    what = repr(str(path))
    with pq.ParquetFile(path) as file:
        about = file.metadata
        limits.check("table_columns", about.num_columns, what)
        limits.check("table_cells", about.num_rows * about.num_columns, what)
        kept = list(choose(file.schema_arrow.names))
        leaves = [leaf for leaf in range(about.num_columns) if _is_in(about.schema.column(leaf).path, kept)]
        groups = [about.row_group(index) for index in range(about.num_row_groups)]
        chunks = [group.column(leaf) for group in groups for leaf in leaves]
        # a lower bound: the footer counts a value once, even if a dictionary repeats it
        fitting(path, sum(chunk.total_uncompressed_size for chunk in chunks))
        fitting(path, _BYTES_PER_VALUE * sum(chunk.num_values for chunk in chunks))
        texts = [about.schema.column(leaf) for leaf in leaves]
        repeated = [text.path for text in texts if text.physical_type == "BYTE_ARRAY"]
    parts, size = [], 0
    with pq.ParquetFile(path, read_dictionary=repeated) as file:
        # read one row group at a time: pyarrow 26 cannot read lists with dictionaries from several groups
        for group in range(about.num_row_groups):
            table = file.read_row_group(group, columns=kept)  # still as indices into dictionaries
            size += sum(unpacked_bytes(chunk) for column in table.columns for chunk in column.chunks)
            fitting(path, size)
            parts.append(_unpacked(table))
        table = pa.concat_tables(parts or [file.read(columns=kept)])
    frame = table.to_pandas()
    for name in exact:
        if name in table.column_names and pa.types.is_integer(table.schema.field(name).type):
            frame[name] = np.array(table.column(name).to_pylist(), object)
    return frame


def names(path: Path) -> list[str]:
    """Read the names of the columns.

    Args:
        path: The path of the file.

    Returns:
        The names, shape (columns,).

    Raises:
        ImportError: When pyarrow is not installed.
        ValueError: When the file is damaged.
    """
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def fitting(path: Path, amount: int) -> None:
    """Refuse content that is both large and many times larger than its file.

    Args:
        path: The path of the file.
        amount: The size of the content in bytes, or a lower bound for it.

    Raises:
        DataError: When ``amount`` is more than ``table_bytes`` and than ``table_ratio`` times the size of the file.
    """
    if amount > limits.highest("table_bytes"):
        size = max(1, path.stat().st_size)
        limits.check("table_ratio", -(-amount // size), f"{str(path)!r} unpacks to at least {amount:,} bytes")


def unpacked_bytes(array: "pa.Array") -> int:
    """Compute the size of an array after its dictionary indices are replaced by values.

    Args:
        array: An array of any type, shape (rows,); lists may hold dictionaries.

    Returns:
        The size in bytes.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(array, pa.DictionaryArray):
        if not (pa.types.is_string(array.type.value_type) or pa.types.is_binary(array.type.value_type)):
            return int(array.nbytes)
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return int(array.nbytes) + unpacked_bytes(array.flatten())
    return int(array.nbytes)


def _is_in(path: str, columns: Sequence[str]) -> bool:
    """Return whether a leaf such as ``tags.list.element`` belongs to one of the columns."""
    return any(path == column or path.startswith(f"{column}.") for column in columns)


def _unpacked(table: "pa.Table") -> "pa.Table":
    import pyarrow as pa

    fields: Iterable[Any] = [field.with_type(_plain(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


def _plain(kind: Any) -> Any:
    """Return the type without dictionary encoding. Texts and bytes get 64-bit offsets, because a column may exceed 2 GB."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        large = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
        return large.get(kind.value_type, kind.value_type)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    return kind
