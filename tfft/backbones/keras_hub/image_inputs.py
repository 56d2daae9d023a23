"""Read from the files of a preset the image size and the pixel range that its weights were trained with."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

from tfft.backbones.keras_hub.preset_files import further
from tfft.core.errors import BackboneError
from tfft.inputs.pixels import range_of

_SIZE = 224  # in pixels, when the files do not name a size; most ImageNet weights were trained at 224
_Three = list[float]


def trained_at(name: str, config: Mapping[str, Any], values: Mapping[str, Any], fixed: bool) -> tuple[int, int]:
    """Find the image size that the weights were trained at.

    Args:
        name: The name of the preset.
        config: The content of its ``config.json``.
        values: The arguments of the net's class.
        fixed: Whether the net takes only the size in ``values``; other files are then ignored.

    Returns:
        Height and width in pixels; 224 when the files do not name a size.

    Raises:
        BackboneError: When the size of a fixed net cannot be read.
    """
    own = _two(values.get("image_shape") or values.get("input_shape"))
    if fixed:
        if own is None:
            raise BackboneError(
                f"{name!r} does not say at which size its net takes images.",
                repr(values.get("image_shape")),
                "Its config.json must hold image_size as one whole number.",
            )
        return own
    timm = _two((_section(config, "pretrained_cfg").get("input_size") or [])[1:])
    hub = _two(_section(further(name, "image_converter.json"), "config").get("image_size"))
    return timm or hub or own or (_SIZE, _SIZE)


def trained_on(name: str, config: Mapping[str, Any]) -> str:
    """Find the pixel range that the weights were trained on.

    timm and Transformers save a mean and a standard deviation ("spread"); KerasHub saves a scale and an offset.

    Args:
        name: The name of the preset.
        config: The content of its ``config.json``.

    Returns:
        The name of a range in ``tfft.inputs.pixels``.

    Raises:
        BackboneError: When the files do not name a range, or name one that tfft does not have.
    """
    try:
        stated = _of_timm(config) or _of_transformers(name) or _of_kerashub(name)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise BackboneError(
            f"The pixel range in the files of {name!r} is invalid: {error}.", fix="Copy the model again."
        ) from None
    if stated is None:
        raise BackboneError(
            f"{name!r} does not say which range of pixels its net takes.",
            fix="Copy the whole model again, with the file that names the range: config.json (pretrained_cfg: mean, std) of timm, "
            "preprocessor_config.json of Transformers, or image_converter.json of KerasHub.",
        )
    found = range_of(*stated)
    if found is None:
        raise BackboneError(
            f"{name!r} was trained on pixels in a range that tfft does not have.",
            f"mean {stated[0]!r}, standard deviation {stated[1]!r}, for pixels between 0 and 1",
            "Use a model for pixels from 0 to 255, 0 to 1 or -1 to 1, or with the mean and standard deviation of ImageNet.",
        )
    return found


def _of_timm(config: Mapping[str, Any]) -> tuple[_Three, _Three] | None:
    stated = _section(config, "pretrained_cfg")
    if stated.get("mean") is None or stated.get("std") is None:
        return None
    return _three(stated["mean"]), _three(stated["std"])


def _of_transformers(name: str) -> tuple[_Three, _Three] | None:
    stated = further(name, "preprocessor_config.json")
    if not stated:
        return None
    plain = not stated.get("do_normalize", True)
    mean, spread = (0.0, 1.0) if plain else (stated.get("image_mean"), stated.get("image_std"))
    if mean is None or spread is None:
        return None
    white = 255 * float(stated.get("rescale_factor", 1 / 255)) if stated.get("do_rescale", True) else 255.0
    return [value / white for value in _three(mean)], [value / white for value in _three(spread)]


def _of_kerashub(name: str) -> tuple[_Three, _Three] | None:
    file = further(name, "image_converter.json")
    if not file:
        return None
    stated = _section(file, "config")
    scale = _three(1.0 if stated.get("scale") is None else stated["scale"])
    offset = _three(0.0 if stated.get("offset") is None else stated["offset"])
    spread = [1 / (255 * value) for value in scale]
    return [-value * one for value, one in zip(offset, spread, strict=True)], spread


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def _two(values: Any) -> tuple[int, int] | None:
    """Return height and width; None unless both are positive whole numbers."""
    if not isinstance(values, (list, tuple)) or len(values) < 2:
        return None
    height, width = values[:2]
    whole = all(isinstance(side, int) and side > 0 for side in (height, width))
    return (int(height), int(width)) if whole else None


def _three(value: Any) -> _Three:
    """Return the values for red, green and blue; a single number is used for all three."""
    several = value if isinstance(value, (list, tuple)) else [value]
    if len(several) not in (1, 3) or not all(isinstance(each, Real) for each in several):
        raise ValueError(f"{value!r} is not one number, or three for red, green and blue")
    return [float(each) for each in several] * (3 // len(several))
