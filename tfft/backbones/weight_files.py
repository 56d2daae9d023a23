"""Compare the variables in a Keras weights file with those of a net, without loading them."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfft.archives import zip_files
from tfft.core import regular_files
from tfft.core.errors import WeightsError, quantity
from tfft.keras_files import hdf5_files

_SHOWN = 8


class Held(NamedTuple):
    """One variable in a file or net.

    Attributes:
        layer: The name of its layer (in Keras 3 files, of its group).
        path: The path of the variable.
        shape: The shape of the variable.
    """

    layer: str
    path: str
    shape: tuple[int, ...]


def variables_in(path: str) -> tuple[list[Held], bool]:
    """List the variables in a weights file.

    Args:
        path: A legacy ``.h5`` (weights or whole model), a Keras 3 ``.weights.h5``, or a whole ``.keras`` model.

    Returns:
        The variables, without the state of optimizers, metrics and seed generators; and True if Keras reads them in their order
        (legacy files), False if it finds them by the position of their layer.

    Raises:
        WeightsError: When the file holds anything other than plain arrays, or exceeds the limits on sizes.
        OSError, KeyError, ValueError, RuntimeError: When the file has another format, or is damaged.

    Example:
        >>> import tempfile, tfft
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tfft.load_backbone("toy").load().save_weights(f"{folder}/toy.weights.h5")
        ...     held, in_order = variables_in(f"{folder}/toy.weights.h5")
        >>> counted(held), held[0].shape, in_order
        ('18 variables (1,072 values)', (4,), False)
    """
    import h5py

    source: Any = path
    length = regular_files.size_of(path)
    if path.endswith(".keras"):
        if not zipfile.is_zipfile(path):
            raise ValueError("it is not a .keras archive")
        with zip_files.opened(Path(path), repr(path), WeightsError) as archive:
            content = archive.read("model.weights.h5")
        source, length = io.BytesIO(content), len(content)
    with h5py.File(source, "r") as file:
        hdf5_files.check_arrays(file, length, repr(path), WeightsError)
        root = file.get("model_weights", file)
        layers = _texts(root, "layer_names")
        if layers:
            held = [
                Held(layer, weight, tuple(root[layer][weight].shape))
                for layer in layers
                for weight in _texts(root[layer], "weight_names")
            ]
            return held, True
        return list(_datasets(root)), False


def _texts(group: Any, name: str) -> list[str]:
    """Read a list of names from attributes; Keras divides a long list into ``name0``, ``name1``, ..."""
    parts = [name] if name in group.attrs else []
    while f"{name}{len(parts)}" in group.attrs:
        parts.append(f"{name}{len(parts)}")
    return [text.decode() if isinstance(text, bytes) else str(text) for part in parts for text in group.attrs[part]]


def _datasets(root: Any) -> Iterator[Held]:
    import h5py

    found: list[Held] = []

    def visit(name: str, item: Any) -> None:
        # a Keras 3 file may also hold the state of the optimizer, of metrics and of seed generators
        mine = name.startswith(("layers/", "_layer_checkpoint_dependencies/")) and "seed_generator" not in name
        if mine and isinstance(item, h5py.Dataset):
            found.append(Held(name.rsplit("/vars/", 1)[0], name, tuple(item.shape)))

    root.visititems(visit)
    yield from found


def variables_of(net: Any) -> list[Held]:
    """List the variables of a net in the order of legacy files: of each layer the weights, then the statistics.

    Args:
        net: A functional ``keras.Model``.

    Returns:
        The variables of the net.

    Example:
        >>> import tfft
        >>> [(held.path, held.shape) for held in variables_of(tfft.load_backbone("toy").load())][:2]
        [('block1_conv/kernel', (3, 3, 3, 4)), ('block1_conv/bias', (4,))]
    """
    return [
        Held(layer.name, variable.path, tuple(variable.shape))
        for layer in net.layers
        for variable in [*layer.trainable_weights, *layer.non_trainable_weights]
    ]


def counted(variables: Sequence[Held]) -> str:
    """Return the size of a net or file in words: ``"260 variables (410,208 values)"``.

    Args:
        variables: The variables of a net or file.

    Returns:
        The number of variables, and of all their values by their shapes.
    """
    return f"{quantity(len(variables), 'variable')} ({sum(int(np.prod(item.shape)) for item in variables):,} values)"


def difference(held: Sequence[Held], wanted: Sequence[Held]) -> str:
    """Describe the shapes that only the file or only the net has, and the likely cause.

    Args:
        held: The variables of the file.
        wanted: The variables of the net.

    Returns:
        Sentences for an error message.

    Example:
        >>> kernel, top = Held("conv", "conv/kernel", (3, 3, 3, 4)), Held("fc", "fc/kernel", (4, 1000))
        >>> difference(held=[kernel, top], wanted=[kernel])
        'Only in the file: fc/kernel (4, 1000). Only in the net: nothing. The file probably includes the original top...'
    """
    only_file, only_net = _without(held, wanted), _without(wanted, held)
    lines = [f"Only in the file: {_listed(only_file)}.", f"Only in the net: {_listed(only_net)}."]
    if only_file and not only_net:
        lines.append("The file probably includes the original top: use its no_top version.")
    else:
        lines.append("Check the architecture, and alpha if the family has one.")
    return " ".join(lines)


def _without(these: Sequence[Held], those: Sequence[Held]) -> list[Held]:
    left = Counter(item.shape for item in those)
    rest = []
    for item in these:
        if left[item.shape]:
            left[item.shape] -= 1
        else:
            rest.append(item)
    return rest


def _listed(variables: Sequence[Held]) -> str:
    if not variables:
        return "nothing"
    shown = ", ".join(f"{item.path} {item.shape}" for item in variables[:_SHOWN])
    return shown if len(variables) <= _SHOWN else f"{shown}, ... ({len(variables)} in all)"
