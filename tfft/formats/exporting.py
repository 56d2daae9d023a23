"""Write a model in a format that other programs read, and compare its answers with those of the Keras net."""

import json
import math
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.bundles import bundle
from tfft.bundles.copying import copy_bundle
from tfft.bundles.hub_handles import is_hub
from tfft.bundles.paths import check_path, not_written
from tfft.bundles.predictor import Predictor
from tfft.bundles.pushing import Pushed, check_address, push
from tfft.bundles.writer import check_inputs, write_bundle
from tfft.core import files, versions
from tfft.core.errors import BundleError, RunWarning, kind_of, nearest, shortlist
from tfft.core.quiet import start_tensorflow
from tfft.evaluation.report import Report
from tfft.formats import net_files, saved_model
from tfft.formats.compared_examples import chosen
from tfft.formats.comparison import Answering, Comparison, compared
from tfft.formats.export_folders import ABOUT, ABOUT_SAVED_MODEL, checked, files_of
from tfft.models.assembly import TransferModel

if TYPE_CHECKING:
    from tfft.training.run import Run


@dataclass(frozen=True)
class Format:
    """A format of exports.

    Attributes:
        write: The model, a folder to fill, and examples -> a function that answers raw inputs with the file.
        tolerance: The largest difference of a probability from that of the Keras net.
        about: The file with labels, preprocessing and comparison.
        calibrated: Whether the examples of images decide what is written, so that they must be given.
    """

    write: Callable[[Predictor, Path, Sequence[Any]], Answering]
    tolerance: float
    about: Path = ABOUT
    calibrated: bool = False


FORMATS: Mapping[str, Format] = {
    "saved_model": Format(saved_model.write, 1e-3, ABOUT_SAVED_MODEL),
    "onnx": Format(net_files.write_onnx, 1e-3),
    "litert": Format(net_files.write_litert, 1e-3),
    # rounded weights change probabilities; the comparison says how far
    "litert_float16": Format(partial(net_files.write_litert, dtype="float16"), math.inf),
    "litert_int8": Format(partial(net_files.write_litert, dtype="int8"), math.inf, calibrated=True),
    "keras": Format(net_files.write_keras, 1e-3),
}
BUNDLE = "bundle"
_AGREEING = 0.97
_MEASURE = "Measure it on labelled examples before you use it"
_INSTEAD: Mapping[str, str] = {
    "litert_float16": f"{_MEASURE}, or choose the format litert.",
    "litert_int8": f"{_MEASURE}, pass more and more varied examples, or choose the format litert_float16.",
}


def export(
    model: "TransferModel | Predictor | str | Path",
    path: str | Path,
    report: Report | None = None,
    format: str = BUNDLE,
    examples: Any = None,
    run: "Run | None" = None,
    public: bool = False,
) -> Path | Pushed:
    """Save a model with everything that is needed to use it.

    ``"bundle"`` is the format that ``tfft.load`` reads. Its file ``net.keras`` opens in plain Keras. ``"saved_model"`` is a folder
    that TensorFlow Serving loads, and that needs nothing of tfft: its signatures take the contents of JPEG, PNG or WebP files, or
    strings. ``"onnx"``, ``"litert"``, ``"litert_float16"``, ``"litert_int8"`` and ``"keras"`` are folders with the net alone, which
    takes pixels or token ids, its preprocessing as ``tfft.json``, and a program ``predict.py`` that uses them without tfft. What is
    written is read again and compared with the Keras net.

    Everything is first written beside ``path`` and then renamed, so that an older export survives a full disk or a crash. A
    repository at Hugging Face changes in one commit; it is private unless ``public``, and its ``README.md`` is the model card.

    Args:
        model: The model, such as ``run.model``; or the path of a bundle, which is copied or converted; for other formats than
            ``"bundle"`` also a loaded bundle.
        path: The path of a folder; of a bundle also that of a zip file, which ends in ``.zip``, or ``"hf://owner/name"``.
        report: A report from ``evaluate`` to include in a bundle.
        format: ``"bundle"``, or one of the other formats.
        examples: Examples for the comparison, such as ``data.validation``, or inputs as for ``Predictor.predict``, such as a folder
            of images; without them, a few are made up. ``"litert_int8"`` needs them; for images, it measures ranges on them.
        run: The run that trained the model, for the model card in a bundle, ``card.md``.
        public: Whether everybody may read a new repository at Hugging Face.

    Returns:
        The path; for a repository, a record of what was written, whose ``str`` is the address with the commit.

    Raises:
        BundleError: When nothing can be written or uploaded; when ``path`` exists and is not such an export; when the report was
            made with other weights, or the net does not give the logits that it measured; when a weight is NaN or infinite; when
            the format cannot hold the model; or when its answers differ from those of the Keras net.
        DataError: When ``examples`` are of another kind than the model reads, or cannot be read.

    Warns:
        RunWarning: When a format that rounds the net gives the same label for less than 97 % of the examples.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tfft.load(export(model, f"{folder}/toy.tfft")).task.labels.names
        ('ants', 'bees')
    """
    if is_hub(path):
        return _pushed(model, str(path), format, report, run, public)
    if public:
        raise BundleError("public=True is for repositories at Hugging Face.", repr(path)[:100], "Leave it out.")
    if format == BUNDLE:
        return _bundle(model, path, report, run)
    if not isinstance(format, str) or format not in FORMATS:
        known = (BUNDLE, *FORMATS)
        raise BundleError(
            f"format={format!r} is unknown.", fix=f"{nearest(str(format), known)} All formats: {', '.join(known)}."
        )
    if report is not None or run is not None:
        raise BundleError("Reports and runs are for bundles only.", f"format={format!r}", "Leave out report= and run=.")
    return write_format(opened(model), checked(path), format, examples)


def _bundle(model: Any, path: Any, report: Any, run: Any) -> Path:
    if isinstance(model, Predictor):
        raise BundleError(
            "A loaded bundle is not written again, but its files are copied.",
            kind_of(model),
            f"Pass its path in place of the loaded bundle: tfft.export({model.origin or 'flowers.tfft'!r}, path).",
        )
    if not (isinstance(model, (str, os.PathLike)) and isinstance(path, (str, os.PathLike))):
        return write_bundle(model, path, report, run)  # it refuses everything but a model itself
    if not is_hub(os.fspath(model)):
        check_path(Path(model))
    if report is not None or run is not None:
        raise BundleError(
            "report= and run= belong to a model, but a bundle that exists is copied as it is.",
            repr(str(model)),
            "Leave them out, or export the model.",
        )
    return copy_bundle(os.fspath(model), Path(path))


def _pushed(model: Any, handle: str, format: str, report: Any, run: Any, public: bool) -> Pushed:
    check_address(handle)
    if format != BUNDLE:
        raise BundleError(
            "Only bundles are written to Hugging Face, because tfft.load reads nothing else from there.",
            f"format={format!r}",
            "Write the format to a folder, and upload it with `hf upload`.",
        )
    with tempfile.TemporaryDirectory(prefix="tfft-") as folder:
        return push(_bundle(model, Path(folder) / "bundle", report, run), handle, public)


def opened(model: Any) -> Predictor:
    """Make a Predictor of what is exported.

    Args:
        model: A model, a loaded bundle, or the path of one.

    Returns:
        The Predictor.

    Raises:
        BundleError: When it is something else, or has a weight that is NaN or infinite.
    """
    if isinstance(model, Predictor):
        return model
    if isinstance(model, TransferModel):
        check_inputs(model)
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


def write_format(
    predictor: Predictor,
    path: Path,
    format: str,
    examples: Any,
    measure: Callable[[Path], Mapping[str, Any]] | None = None,
) -> Path:
    """Write another format than a bundle, beside the path at first.

    Args:
        predictor: The model.
        path: The folder, as ``checked`` returns it.
        format: A name in ``FORMATS``.
        examples: As for ``export``.
        measure: The finished folder, before it is renamed -> further values for ``tfft.json``. When it raises an error, nothing is
            written.

    Returns:
        The path.

    Raises:
        BundleError: As ``export``.
        DataError: As ``export``.
    """
    chosen_format = FORMATS[format]
    if chosen_format.calibrated and examples is None and net_files.calibrates(predictor):
        raise BundleError(
            f"{format} is calibrated on examples.",
            fix="Pass examples=data.train; in a shell --examples with a folder or a file.",
        )
    items, of = chosen(examples, predictor)
    try:
        with files.replacing(path) as fresh:
            fresh.mkdir()
            answer = chosen_format.write(predictor, fresh, items)
            with _reading(format):
                found = compared(predictor, items, of, answer)
            if not found.largest_difference <= chosen_format.tolerance:
                raise BundleError(
                    f"The answers of the {format} differ from those of the Keras net, so it was not written.",
                    found.describe(),
                    "Please report this, with the backbone and the task.",
                )
            about = fresh / chosen_format.about
            about.parent.mkdir(exist_ok=True)
            names = [*files_of(fresh), chosen_format.about.as_posix()]
            further = {} if measure is None else measure(fresh)
            values = {**_about(predictor, format, found), **further, "files": names}
            about.write_text(json.dumps(values, indent=1, ensure_ascii=False), "utf-8")
    except OSError as error:
        raise not_written(path, error, "export") from error
    if format in _INSTEAD and found.agreement is not None and found.agreement < _AGREEING:
        warnings.warn(
            f"{format} rounds the net, and only {found.agreement:.1%} of the labels on {found.examples} of {of} agree with those "
            f"of the Keras net. {_INSTEAD[format]}".replace("%", " %", 1),
            RunWarning,
            stacklevel=3,
        )
    return path


@contextmanager
def _reading(format: str) -> Iterator[None]:
    """Turn what a written file says of an example that it cannot read into an error of tfft."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        raise BundleError(
            f"The {format} cannot read one of the examples, so it was not written.",
            str(error.message)[:300],
            "Leave this kind of example out, or convert it.",
        ) from None


def _about(predictor: Predictor, format: str, found: Comparison) -> dict[str, Any]:
    """What an export holds, as JSON values."""
    return {
        "format": format,
        "versions": versions.installed(),
        "task": predictor.task.name,
        "labels": list(predictor.task.labels.names),
        "mean": list(predictor.task.labels.mean),
        "scale": list(predictor.task.labels.scale),
        "options": predictor.task.to_dict()["options"],
        "preprocessing": predictor.preprocessor.to_dict(),
        "comparison": found.to_dict(),
    }
