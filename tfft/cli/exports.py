"""The verb ``tfft export``: write a bundle in a format that other programs read, to another path, or to Hugging Face."""

from pathlib import Path
from typing import Annotated

import typer

from tfft.cli import typed_paths
from tfft.cli.arguments import Bundle
from tfft.cli.console import name, say
from tfft.cli.output_paths import free_path, stem_of
from tfft.cli.typed_inputs import given_inputs
from tfft.core.errors import similar
from tfft.core.quiet import start_tensorflow

FORMATS = ("saved_model", "onnx", "litert", "litert_float16", "litert_int8", "keras", "bundle")
_ABOUT = (
    "saved_model: a folder for TensorFlow and TensorFlow Serving. onnx, litert, litert_float16, litert_int8, keras: the network "
    "alone, for ONNX Runtime, LiteRT or Keras. bundle: a copy. hf://owner/name: a repository at Hugging Face."
)


def export(
    bundle: Bundle,
    to: Annotated[str, typer.Option(help=_ABOUT)] = "saved_model",
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
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody read the repository at Hugging Face.")
    ] = False,
) -> None:
    """Write a bundle in a format that other programs read and compare the answers; copy it, or write it to Hugging Face."""
    import tfft
    from tfft.bundles.hub_handles import is_hub
    from tfft.bundles.pushing import Pushed, check_address
    from tfft.formats.export_folders import comparison_of

    hub, copied = is_hub(to), to == "bundle"
    _check_options(to, public, (("--out", out is not None and hub), ("--examples", bool(examples) and (hub or copied))))
    if hub:
        check_address(to)
    read = typed_paths.check_inputs(bundle, examples or (), skip_corrupt=False)
    start_tensorflow()
    if hub:
        pushed = tfft.export(read, to, public=public)
        say("\n".join(map(name, pushed.describe().splitlines())) if isinstance(pushed, Pushed) else name(pushed))
        return
    target = free_path(stem_of(read), ".tfft" if copied else f".{to}") if out is None else out
    replaced = "replaced" if target.exists() else "wrote"
    if copied:
        say(f"{replaced} {name(tfft.export(read, target))}")
        return
    predictor = tfft.load(read)
    given = given_inputs(predictor, examples) if examples else None
    written = tfft.export(predictor, target, format=to, examples=given)
    say(f"{comparison_of(str(written))}\n{replaced} {name(written)}")


def _check_options(to: str, public: bool, unused: tuple[tuple[str, bool], ...]) -> None:
    """Refuse an unknown format, and options that have no effect."""
    hub = to.startswith("hf://")
    if not hub and to not in FORMATS:
        advice = similar(to, FORMATS) or f"Use one of {', '.join(FORMATS)}, or hf://owner/name."
        raise typer.BadParameter(f"--to {to}: there is no such format. {advice}")
    wrong = [option for option, given in unused if given] + (["--public"] if public and not hub else [])
    if wrong:
        raise typer.BadParameter(f"{wrong[0]} has no effect with --to {to}. Leave it out.")
