"""The verb ``tfft rank``: compare backbones on labelled data before any training."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfft.cli import arguments, typed_paths
from tfft.cli.arguments import CacheName, ImageColumn, LabelColumn, SkipCorrupt, TextColumn
from tfft.cli.console import say
from tfft.cli.sources import TypedData
from tfft.cli.training_inputs import read
from tfft.core.errors import WeightsError
from tfft.core.quiet import start_tensorflow

_ADVICE = (
    "Leave this backbone out, or name a file or folder with weights. In Python, tfft.rank_backbones takes what load_backbone "
    "returns, which reads weights from a file."
)


class Order(StrEnum):
    """The score that orders the table.

    Attributes:
        probe: The metric of linear heads on held-out examples.
        logme: LogME.
        hscore: The H-score.
    """

    probe = "probe"
    logme = "logme"
    hscore = "hscore"


def rank(
    data: Annotated[
        Path, typer.Option(help="Folder of class folders, or .csv, .tsv, .jsonl or .parquet table.", readable=False)
    ],
    backbones: Annotated[
        str, typer.Option(help="Names or paths of backbones, as for `tfft fit`, separated by commas.")
    ],
    order: Annotated[
        Order, typer.Option(help="Score of the order: of linear heads, cross-validated; LogME; or the H-score.")
    ] = Order.probe,
    examples: Annotated[int, typer.Option(help="Largest number of training examples to compare on.", min=10)] = 500,
    image_column: ImageColumn = None,
    label_column: LabelColumn = "label",
    text_column: TextColumn = None,
    parts: arguments.Parts = None,
    separator: arguments.Separator = None,
    decimal: arguments.Decimal = None,
    quotes: arguments.Quotes = None,
    skip_corrupt: SkipCorrupt = False,
    cache: Annotated[CacheName, typer.Option(help="Where features are cached.")] = CacheName.auto,
    seed: Annotated[int, typer.Option(help="Seed of the parts, the chosen examples, and the folds.")] = 0,
) -> None:
    """Compare backbones on some training examples before any training, and print a table, best first."""
    import tfft

    names = [each.strip() for each in backbones.split(",") if each.strip()]
    if not names:
        raise typer.BadParameter("--backbones needs at least one name, such as mobilenet_v2,resnet50.")
    typed_paths.check_data(data)
    described = [arguments.describe_backbone(each, None) for each in names]
    columns = image_column, label_column, skip_corrupt, text_column, parts, separator, decimal, quotes
    splits = read(TypedData(data, *columns), described[0], seed, None)
    start_tensorflow()
    try:
        found = tfft.rank_backbones(splits, described, order.value, examples, seed, cache.value)
    except WeightsError as error:
        raise WeightsError(error.what, error.got, _ADVICE) from None
    say(found.describe())
