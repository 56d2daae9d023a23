"""Choose paths for bundles: a free name, another folder when writing fails, and another name when training is interrupted."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tfft.cli.console import name, say, stopped
from tfft.core import files
from tfft.core.errors import BundleError
from tfft.core.interrupts import noticed

if TYPE_CHECKING:
    from tfft.evaluation.report import Report
    from tfft.models.assembly import TransferModel
    from tfft.training.run import Run


def export_somewhere(run: "Run", path: Path, report: "Report | None") -> Path:
    """Export a bundle. When this fails, export it to the temporary folder, so that a full disk does not lose the training.

    Args:
        run: The run that trained the model.
        path: The path of the bundle.
        report: The report to include; None when nothing was measured.

    Returns:
        The path that was written.

    Raises:
        BundleError: When writing to the temporary folder fails as well.
    """
    from tfft.bundles.writer import write_bundle

    try:
        return write_bundle(run.model, path, report, run)
    except BundleError as error:
        said = BundleError(error.what, error.got, "Trying the temporary folder.")
        say(name(str(said)), wrong=True, color="red")
        stem = path.stem or "model"
        return write_bundle(run.model, free_path(str(Path(tempfile.gettempdir()) / stem), ".tfft"), report, run)


def check_report(path: Path) -> None:
    """Check that a report can be written, before anything is measured.

    Args:
        path: The path of the report.

    Raises:
        BadParameter: When the ending is unknown, the path is a folder, or nothing can be written there.
    """
    if path.suffix not in (".html", ".json", ".md"):
        raise typer.BadParameter(f"--out {path}: a report is written as .html, .json or .md.")
    if reason := "it is a folder" if os.path.isdir(path) else files.refusal(path):
        raise typer.BadParameter(f"--out {path}: nothing can be written there: {reason}.")


def check_curve(path: Path) -> None:
    """Check that a curve of learning rates can be written, before anything is computed.

    Args:
        path: The path of the curve.

    Raises:
        PlanError: When the ending is unknown, or the path begins with ``~``.
        BadParameter: When the path is a folder, or nothing can be written there.
    """
    from tfft.tuning.learning_rate_curve import check_path

    if os.path.isdir(path):
        raise typer.BadParameter(f"--out {path}: nothing can be written there: it is a folder.")
    check_path(path)
    if reason := files.refusal(path):
        raise typer.BadParameter(f"--out {path}: nothing can be written there: {reason}.")


@contextmanager
def rescued(model: "TransferModel", path: Path) -> Iterator[None]:
    """Write a bundle of the best weights so far on Ctrl-C or SIGTERM, or when training or the evaluation after it fails.

    Args:
        model: The model in training.
        path: The path of the intended bundle; the name of this one ends in ``-stopped``.

    Yields:
        Nothing.

    Raises:
        KeyboardInterrupt: On Ctrl-C, after the bundle was written.
        SystemExit: On SIGTERM, after the bundle was written.
        Exception: Any other error, after the bundle was written.
    """
    from tfft.bundles.writer import write_bundle

    with noticed():
        try:
            yield
        except (KeyboardInterrupt, SystemExit, Exception):
            if model.seen is not None:
                kept = write_bundle(model, free_path(str(path.with_name(f"{path.stem}-stopped")), path.suffix))
                stopped(f"Stopped; the best weights so far are in {name(kept)}.")
            raise


def stem_of(bundle: str) -> str:
    """Return the name of a bundle without its ending, for files beside it.

    Args:
        bundle: A path, or an address at Hugging Face, of which the name of the repository is taken.

    Example:
        >>> stem_of("models/flowers.tfft"), stem_of("hf://ann/flowers@v1")
        ('models/flowers', 'flowers')
    """
    from tfft.bundles.hub_handles import is_hub, parsed

    return parsed(bundle).name.partition("/")[2] if is_hub(bundle) else str(Path(bundle).with_suffix(""))


def free_path(stem: str, suffix: str) -> Path:
    """Find the first free path.

    Args:
        stem: The beginning of the path, such as ``"model"``.
        suffix: Its ending, such as ``".tfft"``.

    Returns:
        The first of ``model.tfft``, ``model-2.tfft``, ... that does not exist.

    Example:
        >>> str(free_path("no-such-model", ".tfft"))
        'no-such-model.tfft'
    """
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{suffix}" for number in count(1))
    return next(path for path in map(Path, names) if not path.exists())
