"""Check links, types, chunks and compression of HDF5 weights files from other people before Keras reads an array.

HDF5 always unpacks whole chunks. A chunk may be much larger than its array, and may unpack to more bytes than declared.

::

    size = hdf5_files.check("vgg16.weights.h5", "'vgg16.weights.h5'", WeightsError)
"""

import io
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfft.core import limits, regular_files
from tfft.core.errors import TfftError, kind_of

SPARE_BYTES = 64 * 2**20
"""Arrays of up to this size may be much larger than their stored bytes, for example zeros that were never written."""
_KINDS = "fiub"  # NumPy kinds: floats, integers and booleans
_SMALL_CHUNK = 2**20  # bytes; a chunk of this size may be larger than its array
_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3  # filters of HDF5


def check(source: str | Path | bytes, what: str, error: type[TfftError]) -> int:
    """Refuse a file that contains anything except plain arrays of a reasonable size.

    Args:
        source: The path of the file, or its content.
        what: The name of the file in messages.
        error: The exception class to raise.

    Returns:
        The size in bytes of all arrays, by the shape and dtype in their headers.

    Raises:
        TfftError: An instance of ``error``, when the file is damaged; when it contains links, arrays of other files, or other
            objects than arrays of numbers; when an array or a chunk is much larger than its stored bytes.

    Example:
        >>> import h5py
        >>> content = io.BytesIO()
        >>> with h5py.File(content, "w") as file:
        ...     file["kernel"] = [[1.0, 2.0], [3.0, 4.0]]
        >>> check(content.getvalue(), "'a.h5'", TfftError)
        32
    """
    import h5py

    try:
        length = len(source) if isinstance(source, bytes) else regular_files.size_of(source)
        with h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r") as file:
            return check_arrays(file, length, what, error)
    except (OSError, ValueError, KeyError, RuntimeError, RecursionError) as damage:
        if isinstance(damage, TfftError):
            raise
        raise error(f"{what} is damaged: {damage}.", fix="Copy or export it again.") from damage


def check_arrays(file: Any, length: int, what: str, error: type[TfftError]) -> int:
    """Check an open file. For a damaged file, this raises the errors of h5py.

    Args:
        file: An ``h5py.File``.
        length: The size in bytes of the file.
        what: The name of the file in messages.
        error: The exception class to raise.

    Returns:
        The same as ``check``.

    Raises:
        TfftError: An instance of ``error``, as for ``check``.
        OSError, ValueError, KeyError, RuntimeError, RecursionError: When the file is damaged.
    """
    size = stored = 0
    for path, item in _arrays(file, what, error):
        _check_array(path, item, what, error)
        size += _bytes(item.shape, item)
        stored += item.id.get_storage_size()
        if stored > length:
            raise _refused(what, f"arrays that share bytes, at {path}", error)
    return size


def _arrays(file: Any, what: str, error: type[TfftError]) -> Iterator[tuple[str, Any]]:
    """Yield each array once, with its path. Groups that contain themselves cause no endless loop."""
    import h5py

    found: set[int] = set()

    def walk(group: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise _refused(what, f"{kind_of(link)} at {path}{name}", error)
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in found:
                continue
            found.add(address)
            limits.check("archive_members", len(found) // 10, what, error)
            if isinstance(item, h5py.Group):
                yield from walk(item, f"{path}{name}/")
            elif isinstance(item, h5py.Dataset):
                yield f"{path}{name}", item
            else:
                raise _refused(what, f"{kind_of(item)} at {path}{name}", error)

    return walk(file, "")


def _check_array(path: str, item: Any, what: str, error: type[TfftError]) -> None:
    if item.is_virtual or item.external:
        raise _refused(what, f"an array of another file at {path}", error)
    # bfloat16 has two bytes and no NumPy kind
    if item.dtype.kind not in _KINDS and (item.dtype.kind, item.dtype.itemsize) != ("V", 2):
        raise _refused(what, f"{item.dtype} at {path}", error)
    size, stored = _bytes(item.shape, item), item.id.get_storage_size()
    if size > limits.highest("archive_ratio") * max(stored, 1) and size > SPARE_BYTES:
        raise _refused(what, f"{size:,} bytes declared but {stored:,} stored at {path}", error)
    if item.chunks is None:
        return
    chunk = _bytes(item.chunks, item)
    if chunk > max(size, _SMALL_CHUNK):
        raise _refused(what, f"a chunk of {chunk:,} bytes in an array of {size:,} at {path}", error)
    properties = item.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if not {_DEFLATE, _SHUFFLE, _CHECKSUM} >= set(filters) or len(filters) > len(set(filters)):
        raise _refused(what, f"an unusual compression at {path}", error)
    if _DEFLATE in filters and not all(
        _unpacks_to(chunk, item.id, number) for number in range(item.id.get_num_chunks())
    ):
        raise _refused(what, f"a compressed chunk of more than its {chunk:,} bytes at {path}", error)


def _unpacks_to(most: int, dataset: Any, number: int) -> bool:
    """Return whether a compressed chunk unpacks to at most its declared bytes. HDF5 itself does not check this."""
    info = dataset.get_chunk_info(number)
    most += 4  # a checksum
    if info.size > most + most // 64 + 64:  # deflate never adds more than this
        return False
    _, packed = dataset.read_direct_chunk(info.chunk_offset)
    try:
        return len(zlib.decompressobj().decompress(packed, most + 1)) <= most
    except zlib.error:  # the chunk is stored uncompressed, or is damaged, which HDF5 refuses
        return True


def _bytes(shape: tuple[int, ...] | None, item: Any) -> int:
    return int(math.prod((0,) if shape is None else shape) * item.dtype.itemsize)


def _refused(what: str, got: str, error: type[TfftError]) -> TfftError:
    return error(f"{what} contains something else than plain arrays.", got, "Find out where it comes from.")
