"""Any functional Keras model as a backbone: a local ``.keras`` file, or a model in memory, cut at a layer."""

import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, fixed_size, given_options
from tfft.core.errors import BackboneError, WeightsError, nearest, shortlist
from tfft.core.graph import nodes
from tfft.core.specs import Block, FeatureSpec
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.pixels import PIXEL_RANGES

if TYPE_CHECKING:
    import keras

_PIXELS = 224
_KINDS = {2: "vector", 3: "sequence", 4: "map"}
# a net that begins with one of these takes pixels as they are
_SCALING = ("Rescaling", "Normalization")


def names() -> Iterable[str]:
    """None by name: a model is found by its path, or handed in."""
    return ()


def backbone(
    name: "str | keras.Model",
    layer: str | None = None,
    size: int | tuple[int, int] | None = None,
    fit: str | None = None,
    pixel_range: str | None = None,
    blocks: Sequence[str] = (),
) -> Backbone:
    """Describe a model of pictures; of a file its architecture is read, and not its weights.

    Args:
        name: A ``.keras`` file, or a functional ``keras.Model`` in memory, which stays as it is: its copy is trained.
        layer: Whose output becomes the features; None for the last one before its top: before the last pooling, or the last
            Dense layer.
        size: Height and width in pixels, one number or both; None for what it takes, or 224.
        fit: How pictures are brought to the size, ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.
        pixel_range: What it was trained on: ``"raw"`` (0..255), ``"zero_to_one"``, ``"minus_one_to_one"``, ``"torch"`` or
            ``"caffe"``. It has to be said, but for a model that begins with a ``Rescaling`` or ``Normalization`` layer.
        blocks: Names of the layers at which blocks end, from input to output; without them a block ends where maps become
            smaller, or with every layer that has weights.

    Returns:
        A Backbone whose features are of shape (batch, width), (batch, steps, width) or (batch, height, width, channels).

    Raises:
        BackboneError: When the model cannot be a backbone, or an option does not fit it.
        WeightsError: When the file is missing or damaged.
    """
    handle, net, load = _opened(name)
    base = _cut(net, handle, layer)
    if pixel_range is None:
        pixel_range = _range(base, handle)
    if pixel_range not in PIXEL_RANGES:
        raise BackboneError(f"There is no pixel range {pixel_range!r}.", fix=nearest(str(pixel_range), PIXEL_RANGES))
    height, width = fixed_size(handle, tuple(base.inputs[0].shape[1:3]), size)
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    return Backbone(
        handle=handle,
        options=given_options(layer=layer, size=size, fit=fit, pixel_range=pixel_range, blocks=tuple(blocks) or None),
        loader=partial(_load, load, handle, layer),
        features=FeatureSpec(_KINDS[len(base.output.shape)], dtype=base.output.dtype),  # type: ignore[arg-type]
        blocks=_said(base, blocks) if blocks else tuple(_found(base)),
        preprocessor=geometry,
        pixel_range=pixel_range,
    )


def _opened(name: Any) -> tuple[str, Any, Callable[[], Any]]:
    """Handle, architecture, and what makes the net with its weights."""
    import keras

    if not isinstance(name, str):
        if not isinstance(name, keras.Model):
            raise BackboneError(f"{type(name).__name__!r} is no Keras 3 model.", fix="Pass a functional keras.Model.")
        _check_classes(name)
        return f"<{name.name}>", name, lambda: name
    path = Path(name)
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        net = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except FileNotFoundError:
        raise WeightsError(f"There is no file {name!r}.", fix="Check the path.") from None
    except Exception as error:  # of a class that is not registered, of a lambda, of a damaged file: each another one
        raise WeightsError(
            f"{name!r} cannot be read as a Keras model: {type(error).__name__}: {str(error).splitlines()[0][:200]}.",
            f"{path.stat().st_size:,} bytes",
            "Get the file again where it is damaged; register classes of your own with "
            "keras.saving.register_keras_serializable, which a Lambda has to become as well.",
        ) from error
    return name, net, partial(keras.saving.load_model, path, compile=False, safe_mode=True)


def _cut(net: Any, handle: str, layer: str | None) -> Any:
    import keras

    if isinstance(net, keras.Sequential) and net.built and net.inputs:
        net = keras.Model(net.inputs, net.outputs, name=net.name)
    if not getattr(net, "inputs", None) or not getattr(net, "layers", None):
        raise BackboneError(
            f"The model {handle!r} is not functional.",
            type(net).__name__,
            "Build it with keras.Model(inputs, outputs), or begin the Sequential one with keras.Input(shape).",
        )
    if len(net.inputs) != 1 or len(net.inputs[0].shape) != 4 or net.inputs[0].shape[-1] != 3:
        raise BackboneError(
            f"The model {handle!r} takes no pictures.",
            shortlist([str(tuple(tensor.shape)) for tensor in net.inputs]),
            "It has to take one tensor of shape (batch, height, width, 3).",
        )
    net = _flat(net)
    known = [found.name for found in net.layers]
    if layer is not None and layer not in known:
        raise BackboneError(f"The model {handle!r} has no layer {layer!r}.", fix=nearest(layer, known))
    # not those of the layers, which belong to other nets as well
    outputs = {node.operation.name: list(node.outputs) for node in nodes(net)}
    outputs = {name: found[0] if len(found) == 1 else found for name, found in outputs.items()}
    output = outputs.get(layer, net.inputs[0]) if layer is not None else _last(net, outputs, handle)
    if isinstance(output, (list, tuple, dict)) or len(output.shape) not in _KINDS or "float" not in output.dtype:
        raise BackboneError(
            f"The output of {layer or known[-1]!r} in {handle!r} cannot be features.",
            "several tensors" if isinstance(output, (list, tuple, dict)) else f"{output.dtype} {tuple(output.shape)}",
            "Pass layer= with one whose output is one tensor of floats.",
        )
    base = keras.Model(net.inputs, output, name="backbone")
    if not base.weights:
        raise BackboneError(
            f"Nothing before the output of {layer or known[-1]!r} in {handle!r} has weights.",
            shortlist([found.name for found in base.layers]),
            "Pass layer= with one further back.",
        )
    return base


def _check_classes(net: Any) -> None:
    """Refuse what a bundle could not bring back, before anything is trained."""
    import keras

    for layer in net._flatten_layers(include_self=False):
        kind = type(layer)
        registered = keras.saving.get_registered_name(kind) != kind.__name__
        if kind.__name__ == "Lambda" or not (registered or kind.__module__.startswith(("keras.", "keras_hub."))):
            raise BackboneError(
                f"The layer {layer.name!r} of the class {kind.__name__} cannot be saved with a model.",
                fix="Register its class with keras.saving.register_keras_serializable(); a Lambda has to become such a class.",
            )


def _flat(net: Any) -> Any:
    """The same net, with the layers of models inside it in the place of these, so that it can be cut within them."""
    import keras

    def call(operation: Any) -> Any:
        if not hasattr(operation, "_nodes_by_depth"):
            return operation
        # Keras 3.15 has no public way to call the operations of a functional model one by one
        return lambda *inputs, **_: operation._run_through_graph(list(inputs), operation_fn=call)

    inside = [layer for layer in net.layers if hasattr(layer, "_nodes_by_depth")]
    names = list(_names(net))
    if not inside or len(set(names)) < len(names):
        return net
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in net.inputs]
    return keras.Model(inputs, net._run_through_graph(inputs, operation_fn=call), name=net.name)


def _names(net: Any) -> Iterator[str]:
    """Of the layers of a net and of those inside it, but for inputs."""
    for layer in net.layers:
        if hasattr(layer, "_nodes_by_depth"):
            yield from _names(layer)
        elif type(layer).__name__ != "InputLayer":
            yield layer.name


def _last(net: Any, outputs: Mapping[str, Any], handle: str) -> Any:
    """The output of the last layer before the top."""
    single = {name: output for name, output in outputs.items() if hasattr(output, "shape")}
    maps = [output for output in single.values() if len(output.shape) in (3, 4)]
    names = list(single)
    dense = [number for number, name in enumerate(names) if type(net.get_layer(name)).__name__ == "Dense"]
    if maps:
        return maps[-1]
    if not dense or not dense[-1]:
        raise BackboneError(f"The model {handle!r} has nothing before its top.", fix="Pass layer=.")
    return single[names[dense[-1] - 1]]


def _range(base: Any, handle: str) -> str:
    first = [type(layer).__name__ for layer in base.layers[1:] if type(layer).__name__ != "Identity"][:1]
    if first and first[0] in _SCALING:
        return "raw"
    raise BackboneError(
        f"The model {handle!r} does not say which pixels it was trained on.",
        f"it begins with {first[0] if first else 'nothing'}",
        'Pass pixel_range="raw" for 0..255, "zero_to_one", "minus_one_to_one", "torch" or "caffe".',
    )


def _said(base: Any, ends: Sequence[str]) -> tuple[Block, ...]:
    known = [layer.name for layer in base.layers]
    unknown = [name for name in ends if name not in known]
    if isinstance(ends, str) or unknown:
        raise BackboneError(
            "blocks= takes names of layers at which blocks end.",
            repr(ends) if isinstance(ends, str) else shortlist(unknown),
            nearest(str(unknown[0]) if unknown and not isinstance(ends, str) else "", known),
        )
    ends = [name for name in ends if name != known[-1]]
    return (*(Block(f"block{n + 1}", f"{re.escape(e)}$") for n, e in enumerate(ends)), Block(f"block{len(ends) + 1}"))


def _found(base: Any) -> Iterator[Block]:
    """Blocks that end where maps become smaller; of other nets with each layer that has weights."""
    smallest, number, pending, last = float("inf"), 1, False, ""
    of_maps = len(base.output.shape) == 4
    for layer in base.layers[1:]:
        shape = getattr(getattr(layer, "output", None), "shape", ())
        area = prod(side or _PIXELS for side in shape[1:3]) if len(shape) == 4 else smallest
        ends = area < smallest if of_maps else bool(layer.weights)
        if ends and pending:
            yield Block(f"block{number}", f"{re.escape(last)}$")
            number, pending = number + 1, False
        smallest, pending, last = min(smallest, area), pending or bool(layer.weights), layer.name
    yield Block(f"block{number}")


def _load(load: Callable[[], Any], handle: str, layer: str | None, seed: int) -> "keras.Model":
    import keras

    try:
        net = load()
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        raise WeightsError(f"The weights in {handle!r} cannot be read: {error}.", fix="Get the file again.") from error
    base = _cut(net, handle, layer)
    with tempfile.TemporaryDirectory(prefix="tfft-") as folder:
        # a copy, whose layers nobody else holds; a clone would lose vocabularies, statistics and graphs of layers
        base.save(Path(folder) / "net.keras")
        return keras.saving.load_model(Path(folder) / "net.keras", compile=False, safe_mode=True)
