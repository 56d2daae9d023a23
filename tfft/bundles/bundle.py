"""What a bundle is, and load(): a folder or zip file that ``export`` wrote -> a Predictor. Reaches no training code.

::

    flowers.tfft/
        manifest.json   format version, package versions, backbone, task with labels, preprocessing, fingerprint of the weights
        net.keras       pixels or token ids -> logits, opens in plain Keras; no pickled code
        tokenizer/      of texts: its vocabulary
        seen.json       content hashes of the examples it was trained and chosen on, and the seed that drew them; after a fit
        report.json     the report it was exported with, when there was one
        report.md       the same for people
"""

import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfft import tasks
from tfft.bundles.predictor import Predictor
from tfft.core import fingerprint, forks
from tfft.core.errors import BackboneError, BundleError
from tfft.core.saved_graph import extracted
from tfft.data.seen import Seen
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.saved_tokenizer import FILE as SAVED_TOKENIZER
from tfft.preprocess.text import TextPreprocessor

FORMAT = 1
MANIFEST, NET, SEEN, REPORT, PAGE = "manifest.json", "net.keras", "seen.json", "report.json", "report.md"
TOKENIZER = "tokenizer"
CONTENTS = frozenset((MANIFEST, NET, SEEN, REPORT, PAGE, TOKENIZER))
_MODULES = ("keras", "keras_hub", "builtins")
_OWN = "tfft.core.saved_layer"

_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,  # encrypted, compressed by an unknown method, nested without end
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def load(path: str | Path) -> Predictor:
    """Read a bundle.

    Args:
        path: A folder or zip file that ``export`` wrote.

    Returns:
        A Predictor for images of any shape, or for texts; its net takes pixels of shape (batch, height, width, 3), or token ids.

    Raises:
        TfftError: In a process that was forked after TensorFlow had started.
        BundleError: When it is no bundle, is damaged, or was written by a newer version.
    """
    forks.check()
    path = Path(path)
    if not path.exists():
        raise BundleError(
            f"There is no bundle at {str(path)!r}.",
            fix="Check the path, or write one with tfft.export(run.model, path).",
        )
    if path.is_file() and not zipfile.is_zipfile(path):
        raise BundleError(
            f"{str(path)!r} is a file, but no whole zip file.",
            f"{path.stat().st_size:,} bytes",
            "Pass the folder above it if it is the net.keras of a bundle; copy it again if it is a zip file.",
        )
    try:
        if path.is_file():
            with tempfile.TemporaryDirectory(prefix="tfft-") as folder, zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name in (MANIFEST, NET, SEEN, REPORT) or name.startswith(f"{TOKENIZER}/"):
                        archive.extract(name, folder)
                return _load_folder(Path(folder), path)
        return _load_folder(path, path)
    except _DAMAGE as error:
        raise BundleError(f"{str(path)!r} is damaged: {error!r}.", fix="Copy or export it again.") from error


def _load_folder(folder: Path, shown: Path) -> Predictor:
    import keras

    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
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
    words = folder / TOKENIZER / SAVED_TOKENIZER
    if words.is_file():
        with tempfile.TemporaryDirectory(prefix="tfft-") as place:
            _refuse_graph(words.read_bytes(), place, shown)
    task, preprocessor = tasks.from_dict(manifest["task"]), _preprocessor(manifest["preprocessor"], folder / TOKENIZER)
    _refuse_code(folder / NET, shown)
    net = keras.saving.load_model(folder / NET, compile=False, safe_mode=True)
    # Keras would let XLA compile it on a GPU, anew for each length of texts
    net.jit_compile = False
    report, seen = _optional(folder / REPORT), _optional(folder / SEEN)
    if weights_fingerprint(net) != manifest["weights"] or content_fingerprint(manifest, seen) != manifest["content"]:
        raise BundleError(
            f"Weights, labels or records in {str(shown)!r} are not the ones that were exported together.",
            f"versions {manifest['versions']!r}",
            "Copy or export it again.",
        )
    return Predictor(net, task, preprocessor, manifest, report, None if seen is None else Seen.from_dict(seen))


def _preprocessor(values: Mapping[str, Any], folder: Path) -> ImagePreprocessor | TextPreprocessor:
    return TextPreprocessor.from_dict(values, folder) if "tokenizer" in values else ImagePreprocessor.from_dict(values)


def _refuse_code(path: Path, shown: Path) -> None:
    """Keras refuses pickled functions only as long as nobody has called ``enable_unsafe_deserialization`` (Keras 3.15)."""
    with zipfile.ZipFile(path) as archive:
        for graph in (each for each in archive.namelist() if each.endswith(".tar.gz")):
            with tempfile.TemporaryDirectory(prefix="tfft-") as place:
                _refuse_graph(archive.read(graph), place, shown, path.stat().st_size)
        for part in _parts_of(json.loads(archive.read("config.json"))):
            name, module = part.get("class_name"), part.get("module") or "keras"
            if module == _OWN and name in ("SavedModelLayer", "Weights", "NormalizationWeights"):
                # Keras finds its classes by their registration; they refuse graphs that touch files or run Python
                import tfft.core.saved_layer  # noqa: F401
            elif name in ("Lambda", "__lambda__") or module.partition(".")[0] not in _MODULES:
                raise BundleError(
                    f"The net in {str(shown)!r} holds a layer that could run code of its own.",
                    f"{module}.{name}",
                    "Nothing that tfft.export() wrote has one: find out where this bundle comes from.",
                )


def _refuse_graph(archive: bytes, place: str, shown: Path, besides: int = 0) -> None:
    try:
        extracted(archive, place, besides)
    except BackboneError as error:
        raise BundleError(
            f"A SavedModel in {str(shown)!r} cannot be used: {error.what}",
            error.got,
            "Find out where this bundle comes from.",
        ) from error


def _parts_of(config: Any) -> Iterator[dict[str, Any]]:
    """Everything in a net's configuration that names a class."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _parts_of(value)


def content_fingerprint(manifest: Mapping[str, Any], seen: Mapping[str, Any] | None) -> str:
    """One hash of everything besides the weights that answers depend on.

    Args:
        manifest: With task and preprocessor; pixels of shape (batch, height, width, 3) are made by the latter.
        seen: What ``Seen.to_dict`` returned, or None.

    Returns:
        32 hexadecimal digits.
    """
    plain = json.loads(json.dumps({"task": manifest["task"], "preprocessor": manifest["preprocessor"], "seen": seen}))
    return fingerprint.fingerprint(plain)


def weights_fingerprint(net: Any) -> str:
    """One hash of all weights of a net, in their order.

    Args:
        net: A ``keras.Model`` with variables of any shape and dtype.

    Returns:
        32 hexadecimal digits.
    """
    return fingerprint.combined(fingerprint.weight_digests(net.weights))


def _optional(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
