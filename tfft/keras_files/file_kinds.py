"""Tell the files that Keras writes apart by what is in them, because their names are often wrong."""

import zipfile
from pathlib import Path
from typing import NamedTuple

from tfft.archives import zip_files
from tfft.core import regular_files
from tfft.core.errors import TfftError

_HDF5 = b"\x89HDF\r\n\x1a\n"


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        words: What the file holds, for messages.
        ending: The ending by which Keras recognises it.
        whole: Whether it holds the architecture as well as the weights.
    """

    words: str
    ending: str
    whole: bool

    def fits(self, path: str | Path) -> bool:
        """Return whether the name of a file has the ending of this kind; ``.weights.h5`` is not ``.h5``.

        Args:
            path: The path of the file.
        """
        name = str(path)
        return name.endswith(self.ending) and (self.ending != ".h5" or not name.endswith(WEIGHTS.ending))

    def renamed(self, path: str | Path) -> str:
        """Return the path with the ending of this kind.

        Args:
            path: The path of the file.

        Example:
            >>> WEIGHTS.renamed("models/net.h5"), OLD_WEIGHTS.renamed("net.weights.h5")
            ('models/net.weights.h5', 'net.h5')
        """
        stem = str(path)
        for ending in (WEIGHTS.ending, OLD_WEIGHTS.ending, MODEL.ending):
            stem = stem.removesuffix(ending)
        return stem + self.ending


MODEL = Kind("a whole model that Keras 3 saved", ".keras", True)
WEIGHTS = Kind("only weights, which Keras 3 saved", ".weights.h5", False)
OLD_MODEL = Kind("a whole model in Keras' older HDF5 format", ".h5", True)
OLD_WEIGHTS = Kind("only weights, in Keras' older HDF5 format", ".h5", False)


def kind_of_file(path: str | Path) -> Kind | None:
    """Find out what a file holds, without reading arrays or making a net.

    Args:
        path: The path of a file.

    Returns:
        A kind; None when the file cannot be read, or Keras does not write such files.

    Example:
        >>> import tempfile, tfft
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tfft.load_backbone("toy").load().save(f"{folder}/toy.keras")
        ...     kind_of_file(f"{folder}/toy.keras").words
        'a whole model that Keras 3 saved'
    """
    try:
        if not Path(path).is_file() or regular_files.size_of(path) < len(_HDF5):
            return None
        with open(path, "rb") as file:
            begins = file.read(len(_HDF5))
        if begins == _HDF5:
            return _hdf5_kind(str(path))
        if zipfile.is_zipfile(path):
            with zip_files.opened(Path(path), repr(str(path))) as archive:
                return MODEL if {"config.json", "model.weights.h5"} <= set(archive.namelist()) else None
    except (TfftError, OSError, ValueError, KeyError, RuntimeError):
        pass
    return None


def _hdf5_kind(path: str) -> Kind | None:
    import h5py

    with h5py.File(path, "r") as file:
        if "model_config" in file.attrs:
            return OLD_MODEL
        if "layer_names" in file.attrs or "layer_names0" in file.attrs:
            return OLD_WEIGHTS
        return WEIGHTS if {"layers", "_layer_checkpoint_dependencies"} & set(file) else None
