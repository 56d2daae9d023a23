"""The description of a pretrained network, which exists before the network is loaded, and checks of its input size."""

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import BackboneError, shortlist
from tfft.core.html_tables import table
from tfft.core.specs import Block, FeatureSpec
from tfft.inputs.base import Preprocessor

if TYPE_CHECKING:
    import keras

_PIXELS = 224


@dataclass(frozen=True)
class Backbone:
    """The description of a pretrained network. No weights exist before ``load``; equal descriptions load equal nets.

    Attributes:
        handle: The string that locates the backbone, such as ``"vgg16"``.
        options: The other arguments of ``load_backbone``, sorted by name. Handle and options together make the same backbone again.
        loader: (seed) -> functional ``keras.Model`` named ``"backbone"``. An image net maps pixels in ``pixel_range`` to features;
            a text net maps token ids and a mask to features and the mask.
        features: The kind of its features.
        blocks: The units of unfreezing, from input to output.
        preprocessor: Raw input -> uint8 pixels, shape (height, width, 3), or token ids, shape (tokens, 2).
        pixel_range: The name of a conversion in ``tfft.inputs.pixels``, which runs inside the net, before the backbone.
        can_finetune: Whether the variables of the backbone can train.
        most_tokens: The largest possible ``length`` of a text encoder; None for images, and when any length is possible.
        unused: The names of weights in the files that the features do not use, such as those of a head; filled by ``load``.

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
    preprocessor: Preprocessor
    pixel_range: str = "raw"
    can_finetune: bool = True
    most_tokens: int | None = field(default=None, compare=False)
    unused: list[str] = field(default_factory=list, compare=False, repr=False)

    def load(self, seed: int = 0) -> "keras.Model":
        """Build the net and read its weights.

        Args:
            seed: The seed of random weights.

        Returns:
            A functional model from pixels in ``pixel_range``, float32, shape (batch, height, width, 3), to features; for texts,
            from token ids and a mask, int32, shape (batch, tokens), to features and the mask.

        Raises:
            WeightsError: When the weights cannot be found or do not fit.

        Example:
            >>> import tfft
            >>> tfft.load_backbone("toy", size=32).load().output_shape
            (None, 4, 4, 8)
        """
        return self.loader(seed)

    def takes(self) -> str:
        """Return the size of an input as text, such as ``"16x16 pixels"``.

        Example:
            >>> import tfft
            >>> tfft.load_backbone("toy").takes(), tfft.load_backbone("toy_text").takes()
            ('16x16 pixels', '512 tokens')
        """
        return self.preprocessor.size

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
        """Return handle, options, block names and the preparation of inputs as plain JSON values."""
        return {
            "handle": self.handle,
            "options": dict(self.options),
            "blocks": [block.name for block in self.blocks],
            "preprocessor": dict(self.preprocessor.to_dict()),
            "pixel_range": self.pixel_range,
            **({"unused_weights": list(self.unused)} if self.unused else {}),
        }


def given_options(**options: Any) -> tuple[tuple[str, Any], ...]:
    """Return the options of a backbone as a value that can be hashed, compared and written as JSON.

    Args:
        **options: Name -> value. Paths become strings, and lists become tuples.

    Returns:
        Pairs, sorted by name. Options that are None are left out, except ``weights``, where None means random weights.

    Example:
        >>> given_options(weights=None, alpha=None, size=[32, 48])
        (('size', (32, 48)), ('weights', None))
    """
    plain = {
        key: tuple(v) if isinstance(v, list) else str(v) if isinstance(v, Path) else v for key, v in options.items()
    }
    return tuple(sorted((key, value) for key, value in plain.items() if value is not None or key == "weights"))


def fixed_size(name: str, takes: tuple[int | None, ...], size: Any) -> tuple[int, int]:
    """Determine the height and width of the images for a saved net.

    Args:
        name: The name of the backbone, for messages.
        takes: The height and width of the net's input in pixels; None for a side that the net does not fix.
        size: The size that the user passed, in pixels; None for the size of the net, or 224 where it fixes none.

    Returns:
        (height, width): the net then takes pixels of shape (batch, height, width, 3).

    Raises:
        BackboneError: When the size is invalid, or differs from a side that the net fixes.

    Example:
        >>> fixed_size("net", (32, 48), None), fixed_size("net", (None, None), 64)
        ((32, 48), (64, 64))
    """
    default = tuple(side or _PIXELS for side in takes)
    height, width = input_size(name, default if size is None else size, 1)
    if any(side not in (None, given) for side, given in zip(takes, (height, width), strict=True)):
        raise BackboneError(
            f"{name!r} takes only images of {' x '.join(str(side or 'any') for side in takes)} pixels.",
            f"size {height} x {width}",
            "Leave size out: tfft resizes images to the size of the net.",
        )
    return height, width


def input_size(name: str, size: Any, least: int) -> tuple[int, int]:
    """Check the height and width of a backbone's input.

    Args:
        name: The name of the backbone, for messages.
        size: The size that the user passed, in pixels: one number, or (height, width).
        least: The smallest height and width that leave a feature map, in pixels.

    Returns:
        (height, width): the net then takes pixels of shape (batch, height, width, 3).

    Raises:
        BackboneError: When the size is invalid or too small.

    Example:
        >>> input_size("toy", 16, 8), input_size("toy", [8, 16], 8)
        ((16, 16), (8, 16))
    """
    sides = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides):
        raise BackboneError(
            f"size={size!r} is not a valid size in pixels for {name!r}.",
            fix="Pass one whole number, or (height, width).",
        )
    if min(sides) < least:
        raise BackboneError(
            f"The input of {name!r} must be at least {least} pixels high and wide.",
            f"size {sides[0]} x {sides[1]}",
            f"Pass size={least} or more; tfft enlarges smaller images.",
        )
    return int(sides[0]), int(sides[1])
