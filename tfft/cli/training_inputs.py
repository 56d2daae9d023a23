"""The beginning of each command that trains: the backbone when none is typed, the data, and the model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfft.cli.arguments import describe_backbone, describe_task
from tfft.cli.console import name, say
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.cli.arguments import CacheName, PrecisionName
    from tfft.cli.sources import TypedData
    from tfft.cli.typed_masks import TaskName
    from tfft.data.examples import Splits
    from tfft.models.assembly import TransferModel

BACKBONE_OPTIONS = ("size", "alpha", "length", "vocabulary", "layer", "pixel_range", "preprocessor")
"""The options of a backbone besides its weights."""
_COLUMNS = ("image_column", "label_column", "skip_corrupt", "text_column", "parts", "separator", "decimal", "quotes")


def typed_source(values: Mapping[str, Any]) -> "TypedData":
    """Say where inputs and labels come from.

    Args:
        values: The values of all options of a command that trains, by name.

    Returns:
        The typed data.
    """
    from tfft.cli.sources import TypedData
    from tfft.cli.typed_masks import TypedMasks

    masks = TypedMasks(values["task"], values["classes_file"], values["ignore"])
    return TypedData(values["data"], **{column: values[column] for column in _COLUMNS}, masks=masks)


def typed_backbone(values: Mapping[str, Any]) -> "tuple[TypedData, str, Backbone, Splits | None]":
    """Say where inputs and labels come from, and describe the backbone of ``--backbone``, or the default one for these inputs.

    Args:
        values: The values of all options of a command that trains, by name.

    Returns:
        The typed data, the name of the backbone, its description, and the data where it was read, else None.

    Raises:
        BackboneError: When there is no such backbone, or it does not take an option.
        WeightsError: When the file of a backbone or of weights does not exist.
    """
    source, handle, splits = typed_source(values), values["backbone"], None
    if handle is None:
        handle, splits = default_backbone(source, values["seed"])
    options = {each: values[each] for each in BACKBONE_OPTIONS}
    return source, handle, describe_backbone(handle, values["weights"], **options), splits


def default_backbone(source: "TypedData", seed: int) -> "tuple[str, Splits | None]":
    """Choose the default backbone. For texts it depends on their language, so the texts are read first.

    Args:
        source: The typed data.
        seed: The seed of the parts.

    Returns:
        The name of a backbone; and the data where it was read, else None.
    """
    from tfft.cli.language import ENGLISH, text_backbone

    chosen = source.default_backbone
    if chosen != ENGLISH:
        return chosen, None
    splits = source.splits(seed)
    chosen, why = text_backbone(splits.train)
    say(why)
    return chosen, splits


def read(source: "TypedData", backbone: "Backbone", seed: int, splits: "Splits | None") -> "Splits":
    """Read the data, and print its description and what was skipped.

    Args:
        source: The typed data.
        backbone: The backbone; its inputs must be those of the data.
        seed: The seed of the parts.
        splits: The data, when it was read before.

    Returns:
        The data.

    Raises:
        DataError: When the data cannot be read, or does not fit the backbone.
    """
    from tfft.training.checks import check_inputs

    splits = source.splits(seed) if splits is None else splits
    check_inputs(backbone, splits)
    say(f"{name(source.path)}: {splits.describe()}")
    for line in splits.skipped:
        say(f"skipped {name(line)}", wrong=True)
    return splits


def built(
    backbone: "Backbone",
    splits: "Splits",
    balanced: bool,
    task: "TaskName",
    seed: int,
    cache: "CacheName",
    precision: "PrecisionName",
) -> "TransferModel":
    """Build the model for the labels of the data.

    Args:
        backbone: The backbone.
        splits: The data.
        balanced: Whether rare classes get more weight.
        task: The value of ``--task``.
        seed: The seed of the head.
        cache: The value of ``--cache``.
        precision: The value of ``--precision``.

    Returns:
        A TransferModel.

    Raises:
        BadParameter: When ``balanced`` is set and the data does not have one class for each input.
        DataError: When the labels of the data are for another task than the named one.
    """
    import tfft

    described = describe_task(splits.labels, balanced, task)
    start_tensorflow()
    return tfft.build(backbone, described, seed, cache=cache.value, precision=precision.value)
