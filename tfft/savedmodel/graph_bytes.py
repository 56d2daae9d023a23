"""Convert a SavedModel to bytes for storing it inside other files, and back. Equal SavedModels give equal bytes."""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tfft.archives.unpacking import unpack_tar
from tfft.core.errors import BackboneError, shortlist
from tfft.savedmodel.graph_files import assets
from tfft.savedmodel.operations import cleaned
from tfft.savedmodel.proto import FILE, read


def packed(folder: str | Path, rows: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Put a SavedModel into an archive.

    Args:
        folder: The folder of the SavedModel.
        rows: Variables that are stored elsewhere, each with its ``shape``. The archive has zeros instead, which take no space. If
            the SavedModel has other float variables too, all variables keep their values.

    Returns:
        The bytes of a ``.tar.gz`` archive.

    Raises:
        OSError: When a file cannot be read.
        BackboneError: When the folder contains a pipe or a device.
    """
    folder = Path(folder)
    _refuse_pipes(folder)
    with tempfile.TemporaryDirectory(prefix="tfft-") as place:
        fresh = Path(place) / "model"
        shutil.copytree(folder, fresh)
        if rows:
            _emptied(fresh / "variables" / "variables", [tuple(row["shape"]) for row in rows])
        stream = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as squeezed,
            tarfile.open(fileobj=squeezed, mode="w") as archive,
        ):
            for path in sorted(fresh.rglob("*")):
                archive.add(path, path.relative_to(fresh), recursive=False, filter=_timeless)
    return stream.getvalue()


def _refuse_pipes(folder: Path) -> None:
    """Refuse pipes and devices, also behind links: copying them would wait forever, or never end."""
    strange = [path.name for path in sorted(folder.rglob("*")) if not (path.is_file() or path.is_dir())]
    if strange:
        raise BackboneError(
            "The SavedModel contains something that is not a file.", shortlist(strange), "Copy it again."
        )


def _timeless(part: tarfile.TarInfo) -> tarfile.TarInfo:
    part.mtime = part.uid = part.gid = 0
    part.uname = part.gname = ""
    part.mode = 0o755 if part.isdir() else 0o644
    return part


def _emptied(prefix: Path, shapes: Sequence[tuple[int, ...]]) -> None:
    """Rewrite a checkpoint with zeros for its float variables, if they have exactly these shapes."""
    import tensorflow as tf

    if not prefix.with_suffix(".index").is_file():
        return
    reader = tf.train.load_checkpoint(str(prefix))
    kinds, held = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    floats = [name for name, kind in kinds.items() if kind.is_floating]
    if sorted(shapes) != sorted(tuple(held[name]) for name in floats):
        return
    values = {name: reader.get_tensor(name) for name in kinds if name not in floats}
    values |= {name: np.zeros(held[name], kinds[name].as_numpy_dtype) for name in floats}
    shutil.rmtree(prefix.parent)
    prefix.parent.mkdir()
    names = sorted(values)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[values[name] for name in names],
    )


def check_operations(folder: Path) -> bytes:
    """Refuse a SavedModel with operations that are not allowed, such as those that read files.

    Bundles are checked when they are loaded. A backbone is checked before training, because no bundle could contain it.

    Args:
        folder: The folder with ``saved_model.pb``.

    Returns:
        The content of ``saved_model.pb`` without the operations that save and restore. It was checked and may be loaded.

    Raises:
        BackboneError: When an operation is not allowed, which the message then names, or assets are missing.
    """
    for part in ("variables", "assets"):
        _refuse_pipes(folder / part)
    model = read(folder)
    for graph in model.meta_graphs:
        found = cleaned(graph)
        if found:
            raise BackboneError(
                "The SavedModel contains operations that are not allowed, because they may read files or run other code.",
                shortlist(found),
                "Find out where it comes from. If it is your own, remove these operations: bundles with them cannot be loaded.",
            )
        missing = sorted(each.filename for each in assets(graph) if not (folder / "assets" / each.filename).is_file())
        if missing:
            raise BackboneError(
                "Assets of the SavedModel are missing.", shortlist(missing), "Download or copy it again."
            )
    content: bytes = model.SerializeToString()
    return content


@contextmanager
def harmless(folder: str | Path) -> Iterator[Path]:
    """Make a copy of a SavedModel that is safe to load: its ``saved_model.pb`` contains only checked content.

    Args:
        folder: The folder with ``saved_model.pb``, its variables and assets.

    Yields:
        The path of a temporary folder. Load this folder instead.

    Raises:
        BackboneError: When the SavedModel contains operations that are not allowed.
        OSError: When it cannot be read.
    """
    folder = Path(folder).resolve()
    content = check_operations(folder)
    with tempfile.TemporaryDirectory(prefix="tfft-") as place:
        (Path(place) / FILE).write_bytes(content)
        for part in ("variables", "assets"):
            if (folder / part).is_dir():
                _linked(folder / part, Path(place) / part)
        yield Path(place)


def _linked(folder: Path, place: Path) -> None:
    try:
        os.symlink(folder, place, target_is_directory=True)
    except OSError:  # on Windows, without permission to create links
        shutil.copytree(folder, place)


def extracted(archive: bytes, place: str | Path, besides: int = 0) -> Path:
    """Undo ``packed``. The archive may come from other people.

    Args:
        archive: The result of ``packed``.
        place: An empty folder to unpack into.
        besides: The size in bytes of files that came with the archive, such as weights. It is added to the size limit.

    Returns:
        The folder of a SavedModel that only computes. Its operations that save and restore were removed.

    Raises:
        BackboneError: When the archive is damaged or too large, would write outside the folder, or contains operations that are not
            allowed.
        OSError: When a file cannot be written.
    """
    unpack_tar(archive, Path(place), BackboneError, "The archive of a SavedModel", besides)
    content = check_operations(Path(place))
    (Path(place) / FILE).write_bytes(content)
    return Path(place)
