"""Backbones from SavedModels: folders, archives, and handles of TensorFlow Hub."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfft.backbones.base import Backbone, given_options
from tfft.backbones.savedmodel import saved_images, saved_texts
from tfft.backbones.savedmodel.locations import archive_folder, hub_folder, unpacked
from tfft.backbones.savedmodel.saved_net import saved_net
from tfft.core.errors import BackboneError
from tfft.savedmodel.signatures import contents

_COMMON = ("blocks", "signature", "output")


def names() -> Iterable[str]:
    """Return no names: a SavedModel is given by its folder, archive or handle."""
    return ()


def places() -> dict[str, Path]:
    """Return the folders of TensorFlow Hub's downloads and of unpacked archives."""
    return {"modules of TensorFlow Hub": hub_folder(), "unpacked archives": archive_folder()}


def options(name: str) -> list[str]:
    """List the options for a SavedModel.

    Args:
        name: A folder, archive or handle, as for ``backbone``.

    Returns:
        The names of options of ``backbone``: those for images, or those for texts; both when the inputs cannot be read.

    Raises:
        WeightsError: When a handle cannot be reached.
    """
    texts, images = ["preprocessor", "length"], ["size", "fit", "pixel_range"]
    try:
        held = contents(unpacked(name))
    except BackboneError:  # another signature may work; otherwise backbone() gives the reason
        return [*_COMMON, *images, *texts]
    return [*_COMMON, *(texts if saved_texts.reads(held) else images)]


def backbone(name: str, **given: Any) -> Backbone:
    """Describe a SavedModel without loading it; a handle of TensorFlow Hub is downloaded.

    Args:
        name: A folder with ``saved_model.pb``, a ``.tar.gz`` of such a folder, or ``tfhub:`` and a handle.
        **given: Options for all SavedModels: ``blocks``, a list of regular expressions, one for each block from input to output,
            which match names of variables from their start (without them, variables whose names begin alike form a block);
            ``signature``, the signature to call instead of the reusable interface; ``output``, the name of the output that becomes
            the features. For images: ``size`` in pixels, None for the size of the model, or 224 if it has no fixed size; ``fit``,
            how images are resized; ``pixel_range``, the range of pixels that the model expects: ``"zero_to_one"`` (the default for
            modules of TensorFlow Hub), ``"minus_one_to_one"``, ``"raw"`` (0..255), ``"torch"`` or ``"caffe"``. For texts:
            ``preprocessor``, the SavedModel that turns strings into tokens; ``length``, the maximum number of tokens, None for
            the length of the model, or at most 128 if it has no fixed length.

    Returns:
        A Backbone whose features have shape (batch, width), (batch, steps, width) or (batch, height, width, channels).

    Raises:
        BackboneError: When there is no SavedModel, it cannot be a backbone, or an option does not fit it.
        WeightsError: When a handle cannot be reached.

    Source:
        The reusable interface: https://www.tensorflow.org/hub/reusable_saved_models.
    """
    folder = unpacked(name)
    held = contents(folder, given.get("signature"))
    net = saved_net(name, folder, held, given.get("output"), given.get("blocks") or ())
    kept = given_options(**{key: value for key, value in given.items() if value is not None})
    if saved_texts.reads(held):
        made = given.get("preprocessor")
        words = None if made is None else unpacked(str(made))
        return saved_texts.described(name, kept, net, words, given.get("length"))
    if not saved_images.sees(held):
        raise BackboneError(
            f"{name!r} takes neither images nor tokens.",
            ", ".join(f"{tensor.name}: {tensor.dtype} {tensor.shape}" for tensor in held.takes),
            "Images are one tensor of shape (batch, height, width, 3); tokens are a dict of "
            f"{saved_texts.IDS!r}, {saved_texts.MASK!r} and optionally {saved_texts.SEGMENTS!r}.",
        )
    pixel_range = given.get("pixel_range")
    if pixel_range is None and held.entry == "serve":
        raise BackboneError(
            f"{name!r} was exported by Keras and does not say which range of pixels it was trained on.",
            fix='Pass pixel_range="raw" for 0..255 (also if the model begins with a Rescaling layer), "zero_to_one", '
            '"minus_one_to_one", "torch" or "caffe".',
        )
    pixel_range = pixel_range or saved_images.RANGE
    return saved_images.described(name, kept, net, given.get("size"), given.get("fit"), pixel_range)
