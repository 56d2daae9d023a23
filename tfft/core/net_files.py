"""A net's weights, and a whole net, as files. HDF5 never writes to a disk: on a full one it ends the process (SIGSEGV, h5py 3)."""

import io
from pathlib import Path
from typing import Any

from tfft.core import files


class _NamedBytes(io.BytesIO):
    """Bytes in memory that Keras takes for a file: it looks at the ending of ``str(path)`` (Keras 3.15)."""

    def __str__(self) -> str:
        return "net.weights.h5"


class _NamelessFile(io.BufferedWriter):
    """An open file that Keras takes for a path, too.

    Keras builds HDF5 in memory and writes it into a ``.keras`` file at the end, except for nets over half of the free memory: then
    HDF5 goes to the disk, beside the file of this ``name`` (Keras 3.15). Without a name it stays in memory.
    """

    name = None

    def __str__(self) -> str:
        return "net.keras"


def save_weights(net: Any, path: Path) -> None:
    """Write the weights of a net in one step; ``net.load_weights(path)`` reads them.

    Args:
        net: A built ``keras.Model`` with variables of any shape.
        path: Ends in ``.weights.h5``.

    Raises:
        OSError: When there is no room for them or they cannot be written; an older file is then untouched.
    """
    content = _NamedBytes()
    net.save_weights(content)
    with files.replacing(path) as fresh:
        files.check_room(fresh.parent, content.getbuffer().nbytes)
        fresh.write_bytes(content.getbuffer())


def save_net(net: Any, path: Path) -> None:
    """Write a net as a ``.keras`` file.

    Args:
        net: A built ``keras.Model`` with variables of any shape.
        path: Ends in ``.keras``; its folder exists.

    Raises:
        OSError: When there is no room for it or it cannot be written.
    """
    files.check_room(path.parent, sum(weight.numpy().nbytes for weight in net.weights))
    with _NamelessFile(io.FileIO(path, "wb")) as file:
        net.save(file)
