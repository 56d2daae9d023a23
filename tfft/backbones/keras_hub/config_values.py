"""Check each number in the ``config.json`` of a preset, and the size of the net that they describe."""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from numbers import Integral, Real
from typing import Any

from tfft.core import limits
from tfft.core.errors import BackboneError

CONFIG = "config.json"
_SIZES = (
    "vocabulary_size",
    "vocab_size",
    "num_layers",
    "num_heads",
    "embedding_dim",
    "hidden_dim",
    "intermediate_dim",
    "mlp_dim",
    "max_sequence_length",
    "num_segments",
    "num_groups",
    "num_inner_repetitions",
    "bucket_size",
)
# of image nets: numbers of repetitions, arguments that are no sizes, and endings of those that are no numbers of channels
_REPEATED = ("stackwise_num_blocks", "stackwise_num_repeats", "layerwise_depths", "num_layers")
_NO_SIZES = ("name", "dtype", "trainable", "image_encoder")
_KERNELS = ("kernel_size", "kernel_sizes", "patch_sizes", "patch_size")
_NOT_WIDE = (*_KERNELS, "_shape", "_coefficient", "_size", *_REPEATED)
_LARGEST = 2**16
_MOST_NUMBERS = 2_000
_AGAIN = "Copy the model again."


def whole(name: str, config: Mapping[str, Any], key: str, default: int, least: int = 1) -> int:
    """Read a whole number.

    Args:
        name: The name of the preset, for messages.
        config: The content of its ``config.json``.
        key: The key of the number.
        default: The value when the key is missing.
        least: The smallest valid value.

    Returns:
        The number.

    Raises:
        BackboneError: When the value is not a whole number, or is too small.

    Example:
        >>> whole("folder", {"hidden_size": "8"}, "hidden_size", 768)
        Traceback (most recent call last):
        tfft.core.errors.BackboneError: hidden_size in config.json of 'folder' must be a whole number of at least 1. Got: '8'. \
Copy the model again.
    """
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        what = f"{key} in {CONFIG} of {name!r} must be a whole number of at least {least}."
        raise BackboneError(what, repr(value)[:100], _AGAIN)
    return int(value)


def number(name: str, config: Mapping[str, Any], key: str, default: float) -> float:
    """Read a number of at least 0 and less than 1, such as a dropout rate.

    Args:
        name: The name of the preset, for messages.
        config: The content of its ``config.json``.
        key: The key of the number.
        default: The value when the key is missing.

    Returns:
        The number.

    Raises:
        BackboneError: When the value is not a number, or is outside this range.

    Example:
        >>> number("folder", {"layer_norm_eps": 1e-5}, "layer_norm_eps", 1e-12)
        1e-05
    """
    value = config.get(key, default)
    real = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not real or not 0 <= value < 1:
        what = f"{key} in {CONFIG} of {name!r} must be a number of at least 0 and less than 1."
        raise BackboneError(what, repr(value)[:100], _AGAIN)
    return float(value)


def truth(name: str, config: Mapping[str, Any], key: str, default: bool) -> bool:
    """Read a boolean.

    Args:
        name: The name of the preset, for messages.
        config: The content of its ``config.json``.
        key: The key of the value.
        default: The value when the key is missing.

    Returns:
        The value.

    Raises:
        BackboneError: When the value is not true or false.

    Example:
        >>> truth("folder", {}, "qkv_bias", True)
        True
    """
    value = config.get(key, default)
    if not isinstance(value, bool):
        raise BackboneError(f"{key} in {CONFIG} of {name!r} must be true or false.", repr(value)[:100], _AGAIN)
    return value


def sizes_of(name: str, config: Mapping[str, Any]) -> dict[str, int]:
    """Read the sizes with which a transformer in KerasHub's own format is built.

    Args:
        name: The name of the preset, for messages.
        config: The content of its ``config.json``.

    Returns:
        Argument of the class -> size; sizes that are missing in the file are left out.

    Raises:
        BackboneError: When a size is not a whole number, or the net exceeds the limits.

    Example:
        >>> sizes_of("folder", {"class_name": "BertBackbone", "config": {"num_layers": 2, "dropout": 0.1}})
        {'num_layers': 2}
    """
    inner = config.get("config", config)
    if not isinstance(inner, Mapping):
        raise BackboneError(f"{CONFIG} of {name!r} does not hold the arguments of its net.", repr(inner)[:100], _AGAIN)
    sizes = {key: whole(name, inner, key, 1) for key in _SIZES if inner.get(key) is not None}
    check_sizes(name, sizes)
    return sizes


def check_stacks(name: str, values: Mapping[str, Any]) -> None:
    """Refuse the arguments of an image net that exceed the limits, before the net is built.

    Args:
        name: The name of the preset, for messages.
        values: The arguments of a class in KerasHub.

    Raises:
        BackboneError: When a number is too large, a repetition is not a whole number, or the net has too many layers or values.

    Example:
        >>> check_stacks("folder", {"stackwise_num_blocks": [2, 2000], "stackwise_num_filters": [64, 128]})
        Traceback (most recent call last):
        tfft.core.errors.BackboneError: 'folder', according to its config.json: 2,002 layers are more than the limit...
    """
    what = f"{name!r}, according to its {CONFIG}"
    numbers = {key: _numbers(values[key]) for key in values if key not in _NO_SIZES}
    for key, found in numbers.items():
        if len(found) > _MOST_NUMBERS or any(not isfinite(each) or abs(each) > _LARGEST for each in found):
            raise BackboneError(f"{key} in {CONFIG} of {name!r} is too large.", repr(values[key])[:100], _AGAIN)
    for key in _REPEATED:
        _check_repetitions(name, key, values.get(key, ()))
    grown = max((each for key, found in numbers.items() if key.endswith("_coefficient") for each in found), default=1.0)
    layers = max(sum(numbers.get(key, ())) for key in _REPEATED) + len(numbers.get("dilation_rates", ()))
    limits.check("backbone_layers", int(layers * max(grown, 1)), what, BackboneError)
    widest = _largest(number for key, number in _each(numbers) if not key.endswith(_NOT_WIDE)) * max(grown, 1)
    kernel = _largest(number for key, number in _each(numbers) if key.endswith(_KERNELS))
    limits.check("backbone_values", int(max(layers, kernel**2, 1) * widest**2), what, BackboneError)


def _check_repetitions(name: str, key: str, value: Any) -> None:
    for each in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(each, bool) or not isinstance(each, Integral) or each < 1:
            raise BackboneError(
                f"{key} in {CONFIG} of {name!r} must hold whole numbers of at least 1.", repr(value)[:100], _AGAIN
            )


def _numbers(value: Any) -> list[float]:
    """The numbers in a value and in lists inside of it."""
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in _numbers(part)]
    return [value] if isinstance(value, Real) and not isinstance(value, bool) else []  # type: ignore[list-item]


def _each(numbers: Mapping[str, list[float]]) -> Iterator[tuple[str, float]]:
    return ((key, number) for key, found in numbers.items() for number in found)


def _largest(numbers: Iterable[float]) -> float:
    return max((abs(number) for number in numbers), default=1)


def check_sizes(name: str, sizes: Mapping[str, Any]) -> None:
    """Refuse a net that exceeds the limits, before it is built.

    Args:
        name: The name of the preset, for messages.
        sizes: Argument of a transformer class in KerasHub -> value.

    Raises:
        BackboneError: When the net has too many layers or values.

    Example:
        >>> check_sizes("folder", {"num_layers": 12, "hidden_dim": 10**9})
        Traceback (most recent call last):
        tfft.core.errors.BackboneError: 'folder', according to its config.json: 48,000,000,028,000,000,000 values are more than...
    """
    what = f"{name!r}, according to its {CONFIG}"
    width, groups = sizes.get("hidden_dim", 1), sizes.get("num_groups")
    repeated = sizes.get("num_inner_repetitions", 1)
    layers = sizes.get("num_layers", 1)
    limits.check("backbone_layers", layers * repeated, what, BackboneError)
    inner = sizes.get("intermediate_dim", sizes.get("mlp_dim", 1))
    rows = sum(sizes.get(key, 0) for key in ("vocabulary_size", "vocab_size", "max_sequence_length", "num_segments"))
    height, across, colours = sizes.get("image_shape", (1, 1, 3))
    down, right = sizes.get("patch_size", (1, 1))
    rows += (height // down) * (across // right) + down * right * colours
    each = width * (4 * width + 2 * inner)
    held = rows * sizes.get("embedding_dim", width) + (groups or layers) * repeated * each
    limits.check("backbone_values", held, what, BackboneError)
