"""Check the members, configuration and weights of a ``.keras`` file from other people before Keras opens it.

::

    with keras_zip.checked(path, "'flowers.tfft'", BundleError) as room:
        net = keras.saving.load_model(path, compile=False, safe_mode=True)
"""

import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfft.archives import zip_files
from tfft.core import limits, strict_json
from tfft.core.errors import BundleError, TfftError
from tfft.keras_files import hdf5_files, net_config

_CONFIG, _METADATA, _WEIGHTS, _ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets/"


def graphs(
    path: Path, what: str, error: type[TfftError] = BundleError, own_classes: Sequence[Any] = ()
) -> Iterator[bytes]:
    """Check a ``.keras`` file, except the SavedModels inside it.

    Args:
        path: The path of the file.
        what: The name of the file in messages.
        error: The exception class to raise.
        own_classes: Registered classes that are allowed in addition to those of ``allowed_classes``.

    Yields:
        The bytes of the archive of each SavedModel inside, for ``graph_bytes``.

    Raises:
        TfftError: An instance of ``error``, when the zip file is damaged or unsafe, has unexpected or missing members, or when its
            configuration exceeds a limit or names a class that could run other code.
    """
    with zip_files.opened(path, _named(path, what), error) as archive:
        names = set(archive.namelist())
        strange = sorted(n for n in names - {_CONFIG, _METADATA, _WEIGHTS} if not n.startswith(_ASSETS))
        missing = sorted({_CONFIG, _WEIGHTS} - names)
        if strange or missing:
            raise error(
                f"{_named(path, what)} is not a file that Keras writes.",
                f"without {missing[0]!r}" if missing else repr(strange[0]),
                "Copy or export it again.",
            )
        limits.check("config_bytes", archive.getinfo(_CONFIG).file_size, f"config.json in {what}", error)
        config = strict_json.read(
            archive.read(_CONFIG), f"config.json in {what}", error, "Copy or export it again.", nan=True
        )
        net_config.check(config, what, error, own_classes)
        yield from (archive.read(name) for name in sorted(names) if name.endswith(".tar.gz"))


def _named(path: Path, what: str) -> str:
    return what if path.name in what else f"{path.name} in {what}"


@contextmanager
def room_for_weights(path: Path, what: str, error: type[TfftError] = BundleError) -> Iterator[None]:
    """While the net is loaded in this context, refuse variables that take more bytes than the weights in the file.

    Args:
        path: A ``.keras`` file whose members were checked by ``graphs``.
        what: The name of the file in messages.
        error: The exception class to raise.

    Yields:
        None.

    Raises:
        TfftError: An instance of ``error``. At the start of the context, when the file of weights refers to other files, contains
            other objects than plain arrays, or declares more bytes than it contains. Inside the context, when a variable is
            too large, before it takes memory.
    """
    import tensorflow as tf

    with zip_files.opened(path, _named(path, what), error) as archive:
        most = 2 * hdf5_files.check(archive.read(_WEIGHTS), f"{_WEIGHTS} in {what}", error) + hdf5_files.SPARE_BYTES
    made = [0]

    def creator(following: Any, **options: Any) -> Any:
        made[0] += _bytes_of(options)
        if made[0] > most:
            raise error(
                f"The net in {what} needs more memory than its weights file explains.",
                f"more than {most:,} bytes of variables",
                "Find out where it comes from.",
            )
        return following(**options)

    with tf.variable_creator_scope(creator):
        yield


def check_outputs(net: Any, what: str, error: type[TfftError] = BundleError) -> None:
    """Refuse a net that turns a small input into enormous tensors.

    Args:
        net: A ``keras.Model``; the outputs of its layers have shapes (batch, ...).
        what: The name of the file in messages.
        error: The exception class to raise.

    Raises:
        TfftError: An instance of ``error``, when an output for one example has more values than the limit ``net_values``.
    """
    examples = max((tensor.shape[0] or 1 for tensor in net.inputs if tensor.shape), default=1)
    for operation in _operations(net):
        for node in getattr(operation, "_inbound_nodes", ()):
            for tensor in node.output_tensors:
                values = math.prod(side or 1 for side in tensor.shape) // examples
                limits.check("net_values", values, f"The net in {what}", error)


def _operations(net: Any) -> Iterator[Any]:
    """Yield layers and plain operations, including those of nets inside the net."""
    for operation in getattr(net, "operations", None) or net.layers:
        yield operation
        if hasattr(operation, "layers"):
            yield from _operations(operation)


def _bytes_of(options: dict[str, Any]) -> int:
    """Return the size in bytes of a new TensorFlow variable. Keras 3.15 passes a closure with a variable that has the shape."""
    value = options.get("initial_value")
    held = inspect.getclosurevars(value).nonlocals.get("self") if inspect.isfunction(value) else value
    shape = getattr(held, "shape", None)
    shape = options.get("shape") if shape is None else shape
    # the loader of a SavedModel inside the file passes a protobuf, which is not counted: the values of its variables come from that
    # SavedModel, whose size is limited
    sides = [] if shape is None or hasattr(shape, "unknown_rank") else list(shape)
    return 8 * math.prod(side or 1 for side in sides)
