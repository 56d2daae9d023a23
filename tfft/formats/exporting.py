"""Write a model in a format that other programs read, and compare its answers with those of the Keras net."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfft.bundles import bundle
from tfft.bundles.predictor import Predictor
from tfft.bundles.writer import write_bundle
from tfft.core import files, strict_json, versions
from tfft.core.errors import BundleError, kind_of, nearest, shortlist
from tfft.core.quiet import start_tensorflow
from tfft.evaluation.report import Report
from tfft.formats import saved_model
from tfft.formats.compared_examples import chosen
from tfft.formats.comparison import Answers, Comparison, compared
from tfft.models.assembly import TransferModel

ABOUT = Path("assets.extra") / "tfft.json"
"""The file that says what an export holds. TensorFlow Serving passes over the folder ``assets.extra``."""


@dataclass(frozen=True)
class Format:
    """A format of exports.

    Attributes:
        write: The model, and a folder to fill -> a function that answers raw inputs with the file.
        about: What it is for, in one line.
        tolerance: The largest difference of a probability from that of the Keras net.
    """

    write: Callable[[Predictor, Path], Callable[[Sequence[Any]], Answers]]
    about: str
    tolerance: float


FORMATS: Mapping[str, Format] = {
    "saved_model": Format(
        saved_model.write, "TensorFlow Serving and TensorFlow: encoded images or strings in, labels out", 1e-3
    ),
}
BUNDLE = "bundle"


def export(
    model: "TransferModel | Predictor | str | Path",
    path: str | Path,
    report: Report | None = None,
    format: str = BUNDLE,
    examples: Any = None,
) -> Path:
    """Save a model with everything that is needed to use it.

    ``"bundle"`` is the format that ``tfft.load`` reads. Its file ``net.keras`` opens in plain Keras. ``"saved_model"`` is a folder
    that TensorFlow Serving loads, and that needs nothing of tfft: its signatures take the contents of JPEG, PNG or WebP files, or
    strings. After it is written, it is read again and compared with the Keras net.

    Everything is first written beside ``path`` and then renamed, so that an older export survives a full disk or a crash.

    Args:
        model: The model, such as ``run.model``; for other formats than ``"bundle"`` also a loaded bundle, or its path.
        path: The path of a folder; of a bundle also that of a zip file, which ends in ``.zip``.
        report: A report from ``evaluate`` to include in a bundle.
        format: ``"bundle"`` or ``"saved_model"``.
        examples: Examples for the comparison, such as ``data.validation``, or inputs as for ``Predictor.predict``, such as a folder
            of images; without them, a few are made up.

    Returns:
        The path.

    Raises:
        BundleError: When nothing can be written; when ``path`` exists and is not such an export; when the report was made with
            other weights, or the net does not give the logits that it measured; when a weight is NaN or infinite; when the format
            cannot hold the model; or when its answers differ from those of the Keras net.
        DataError: When ``examples`` are of another kind than the model reads, or cannot be read.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tfft.load(export(model, f"{folder}/toy.tfft")).task.labels.names
        ('ants', 'bees')
    """
    if format == BUNDLE:
        return write_bundle(model, path, report)  # type: ignore[arg-type]  # it refuses other types itself
    if not isinstance(format, str) or format not in FORMATS:
        known = (BUNDLE, *FORMATS)
        raise BundleError(
            f"format={format!r} is unknown.", fix=f"{nearest(str(format), known)} All formats: {', '.join(known)}."
        )
    if report is not None:
        raise BundleError("A report is part of a bundle only.", f"format={format!r}", "Leave out report=.")
    return _written(_predictor(model), _checked(path), format, examples)


def _predictor(model: Any) -> Predictor:
    if isinstance(model, Predictor):
        return model
    if isinstance(model, TransferModel):
        start_tensorflow()
        if names := bundle.not_finite(model.net):
            raise BundleError(
                "The model has weights that are not finite numbers; it would answer with NaN.",
                shortlist(names),
                "Train it again, with a lower learning rate.",
            )
        return Predictor(model.net, model.task, model.preprocessor, {}, None, model.seen)
    if isinstance(model, (str, os.PathLike)):
        return bundle.load(os.fspath(model))
    raise BundleError(
        "export() takes a model, or the path of a bundle.", kind_of(model), "Write export(run.model, path)."
    )


def _checked(path: Any) -> Path:
    """Refuse a path at which something else is."""
    if not isinstance(path, (str, os.PathLike)) or not Path(path).name:
        raise BundleError("export() takes the path of a folder.", repr(path)[:100], 'Write a name, such as "flowers".')
    path = Path(path)
    if reason := files.refusal(path):
        raise BundleError(f"Nothing can be written to {str(path)!r}: {reason}.", fix="Choose another path.")
    if path.exists() and not (path.is_dir() and (not any(path.iterdir()) or (path / ABOUT).is_file())):
        found = "a file" if path.is_file() else shortlist(sorted(each.name for each in path.iterdir()))
        raise BundleError(f"{str(path)!r} exists and is no export of tfft.", found, "Choose another path.")
    return path


def _written(predictor: Predictor, path: Path, format: str, examples: Any) -> Path:
    items, of = chosen(examples, predictor)
    try:
        with files.replacing(path) as fresh:
            fresh.mkdir()
            found = compared(predictor, items, of, FORMATS[format].write(predictor, fresh))
            if not found.largest_difference <= FORMATS[format].tolerance:
                raise BundleError(
                    f"The answers of the {format} differ from those of the Keras net, so it was not written.",
                    found.describe(),
                    "Please report this, with the backbone and the task.",
                )
            (fresh / ABOUT).parent.mkdir()
            (fresh / ABOUT).write_text(
                json.dumps(_about(predictor, format, found), indent=1, ensure_ascii=False), "utf-8"
            )
    except OSError as error:
        raise BundleError(
            f"{str(path)!r} could not be written: {error}.",
            "an older export there is untouched" if path.exists() else "",
            "Free some space or choose another folder.",
        ) from error
    return path


def comparison_of(path: str | Path) -> str:
    """Say how far the answers of an export are from those of the Keras net.

    Args:
        path: The folder that ``export`` wrote.

    Returns:
        A sentence.

    Raises:
        BundleError: When the folder was not written by ``export``.
    """
    about = strict_json.read_file(Path(path) / ABOUT, ABOUT.name, BundleError)
    return Comparison(**about["comparison"]).describe()


def _about(predictor: Predictor, format: str, found: Comparison) -> dict[str, Any]:
    """What an export holds, as JSON values."""
    return {
        "format": format,
        "versions": versions.installed(),
        "task": predictor.task.name,
        "labels": list(predictor.task.labels.names),
        "preprocessing": predictor.preprocessor.to_dict(),
        "comparison": found.to_dict(),
    }
