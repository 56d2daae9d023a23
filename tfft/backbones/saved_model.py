"""SavedModels as backbones: folders, archives, and handles of TensorFlow Hub."""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.archives import unpacked
from tfft.backbones.base import Backbone, given_options, input_size
from tfft.backbones.variables import grouped, rows_of
from tfft.core.errors import BackboneError, nearest
from tfft.core.signatures import Contents, Tensor, contents
from tfft.core.specs import Block, FeatureSpec
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.pixels import PIXEL_RANGES

if TYPE_CHECKING:
    import keras

# what modules of TensorFlow Hub for pictures agree on: https://www.tensorflow.org/hub/common_signatures/images
_RANGE, _PIXELS = "zero_to_one", 224
_KINDS = {1: "vector", 2: "sequence", 3: "map"}
LAYER = "saved_model"


def names() -> Iterable[str]:
    """None by name: a SavedModel is found by its folder, archive or handle."""
    return ()


def backbone(
    name: str,
    size: int | tuple[int, int] | None = None,
    fit: str | None = None,
    pixel_range: str = _RANGE,
    blocks: Sequence[str] = (),
    signature: str | None = None,
    output: str | None = None,
) -> Backbone:
    """Describe a SavedModel; nothing of it is loaded, but what a handle of TensorFlow Hub leads to is downloaded.

    Args:
        name: A folder with ``saved_model.pb``, a ``.tar.gz`` of one, or ``tfhub:`` and a handle.
        size: Height and width in pixels, one number or both; None for what it takes, or 224.
        fit: How pictures are brought to the size, ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.
        pixel_range: What it expects of pixels, ``"zero_to_one"`` as modules of TensorFlow Hub do, ``"minus_one_to_one"``,
            ``"raw"`` (0..255), ``"torch"`` or ``"caffe"``.
        blocks: Regular expressions over the names of its variables, from input to output, each matched from the start: the
            units of unfreezing. Without them, names that begin alike make a block.
        signature: Which one to call; None for the reusable interface.
        output: Which of several outputs is wanted.

    Returns:
        A Backbone whose features are of shape (batch, width), (batch, steps, width) or (batch, height, width, channels).

    Raises:
        BackboneError: When there is no SavedModel, it cannot be a backbone, or an option does not fit it.
        WeightsError: When a handle is not to be reached.

    Source:
        The reusable interface: https://www.tensorflow.org/hub/reusable_saved_models.
    """
    folder = unpacked(name)
    held = contents(folder, signature)
    picked = _picked(name, held, output)
    if pixel_range not in PIXEL_RANGES:
        raise BackboneError(f"There is no pixel range {pixel_range!r}.", fix=nearest(str(pixel_range), PIXEL_RANGES))
    height, width = _size(name, held, size)
    parts = grouped(held.variables, blocks)
    geometry = ImagePreprocessor(height, width) if fit is None else ImagePreprocessor(height, width, fit)  # type: ignore[arg-type]
    return Backbone(
        handle=name,
        options=given_options(
            size=size,
            fit=fit,
            pixel_range=None if pixel_range == _RANGE else pixel_range,
            blocks=tuple(blocks) or None,
            signature=signature,
            output=output,
        ),
        loader=partial(_load, folder, held, picked, parts, (height, width, 3)),
        features=FeatureSpec(_KINDS[len(picked.shape)]),  # type: ignore[arg-type]
        blocks=tuple(
            Block(part, rf"{re.escape(part)}(_norms)?$" if number < len(parts) - 1 else "")
            for number, part in enumerate(parts)
        )
        or (Block("all"),),
        preprocessor=geometry,
        pixel_range=pixel_range,
        can_finetune=bool(held.variables),
    )


def _picked(name: str, held: Contents, output: str | None) -> Tensor:
    """The output that becomes the features."""
    found = [tensor for tensor in held.gives if "float" in tensor.dtype and len(tensor.shape) in _KINDS]
    known = [tensor.name for tensor in found]
    if output is not None and output not in known:
        raise BackboneError(f"{name!r} has no output {output!r} that could be features.", fix=nearest(output, known))
    if not found or (output is None and len(found) > 1):
        raise BackboneError(
            f"{name!r} has {len(found)} outputs that could be features.",
            ", ".join(f"{tensor.name}: {tensor.dtype} {tensor.shape}" for tensor in held.gives),
            f"Pass output={known[0]!r}, or another one." if known else "Features are float, with one to three axes.",
        )
    return next(tensor for tensor in found if output in (None, tensor.name))


def _size(name: str, held: Contents, size: Any) -> tuple[int, int]:
    takes = held.takes[0].shape if len(held.takes) == 1 else ()
    if len(takes) != 3 or takes[2] not in (3, None):
        raise BackboneError(
            f"{name!r} takes no pictures.",
            ", ".join(f"{tensor.name}: {tensor.dtype} {tensor.shape}" for tensor in held.takes),
            "A SavedModel for pictures takes one tensor of shape (batch, height, width, 3).",
        )
    fixed = takes[:2] if None not in takes[:2] else None
    height, width = input_size(name, size if size is not None else fixed or _PIXELS, 1)
    if fixed is not None and (height, width) != fixed:
        raise BackboneError(
            f"{name!r} takes pictures of {fixed[0]} x {fixed[1]} pixels alone.",
            f"size {height} x {width}",
            "Leave size out: pictures are brought to what it takes.",
        )
    return height, width


def _load(
    folder: Path, held: Contents, picked: Tensor, parts: dict[str, list[int]], shape: tuple[int, ...], seed: int
) -> "keras.Model":
    import keras

    from tfft.core.saved_layer import SavedModelLayer

    blocks = [(part, rows_of(held.variables, numbers)) for part, numbers in parts.items()]
    layer = SavedModelLayer(blocks, held.to_dict() | {"output": picked.name}, name=LAYER)
    layer.read(folder)
    pixels = keras.Input(shape, name="pixels")
    return keras.Model(pixels, layer(pixels), name="backbone")
