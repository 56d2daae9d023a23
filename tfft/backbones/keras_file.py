"""Backbones from functional Keras models: a local ``.keras`` file, or a model in memory, cut at a layer."""

import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, fixed_size, given_options
from tfft.backbones.own.axes import channels_last, has_channels_first
from tfft.backbones.own.blocks import blocks_of
from tfft.backbones.own.copies import check_saved, copied, remade
from tfft.backbones.own.features import KINDS, features_of
from tfft.backbones.own.nets import has_clashes, image_input, unfolded
from tfft.backbones.own.pixels import range_of_net, reads_weights
from tfft.core import strict_json
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.core.graph import nodes
from tfft.core.passages import before
from tfft.core.path_advice import missing_file
from tfft.core.specs import FeatureSpec
from tfft.inputs.image import ImagePreprocessor
from tfft.keras_files import keras_zip, net_config

if TYPE_CHECKING:
    import keras


def names() -> Iterable[str]:
    """Return no names: a model is given by its path, or as an object."""
    return ()


def backbone(
    name: "str | keras.Model",
    layer: str | None = None,
    size: int | tuple[int, int] | None = None,
    fit: str | None = None,
    pixel_range: str | None = None,
    blocks: Sequence[str] = (),
) -> Backbone:
    """Describe an image model. Only the architecture of a file is read, and also the weights when pixels are normalised with them.

    Args:
        name: A ``.keras`` file, or a functional ``keras.Model`` in memory. The model is not changed: a float32 copy is trained.
        layer: The layer or operation whose output becomes the features. None for the last one before the top: the input of the
            last global pooling, or the last map, or the input of the last Dense layer. A name is required when several outputs
            of the model lead to different layers.
        size: Height and width in pixels, one number or both; None for the size of the model, or 224 if it has no fixed size.
        fit: How images are resized: ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.
        pixel_range: The range of pixels that it was trained on: ``"raw"`` (0..255), ``"zero_to_one"``, ``"minus_one_to_one"``,
            ``"torch"`` or ``"caffe"``. A model whose first layers or operations scale 0..255 themselves accepts only ``"raw"``.
        blocks: The names of the layers at which blocks end, from input to output. Without names, a block ends where maps become
            smaller; in a model without maps, each layer with weights ends a block.

    Returns:
        A Backbone whose features are of shape (batch, width), (batch, steps, width) or (batch, height, width, channels).

    Raises:
        BackboneError: When the model cannot be a backbone, or an option does not fit it.
        WeightsError: When the file is missing or damaged.
    """
    handle, net, load = _opened(name)
    height, width = fixed_size(handle, tuple(image_input(net, handle).shape[1:3]), size)
    if load is None:
        net = remade(net) if has_clashes(net) else net
        load = partial(_owned, net=name)
    base = _cut(net, handle, layer, (height, width))
    check_saved(base, handle)
    weighted = (
        base if net is name or not reads_weights(base) else _cut(_read(load, handle), handle, layer, (height, width))
    )
    pixel_range = range_of_net(weighted, handle, pixel_range)
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    return Backbone(
        handle=handle,
        options=given_options(layer=layer, size=size, fit=fit, pixel_range=pixel_range, blocks=tuple(blocks) or None),
        loader=partial(_load, load, handle, layer, (height, width)),
        features=FeatureSpec(KINDS[len(base.output.shape)]),  # type: ignore[arg-type]
        blocks=blocks_of(base, blocks, 1 if has_channels_first(base) else 3),
        preprocessor=geometry,
        pixel_range=pixel_range,
    )


def _opened(name: Any) -> tuple[str, Any, Callable[[], Any] | None]:
    """The handle, the architecture, and a function that makes the net with its weights (None for a net in memory)."""
    import keras

    if not isinstance(name, str):
        if not isinstance(name, keras.Model):
            raise BackboneError(
                f"{type(name).__name__!r} is not a Keras 3 model.", fix="Pass a functional keras.Model."
            )
        return f"<{name.name}>", name, None
    path = Path(name)
    if not path.is_file():
        raise WeightsError(f"The file {name!r} does not exist.", fix=missing_file(name))
    # the SavedModels inside are checked by the layers that hold them
    for _ in keras_zip.graphs(path, repr(name), WeightsError, net_config.registered()):
        pass
    try:
        with keras_zip.room_for_weights(path, repr(name), WeightsError), zipfile.ZipFile(path) as archive:
            config = strict_json.read(archive.read("config.json"), f"config.json in {name!r}", WeightsError, nan=True)
            net = keras.saving.deserialize_keras_object(net_config.uncompiled(config), safe_mode=True)
        keras_zip.check_outputs(net, repr(name), WeightsError)
    except WeightsError:
        raise
    except Exception as error:  # unregistered classes, lambdas and damaged files each raise another exception
        raise WeightsError(
            f"{name!r} cannot be read as a Keras model: {type(error).__name__}: {str(error).splitlines()[0][:200]}.",
            f"{path.stat().st_size:,} bytes",
            "If the file is damaged, copy it again. Register your own classes with keras.saving.register_keras_serializable(), and "
            "replace a Lambda layer by such a class.",
        ) from error
    return name, net, partial(keras.saving.load_model, path, compile=False, safe_mode=True)


def _owned(net: Any) -> Any:
    """A net whose operations may be renamed if necessary."""
    return copied(net) if has_clashes(net) else net


def _cut(net: Any, handle: str, layer: str | None, size: tuple[int, int]) -> Any:
    """The flat net from images to features; it shares the layers of the original."""
    import keras

    net = unfolded(net, handle, size)
    image = image_input(net, handle)
    tensor = features_of(net, handle, layer)
    others = [each for each in net.inputs if each is not image]
    entering = {id(each) for node in before(net, tensor) for each in node.input_tensors}
    if any(id(each) in entering for each in others):
        raise BackboneError(
            f"The features of {handle!r} depend on {1 + len(others)} inputs.",
            shortlist([each.name for each in net.inputs]),
            "Pass layer= with a layer that depends only on the images.",
        )
    return keras.Model(image, channels_last(net, tensor, handle), name="backbone")


def _read(load: Callable[[], Any], handle: str) -> Any:
    try:
        return load()
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        if isinstance(error, BackboneError):
            raise
        raise WeightsError(f"The weights in {handle!r} cannot be read: {error}.", fix="Copy the file again.") from error


def _load(load: Callable[[], Any], handle: str, layer: str | None, size: tuple[int, int], seed: int) -> "keras.Model":
    net = copied(_cut(_read(load, handle), handle, layer, size))
    if has_channels_first(net):
        _try(net, handle)
    return net


def _try(net: Any, handle: str) -> None:
    """Refuse a net that this machine cannot compute, because TensorFlow has channels-first convolutions on few CPUs only."""
    import numpy as np

    try:
        net(np.zeros((1, *net.inputs[0].shape[1:]), np.float32), training=False)
    except Exception as error:  # UnimplementedError, or another TensorFlow error
        names = [
            node.operation.name for node in nodes(net) if getattr(node.operation, "data_format", "") == "channels_first"
        ]
        raise BackboneError(
            f"The model {handle!r} cannot be computed on this machine: {type(error).__name__}.",
            f'data_format="channels_first" in {shortlist(names, 3)}',
            'Run it on a GPU, or build the same layers with data_format="channels_last" and copy the weights with set_weights().',
        ) from error
