"""Where a bundle goes: to a free name, elsewhere when its place fails, and beside it when the training is interrupted."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tfft.cli.console import name, say
from tfft.core import files
from tfft.core.errors import BundleError
from tfft.core.interrupts import noticed

if TYPE_CHECKING:
    from tfft.evaluation.report import Report
    from tfft.models.assembly import TransferModel


def export_somewhere(model: "TransferModel", path: Path, report: "Report") -> Path:
    """Export, and when that fails, export to the temporary folder: a training is not lost for a full disk.

    Args:
        model: Trained.
        path: Where it is meant to go.
        report: Kept inside.

    Returns:
        Where it went.

    Raises:
        BundleError: When that fails as well.
    """
    from tfft.bundles.writer import export

    try:
        return export(model, path, report=report)
    except BundleError as error:
        say(name(f"{error.what} {error.got} Trying elsewhere."), wrong=True, color="red")
        stem = path.stem or "model"
        return export(model, free_path(str(Path(tempfile.gettempdir()) / stem), ".tfft"), report=report)


def check_report(path: Path) -> None:
    """Refuse a place where no report can be written, before anything is measured.

    Args:
        path: Where it is meant to go.

    Raises:
        BadParameter: Saying why.
    """
    if path.suffix not in (".html", ".json", ".md"):
        raise typer.BadParameter(f"--out {path}: a report is written as .html, .json or .md.")
    if reason := files.refusal(path):
        raise typer.BadParameter(f"--out {path}: nothing can be written there: {reason}.")


@contextmanager
def rescued(model: "TransferModel", path: Path) -> Iterator[None]:
    """Write a bundle of the best weights so far on Ctrl-C or SIGTERM, or when training or the evaluation after it fails.

    Args:
        model: In training.
        path: Of the bundle that was meant; this one is called ``<name>-stopped``.

    Yields:
        Nothing.

    Raises:
        KeyboardInterrupt: On Ctrl-C, after the bundle was written.
        SystemExit: On SIGTERM, after the bundle was written.
        Exception: Any other error, after the bundle was written.
    """
    from tfft.bundles.writer import export

    with noticed():
        try:
            yield
        except (KeyboardInterrupt, SystemExit, Exception):
            if model.seen is not None:
                kept = export(model, free_path(str(path.with_name(f"{path.stem}-stopped")), path.suffix))
                say(f"Stopped; the best weights so far are in {name(kept)}", wrong=True, color="red")
            raise


def free_path(stem: str, suffix: str) -> Path:
    """The first path of its kind at which nothing stands.

    Args:
        stem: Such as ``"model"``.
        suffix: Such as ``".tfft"``.

    Returns:
        ``model.tfft``, ``model-2.tfft``, ...

    Example:
        >>> str(free_path("no-such-model", ".tfft"))
        'no-such-model.tfft'
    """
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{suffix}" for number in count(1))
    return next(path for path in map(Path, names) if not path.exists())
