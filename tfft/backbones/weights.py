"""Read weights files into backbones: a file must hold exactly the variables of the net, or it is refused with a reason."""

import http.client
import os
import re
import urllib.error
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfft.backbones.weight_files import Held, counted, difference, variables_in, variables_of
from tfft.core.errors import WeightsError
from tfft.core.path_advice import missing_file
from tfft.inputs.pixels import IMAGENET_SPREAD
from tfft.keras_files.file_kinds import kind_of_file

_UNREADABLE = (OSError, KeyError, ValueError, TypeError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
_NO_NETWORK = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


def check_path(weights: Any) -> str:
    """Refuse a path that cannot be a weights file, before anything is built.

    Args:
        weights: The ``weights`` argument of the user.

    Returns:
        The path as a string.

    Raises:
        WeightsError: When it is not a path, has an unknown extension, the file does not exist, or its name does not fit what it
            holds.
    """
    path = Path(weights) if isinstance(weights, (str, os.PathLike)) else None
    if path is None or path.suffix not in (".h5", ".keras"):
        raise WeightsError(
            f"weights={weights if path is None else str(path)!r} is neither 'imagenet' nor a Keras weights file.",
            fix="Pass 'imagenet', None, or a path that ends in .h5, .weights.h5 or .keras.",
        )
    if not path.is_file():
        raise WeightsError(
            f"The weights file {str(path)!r} does not exist.",
            f"working folder {os.getcwd()!r}",
            missing_file(path),
        )
    kind = kind_of_file(path)
    if kind is not None and not kind.fits(path):
        raise WeightsError(
            f"Keras cannot read the weights file {str(path)!r} under this name.",
            f"a file that holds {kind.words}",
            f"Rename it to {kind.renamed(path)!r}.",
        )
    return str(path)


def load_weights(net: Any, path: str, name: str) -> None:
    """Read a weights file into a net. The file must hold every variable of the net.

    Args:
        net: A ``keras.Model`` without top.
        path: A legacy ``.h5``, a Keras 3 ``.weights.h5``, or a whole ``.keras`` model; only the weights are read.
        name: The name of the backbone, for messages.

    Raises:
        WeightsError: When the file cannot be read, or its variables do not have exactly the shapes of the net's variables. The
            message shows both sides. The net must not be used afterwards.

    Example:
        >>> import tempfile, tfft
        >>> first, second = (tfft.load_backbone("toy").load(seed) for seed in (0, 1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first.save_weights(f"{folder}/toy.weights.h5")
        ...     load_weights(second, f"{folder}/toy.weights.h5", "toy")
        >>> all((a == b).all() for a, b in zip(first.get_weights(), second.get_weights()))
        True
    """
    try:
        held, in_order = variables_in(path)
    except WeightsError:
        raise
    except _UNREADABLE as error:
        raise WeightsError(
            f"{path!r} cannot be read as Keras weights: {error}.",
            f"{os.path.getsize(path):,} bytes",
            "Copy the file again; it may be truncated, or may not be a weights file.",
        ) from error
    wanted = variables_of(net)
    if sorted(item.shape for item in held) != sorted(item.shape for item in wanted):
        raise WeightsError(
            f"{path!r} does not fit the backbone {name!r}, so nothing was loaded.",
            f"a file with {counted(held)} for a net with {counted(wanted)}",
            difference(held, wanted),
        )
    if in_order:
        _check_order(held, wanted, path, name)
    try:
        net.load_weights(path)
    except _UNREADABLE as error:
        raise WeightsError(
            f"{path!r} does not fit the backbone {name!r}.",
            f"a file with {counted(held)}: the shapes of the net in another structure ({_told(error)})",
            "Use weights of the same architecture.",
        ) from error
    _square_spread(net)


def keras_cache() -> Path:
    """Return the folder where Keras keeps downloaded weights.

    Returns:
        ``models`` in the folder ``KERAS_HOME`` at the import of Keras, or in ``~/.keras``; it may not exist.
    """
    from keras.src.backend.config import keras_home  # Keras 3.15 has no public name for it

    return Path(keras_home()).expanduser() / "models"


def not_imagenet(name: str, error: Exception) -> Exception:
    """Explain why ``weights="imagenet"`` failed, and what the user can do.

    Args:
        name: The name of the backbone.
        error: The exception that Keras raised.

    Returns:
        The error to raise: a WeightsError, or ``error`` itself when it has another cause.
    """
    folder = str(keras_cache())
    url = re.search(r"https?://\S+\.h5", str(error))
    if url is not None or isinstance(error, _NO_NETWORK):
        address = url.group() if url is not None else "the address of keras.applications"
        file = address.rsplit("/", 1)[-1] if url is not None else "the file"
        reason = str(error).rsplit(": ", 1)[-1].removeprefix("None -- ")
        return WeightsError(
            f"The ImageNet weights of {name!r} are not on this machine and cannot be downloaded.",
            f"wanted {file}, looked in {folder!r}, then at {address} ({reason})",
            f"Either connect to the network once; or copy {file} from another machine into {folder!r}; or pass "
            f'load_backbone({name!r}, weights="path/to/{file}") (weights=None starts from random weights). '
            "The backbone 'tfft_mini' ships with its weights.",
        )
    if isinstance(error, (OSError, ValueError, KeyError)):
        return WeightsError(
            f"The ImageNet weights of {name!r} on this machine cannot be used: {error}.",
            f"a file in {folder!r}",
            "Delete the file, so that it is downloaded again; or pass the path of another copy as weights=.",
        )
    return error


def _told(error: Exception) -> str:
    """What Keras says of a failure, without its list of all layers."""
    return " ".join(str(error).split("\n\nList of objects", 1)[0].split())


def _check_order(held: Sequence[Held], wanted: Sequence[Held], path: str, name: str) -> None:
    """Refuse a file whose variables are in another order than those of the net."""
    # names distinguish layers of the same shape; but Keras numbers some layers, and its versions number them differently
    named = sorted({item.layer for item in held}) == sorted({item.layer for item in wanted})
    for number, (in_net, in_file) in enumerate(zip(wanted, held, strict=True), start=1):
        if in_net.shape != in_file.shape or (named and in_net.layer != in_file.layer):
            raise WeightsError(
                f"{path!r} does not fit the backbone {name!r}, so nothing was loaded.",
                f"variable {number} is {in_file.path} {in_file.shape} in the file and {in_net.path} {in_net.shape} in the net",
                "The file has the shapes of the net in another order: use weights of the same architecture.",
            )


def _square_spread(net: Any) -> None:
    """Correct the pixel variance in EfficientNet's ImageNet weights, so that a net from a file equals Keras' ImageNet net.

    These files hold the standard deviation ("spread") of the pixels where Keras' ``Normalization`` expects a variance.
    ``keras.applications.EfficientNetB0(weights="imagenet")`` compensates with an additional ``Rescaling(1 / sqrt(spread))``. The
    same call with a path does not add this layer, so that the net receives values that it was not trained on. Here, spread ** 2
    replaces the variance, with the same result: (x - mean) / sqrt(spread) / sqrt(spread) = (x - mean) / sqrt(spread ** 2).
    Other files hold other variances and are not changed.

    Source: keras.applications.efficientnet (Keras 3.15); tensorflow issue 49930.
    """
    import keras

    for layer in net.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            variance = layer.adapt_variance.numpy()
            if np.allclose(variance, IMAGENET_SPREAD, rtol=1e-4):
                layer.adapt_variance.assign(variance**2)
                layer.finalize_state()
