"""Weights from files: found or refused with a reason, fitted without a remainder or not at all."""

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
from tfft.preprocess.pixels import IMAGENET_SPREAD

_UNREADABLE = (OSError, KeyError, ValueError, TypeError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
_NO_NETWORK = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


def check_path(weights: Any) -> str:
    """Refuse a path that cannot be a weights file, before anything is built.

    Args:
        weights: What the user passed.

    Returns:
        The path as a plain string.

    Raises:
        WeightsError: When it is no path, no file, or has no known ending.
    """
    path = Path(weights) if isinstance(weights, (str, os.PathLike)) else None
    if path is None or path.suffix not in (".h5", ".keras"):
        raise WeightsError(
            f"weights={weights if path is None else str(path)!r} is neither 'imagenet' nor a Keras weights file.",
            fix="Pass 'imagenet', None, or a path that ends in .h5, .weights.h5 or .keras.",
        )
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file {str(path)!r}.",
            f"working folder {os.getcwd()!r}",
            missing_file(path),
        )
    return str(path)


def load_weights(net: Any, path: str, name: str) -> None:
    """Read a weights file into a net whose every variable it must cover.

    Args:
        net: A ``keras.Model`` without top.
        path: Legacy ``.h5``, Keras 3 ``.weights.h5``, or a whole ``.keras`` model (its code and configuration are not read).
        name: Of the backbone, for messages.

    Raises:
        WeightsError: When the file cannot be read, or does not hold exactly the net's variables by shape; both sides are shown,
            and the net must not be used.

    Example:
        >>> import tempfile, tfft
        >>> first, second = (tfft.load_backbone("toy").load(seed) for seed in (0, 1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first.save_weights(f"{folder}/toy.weights.h5")
        ...     load_weights(second, f"{folder}/toy.weights.h5", "toy")
        >>> all((ours == theirs).all() for ours, theirs in zip(first.get_weights(), second.get_weights()))
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
            "Get the file again; it may be truncated, or something else under this name.",
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
            f"a file with {counted(held)} of the net's shapes in another arrangement ({error})",
            "Use weights of the same architecture.",
        ) from error
    _square_spread(net)


def keras_cache() -> Path:
    """The folder where Keras keeps the weights it downloads.

    Returns:
        ``models`` below ``KERAS_HOME`` as it was when Keras was imported, or below ``~/.keras``; it need not exist.
    """
    from keras.src.backend.config import keras_home  # no public name (Keras 3.15)

    return Path(keras_home()).expanduser() / "models"


def not_imagenet(name: str, error: Exception) -> Exception:
    """Say in one sentence why ``weights="imagenet"`` failed, and the ways out.

    Args:
        name: Of the backbone.
        error: What Keras raised.

    Returns:
        The error to raise: a WeightsError, or ``error`` itself when it is about something else.
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
            f'load_backbone({name!r}, weights="path/to/{file}") (weights=None starts from random ones). '
            "The backbone 'tfft_mini' ships with its weights.",
        )
    if isinstance(error, (OSError, ValueError, KeyError)):
        return WeightsError(
            f"The ImageNet weights of {name!r} on this machine cannot be used: {error}.",
            f"a file in {folder!r}",
            "Delete it, so that it is downloaded again; or pass the path of a good one as weights=.",
        )
    return error


def _check_order(held: Sequence[Held], wanted: Sequence[Held], path: str, name: str) -> None:
    """Refuse a file whose variables come in another order than the net takes them."""
    # names tell layers of one shape apart; but some are counted by Keras, and older versions counted otherwise
    named = sorted({item.layer for item in held}) == sorted({item.layer for item in wanted})
    for number, (ours, theirs) in enumerate(zip(wanted, held, strict=True), start=1):
        if ours.shape != theirs.shape or (named and ours.layer != theirs.layer):
            raise WeightsError(
                f"{path!r} does not fit the backbone {name!r}, so nothing was loaded.",
                f"variable {number} is {theirs.path} {theirs.shape} in the file and {ours.path} {ours.shape} in the net",
                "The file has the net's shapes in another order: use weights of the same architecture.",
            )


def _square_spread(net: Any) -> None:
    """Make EfficientNet's ImageNet weights mean what they mean in Keras' own ImageNet net.

    These files hold the spread of the pixels where Keras' ``Normalization`` takes a variance.
    ``keras.applications.EfficientNetB0(weights="imagenet")`` makes up for it with a further ``Rescaling(1 / sqrt(spread))``; the
    same call with a path has none, so that the net sees other values than it was trained on. Here the variance becomes
    spread ** 2 instead, which is the same: (x - mean) / sqrt(spread) / sqrt(spread) = (x - mean) / sqrt(spread ** 2).
    Files of nets trained otherwise hold other variances and stay as they are.

    Source: keras.applications.efficientnet (Keras 3.15); tensorflow issue 49930.
    """
    import keras

    for layer in net.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            variance = layer.adapt_variance.numpy()
            if np.allclose(variance, IMAGENET_SPREAD, rtol=1e-4):
                layer.adapt_variance.assign(variance**2)
                layer.finalize_state()
