"""SavedModels as backbones: folders, archives, and handles of TensorFlow Hub."""

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
    """None by name: a SavedModel is found by its folder, archive or handle."""
    return ()


def places() -> dict[str, Path]:
    """Where TensorFlow Hub keeps what it downloads, and where archives are unpacked."""
    return {"modules of TensorFlow Hub": hub_folder(), "unpacked archives": archive_folder()}


def options(name: str) -> list[str]:
    """What may be said of a SavedModel besides where it is.

    Args:
        name: As for ``backbone``.

    Returns:
        Names of options of ``backbone``: those for pictures, or those for texts.

    Raises:
        BackboneError: When there is no SavedModel.
        WeightsError: When a handle is not to be reached.
    """
    texts, pictures = ["preprocessor", "length"], ["size", "fit", "pixel_range"]
    try:
        held = contents(unpacked(name))
    except BackboneError:  # another signature may do, or backbone() says why not
        return [*_COMMON, *pictures, *texts]
    return [*_COMMON, *(texts if saved_texts.reads(held) else pictures)]


def backbone(name: str, **given: Any) -> Backbone:
    """Describe a SavedModel; nothing of it is loaded, but what a handle of TensorFlow Hub leads to is downloaded.

    Args:
        name: A folder with ``saved_model.pb``, a ``.tar.gz`` of one, or ``tfhub:`` and a handle.
        **given: ``blocks``, regular expressions over the names of its variables, from input to output, each matched from the start:
            the units of unfreezing; without them, names that begin alike make a block. ``signature``, which one to call instead of
            the reusable interface. ``output``, which of several outputs is wanted. Of pictures: ``size`` in pixels, None for what
            it takes, or 224; ``fit``, how pictures are brought to it; ``pixel_range``, what it expects of pixels:
            ``"zero_to_one"`` as modules of TensorFlow Hub do, ``"minus_one_to_one"``, ``"raw"`` (0..255), ``"torch"`` or
            ``"caffe"``. Of texts: ``preprocessor``, the SavedModel that turns strings into tokens; ``length``, most tokens of an
            example, None for what it takes, or 128.

    Returns:
        A Backbone whose features are of shape (batch, width), (batch, steps, width) or (batch, height, width, channels).

    Raises:
        BackboneError: When there is no SavedModel, it cannot be a backbone, or an option does not fit it.
        WeightsError: When a handle is not to be reached.

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
            f"{name!r} takes neither pictures nor tokens.",
            ", ".join(f"{tensor.name}: {tensor.dtype} {tensor.shape}" for tensor in held.takes),
            "Pictures are one tensor of shape (batch, height, width, 3); tokens a dict of "
            f"{saved_texts.IDS!r}, {saved_texts.MASK!r} and perhaps {saved_texts.SEGMENTS!r}.",
        )
    pixel_range = given.get("pixel_range")
    if pixel_range is None and held.entry == "serve":
        raise BackboneError(
            f"{name!r}, which Keras exported, does not say which pixels it was trained on.",
            fix='Pass pixel_range="raw" for 0..255 (also where it begins with a Rescaling layer), "zero_to_one", '
            '"minus_one_to_one", "torch" or "caffe".',
        )
    pixel_range = pixel_range or saved_images.RANGE
    return saved_images.described(name, kept, net, given.get("size"), given.get("fit"), pixel_range)
