"""Parquet files: sizes are checked before anything is unpacked."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core import limits

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BYTES_PER_VALUE = 64  # of a Python string, beside its characters


def read_parquet(path: Path, choose: Callable[[Sequence[str]], Sequence[str]]) -> "pd.DataFrame":
    """Read the columns that are asked for.

    Args:
        path: Of the file.
        choose: Called with the names of all columns; returns those to keep.

    Returns:
        A DataFrame of shape (rows, columns).

    Raises:
        DataError: When the table has more columns, cells or bytes than the limits of ``core.limits`` allow.
        ImportError: Without pyarrow.
        ValueError: For a damaged file, as pyarrow raises it.
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
        # what the footer says: values that a dictionary repeats count once in it, so this is the least
        fitting(path, sum(chunk.total_uncompressed_size for chunk in chunks))
        fitting(path, _BYTES_PER_VALUE * sum(chunk.num_values for chunk in chunks))
        texts = [about.schema.column(leaf) for leaf in leaves]
        repeated = [text.path for text in texts if text.physical_type == "BYTE_ARRAY"]
    parts, size = [], 0
    with pq.ParquetFile(path, read_dictionary=repeated) as file:
        # one group of rows after the other: pyarrow 26 reads no lists of several groups with dictionaries
        for group in range(about.num_row_groups):
            table = file.read_row_group(group, columns=kept)  # still as numbers into dictionaries
            size += sum(unpacked_bytes(chunk) for column in table.columns for chunk in column.chunks)
            fitting(path, size)
            parts.append(_unpacked(table))
        return pa.concat_tables(parts or [file.read(columns=kept)]).to_pandas()


def names(path: Path) -> list[str]:
    """The names of the columns.

    Args:
        path: Of the file.

    Returns:
        Names, shape (columns,).

    Raises:
        ImportError: Without pyarrow.
        ValueError: For a damaged file.
    """
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def fitting(path: Path, amount: int) -> None:
    """Refuse content that is both large and many times larger than its file.

    Args:
        path: Of the file.
        amount: Bytes of its content, or the least that they can be.

    Raises:
        DataError: When ``amount`` is more than ``table_bytes`` and than ``table_ratio`` times the size of the file.
    """
    if amount > limits.highest("table_bytes"):
        size = max(1, path.stat().st_size)
        limits.check("table_ratio", -(-amount // size), f"{str(path)!r} unpacks to at least {amount:,} bytes")


def unpacked_bytes(array: "pa.Array") -> int:
    """The size of an array once its dictionaries are replaced by values.

    Args:
        array: Of any type; lists may hold dictionaries.

    Returns:
        Bytes.
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
    """Whether a leaf such as ``tags.list.element`` belongs to one of the columns."""
    return any(path == column or path.startswith(f"{column}.") for column in columns)


def _unpacked(table: "pa.Table") -> "pa.Table":
    import pyarrow as pa

    fields: Iterable[Any] = [field.with_type(_plain(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


def _plain(kind: Any) -> Any:
    """The type without dictionaries, for more than 2 GB of text."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        large = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
        return large.get(kind.value_type, kind.value_type)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    return kind
