"""Load a bundle: a folder or zip file that ``export`` wrote becomes a Predictor. No training code is imported.

::

    flowers.tfft/
        manifest.json   format version, package versions, backbone, task with labels, preprocessing, fingerprints of the weights
                        and of the records below
        net.keras       pixels or token ids -> logits; opens in plain Keras; contains no pickled code
        tokenizer/      for texts: the vocabulary of the tokenizer
        seen.json       after a fit: content hashes of its training and validation examples, and the seed that split them
        report.json     the report that was exported with the model, if any
        report.md       the same report as text
        card.md         the model card: data, training, metrics, limits and licences; it may be edited
"""

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tfft import inputs, tasks
from tfft.archives.unpacking import unpack_zip
from tfft.archives.zip_files import opened
from tfft.bundles import manifest as manifests
from tfft.bundles import records
from tfft.bundles.contents import CONTENTS, MANIFEST, NET, TOKENIZER, is_file
from tfft.bundles.hub_handles import is_hub
from tfft.bundles.paths import check_path
from tfft.bundles.predictor import Predictor
from tfft.bundles.pulling import pulled
from tfft.core import fingerprint, forks, regular_files, strict_json
from tfft.core.errors import BackboneError, BundleError, TfftError, kind_of, shortlist
from tfft.core.quiet import start_tensorflow
from tfft.data.leakage import Seen
from tfft.inputs.base import Preprocessor
from tfft.keras_files import keras_zip
from tfft.savedmodel.graph_bytes import extracted
from tfft.tokenizers.saved_tokenizer import FILE as SAVED_TOKENIZER

FORMAT = 1
_AGAIN = "Copy or export it again."


def load(path: str | os.PathLike[str], own_classes: Sequence[type] = ()) -> Predictor:
    """Load a bundle.

    Bundles of other people are safe to load: files, sizes and classes are checked before any of them is used. Of a repository at
    Hugging Face, only the files of the bundle are downloaded, into the cache of ``huggingface_hub``; the next time they are read
    from there, also without a network. ``Predictor.origin`` has the commit.

    Args:
        path: A folder or zip file that ``export`` wrote, or ``hf://owner/name``, perhaps with ``@`` and a branch, a tag or a commit
            hash.
        own_classes: Your own registered Keras classes that the net may use. Without them, it may use only layers of Keras and
            KerasHub that cannot run other code or access files.

    Returns:
        A Predictor for images of any shape, or for texts. Its net takes pixels of shape (batch, height, width, 3), or token ids.

    Raises:
        TfftError: In a process that was forked after TensorFlow had started.
        BundleError: When the path is not a bundle; when the bundle is damaged or was written by a newer version; when it contains
            something that could run other code or access files; when a weight is NaN or infinite; or when it cannot be downloaded.
    """
    forks.check()
    with opened_bundle(path) as (folder, name):
        predictor = checked(folder, repr(name), own_classes)
        return replace(predictor, origin=name)


@contextmanager
def opened_bundle(path: str | os.PathLike[str]) -> Iterator[tuple[Path, str]]:
    """Open a bundle as a folder, whose files are still to be checked.

    Args:
        path: As for ``load``.

    Yields:
        The folder, which is a temporary one for zip files and repositories; and the path, or the address with the commit.

    Raises:
        BundleError: When there is no bundle; and in place of every exception inside of the context.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise BundleError(
            "load() takes the path of a bundle.",
            kind_of(path),
            "Write one with tfft.export(run.model, path).",
        )
    name = os.fspath(path)
    try:
        with ExitStack() as stack:
            if is_hub(name):
                folder, repository = stack.enter_context(pulled(name))
                name = str(repository)
            else:
                folder = _local(Path(name), repr(name), stack)
            yield folder, name
    except BundleError:
        raise
    except TfftError as error:
        raise BundleError(f"{name!r} cannot be used: {error.what}", error.got, _AGAIN) from error
    except Exception as error:  # damaged content makes Keras and TensorFlow raise many kinds of errors
        raise BundleError(f"{name!r} is damaged: {error!r}."[:2000], fix=_AGAIN) from error


def _local(path: Path, shown: str, stack: ExitStack) -> Path:
    """The folder of a bundle on this machine; a zip file is unpacked."""
    check_path(path)
    if path.is_dir():
        _check_files(path, shown)
        return path
    _check_zip(path, shown)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tfft-")))
    unpack_zip(path, folder, BundleError, is_file)
    return folder


def _check_zip(path: Path, shown: str) -> None:
    try:
        size = regular_files.size_of(path)
    except OSError as error:
        raise BundleError(f"{shown} cannot be read: {error.strerror or error}.", fix="Check the path.") from error
    if not zipfile.is_zipfile(path):
        raise BundleError(
            f"{shown} is a file, but not a complete zip file.",
            f"{size:,} bytes",
            "If it is the net.keras of a bundle, pass the folder above it. If it is a zip file, copy it again.",
        )
    with opened(path, shown, BundleError):
        pass


def _check_files(folder: Path, shown: str) -> None:
    """Refuse links that lead out of the folder, and special files. Other files in the folder are not read."""
    inside = folder.resolve()
    for path in (path for name in sorted(CONTENTS) for path in (folder / name, *(folder / name).glob("**/*"))):
        target = path.resolve()
        strange = path.exists() and not (path.is_file() or path.is_dir())
        if strange or not target.is_relative_to(inside) or (path.is_symlink() and not path.exists()):
            raise BundleError(
                f"{shown} contains a link that leads out of it, or a special file.",
                repr(str(path.relative_to(folder))),
                "If the bundle is your own, copy it with the linked files: cp -rL.",
            )


def checked(folder: Path, shown: str, own_classes: Sequence[type] = ()) -> Predictor:
    """Check the files of a bundle, and load them.

    Args:
        folder: The folder of the bundle.
        shown: Its name for messages.
        own_classes: As for ``load``.

    Returns:
        A Predictor whose net takes pixels of shape (batch, height, width, 3), or token ids.

    Raises:
        Exception: Any, when the files are damaged; ``opened_bundle`` makes a BundleError of it.
    """
    values = manifests.read(folder / MANIFEST, shown, FORMAT)
    start_tensorflow()
    words = folder / TOKENIZER / SAVED_TOKENIZER
    if words.is_file():
        _refuse_graph(regular_files.read(words, "packed_bytes", error=BundleError), shown)
    task, preprocessor = tasks.from_dict(values["task"]), inputs.from_dict(values["preprocessor"], folder / TOKENIZER)
    net = _net(folder / NET, shown, own_classes)
    _check_fit(net, task, preprocessor, shown)
    prepared = task.prepare(preprocessor).to_dict()
    if (preprocessor.to_dict() != prepared) or ("answers" in prepared) != (task.align is not None):
        raise BundleError(f"Labels and preprocessing in {shown} do not belong together.", task.name, _AGAIN)
    report = _optional(folder / records.REPORT, shown, nan=True)
    seen = _optional(folder / records.SEEN, shown)
    different = records.difference(folder, values)
    if (
        weights_fingerprint(net) != values["weights"]
        or content_fingerprint(values, seen) != values["content"]
        or different
    ):
        raise BundleError(
            f"Weights, labels or records in {shown} are not the ones that were exported together.",
            different or f"{'' if seen else 'no seen.json, '}versions {values['versions']!r}"[:500],
            _AGAIN,
        )
    if names := not_finite(net):
        raise BundleError(
            f"The net in {shown} has weights that are not finite numbers, so its answers would be NaN.",
            shortlist(names),
            "Train it again, with a lower learning rate.",
        )
    return Predictor(net, task, preprocessor, values, report, None if seen is None else Seen.from_dict(seen))


def _net(path: Path, shown: str, own_classes: Sequence[type]) -> Any:
    import keras

    if not path.is_file():
        raise BundleError(f"{shown} is damaged: it has no {NET}.", fix=_AGAIN)
    for graph in keras_zip.graphs(path, shown, BundleError, own_classes):
        _refuse_graph(graph, shown, besides=path.stat().st_size)
    with keras_zip.room_for_weights(path, shown):
        net = keras.saving.load_model(path, compile=False, safe_mode=True)
    keras_zip.check_outputs(net, shown)
    # Keras would compile it with XLA on a GPU, again for each length of texts
    net.jit_compile = False
    return net


def _refuse_graph(archive: bytes, shown: str, besides: int = 0) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="tfft-") as place:
            extracted(archive, place, besides)
    except BackboneError as error:
        raise BundleError(
            f"A SavedModel in {shown} cannot be used: {error.what}", error.got, "Find out where this bundle comes from."
        ) from error


def _check_fit(net: Any, task: tasks.Task, preprocessor: Preprocessor, shown: str) -> None:
    """Check that net, labels and preprocessing, from three files, fit together; otherwise a later error or wrong answer follows."""
    takes = {tuple(tensor.shape)[1:] for tensor in getattr(net, "inputs", None) or ()}
    wanted = {tuple(shape) for _, shape, _ in preprocessor.inputs}
    fits = len(takes) == len(wanted) and all(
        len(expected) == len(actual) and all(None in (a, b) or a == b for a, b in zip(expected, actual, strict=True))
        for expected, actual in zip(sorted(wanted, key=str), sorted(takes, key=str), strict=True)
    )
    batch, *axes, outputs = tuple(getattr(net, "output_shape", None) or (0, 0))
    if task.place is not None:  # answers lie on the pixels
        fits = fits and task.prepare(preprocessor) == preprocessor and tuple(axes) == preprocessor.inputs[0][1][:2]
    if not fits or (batch, len(axes), outputs) != (None, task.axes, task.outputs):
        raise BundleError(
            f"Net, labels and preprocessing in {shown} do not belong together.",
            f"inputs {shortlist(takes)}, outputs {getattr(net, 'output_shape', None)!r} for {task.outputs:,} logits",
            _AGAIN,
        )


def not_finite(net: Any) -> list[str]:
    """List the variables of a net that hold NaN or infinity.

    Args:
        net: A ``keras.Model`` with variables of any shape and dtype.

    Returns:
        The paths of these variables.
    """
    floats = (variable for variable in net.weights if "float" in variable.dtype)
    return [variable.path for variable in floats if not np.isfinite(np.asarray(variable.numpy(), np.float32)).all()]


def content_fingerprint(manifest: Mapping[str, Any], seen: Mapping[str, Any] | None) -> str:
    """Hash everything that the answers depend on, except the weights.

    Args:
        manifest: The values of task and preprocessor, which makes pixels of shape (batch, height, width, 3) or token ids.
        seen: The result of ``Seen.to_dict``, or None.

    Returns:
        32 hexadecimal digits.
    """
    plain = json.loads(json.dumps({"task": manifest["task"], "preprocessor": manifest["preprocessor"], "seen": seen}))
    return fingerprint.fingerprint(plain)


def weights_fingerprint(net: Any) -> str:
    """Hash all weights of a net, in their order.

    Args:
        net: A ``keras.Model`` with variables of any shape and dtype.

    Returns:
        32 hexadecimal digits.
    """
    return fingerprint.combined(fingerprint.weight_digests(net.weights))


def _optional(path: Path, shown: str, nan: bool = False) -> Any:
    return strict_json.read_file(path, f"{path.name} in {shown}", BundleError, _AGAIN, nan) if path.is_file() else None
