"""The verb ``tfft export``: write a bundle in a format that other programs read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfft.cli import typed_paths
from tfft.cli.arguments import Bundle
from tfft.cli.console import name, say
from tfft.cli.output_paths import free_path
from tfft.cli.typed_inputs import given_inputs
from tfft.core.quiet import start_tensorflow


class FormatName(StrEnum):
    """The formats of ``tfft export``.

    Attributes:
        saved_model: A folder for TensorFlow Serving and TensorFlow: encoded images or strings in, labels out.
        onnx: The net for ONNX Runtime.
        litert: The net for LiteRT on phones and small machines.
        litert_float16: The same with weights in float16, half as large.
        litert_int8: The same in int8, a quarter as large, calibrated on examples.
        keras: The net for plain Keras.
    """

    saved_model = "saved_model"
    onnx = "onnx"
    litert = "litert"
    litert_float16 = "litert_float16"
    litert_int8 = "litert_int8"
    keras = "keras"


def export(
    bundle: Bundle,
    to: Annotated[FormatName, typer.Option(help="The format.")] = FormatName.saved_model,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; an older export there is replaced.", show_default="beside the bundle"),
    ] = None,
    examples: Annotated[
        list[str] | None,
        typer.Option(
            help="Images, a folder of images, texts or .txt files on which the answers are compared with those of the bundle.",
            show_default="a few are made up",
        ),
    ] = None,
) -> None:
    """Write a bundle in a format that other programs read, and compare its answers with those of the bundle."""
    import tfft
    from tfft.formats.exporting import comparison_of

    typed_paths.check_inputs(bundle, examples or (), skip_corrupt=False)
    target = free_path(str(bundle.with_suffix("")), f".{to.value}") if out is None else out
    start_tensorflow()
    predictor = tfft.load(bundle)
    given = given_inputs(predictor, examples) if examples else None
    written = tfft.export(predictor, target, format=to.value, examples=given)
    say(f"{comparison_of(written)}\nwrote {name(written)}")
