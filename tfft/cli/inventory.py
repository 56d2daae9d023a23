"""The verbs that list things: ``tfft backbones``, ``cache`` and ``doctor``."""

from pathlib import Path
from typing import Annotated

import typer

from tfft.cli import arguments, console
from tfft.cli.console import backbone_line, kept_line, say


def backbones(
    name: Annotated[str | None, typer.Argument(help="Show one backbone with its blocks and options.")] = None,
    layer: arguments.Layer = None,
    pixel_range: arguments.PixelRange = None,
    preprocessor: arguments.Preprocessor = None,
) -> None:
    """List all backbones, or show the blocks and options of one."""
    from tfft.backbones import handles

    if name is None:
        for source, candidate in handles.names():
            say(backbone_line(source, candidate))
        listed = {source for source, _ in handles.names()}
        for about in (about for source, about in handles.SOURCES.items() if source not in listed):
            say(f"also: {about.about}")
        return
    described = arguments.describe_backbone(name, None, layer=layer, pixel_range=pixel_range, preprocessor=preprocessor)
    say(f"{console.name(described.handle)}: {described.takes()}")
    say(f"blocks, from input to output: {', '.join(console.name(block.name) for block in described.blocks)}")
    say(f"options: {', '.join(handles.options_of(name))}")


def cache(
    entries: Annotated[
        list[str] | None, typer.Argument(help="First letters of the keys of entries; all entries when left out.")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete the entries; they are computed again when needed.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="Folder of the entries.", show_default="features in the cache folder", readable=False),
    ] = None,
) -> None:
    """List or delete cached features of frozen layers. Deleting all of them also deletes the results of precision trials."""
    from tfft.cache.settings import Cache
    from tfft.cache.store import IN_USE
    from tfft.core.errors import TfftError, quantity
    from tfft.core.files import in_words
    from tfft.core.machine import trials_file
    from tfft.core.path_advice import permitted

    with permitted(TfftError):
        if folder is not None and not folder.is_dir():
            raise typer.BadParameter(f"there is no folder {str(folder)!r}.")
        store = Cache(folder=folder).store
        chosen = [kept for kept in store.entries() if not entries or kept.key.startswith(tuple(entries))]
    if entries and not chosen:
        raise typer.BadParameter(
            f"no entry of {store.folder} begins with {', '.join(entries)}; `tfft cache` lists them."
        )
    if not clear:
        for kept in chosen:
            say(kept_line(kept))
        size = in_words(sum(kept.size_bytes for kept in chosen))
        say(f"{quantity(len(chosen), 'entry', 'entries')}, {size}, in {console.name(store.folder)}")
        return
    tried = [(kept, store.why_kept(kept.key)) for kept in chosen]
    for kept, reason in tried:
        say(f"{'in use  ' if reason == IN_USE else 'kept    ' if reason else 'deleted '}{kept_line(kept)}")
    gone = [kept for kept, reason in tried if not reason]
    size = in_words(sum(kept.size_bytes for kept in gone))
    say(f"{len(gone)} of {quantity(len(chosen), 'entry', 'entries')} deleted, {size}, in {console.name(store.folder)}")
    failed = [reason for _, reason in tried if reason not in ("", IN_USE)]
    if not entries and folder is None:
        try:
            trials_file().unlink(missing_ok=True)
        except OSError as error:
            failed.append(f"{error.strerror or error} ({str(trials_file())!r})")
    if failed:
        raise TfftError(
            f"{quantity(len(failed), 'entry', 'entries')} of the cache could not be deleted.",
            failed[0],
            "Run the command as the owner of the folder, or allow writing to it.",
        )


def doctor(
    offline: Annotated[bool, typer.Option(help="Open no socket.")] = False,
    source: Annotated[
        str,
        typer.Option(
            help="One source of weights, such as keras, or one backbone, such as vgg16: where it looks for weights, "
            "what is there, and what is missing."
        ),
    ] = "",
) -> None:
    """Show versions, devices, instruction sets, caches, and which sources of weights this machine can reach."""
    from tfft.doctor import examine, examine_source, to_text

    found = examine_source(source, offline, console.in_shell) if source else examine(offline)
    say(to_text(found))
    if any(finding.section == "backbone" and not finding.good for finding in found):
        raise typer.Exit(1)
