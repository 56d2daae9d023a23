"""What a user hands in for a backbone: of which kind it is, and what to write in its place where it is none."""

from pathlib import Path
from typing import Any

from tfft.backbones.keras_hub.presets import is_own
from tfft.backbones.savedmodel.locations import ARCHIVES, HUB

KERAS = ".keras"  # ends the names of Keras models


def is_foreign(handle: str) -> bool:
    """Whether TensorFlow is imported to describe it, since another library saved it.

    Args:
        handle: As for ``load_backbone``.

    Returns:
        True for folders, archives, Keras models, and handles of hubs.

    Example:
        >>> is_foreign("net.keras"), is_foreign("vgg16")
        (True, False)
    """
    return is_own(handle) or Path(handle).is_dir() or handle.startswith(HUB) or handle.endswith((*ARCHIVES, KERAS))


def is_model(given: Any) -> bool:
    """Whether something is a Keras model, without importing Keras.

    Args:
        given: Whatever was passed.

    Returns:
        True for a model, not for its class.

    Example:
        >>> import keras
        >>> is_model(keras.Sequential()), is_model(keras.Sequential), is_model("vgg16")
        (True, False, False)
    """
    return hasattr(given, "get_layer") and not isinstance(given, type)


def instead(given: Any, otherwise: str) -> str:
    """What to write in the place of something that is no backbone.

    Args:
        given: Whatever was passed.
        otherwise: What to say where nothing is known of it.

    Returns:
        A sentence.

    Example:
        >>> instead(5, "Write a name.")
        'Write a name.'
    """
    kind, module = type(given).__name__, type(given).__module__
    if kind == "KerasLayer" and module.startswith("tensorflow_hub"):
        handle = str(getattr(given, "_handle", "https://tfhub.dev/..."))
        handle = f"tfhub:{handle}" if "://" in handle else handle
        return f"A hub.KerasLayer cannot enter a Keras 3 model; write tfft.build({handle!r}, task)."
    if kind in ("_UserObject", "AutoTrackable", "TFSMLayer"):
        return 'Pass the folder of the SavedModel, or its handle: tfft.build("models/my-module/", task).'
    return otherwise
