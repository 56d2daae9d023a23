"""What stands in a preset's files: in a local folder, at Hugging Face or at Kaggle."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfft.backbones.keras_hub.presets import ARCHITECTURES, REMOTE
from tfft.core import limits, regular_files, strict_json
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.core.offline import is_refused
from tfft.core.path_advice import missing_file

CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model.weights.h5", "model.weights.json")
_TORCH = "pytorch_model.bin"


def configuration(preset: str) -> dict[str, Any]:
    """What a preset says about its net.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, or a folder.

    Returns:
        Its ``config.json``.

    Raises:
        BackboneError: When there is no folder, or no configuration in it that can be read.
        WeightsError: When it is not to be reached.
    """
    if preset.startswith(REMOTE):
        with reachable(preset):
            return read_json(preset, CONFIG)
    folder = Path(preset)
    if not folder.is_dir():
        raise BackboneError(f"There is no folder {preset!r}.", f"working folder {os.getcwd()!r}", missing_file(preset))
    there = sorted(path.name for path in folder.iterdir())
    if CONFIG not in there:
        raise BackboneError(
            f"{preset!r} holds no model: there is no {CONFIG}.",
            shortlist(there) if there else "an empty folder",
            f"Looked for {CONFIG}, {' or '.join(_WEIGHTS[::2])}, and a vocabulary; or, of a SavedModel, saved_model.pb.",
        )
    return read_json(preset, CONFIG)


def read_json(preset: str, name: str) -> dict[str, Any]:
    """Read a JSON file of a preset.

    Args:
        preset: As for ``configuration``.
        name: The name of the file, which must exist.

    Returns:
        The values in the file.

    Raises:
        BackboneError: When the file is too large or too deeply nested, or is not a JSON object; or is a pipe or a device.
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
            raise ValueError("it holds no JSON object")
    except (BackboneError, FileNotFoundError):
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise BackboneError(f"{str(path)!r} cannot be read: {error}.", fix="Copy the model again.") from None
    return found


def located(preset: str, name: str) -> Path:
    """Find a file of a preset, which is downloaded when necessary.

    Args:
        preset: As for ``configuration``, or a preset name of KerasHub.
        name: The name of the file.

    Returns:
        Its path; of a folder also when there is no such file.
    """
    if preset.startswith(REMOTE) or preset in ARCHITECTURES:
        from keras_hub.src.utils.preset_utils import get_file

        return Path(get_file(preset, name))
    return Path(preset) / name


def check_weights(preset: str, config: Mapping[str, Any]) -> None:
    """Refuse a folder without weights that can be read.

    Args:
        preset: As for ``configuration``.
        config: What it returned.

    Raises:
        WeightsError: Saying what is there, and how to convert it.
    """
    there = [] if preset.startswith(REMOTE) else sorted(path.name for path in Path(preset).iterdir())
    if there and not any(name in there for name in _WEIGHTS):
        convert = "AutoModel.from_pretrained(folder).save_pretrained(folder)"
        if "architecture" in config:
            convert = "timm.models.save_for_hf(net, folder, safe_serialization=True)"
        raise WeightsError(
            f"{preset!r} holds no weights that can be read.",
            shortlist(there),
            f"Convert them where PyTorch is installed: {convert} writes model.safetensors."
            if _TORCH in there
            else f"Looked for {shortlist(_WEIGHTS)}; copy one of them there, or pass weights=None for random ones.",
        )


def further(preset: str, name: str) -> dict[str, Any]:
    """What another of a preset's files says.

    Args:
        preset: As for ``configuration``.
        name: Of the file.

    Returns:
        Its values; none where there is no such file, or it cannot be read.
    """
    try:
        from keras_hub.src.utils.preset_utils import check_file_exists

        return read_json(preset, name) if check_file_exists(preset, name) else {}
    except (OSError, ValueError, TypeError):
        return {}


@contextmanager
def _no_retries() -> Iterator[None]:
    """Offline huggingface_hub looks into its cache alone; without this it asks again and again for half a minute."""
    if not is_refused():
        yield
        return
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def reachable(preset: str) -> Iterator[None]:
    """Turn what KerasHub raises without a network, or for a model that is not there, into an error of ours.

    Args:
        preset: As the user wrote it.

    Raises:
        WeightsError: For whatever else went wrong inside.
    """
    try:
        with _no_retries():
            yield
    except (BackboneError, WeightsError):
        raise
    except Exception as error:  # kagglehub, huggingface_hub, requests and h5py each raise errors of their own
        reason = (str(error).splitlines() or [""])[0]
        fix = (
            'With a network, not offline, try again; without one pass a folder that holds it, or of texts "minilm_l6".'
        )
        if Path(preset).is_dir():
            fix = "Copy the model again, with its tokenizer's files if it reads texts."
        raise WeightsError(
            f"{preset!r} could not be loaded: {type(error).__name__}: {reason.rstrip('.')}.", fix=fix
        ) from error
