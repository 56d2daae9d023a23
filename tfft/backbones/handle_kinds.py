"""Tell kinds of handles apart, and advise what to pass instead of an object that is not a backbone."""

from pathlib import Path
from typing import Any

from tfft.backbones.keras_hub.presets import is_own
from tfft.backbones.savedmodel.locations import ARCHIVES, HUB
from tfft.core.errors import BackboneError, WeightsError
from tfft.core.path_advice import missing_file
from tfft.keras_files.file_kinds import MODEL, Kind, kind_of_file

KERAS = ".keras"  # the file extension of Keras models
_FILES = (".h5", ".hdf5", ".zip", ".pb", ".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".onnx", ".tflite", ".npz")
_BUNDLE, _BUNDLE_FILES = ".tfft", ("manifest.json", "net.keras")


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


def refuse_others(handle: str) -> None:
    """Refuse an empty handle, a bundle, and a file that is not a whole model; each error says what to pass in its place.

    Args:
        handle: The handle of a backbone, as for ``load_backbone``.

    Raises:
        BackboneError: For such a handle.
        WeightsError: When the handle is the name of a file that does not exist.

    Example:
        >>> refuse_others("vgg16")
        >>> refuse_others("flowers.tfft")
        Traceback (most recent call last):
        tfft.core.errors.BackboneError: 'flowers.tfft' is the name of a bundle, not of a backbone. A bundle is a trained model: ...
    """
    if not handle.strip():
        raise BackboneError(
            "The name of the backbone is empty.", repr(handle), 'Pass a name such as "vgg16", or the path of a model.'
        )
    if "://" in handle or handle.startswith(HUB):
        return
    path = Path(handle)
    if path.suffix == _BUNDLE or all((path / file).is_file() for file in _BUNDLE_FILES):
        further = path / "net.keras"
        raise BackboneError(
            f"{handle!r} is the name of a bundle, not of a backbone.",
            fix="A bundle is a trained model: tfft.load(path) reads it, and `tfft predict` uses it."
            + (f" To train its image network further, pass {str(further)!r}." if further.is_file() else ""),
        )
    if not path.is_file():
        if path.suffix in _FILES and not path.is_dir():
            raise WeightsError(f"There is no file {handle!r}.", fix=missing_file(handle))
        return
    kind = kind_of_file(handle) if path.suffix in (*_FILES, KERAS) else None
    if path.suffix in _FILES or (kind is not None and kind is not MODEL):
        raise _not_a_model(handle, path, kind)


def _not_a_model(handle: str, path: Path, kind: Kind | None) -> BackboneError:
    """The error for a file that is not a whole model in Keras 3's format."""
    if path.suffix == ".safetensors":
        return BackboneError(
            f"{handle!r} holds only weights, without the configuration of a net.",
            fix=f"Pass the folder that holds config.json and the weights: load_backbone({str(path.parent)!r}).",
        )
    if kind is None:
        fix = 'Pass a file that model.save("net.keras") wrote, a folder, or a .tar.gz.'
    elif kind is MODEL:
        fix = f"Rename it to {kind.renamed(handle)!r}."
    elif kind.whole:
        fix = f"Save it again with Keras: keras.saving.load_model({kind.renamed(handle)!r}).save({MODEL.renamed(handle)!r})."
    else:
        name = "" if kind.fits(handle) else f", after renaming the file to {kind.renamed(handle)!r}"
        fix = (
            f'Weights need the network that they belong to: load_backbone("vgg16", weights={kind.renamed(handle)!r}){name}. '
            "Or save the whole model: model.save('net.keras')."
        )
    return BackboneError(
        f"{handle!r} is not a model that tfft can read.",
        f"a file that holds {kind.words}" if kind is not None else "a file of another kind",
        fix,
    )


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
