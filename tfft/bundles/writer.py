"""Write a trained model as one folder or zip file, with everything that is needed to use it."""

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.archives.zip_files import opened
from tfft.bundles.bundle import FORMAT, content_fingerprint, not_finite, weights_fingerprint
from tfft.bundles.card import card
from tfft.bundles.contents import CONTENTS, MANIFEST, NET, TOKENIZER
from tfft.bundles.paths import not_written
from tfft.bundles.records import CARD, PAGE, REPORT, SEEN, digests
from tfft.core import files, strict_json, versions
from tfft.core.errors import BundleError, kind_of, shortlist
from tfft.core.path_advice import permitted
from tfft.core.private_paths import without_folder, without_folders
from tfft.core.terminal import plain
from tfft.evaluation.report import Report
from tfft.inputs import is_stored
from tfft.keras_files import saving
from tfft.models.assembly import TransferModel

if TYPE_CHECKING:
    from tfft.training.run import Run


def write_bundle(
    model: TransferModel, path: str | Path, report: Report | None = None, run: "Run | None" = None
) -> Path:
    """Save a model with everything that is needed to use it.

    The file ``net.keras`` in it opens in plain Keras. It computes logits, shape (batch, outputs), from pixels in 0..255, shape
    (batch, height, width, 3), or from token ids. The bundle is first written beside ``path`` and then renamed, so that an older
    bundle survives a full disk or a crash.

    Args:
        model: The model, such as ``run.model``.
        path: The path of a folder, or of a zip file when it ends in ``.zip``.
        report: A report from ``evaluate`` to include.
        run: The run that trained the model, for the model card.

    Returns:
        The path.

    Raises:
        BundleError: When the bundle cannot be written; when ``path`` exists and is not a bundle; when the report was made with
            other weights, or the net does not give the logits that it measured; or when a weight is NaN or infinite.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tfft.load(write_bundle(model, f"{folder}/toy.tfft")).task.labels.names
        ('ants', 'bees')
    """
    path = _checked(model, path, report, run)
    manifest = {
        "format": FORMAT,
        "versions": versions.installed(),
        "backbone": _backbone(model),
        "task": model.task.to_dict(),
        "preprocessor": model.preprocessor.to_dict(),
        "weights": weights_fingerprint(model.net),
    }
    seen = None if model.seen is None else model.seen.to_dict()
    if model.seen is not None and model.seen.refit:
        manifest["trained_on"] = ["train", "validation"]
    manifest["content"] = content_fingerprint(manifest, seen)
    try:
        with files.replacing(path) as fresh:
            folder = fresh if path.suffix != ".zip" else fresh.with_name("content")
            folder.mkdir()
            saving.save_net(model.net, folder / NET)
            model.preprocessor.save(folder / TOKENIZER)
            if seen is not None:
                _write_json(folder / SEEN, seen)
            if report is not None:
                _write_json(folder / REPORT, _without_private(report.to_dict()))
                (folder / PAGE).write_text(report.to_markdown(), encoding="utf-8")
            (folder / CARD).write_text(card(model, report, run), encoding="utf-8")
            _write_json(folder / MANIFEST, manifest | {"records": digests(folder)})
            if folder is not fresh:
                _zip(folder, fresh)
    except (OSError, UnicodeError) as error:
        raise not_written(path, error, more=", and export again; the model is still in memory") from error
    return path


def _backbone(model: TransferModel) -> dict[str, Any]:
    """The backbone without folders; its handle is one visible line, as ``load`` requires."""
    found = without_folders(model.backbone.to_dict())
    return found | {"handle": plain(found["handle"]).replace("\\", "_")}


def _checked(model: Any, path: Any, report: Any, run: Any) -> Path:
    """Refuse invalid arguments, weights that are not finite, and reports that do not belong to the model; return the path."""
    if not isinstance(model, TransferModel) or not isinstance(path, (str, os.PathLike)):
        raise BundleError(
            "export() takes a model and then a path.",
            f"{kind_of(model)} and {kind_of(path)}",
            'Write export(run.model, "flowers.tfft").',
        )
    path = Path(path)
    if report is not None and not isinstance(report, Report):
        raise BundleError(
            "report= must be a report from evaluate().",
            kind_of(report),
            "Write report=tfft.evaluate(...).",
        )
    if run is not None and getattr(getattr(run, "model", None), "net", None) is not model.net:
        raise BundleError(
            "run= must be the run that trained this model.", kind_of(run), "Write export(run.model, path, run=run)."
        )
    check_inputs(model)
    check_target(path)
    if names := not_finite(model.net):
        raise BundleError(
            "The model has weights that are not finite numbers; it would answer with NaN.",
            shortlist(names),
            "Train it again, with a lower learning rate.",
        )
    if report is not None and report.weights != weights_fingerprint(model.net):
        raise BundleError(
            "The report was made with other weights than the model has now.",
            "each fit trains the same net further, so the models of earlier runs change as well"
            if report.names == model.task.labels.names
            else "",
            "Evaluate again before exporting.",
        )
    if report is not None and report.sample is not None and (wrong := report.sample.difference(model)):
        raise BundleError(
            f"The net does not give the answers that the report measured: {wrong}.",
            fix='Build the model with cache="off", evaluate again, and report this as a bug.',
        )
    return path


def check_inputs(model: TransferModel) -> None:
    """Check that a model reads one image or one text, or a pair of texts.

    Args:
        model: The model.

    Raises:
        BundleError: When it has several inputs, whose preprocessing no export can hold.

    Example:
        >>> import tfft
        >>> check_inputs(tfft.build("toy", tfft.tasks.classification(["ants", "bees"])))
    """
    if not is_stored(model.preprocessor):
        raise BundleError(
            "Models of several inputs cannot be exported yet.",
            f"a model that reads {model.preprocessor.noun}",
            "Save the weights with run.save(folder), and read them into the net of the same backbone and task.",
        )


def check_target(path: str | Path) -> None:
    """Check that a bundle can be written to a path; call it before a long training.

    Args:
        path: The ``path`` argument of ``export``.

    Raises:
        BundleError: When ``path`` exists and is not a bundle, or nothing can be written there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_target(Path(folder) / "new.tfft")  # nothing stands there: fine
        ...     _ = (Path(folder) / "thesis.zip").write_text("precious")
        ...     check_target(Path(folder) / "thesis.zip")
        Traceback (most recent call last):
        tfft.core.errors.BundleError: '...thesis.zip' exists and is not a bundle. Got: a file. Choose another path.
    """
    path = Path(path)
    if path.parts[:1] == ("hf:",):
        raise BundleError(
            "This is no path but an address at Hugging Face.",
            repr(str(path)),
            'Write the bundle to a path, then call tfft.export(path, "hf://owner/name"); '
            "in a shell write `tfft export PATH --to hf://owner/name`.",
        )
    if path.suffix in (".keras", ".h5"):
        raise BundleError(
            f"A bundle is a folder or a .zip file, not a {path.suffix} file.",
            repr(str(path)),
            "Write a name such as flowers.tfft; the net.keras in it is an ordinary Keras file.",
        )
    if not path.name or (os.path.islink(path) and not os.path.exists(path)):
        raise BundleError(f"{str(path)!r} is not a path for a bundle.", fix="Write a name, such as flowers.tfft.")
    if reason := files.refusal(path):
        raise BundleError(f"No bundle can be written to {str(path)!r}: {reason}.", fix="Choose another path.")
    if path.exists() and path.is_dir() == (path.suffix == ".zip"):
        kind = "a folder" if path.is_dir() else "a file"
        raise BundleError(
            f"{str(path)!r} exists and is {kind}.",
            fix="A bundle is a zip file when its name ends in .zip, else a folder.",
        )
    if path.exists() and not _is_bundle(path):
        found = shortlist(sorted(p.name for p in path.iterdir())) if path.is_dir() else "a file"
        raise BundleError(f"{str(path)!r} exists and is not a bundle.", found, "Choose another path.")


def check_home(folder: str | Path, bundle: str, beside: Sequence[str]) -> None:
    """Check that a folder can hold a bundle and some files beside it, without overwriting the files of others.

    Args:
        folder: The folder; it need not exist.
        bundle: The name of the bundle in it.
        beside: The names of the other files that are written into it.

    Raises:
        BundleError: When the folder is a file, holds other files, or nothing can be written there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_home(folder, "digits.tfft", ["report.html"])
        ...     _ = (Path(folder) / "thesis.txt").write_text("precious")
        ...     check_home(folder, "digits.tfft", ["report.html"])
        Traceback (most recent call last):
        tfft.core.errors.BundleError: The folder '...' holds other files. Got: 'thesis.txt'. Choose a new or empty folder...
    """
    home = Path(folder)
    if os.path.isfile(home):
        raise BundleError(f"{str(home)!r} is a file, not a folder.", fix="Choose a new or empty folder.")
    if os.path.isdir(home):
        with permitted(BundleError):
            there = [name for name in os.listdir(home) if not name.startswith(".")]
        # without the bundle, a report beside it comes from somebody else
        own = (bundle, *beside) if bundle in there else ()
        if others := sorted(set(there) - set(own)):
            raise BundleError(
                f"The folder {str(home)!r} holds other files.",
                shortlist(others),
                f"Choose a new or empty folder, such as {str(home / 'demo')!r}.",
            )
    check_target(home / bundle)


def _is_bundle(path: Path) -> bool:
    """Whether everything at the path was written by ``export``, so that replacing it loses no other files."""
    try:
        if path.is_dir():
            names = {file.name for file in path.iterdir()}
            if not names:
                return True
            manifest = strict_json.read_file(path / MANIFEST, MANIFEST, BundleError)
        else:
            with opened(path, repr(str(path)), BundleError) as archive:
                names = {name.partition("/")[0] for name in archive.namelist()}
                manifest = strict_json.read(archive.read(MANIFEST), MANIFEST, BundleError)
    except (BundleError, OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        return False
    return names <= CONTENTS and isinstance(manifest, dict) and {"format", "weights"} <= set(manifest)


def _without_private(report: dict[str, Any]) -> dict[str, Any]:
    """Remove texts of the worst examples with their names, and folders, so that sharing a model does not share them."""
    worst = [
        {key: "" if key in ("name", "text") else value for key, value in row.items() if key != "marked"}
        if "text" in row
        else {**row, "name": without_folder(row["name"])}
        for row in report["worst"]
    ]
    return {**report, "worst": worst, "model": without_folder(report["model"])}


def _write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder).as_posix())
    shutil.rmtree(folder)
