"""What a preset's files say of pictures: the size and the pixel range that its weights were trained at."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

from tfft.backbones.keras_hub.preset_files import further
from tfft.core.errors import BackboneError
from tfft.preprocess.pixels import range_of

_SIZE = 224  # in pixels, where a configuration says nothing: of most ImageNet weights
_Three = list[float]


def trained_at(name: str, config: Mapping[str, Any], values: Mapping[str, Any], fixed: bool) -> tuple[int, int]:
    """The size that weights were trained at.

    Args:
        name: Of the preset.
        config: Its ``config.json``.
        values: What the net's class is made with.
        fixed: Whether the net takes no other size, whatever else the files say.

    Returns:
        Height and width in pixels; 224 where nothing is said.

    Raises:
        BackboneError: When the size of a fixed net cannot be read.
    """
    own = _two(values.get("image_shape") or values.get("input_shape"))
    if fixed:
        if own is None:
            raise BackboneError(
                f"{name!r} does not say at which size its net takes pictures.",
                repr(values.get("image_shape")),
                "Its config.json must hold image_size as one whole number.",
            )
        return own
    timm = _two((_section(config, "pretrained_cfg").get("input_size") or [])[1:])
    hub = _two(_section(further(name, "image_converter.json"), "config").get("image_size"))
    return timm or hub or own or (_SIZE, _SIZE)


def trained_on(name: str, config: Mapping[str, Any]) -> str:
    """The pixel range that weights were trained on: of timm and Transformers a mean and a spread, of KerasHub scale and offset.

    Args:
        name: Of the preset.
        config: Its ``config.json``.

    Returns:
        A name in ``tfft.preprocess.pixels``.

    Raises:
        BackboneError: When the files do not say it, or tfft does not have it.
    """
    try:
        stated = _of_timm(config) or _of_transformers(name) or _of_kerashub(name)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise BackboneError(
            f"{name!r} states its pixel range in numbers that make none: {error}.", fix="Copy the model again."
        ) from None
    if stated is None:
        raise BackboneError(
            f"{name!r} does not say in what range pixels go into its net.",
            fix="timm says it in config.json (pretrained_cfg: mean, std), Transformers in preprocessor_config.json, KerasHub "
            "in image_converter.json: copy the whole model again, or save the converter beside it.",
        )
    found = range_of(*stated)
    if found is None:
        raise BackboneError(
            f"{name!r} was trained on pixels in a range that tfft does not have.",
            f"mean {stated[0]!r}, spread {stated[1]!r}, of pixels between 0 and 1",
            "It has ImageNet's mean and spread, -1 to 1, 0 to 1, and 0 to 255.",
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
    """Height and width, where both are there."""
    if not isinstance(values, (list, tuple)) or len(values) < 2:
        return None
    height, width = values[:2]
    whole = all(isinstance(side, int) and side > 0 for side in (height, width))
    return (int(height), int(width)) if whole else None


def _three(value: Any) -> _Three:
    """For red, green and blue; one number is for all of them."""
    several = value if isinstance(value, (list, tuple)) else [value]
    if len(several) not in (1, 3) or not all(isinstance(each, Real) for each in several):
        raise ValueError(f"{value!r} is not for red, green and blue")
    return [float(each) for each in several] * (3 // len(several))
