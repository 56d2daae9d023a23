"""Read the files of a preset in a local folder, at Hugging Face or at Kaggle."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfft.backbones.keras_hub.presets import ARCHITECTURES, HUGGING_FACE, REMOTE
from tfft.core import hub_network, limits, regular_files, strict_json
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.core.path_advice import missing_file

CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model.weights.h5", "model.weights.json")
_TORCH = "pytorch_model.bin"
_OWNED = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")  # owner/model
_HUB_NAME = re.compile(rf"{HUGGING_FACE}[\w.-]+(/[\w.-]+)?")
_HOST = re.compile(r"host='([^']+)'.*Max retries exceeded")


def configuration(preset: str) -> dict[str, Any]:
    """Read the configuration of a preset.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, or a folder.

    Returns:
        The content of its ``config.json``.

    Raises:
        BackboneError: When the folder does not exist, or has no readable configuration.
        WeightsError: When the preset cannot be reached.
    """
    if preset.startswith(REMOTE):
        with reachable(preset):
            try:
                return read_json(preset, CONFIG)
            except FileNotFoundError:
                _refuse_bundle(preset)
                raise
    folder = Path(preset)
    if not folder.is_dir():
        advice = missing_file(preset)
        if _OWNED.fullmatch(preset) and not folder.parent.is_dir():
            advice = f"For a model of Hugging Face write {HUGGING_FACE + preset!r}. For a folder: {advice}"
        raise BackboneError(f"The folder {preset!r} does not exist.", f"working folder {os.getcwd()!r}", advice)
    there = sorted(path.name for path in folder.iterdir())
    if CONFIG not in there:
        raise BackboneError(
            f"{preset!r} holds no model: it has no {CONFIG}.",
            shortlist(there) if there else "an empty folder",
            f"tfft looks for {CONFIG}, {' or '.join(_WEIGHTS[::2])}, and a vocabulary; or for saved_model.pb of a SavedModel.",
        )
    return read_json(preset, CONFIG)


def _refuse_bundle(preset: str) -> None:
    if {"format", "weights", "preprocessor"} <= set(further(preset, "manifest.json")):
        raise BackboneError(
            f"{preset!r} holds a bundle of tfft, not a backbone.",
            fix=f"A bundle is a trained model: tfft.load({preset!r}) reads it, and `tfft predict {preset}` uses it.",
        )


def read_json(preset: str, name: str) -> dict[str, Any]:
    """Read a JSON file of a preset.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, a preset name of KerasHub, or a folder.
        name: The name of the file, which must exist.

    Returns:
        The values in the file.

    Raises:
        BackboneError: When the file is too large or too deeply nested, is not a JSON object, or is a pipe or a device.
        FileNotFoundError: When there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     size = (Path(folder) / "config.json").write_text('{"model_type": "bert"}')
        ...     read_json(folder, "config.json")
        {'model_type': 'bert'}
    """
    path = located(preset, name)
    try:
        text = regular_files.read(path, "config_bytes", error=BackboneError).decode("utf-8-sig")
        limits.check("json_values", strict_json.count(text), repr(str(path)), BackboneError)
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("it is not a JSON object")
    except (BackboneError, FileNotFoundError):
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise BackboneError(f"{str(path)!r} cannot be read: {error}.", fix="Copy the model again.") from None
    return found


def located(preset: str, name: str) -> Path:
    """Find a file of a preset, and download it if necessary.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, a preset name of KerasHub, or a folder.
        name: The name of the file.

    Returns:
        The path of the file; in a local folder, the file may not exist.
    """
    if preset.startswith(REMOTE) or preset in ARCHITECTURES:
        from keras_hub.src.utils.preset_utils import get_file

        return Path(get_file(preset, name))
    return Path(preset) / name


def check_weights(preset: str, config: Mapping[str, Any]) -> None:
    """Refuse a folder without weights that tfft can read.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, or a folder; only folders are checked.
        config: The content of its ``config.json``.

    Raises:
        WeightsError: When there are no such weights; the message lists the files, and says how to convert weights of PyTorch.
    """
    there = [] if preset.startswith(REMOTE) else sorted(path.name for path in Path(preset).iterdir())
    if there and not any(name in there for name in _WEIGHTS):
        convert = "AutoModel.from_pretrained(folder).save_pretrained(folder)"
        if "architecture" in config:
            convert = "timm.models.save_for_hf(net, folder, safe_serialization=True)"
        raise WeightsError(
            f"{preset!r} holds no weights that tfft can read.",
            shortlist(there),
            f"Convert them where PyTorch is installed: {convert} writes model.safetensors."
            if _TORCH in there
            else f"Copy one of {shortlist(_WEIGHTS)} there, or pass weights=None for random weights.",
        )


def further(preset: str, name: str) -> dict[str, Any]:
    """Read a JSON file that a preset may have.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, a preset name of KerasHub, or a folder.
        name: The name of the file.

    Returns:
        The values in the file; an empty dict when the file does not exist or cannot be read.
    """
    try:
        from keras_hub.src.utils.preset_utils import check_file_exists

        return read_json(preset, name) if check_file_exists(preset, name) else {}
    except (OSError, ValueError, TypeError):
        return {}


@contextmanager
def reachable(preset: str) -> Iterator[None]:
    """Turn exceptions of KerasHub, such as those for a missing network or model, into a WeightsError.

    Args:
        preset: The preset as the user wrote it.

    Raises:
        WeightsError: For every exception inside, except BackboneError and WeightsError.
    """
    hub = preset.startswith(HUGGING_FACE)
    offline = hub_network.no_connection() if hub else ""
    try:
        if hub and not _HUB_NAME.fullmatch(preset):
            raise BackboneError(f"{preset!r} does not name a model of Hugging Face.", fix="Write hf://owner/model.")
        with hub_network.cached_only(offline):
            yield
    except (BackboneError, WeightsError):
        raise
    except Exception as error:  # kagglehub, huggingface_hub, requests and h5py each raise their own exceptions
        if offline and isinstance(error, FileNotFoundError):
            raise _not_here(preset, offline) from error
        reason = (str(error).splitlines() or [""])[0]
        if host := _HOST.search(reason):  # requests writes the names of its objects around it
            reason = f"no connection to {host[1]}"
        fix = (
            "Try again with a network. Without a network, pass a folder that holds the model, or use a model in a package: "
            '"minilm_l6" for English texts, "multilingual_e5_small" for texts in other languages.'
        )
        if Path(preset).is_dir():
            fix = "Copy the model again; a text model also needs the files of its tokenizer."
        raise WeightsError(
            f"{preset!r} could not be loaded: {type(error).__name__}: {reason.rstrip('.')}.", fix=fix
        ) from error


def _not_here(preset: str, reason: str) -> WeightsError:
    """The error for a model of Hugging Face that is not on this machine, when there is no connection."""
    folder = preset.rsplit("/", 1)[-1]
    return WeightsError(
        f"{preset!r} is not on this machine and cannot be downloaded.",
        reason,
        f"{hub_network.CONNECT}; "
        f'or copy the files of the model from another machine and pass their folder: "models/{folder}/". '
        'Models in Python packages: "minilm_l6" for English texts, "multilingual_e5_small" for texts in other languages.',
    )
