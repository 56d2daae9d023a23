"""The options of the command line, and the backbone and the task that they describe."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tfft.cli.recipes import PlanName
from tfft.cli.typed_masks import TaskName
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.core.specs import LabelSpace
    from tfft.tasks.base import Task


class CacheName(StrEnum):
    """Where features of frozen layers are cached.

    Attributes:
        auto: On disk, or in memory when the disk has no room.
        disk: On disk.
        memory: In memory, for this run.
        off: Nowhere.
    """

    auto = "auto"
    disk = "disk"
    memory = "memory"
    off = "off"


class PrecisionName(StrEnum):
    """The dtypes in which training computes.

    Attributes:
        auto: float32, or another dtype when short trials on this machine find it clearly faster and accurate enough.
        float32: 24 bits of mantissa.
        bfloat16: 8 bits of mantissa, the range of float32.
        float16: 11 bits of mantissa, a smaller range.
    """

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


# tfft says itself that a path may not be read, and what to do about it
Data = Annotated[
    Path,
    typer.Option(
        help="Folder of class folders, or of images and masks; .csv, .tsv, .jsonl or .parquet table; .conll file, or folder of "
        "them, for entities; or .json file in SQuAD's format, or folder of them, for answers to questions.",
        readable=False,
    ),
]
BackboneName = Annotated[
    str | None,
    typer.Option(
        help="Name from `tfft backbones`, hf://, tfhub:, or path of a folder, .tar.gz or .keras file.",
        show_default="tfft_mini; minilm_l6 for English texts, multilingual_e5_small for others",
    ),
]
Weights = Annotated[str | None, typer.Option(help="'imagenet', a Keras weights file, or 'none' for random weights.")]
Size = Annotated[int | None, typer.Option(help="Input height and width in pixels.")]
Alpha = Annotated[float | None, typer.Option(help="Width multiplier, for the MobileNets.")]
Length = Annotated[
    int | None, typer.Option(help="Largest number of tokens in a text.", show_default="the limit of the backbone")
]
Vocabulary = Annotated[Path | None, typer.Option(help="File with one token in each line, for BERT from scratch.")]
Layer = Annotated[
    str | None,
    typer.Option(help="Layer of a Keras model that gives the features.", show_default="the last one before its top"),
]
PixelRange = Annotated[
    str | None,
    typer.Option(
        help="Pixel range of a SavedModel or Keras model: raw (0..255), zero_to_one, minus_one_to_one, torch, caffe."
    ),
]
Preprocessor = Annotated[
    str | None, typer.Option(help="SavedModel that turns texts into the inputs of a SavedModel encoder.")
]
PlanOption = Annotated[
    PlanName | None, typer.Option(help="Recipe of phases.", show_default="by backbone, task and number of examples")
]
HeadEpochs = Annotated[int | None, typer.Option(help="Epochs of the first or only phase.", min=1)]
TuneEpochs = Annotated[int | None, typer.Option(help="Epochs of the tune phase.", min=1)]
Patience = Annotated[
    str | None,
    typer.Option(
        help="Epochs without a better validation after which a phase stops; `none` runs all epochs.",
        metavar="INTEGER|none",
        show_default="none; for texts and ViTs 1, but none with --head-epochs",
    ),
]
Blocks = Annotated[int | None, typer.Option(help="Number of last blocks that the tune phase trains.", min=1)]
Balanced = Annotated[bool, typer.Option(help="Give rare classes more weight.")]
RunFolder = Annotated[Path | None, typer.Option(help="Folder for log.jsonl, run.json, weights and report.html.")]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--no-resume", help="Continue the run in --run-folder at its last checkpoint, or begin anew.",
        show_default=False,
    ),
]  # fmt: skip
Refit = Annotated[
    bool,
    typer.Option(
        "--refit", help="At the end, train once more on training and validation examples, for the best epochs."
    ),
]
SaveMinutes = Annotated[
    float | None, typer.Option(help="Minutes between two checkpoints in --run-folder.", show_default="5")
]
Accumulate = Annotated[
    int, typer.Option(help="Compute each batch in this many parts, to need less memory for the same result.", min=1)
]
LearningRate = Annotated[float | None, typer.Option(help="Highest learning rate of the first phase.")]
ImageColumn = Annotated[str | None, typer.Option(help="Tables: column of image paths.", show_default="path")]
TextColumn = Annotated[
    str | None,
    typer.Option(
        help="Tables: column of texts; for pairs of texts two columns, separated by a comma.", show_default="text"
    ),
]
Keep = Annotated[
    str | None,
    typer.Option(help="Tables: columns to copy into the file of --out, separated by commas, such as id,date."),
]
LabelColumn = Annotated[str, typer.Option(help="Tables: column of labels; several, separated by commas.")]
Separator = Annotated[str | None, typer.Option(help="Tables: separator of several labels in one cell, such as '|'.")]
Decimal = Annotated[str | None, typer.Option(help="Tables: decimal sign of labels, ',' or '.'.", show_default=False)]
Quotes = Annotated[
    bool | None,
    typer.Option(
        "--quotes/--no-quotes",
        help="CSV, TSV: whether quotation marks enclose cells, or belong to the texts.",
        show_default=False,
    ),
]
Precision = Annotated[
    PrecisionName, typer.Option(help="Dtype in which training computes; auto chooses after trials on this machine.")
]
Parts = Annotated[
    str | None,
    typer.Option(
        help="Folders: which folder is which part, such as train=learn,test=exam; `none` if all folders are classes.",
        show_default="by their names",
    ),
]
TaskOption = Annotated[TaskName, typer.Option(help="What is learned.", show_default="what the data shows")]
ClassesFile = Annotated[
    Path | None,
    typer.Option(
        help="Masks: file with a class in each line, in the order of pixel values; or `value name`, or `red green blue name`. "
        "A bundle knows it.",
        show_default="the values are the classes",
    ),
]
Ignore = Annotated[str | None, typer.Option(help="Masks: value or name of pixels without a class, such as 255.")]
Seed = Annotated[int, typer.Option(help="Seed of the parts, the order of examples, and the head.")]
BatchSize = Annotated[
    str,
    typer.Option(
        help="Number of examples in a batch; `auto`: 32, computed in parts where the memory is not enough.",
        metavar="INTEGER|auto",
    ),
]
SkipCorrupt = Annotated[bool, typer.Option(help="Skip and list inputs that cannot be read, instead of stopping.")]
Augment = Annotated[
    str | None,
    typer.Option(help="Random changes of training examples, such as crops,flips; `--augment '?'` names them."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Bundle to write: a folder, or a .zip file; an older bundle there is replaced. "
        "[default: model.tfft, or the first of model-2.tfft ... that is free]"
    ),
]
Bundle = Annotated[
    str,
    typer.Argument(
        help="Bundle that `tfft fit` wrote: a folder or a .zip file; or hf://owner/name at Hugging Face, perhaps "
        "with @ and a branch, a tag or a commit hash."
    ),
]


def batch_size_of(typed: str) -> "int | Literal['auto']":
    """Read the value of ``--batch-size``.

    Args:
        typed: A whole number from 1, or ``"auto"``.

    Returns:
        The ``batch_size`` of ``fit``.

    Raises:
        BadParameter: When it is neither.

    Example:
        >>> batch_size_of("64"), batch_size_of("auto")
        (64, 'auto')
    """
    if typed == "auto":
        return "auto"
    if not typed.isascii() or not typed.isdigit() or not 0 < int(typed[:20]) < 2**31:
        raise typer.BadParameter(f"--batch-size is a whole number from 1 to {2**31 - 1:,}, or auto. Got {typed!r}.")
    return int(typed)


def describe_backbone(name: str, weights: str | None, **options: Any) -> "Backbone":
    """Describe a backbone with the options of the command line; the other options keep their defaults.

    Args:
        name: The value of ``--backbone``.
        weights: The value of ``--weights``: ``"imagenet"``, a path, or ``"none"``.
        **options: Other options, such as ``size``, ``length`` or ``pixel_range``; None when not set.

    Returns:
        A Backbone whose features are a map of shape (batch, height, width, channels), or a sequence (batch, tokens, width).

    Raises:
        BackboneError: When there is no such backbone, or it does not take an option.
        WeightsError: When the file of a backbone or of weights does not exist.

    Example:
        >>> described = describe_backbone("mobilenet", "none", size=64, alpha=None)
        >>> described.handle, described.preprocessor.height
        ('mobilenet', 64)
    """
    import tfft
    from tfft.backbones.handle_kinds import is_foreign
    from tfft.cli.typed_paths import check_backbone

    check_backbone(name)
    if is_foreign(name):
        start_tensorflow()
    given = {key: value for key, value in options.items() if value is not None}
    if weights is not None:
        given["weights"] = None if weights.lower() == "none" else weights
    return tfft.load_backbone(name, **given)


def describe_task(labels: "LabelSpace", balanced: bool, named: TaskName = TaskName.auto) -> "Task":
    """Describe the task for the labels of the data.

    Args:
        labels: The label space of the data.
        balanced: Whether rare classes get more weight.
        named: The value of ``--task``.

    Returns:
        A Task whose net returns logits of shape (batch, outputs).

    Raises:
        BadParameter: When ``balanced`` is set and the data does not have one class for each input.
        DataError: When the labels of the data are for another task than the named one.
    """
    import tfft

    if balanced and "class_weights" not in tfft.tasks.options_for(labels):
        raise typer.BadParameter(
            f"--balanced needs one class for each input; these labels are of kind {labels.kind!r}."
        )
    made = tfft.tasks.for_labels(labels, **({"class_weights": "balanced"} if balanced else {}))
    named.check(made.name)
    return made
