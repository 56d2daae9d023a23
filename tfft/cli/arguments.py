"""What may be typed on the command line, and the backbone and the task that it means."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfft.backbones.handle_kinds import is_foreign
from tfft.cli.recipes import PlanName
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.core.specs import LabelSpace
    from tfft.tasks.base import Task


class CacheName(StrEnum):
    """Where features may be kept.

    Attributes:
        auto: On disk, or in memory where the disk has no room.
        disk: On disk.
        memory: In memory, for this run.
        off: Nowhere.
    """

    auto = "auto"
    disk = "disk"
    memory = "memory"
    off = "off"


class PrecisionName(StrEnum):
    """What may be computed in.

    Attributes:
        auto: float32, or what short trials find clearly faster and near enough.
        float32: 24 bits of mantissa.
        bfloat16: 8 bits of mantissa, the range of float32.
        float16: 11 bits of mantissa, a smaller range.
    """

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


Data = Annotated[Path, typer.Option(help="Folder of class folders, or a .csv, .tsv, .jsonl or .parquet table.")]
BackboneName = Annotated[
    str | None,
    typer.Option(
        help="Name from `tfft backbones`, hf://, tfhub:, or path of a folder, .tar.gz or .keras.",
        show_default="tfft_mini; minilm_l6 for English texts, multilingual_e5_small for others",
    ),
]
Weights = Annotated[str | None, typer.Option(help="'imagenet', a Keras weights file, or 'none' for random.")]
Size = Annotated[int | None, typer.Option(help="Input height and width in pixels.")]
Alpha = Annotated[float | None, typer.Option(help="Width multiplier, for the MobileNets.")]
Length = Annotated[int | None, typer.Option(help="Most tokens of a text.", show_default="what the backbone takes")]
Vocabulary = Annotated[Path | None, typer.Option(help="File with a token in each line, for BERT from scratch.")]
Layer = Annotated[
    str | None, typer.Option(help="Layer that a Keras model is cut behind.", show_default="its last but the top")
]
PixelRange = Annotated[
    str | None,
    typer.Option(
        help="Pixels that a SavedModel or Keras model expects: raw (0..255), zero_to_one, minus_one_to_one, torch, caffe."
    ),
]
Preprocessor = Annotated[
    str | None, typer.Option(help="SavedModel that turns texts into what one of an encoder takes.")
]
PlanOption = Annotated[
    PlanName | None, typer.Option(help="Recipe of phases.", show_default="two_phase, or of texts encoder")
]
HeadEpochs = Annotated[int | None, typer.Option(help="Epochs of the first phase, or of the only one.", min=1)]
TuneEpochs = Annotated[int | None, typer.Option(help="Epochs of the tune phase.", min=1)]
Blocks = Annotated[int | None, typer.Option(help="Last blocks that the tune phase trains.", min=1)]
Balanced = Annotated[bool, typer.Option(help="Weigh rare classes up.")]
RunFolder = Annotated[Path | None, typer.Option(help="Where log.jsonl, run.json and weights go.")]
LearningRate = Annotated[float | None, typer.Option(help="Highest rate of the first phase.")]
ImageColumn = Annotated[
    str | None, typer.Option(help="Tables: column of image paths.", show_default="path, or of texts: text")
]
TextColumn = Annotated[
    str | None, typer.Option(help="Tables: column of texts; of pairs two, with a comma.", show_default=False)
]
LabelColumn = Annotated[str, typer.Option(help="Tables: column of labels; several, separated by commas.")]
Separator = Annotated[
    str | None, typer.Option(help="Tables: what stands between several labels in one cell, such as '|'.")
]
Decimal = Annotated[str | None, typer.Option(help="Tables: decimal sign of labels, ',' or '.'.", show_default=False)]
Quotes = Annotated[
    bool | None,
    typer.Option(
        "--quotes/--no-quotes",
        help="CSV, TSV: quotation marks enclose cells, or belong to the texts.",
        show_default=False,
    ),
]
Precision = Annotated[PrecisionName, typer.Option(help="What training computes in; auto tries on this machine.")]
Parts = Annotated[
    str | None,
    typer.Option(
        help="Folders: which part is which, such as train=seg_train,test=seg_test; `none` if all folders are classes.",
        show_default="by their names",
    ),
]
Seed = Annotated[int, typer.Option(help="Draws the parts, orders the examples, starts the head.")]
BatchSize = Annotated[int, typer.Option(help="Examples in a batch.", min=1)]
SkipCorrupt = Annotated[bool, typer.Option(help="Leave unreadable images out instead of stopping.")]
Augment = Annotated[
    str | None, typer.Option(help="Changes of training pictures, such as crops,flips; `--augment ?` lists them.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Bundle to write: a folder, or a .zip file; an older bundle there is replaced. "
        "[default: model.tfft, or the first of model-2.tfft ... that is free]"
    ),
]
Bundle = Annotated[Path, typer.Argument(help="Bundle that `tfft fit` wrote.")]


def describe_backbone(name: str, weights: str | None, **options: Any) -> "Backbone":
    """Describe a backbone with the options that were given, leaving its own defaults for the others.

    Args:
        name: From ``tfft backbones``.
        weights: ``"imagenet"``, a path, or ``"none"``.
        **options: Others, such as ``size``, ``length`` or ``pixel_range``; None for those that were not given.

    Returns:
        A Backbone whose features are a map of shape (batch, height, width, channels), or a sequence (batch, tokens, width).

    Raises:
        BackboneError: As ``load_backbone``.

    Example:
        >>> described = describe_backbone("mobilenet", "none", size=64, alpha=None)
        >>> described.handle, described.preprocessor.height
        ('mobilenet', 64)
    """
    import tfft

    if is_foreign(name):
        start_tensorflow()
    given = {key: value for key, value in options.items() if value is not None}
    if weights is not None:
        given["weights"] = None if weights.lower() == "none" else weights
    return tfft.load_backbone(name, **given)


def describe_task(labels: "LabelSpace", balanced: bool) -> "Task":
    """The task of some labels.

    Args:
        labels: Of the data.
        balanced: Whether rare classes weigh more.

    Returns:
        A Task whose net answers with logits of shape (batch, outputs).

    Raises:
        BadParameter: When classes are to be balanced and there is not one for each input.
    """
    import tfft

    if balanced and labels.kind != "single":
        raise typer.BadParameter(f"--balanced is for one class an input; these are of kind {labels.kind!r}.")
    return tfft.tasks.for_labels(labels, **({"class_weights": "balanced"} if balanced else {}))
