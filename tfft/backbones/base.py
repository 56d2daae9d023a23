"""Backbone: everything there is to know about a pretrained network before it is loaded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import BackboneError, shortlist
from tfft.core.html_tables import table
from tfft.core.specs import Block, FeatureSpec
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.text import TextPreprocessor

if TYPE_CHECKING:
    import keras

_PIXELS = 224


@dataclass(frozen=True)
class Backbone:
    """A description; no weights exist before ``load``. Equal descriptions load equal nets.

    Attributes:
        handle: The string that locates it, such as ``"vgg16"``.
        options: What ``load_backbone`` was given besides, sorted; handle and options make the same backbone again.
        loader: (seed) -> functional ``keras.Model`` named ``"backbone"``, from pixels in ``pixel_range`` to features; of texts from
            token ids and a mask to features and the mask.
        features: What it emits.
        blocks: From input to output, the units of unfreezing.
        preprocessor: Raw input -> uint8 pixels, shape (height, width, 3), or token ids, shape (tokens, 2).
        pixel_range: Name in ``tfft.preprocess.pixels``: what stands between pixels and the backbone, inside the net.
        can_finetune: Whether its variables can train at all.
        unused: Names of weights in the files that the features do not use, such as those of a head; known after ``load``.

    Example:
        >>> import tfft
        >>> tfft.load_backbone("toy", size=32) == tfft.load_backbone("toy://Toy", size=32)
        True
    """

    handle: str
    options: tuple[tuple[str, Any], ...]
    loader: Callable[[int], "keras.Model"] = field(compare=False, repr=False)
    features: FeatureSpec
    blocks: tuple[Block, ...]
    preprocessor: ImagePreprocessor | TextPreprocessor
    pixel_range: str = "raw"
    can_finetune: bool = True
    unused: list[str] = field(default_factory=list, compare=False, repr=False)

    def load(self, seed: int = 0) -> "keras.Model":
        """Make the net and read its weights.

        Args:
            seed: For weights that are drawn at random.

        Returns:
            A functional model from pixels in ``pixel_range``, float32, shape (batch, height, width, 3), to features.

        Raises:
            WeightsError: When the weights cannot be found or do not fit.

        Example:
            >>> import tfft
            >>> tfft.load_backbone("toy", size=32).load().output_shape
            (None, 4, 4, 8)
        """
        return self.loader(seed)

    def takes(self) -> str:
        """How large an input is.

        Example:
            >>> import tfft
            >>> tfft.load_backbone("toy").takes(), tfft.load_backbone("toy_text").takes()
            ('16x16 pixels', '512 tokens')
        """
        read = self.preprocessor
        return f"{read.length} tokens" if isinstance(read, TextPreprocessor) else f"{read.height}x{read.width} pixels"

    def _repr_html_(self) -> str:
        """Return a table of the description, which notebooks show."""
        options = ", ".join(f"{name}={value!r}" for name, value in self.options)
        rows = {
            "backbone": self.handle,
            "options": options or "defaults",
            "takes": self.takes(),
            "emits": f"a {self.features.kind}",
            "blocks": shortlist([block.name for block in self.blocks]),
        }
        return table([{"property": name, "value": value} for name, value in rows.items()])

    def to_dict(self) -> dict[str, Any]:
        """Handle, options and geometry as plain JSON values."""
        return {
            "handle": self.handle,
            "options": dict(self.options),
            "blocks": [block.name for block in self.blocks],
            "preprocessor": self.preprocessor.to_dict(),
            "pixel_range": self.pixel_range,
            **({"unused_weights": list(self.unused)} if self.unused else {}),
        }


def given_options(**options: Any) -> tuple[tuple[str, Any], ...]:
    """The options of a backbone as a value that hashes, compares and goes into JSON.

    Args:
        **options: Name to value; paths become strings, lists tuples.

    Returns:
        Sorted pairs, without the options that are None, except ``weights``, where None means random ones.

    Example:
        >>> given_options(weights=None, alpha=None, size=[32, 48])
        (('size', (32, 48)), ('weights', None))
    """
    plain = {
        key: tuple(v) if isinstance(v, list) else str(v) if isinstance(v, Path) else v for key, v in options.items()
    }
    return tuple(sorted((key, value) for key, value in plain.items() if value is not None or key == "weights"))


def fixed_size(name: str, takes: tuple[int | None, ...], size: Any) -> tuple[int, int]:
    """Height and width of the pictures that a saved net is given.

    Args:
        name: Of the backbone, for messages.
        takes: Height and width that it takes, in pixels; None where they are open.
        size: What the user passed; None for what it takes, or 224.

    Returns:
        (height, width): the net then takes pixels of shape (batch, height, width, 3).

    Raises:
        BackboneError: When the size is none, or another one than it takes.

    Example:
        >>> fixed_size("net", (32, 48), None), fixed_size("net", (None, None), 64)
        ((32, 48), (64, 64))
    """
    usual = tuple(side or _PIXELS for side in takes)
    height, width = input_size(name, usual if size is None else size, 1)
    if any(side not in (None, given) for side, given in zip(takes, (height, width), strict=True)):
        raise BackboneError(
            f"{name!r} takes pictures of {' x '.join(str(side or 'any') for side in takes)} pixels alone.",
            f"size {height} x {width}",
            "Leave size out: pictures are brought to what it takes.",
        )
    return height, width


def input_size(name: str, size: Any, least: int) -> tuple[int, int]:
    """Height and width of a backbone's input.

    Args:
        name: Of the backbone, for the message.
        size: What the user passed, in pixels: one number, or (height, width).
        least: Smallest height and width that leave a feature map.

    Returns:
        (height, width): the net then takes pixels of shape (batch, height, width, 3).

    Raises:
        BackboneError: When it is neither, or too small.

    Example:
        >>> input_size("toy", 16, 8), input_size("toy", [8, 16], 8)
        ((16, 16), (8, 16))
    """
    sides = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides):
        raise BackboneError(
            f"size={size!r} is no size in pixels for {name!r}.", fix="Pass one whole number, or (height, width)."
        )
    if min(sides) < least:
        raise BackboneError(
            f"The input of {name!r} must be at least {least} pixels high and wide.",
            f"size {sides[0]} x {sides[1]}",
            f"Pass size={least} or more; smaller images are enlarged to it.",
        )
    return int(sides[0]), int(sides[1])
