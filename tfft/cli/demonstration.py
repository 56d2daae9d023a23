"""The verb ``tfft demo``: fine-tune on images or texts that are on the machine, or on both."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from tfft.cli.arguments import Seed
from tfft.cli.console import name, say
from tfft.core.quiet import start_tensorflow


class _Half(NamedTuple):
    """One of the two demos: its bundle, and what to type next."""

    bundle: str
    example: str
    own: str


_BESIDE = ("report.html", "report.md")
_IMAGES = _Half("digits.tfft", "photo.jpg", "--data flowers/ --backbone vgg16")
_TEXTS = _Half(
    "messages.tfft", '"When will my order arrive?"', "--data reviews.csv --text-column text --backbone minilm_l6"
)


def _program() -> str:
    """What to type for ``tfft``: its path when a shell would not find it by its name."""
    typed = Path(sys.argv[0])
    if shutil.which("tfft") or typed.name != "tfft":
        return "tfft"
    return os.path.relpath(typed) if typed.is_absolute() else str(typed)


def demo(
    text: Annotated[bool, typer.Option("--text", help="Classify texts with MiniLM, instead of images.")] = False,
    both: Annotated[bool, typer.Option("--both", help="First images, then texts.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="New or empty folder for the report and the bundle, or the folder of an earlier demo; with --both, the folder "
            "for texts has _text after its name.",
            show_default="demo, or demo_text",
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Fine-tune the built-in backbone on handwritten digits, without a network; with --text, fine-tune MiniLM on messages."""
    from tfft.bundles.writer import check_home

    chosen = {}
    if both or not text:
        chosen[Path("demo") if out is None else out] = _IMAGES
    if both or text:
        chosen[Path("demo_text") if out is None else out.parent / f"{out.name}_text" if both else out] = _TEXTS
    for folder, half in chosen.items():
        check_home(folder, half.bundle, _BESIDE)
    start_tensorflow()
    from tfft.demo import run_demo, run_text_demo

    program = _program()
    for number, (folder, half) in enumerate(chosen.items()):
        if number:
            say("\n")
        made = (run_text_demo if half is _TEXTS else run_demo)(folder, say, seed)
        say(
            f"\n{made.table}\n\n{made.meaning}\n\n"
            f"report: {name(made.report_path)} (open it in a browser)\nbundle: {name(made.bundle_path)}\n\n"
            f"next:   {program} predict {shlex.quote(name(made.bundle_path))} {half.example}\n"
            f"        {program} fit {half.own} --out mine.tfft"
        )
