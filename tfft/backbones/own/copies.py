"""Copy users' own nets: with separate layers, in float32, and with adapters merged into their kernels."""

import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from tfft.accelerate.precision import FLOAT32
from tfft.core.errors import BackboneError, shortlist
from tfft.keras_files import net_config

_FLOATS = ("float16", "bfloat16", "float64")
_CONFIG = "config.json"
# weights of an adapter; the saved kernel has the adapter merged in (Keras 3.15)
_ADAPTERS = ("lora_rank", "lora_alpha")
_KERAS = ("keras.", "keras_hub.")
_SCOPE = r"[A-Za-z0-9_.\\>-]*"


def check_saved(net: Any, handle: str) -> None:
    """Refuse a net that a bundle could not restore, before training.

    Args:
        net: A flat functional model, without its top.
        handle: The handle of the backbone, for messages.

    Raises:
        BackboneError: When a layer, or a layer inside it, is quantised or belongs to a class that is not registered.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> check_saved(keras.Model(pixels, keras.layers.Conv2D(4, 3)(pixels)), "net")
    """
    import keras

    for layer in [each for own in net.layers for each in own._flatten_layers(include_self=True)]:
        kind = type(layer)
        registered = keras.saving.get_registered_name(kind) != kind.__name__
        if kind.__name__ == "Lambda" or not (registered or kind.__module__.startswith(_KERAS)):
            raise BackboneError(
                f"The layer {layer.name!r} of the class {kind.__name__} cannot be saved with a model.",
                fix="Register its class with keras.saving.register_keras_serializable(); replace a Lambda by such a class.",
            )
        if getattr(layer, "quantization_mode", None) is not None:
            raise BackboneError(
                f"The layer {layer.name!r} of {handle!r} is quantised, and cannot be trained.",
                f"{layer.quantization_mode}",
                "Pass a copy of the model from before model.quantize().",
            )
        if not re.fullmatch(_SCOPE, layer.name):
            raise BackboneError(
                f"The layer name {layer.name!r} in {handle!r} is not valid in a TensorFlow graph.",
                fix="Use only letters, digits, and _ . - > in it.",
            )
        if not layer.built:
            raise BackboneError(
                f"The layer {layer.name!r} of {handle!r} has no weights yet.",
                kind.__name__,
                "Call the model once with images, or create the weights of all its layers in build().",
            )


def remade(net: Any) -> Any:
    """Copy the architecture of a net, with new weights.

    Args:
        net: A functional or sequential model; its tensors have shape (batch, ...).

    Returns:
        A model of the same class.

    Raises:
        BackboneError: When a layer belongs to a class that is not registered.
    """
    import keras

    try:
        config = net_config.uncompiled(keras.saving.serialize_keras_object(net))
        return keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:  # the layers and operations of the net may raise any exception
        raise _not_saved(net.name, error) from error


def copied(net: Any) -> Any:
    """Copy a net completely; ``clone_model`` would lose vocabularies, statistics and graphs of layers.

    Layers in half or double precision become float32, like everything in tfft unless another precision is set. The kernels of
    layers with LoRA have the adapters merged in.

    Args:
        net: A functional or sequential model; its tensors have shape (batch, ...).

    Returns:
        A model with float32 weights.

    Raises:
        BackboneError: When the net cannot be saved and loaded.

    Example:
        >>> import keras
        >>> pixels = keras.Input((8, 8, 3))
        >>> net = keras.Model(pixels, keras.layers.Conv2D(4, 3, dtype="float16")(pixels))
        >>> {weight.dtype for weight in copied(net).weights}
        {'float32'}
    """
    import keras

    with tempfile.TemporaryDirectory(prefix="tfft-") as folder:
        path = Path(folder) / "net.keras"
        try:
            net.save(path)
            _check_classes(net, _in_float32(path))
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except BackboneError:
            raise
        except Exception as error:  # the layers and operations of the net may raise any exception
            raise _not_saved(net.name, error) from error


def _not_saved(name: str, error: Exception) -> BackboneError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return BackboneError(
        f"The model {name!r} cannot be saved and loaded again: {type(error).__name__}: {' '.join(lines[:1])[:200]}.",
        shortlist(lines[-1:], 1)[:300] if len(lines) > 1 else "",
        "Register classes and functions of your own with keras.saving.register_keras_serializable(), and give each layer a "
        "get_config() with all arguments of its constructor.",
    )


def _check_classes(net: Any, config: dict[str, Any]) -> None:
    """Refuse nets that ``tfft.load`` would refuse: with functions of their own, or with layers that could run other code."""
    import keras

    kinds = {type(layer) for own in net.layers for layer in own._flatten_layers(include_self=True)}
    registered = [kind for kind in kinds if keras.saving.get_registered_name(kind) != kind.__name__]
    try:
        net_config.check(config, repr(net.name), BackboneError, registered)
    except BackboneError as error:
        raise BackboneError(
            f"{error.what.removesuffix('.')}, and a bundle with this net could not be loaded.",
            error.got,
            "Write a function as a layer class with keras.saving.register_keras_serializable(), and read texts and files outside.",
        ) from error


def _in_float32(path: Path) -> dict[str, Any]:
    """Change the configuration in a file when layers have another precision or adapters, and return it."""
    with zipfile.ZipFile(path) as archive:
        before = json.loads(archive.read(_CONFIG))
        after: dict[str, Any] = _plain(before)
        if after == before:
            return after
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[_CONFIG] = json.dumps(after).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return after


def _plain(config: Any) -> Any:
    if isinstance(config, list):
        return [_plain(value) for value in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and _is_other(config.get("config", {}).get("name")):
        return config | {"config": config["config"] | {"name": FLOAT32}}
    kept = {key: value for key, value in config.items() if key not in _ADAPTERS}
    return {key: FLOAT32 if key == "dtype" and _is_other(value) else _plain(value) for key, value in kept.items()}


def _is_other(name: Any) -> bool:
    return isinstance(name, str) and name.removeprefix("mixed_") in _FLOATS
