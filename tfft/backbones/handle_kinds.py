"""Tell kinds of handles apart, and advise what to pass instead of an object that is not a backbone."""

from pathlib import Path
from typing import Any

from tfft.backbones.keras_hub.presets import is_own
from tfft.backbones.savedmodel.locations import ARCHIVES, HUB

KERAS = ".keras"  # the file extension of Keras models


def is_foreign(handle: str) -> bool:
    """Return whether the description of a backbone imports TensorFlow, because another library saved the backbone.

    Args:
        handle: The handle of a backbone, as for ``load_backbone``.

    Returns:
        True for folders, archives, ``.keras`` files, and handles of hubs.

    Example:
        >>> is_foreign("net.keras"), is_foreign("vgg16")
        (True, False)
    """
    return is_own(handle) or Path(handle).is_dir() or handle.startswith(HUB) or handle.endswith((*ARCHIVES, KERAS))


def is_model(given: Any) -> bool:
    """Return whether an object is a Keras model, without importing Keras.

    Args:
        given: Any object.

    Returns:
        True for a model; False for a class of models and for all other objects.

    Example:
        >>> import keras
        >>> is_model(keras.Sequential()), is_model(keras.Sequential), is_model("vgg16")
        (True, False, False)
    """
    return hasattr(given, "get_layer") and not isinstance(given, type)


def instead(given: Any, otherwise: str) -> str:
    """Return advice on what to pass instead of an object that is not a backbone.

    Args:
        given: The object that the user passed.
        otherwise: The advice for objects of an unknown class.

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
