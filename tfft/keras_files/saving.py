"""Save nets and weights to files. HDF5 only writes to memory, because on a full disk it crashes the process (SIGSEGV, h5py 3)."""

import io
from pathlib import Path
from typing import Any

from tfft.core import files


class _NamedBytes(io.BytesIO):
    """A buffer in memory that Keras accepts as a file, because ``str(buffer)`` has the right extension (Keras 3.15)."""

    def __str__(self) -> str:
        return "net.weights.h5"


class _NamelessFile(io.BufferedWriter):
    """An open file that Keras also accepts as a path.

    Keras builds the HDF5 part in memory and then writes it into the ``.keras`` file. For nets larger than half of the free memory,
    Keras writes HDF5 to the disk next to the file with this ``name`` (Keras 3.15). Without a name, HDF5 stays in memory.
    """

    name = None

    def __str__(self) -> str:
        return "net.keras"


def save_weights(net: Any, path: Path) -> None:
    """Write the weights of a net in one step. Read them with ``net.load_weights(path)``.

    Args:
        net: A built ``keras.Model`` with variables of any shape.
        path: A path that ends in ``.weights.h5``.

    Raises:
        OSError: When the disk is full or the file cannot be written. An older file stays unchanged.
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
        path: A path that ends in ``.keras``, in an existing folder.

    Raises:
        OSError: When the disk is full or the file cannot be written.
    """
    files.check_room(path.parent, sum(weight.numpy().nbytes for weight in net.weights))
    with _NamelessFile(io.FileIO(path, "wb")) as file:
        net.save(file)
