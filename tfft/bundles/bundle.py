"""export() and load(): a trained model as one folder or zip file, and back.

::

    flowers.tfft/
        manifest.json   format version, package versions, backbone, task with labels, preprocessing, fingerprint of the weights
        net.keras       pixels -> logits, opens in plain Keras; no pickled code
        report.json     the report it was exported with, when there was one
        report.md       the same for people
"""

import json
import os
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from tfft import tasks
from tfft.bundles.predictor import Predictor
from tfft.core import files, fingerprint, versions
from tfft.core.errors import BundleError, shortlist
from tfft.evaluation.report import Report
from tfft.models.assembly import TransferModel
from tfft.preprocess.image import ImagePreprocessor

FORMAT = 1
_MANIFEST, _NET, _REPORT, _PAGE = "manifest.json", "net.keras", "report.json", "report.md"
_CONTENTS = frozenset((_MANIFEST, _NET, _REPORT, _PAGE))


def export(model: TransferModel, path: str | Path, report: Report | None = None) -> Path:
    """Save a model with everything that is needed to use it.

    ``net.keras`` inside maps pixels 0..255, shape (batch, height, width, 3), to logits, shape (batch, outputs), in plain Keras.
    It is written beside ``path`` first and then put in its place, so that an older bundle survives a full disk or a crash.

    Args:
        model: Such as ``run.model``.
        path: A folder, or a zip file when it ends in ``.zip``.
        report: From ``evaluate``, kept inside.

    Returns:
        The path.

    Raises:
        BundleError: When it cannot be written, or ``path`` is something else than an older bundle.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     load(export(model, f"{folder}/toy.tfft")).task.labels.names
        ('ants', 'bees')
    """
    if not isinstance(model, TransferModel):
        raise BundleError("export() takes a model.", f"a {type(model).__name__}", "Write export(run.model, path).")
    path = Path(path)
    check_target(path)
    manifest = {
        "format": FORMAT,
        "versions": versions.installed(),
        "backbone": model.backbone.to_dict(),
        "task": model.task.to_dict(),
        "preprocessor": model.preprocessor.to_dict(),
        "weights": _weights_fingerprint(model.net),
    }
    try:
        with files.replacing(path) as fresh:
            folder = fresh if path.suffix != ".zip" else fresh.with_name("content")
            folder.mkdir()
            model.net.save(folder / _NET)
            _write_json(folder / _MANIFEST, manifest)
            if report is not None:
                _write_json(folder / _REPORT, report.to_dict())
                (folder / _PAGE).write_text(report.to_markdown(), encoding="utf-8")
            if folder is not fresh:
                _zip(folder, fresh)
    except OSError as error:
        raise BundleError(
            f"The bundle {str(path)!r} could not be written: {error}.",
            "an older bundle there is untouched" if path.exists() else "",
            "Free some space or choose another folder, and export again; the model is still in memory.",
        ) from error
    return path


def load(path: str | Path) -> Predictor:
    """Read a bundle.

    Args:
        path: A folder or zip file that ``export`` wrote.

    Returns:
        A Predictor for images of any shape; its net takes pixels of shape (batch, height, width, 3).

    Raises:
        BundleError: When it is no bundle, is damaged, or was written by a newer version.
    """
    path = Path(path)
    try:
        if path.is_file() and zipfile.is_zipfile(path):
            with tempfile.TemporaryDirectory(prefix="tfft-") as folder, zipfile.ZipFile(path) as archive:
                for name in (_MANIFEST, _NET, _REPORT):
                    if name in archive.namelist():
                        archive.extract(name, folder)
                return _load_folder(Path(folder), path)
        return _load_folder(path, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"{str(path)!r} is damaged: {error!r}.", fix="Copy or export it again.") from error


def _load_folder(folder: Path, shown: Path) -> Predictor:
    import keras

    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{str(shown)!r} is not a bundle: {error}.", fix="Pass a folder or zip file that tfft.export() wrote."
        ) from error
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"{str(shown)!r} has format {manifest.get('format')!r}; this version reads {FORMAT}.",
            f"written by tfft {manifest.get('versions', {}).get('tfft')}",
            "Upgrade with: pip install -U tfft.",
        )
    task, preprocessor = tasks.from_dict(manifest["task"]), ImagePreprocessor.from_dict(manifest["preprocessor"])
    net = keras.saving.load_model(folder / _NET, compile=False, safe_mode=True)
    report = json.loads((folder / _REPORT).read_text(encoding="utf-8")) if (folder / _REPORT).is_file() else None
    if _weights_fingerprint(net) != manifest["weights"]:
        raise BundleError(
            f"The weights in {str(shown)!r} are not the ones its manifest names.",
            f"versions {manifest['versions']!r}",
            "Copy or export it again.",
        )
    return Predictor(net, task, preprocessor, manifest, report)


def _weights_fingerprint(net: Any) -> str:
    return fingerprint.combined(fingerprint.weight_digests(net.weights))


def check_target(path: str | Path) -> None:
    """Refuse a place where no bundle can or may be written; worth calling before a long training.

    Args:
        path: As for ``export``.

    Raises:
        BundleError: When something else than an older bundle is there, or the place cannot be written to.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_target(Path(folder) / "new.tfft")  # nothing stands there: fine
        ...     _ = (Path(folder) / "thesis.zip").write_text("precious")
        ...     check_target(Path(folder) / "thesis.zip")
        Traceback (most recent call last):
        tfft.core.errors.BundleError: '...thesis.zip' exists and is not a bundle. Got: a file. Choose another path.
    """
    path = Path(path)
    above = next(parent for parent in path.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise BundleError(
            f"No bundle can be written to {str(path)!r}.", f"{str(above)!r} is not writable", "Choose another path."
        )
    if path.exists() and not _is_bundle(path):
        found = shortlist(sorted(p.name for p in path.iterdir())) if path.is_dir() else "a file"
        raise BundleError(f"{str(path)!r} exists and is not a bundle.", found, "Choose another path.")


def _is_bundle(path: Path) -> bool:
    """Whether all that is there came from ``export``, so that replacing it loses nothing of anybody else's."""
    try:
        if path.is_dir():
            names = {file.name for file in path.iterdir()}
            if not names:
                return True
            manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        else:
            with zipfile.ZipFile(path) as archive:
                names, manifest = set(archive.namelist()), json.loads(archive.read(_MANIFEST))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False
    return names <= _CONTENTS and isinstance(manifest, dict) and {"format", "weights"} <= set(manifest)


def _write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    shutil.rmtree(folder)
