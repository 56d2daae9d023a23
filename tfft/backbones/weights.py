"""Weights from files: found or refused with a reason, fitted without a remainder or not at all."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core.errors import WeightsError

_SHOWN = 8


def check_path(weights: Any) -> None:
    """Refuse a path that cannot be a weights file, before anything is built.

    Args:
        weights: What the user passed.

    Raises:
        WeightsError: When it is no file, or has no known ending.
    """
    path = Path(weights)
    if path.suffix not in (".h5", ".keras"):
        raise WeightsError(
            f"weights={str(weights)!r} is neither 'imagenet' nor a Keras weights file.",
            fix="Pass 'imagenet', None, or a path that ends in .h5, .weights.h5 or .keras.",
        )
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file {str(weights)!r}.",
            f"working folder {os.getcwd()!r}",
            "Check the path; it is relative to where you run.",
        )


def keras_cache() -> Path:
    """The folder where Keras keeps downloaded weights: ``KERAS_HOME``, or ``.keras`` below the home folder.

    Returns:
        A path that need not exist.
    """
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def load_weights(net: Any, path: str, name: str) -> None:
    """Read a weights file into a net whose every variable it must cover.

    Args:
        net: A ``keras.Model`` without top.
        path: Legacy ``.h5``, Keras 3 ``.weights.h5``, or a whole ``.keras`` model.
        name: Of the backbone, for messages.

    Raises:
        WeightsError: When the file cannot be read, or does not hold exactly the net's variables; both sides are shown, and the
            net must not be used.
    """
    try:
        shapes = _shapes_in(path)
    except (OSError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{path!r} cannot be read as Keras weights: {error}.", fix="Download it again; it may be truncated."
        ) from error
    wanted = [(variable.path, tuple(variable.shape)) for variable in net.weights]
    if sorted(shape for _, shape in shapes) != sorted(shape for _, shape in wanted):
        raise WeightsError(
            f"{path!r} does not fit the backbone {name!r}, so nothing was loaded.",
            f"a file with {_counted(shapes)} for a net with {_counted(wanted)}",
            _difference(shapes, wanted),
        )
    try:
        if path.endswith(".keras"):
            _copy_model(net, path)
        else:
            net.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path!r} does not fit the backbone {name!r}: {error}.", fix="Use weights of the same architecture."
        ) from error


def unreachable(name: str, error: Exception) -> WeightsError | None:
    """Turn a failed download into one sentence with the ways out.

    Args:
        name: Of the backbone.
        error: What Keras raised.

    Returns:
        The error to raise, or None when this was something else.
    """
    url = re.search(r"https?://\S+?\.h5", str(error))
    if url is None:
        return None
    folder = keras_cache()
    file = url.group().rsplit("/", 1)[-1]
    return WeightsError(
        f"The ImageNet weights of {name!r} are not on this machine and cannot be downloaded.",
        f"wanted {file}, looked in {str(folder)!r}, then at {url.group()} ({error.__cause__ or str(error)[-80:]})",
        f"Either connect to the network once; or copy {file} from another machine into {str(folder)!r}; or pass "
        f'weights="path/to/{file}" (weights=None starts from random ones).',
    )


def _shapes_in(path: str) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of every variable in a weights file, in any of Keras' formats."""
    import io
    import zipfile

    import h5py

    if path.endswith(".keras"):
        if not zipfile.is_zipfile(path):
            raise ValueError("it is not a .keras archive")
        with zipfile.ZipFile(path) as archive:
            source: Any = io.BytesIO(archive.read("model.weights.h5"))
    else:
        source = path
    with h5py.File(source, "r") as file:
        root = file["model_weights"] if "model_weights" in file else file
        if "layer_names" in root.attrs:
            return [
                (_text(weight), tuple(root[_text(layer)][_text(weight)].shape))
                for layer in root.attrs["layer_names"]
                for weight in root[_text(layer)].attrs["weight_names"]
            ]
        return list(_datasets(root))


def _datasets(root: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    import h5py

    found: list[tuple[str, tuple[int, ...]]] = []

    def visit(name: str, item: Any) -> None:
        # a Keras 3 file may hold the optimizer's and seed generators' state besides
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer") and "seed_generator" not in name:
            found.append((name, tuple(item.shape)))

    root.visititems(visit)
    yield from found


def _copy_model(net: Any, path: str) -> None:
    import keras

    model = keras.saving.load_model(path, compile=False)
    net.set_weights([np.asarray(weight) for weight in model.get_weights()])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _counted(variables: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    return f"{len(variables)} variables ({sum(int(np.prod(shape)) for _, shape in variables):,} values)"


def _difference(held: Sequence[tuple[str, tuple[int, ...]]], wanted: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    """What only the file has and what only the net has, by shape."""
    only_file = _without(held, wanted)
    only_net = _without(wanted, held)
    lines = [f"Only in the file: {_listed(only_file)}.", f"Only in the net: {_listed(only_net)}."]
    if only_file and not only_net:
        lines.append("The file probably holds the original top: use its no_top version.")
    else:
        lines.append("Check the architecture, and alpha where the family has one.")
    return " ".join(lines)


def _without(
    these: Sequence[tuple[str, tuple[int, ...]]], those: Sequence[tuple[str, tuple[int, ...]]]
) -> list[tuple[str, tuple[int, ...]]]:
    left = [shape for _, shape in those]
    rest = []
    for name, shape in these:
        if shape in left:
            left.remove(shape)
        else:
            rest.append((name, shape))
    return rest


def _listed(variables: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    if not variables:
        return "nothing"
    shown = ", ".join(f"{name} {shape}" for name, shape in variables[:_SHOWN])
    return shown if len(variables) <= _SHOWN else f"{shown}, ... ({len(variables)} in all)"
