"""Check the files of a preset in KerasHub's own format before Keras reads them: classes, paths and sizes.

Without this check, KerasHub would make an object of any class that ``config.json`` or ``tokenizer.json`` names.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from tfft.backbones.keras_hub.preset_files import CONFIG, located, read_json
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.keras_files import hdf5_files, net_config
from tfft.tokenizers import hub_tokenizers

TOKENIZER = "tokenizer.json"
_WEIGHTS, _SHARDS = "model.weights.h5", "model.weights.json"
_ASSETS = "assets/tokenizer"


def check_net(preset: str, name: str, inside: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
    """Refuse a ``config.json`` that describes anything other than a net of KerasHub.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, a preset name of KerasHub, or a folder.
        name: The name of the class in ``keras_hub.models`` that it must describe.
        inside: Argument that is a net of its own -> the names of the classes in ``keras_hub.models`` that it may have.

    Raises:
        BackboneError: When it names another class, or an argument or a part of it that could run other code.
    """
    config = read_json(preset, CONFIG)
    _check_class(preset, CONFIG, config, (name,))
    parts = [config.get(key) for key in ("config", "build_config", "compile_config")]
    if inside and isinstance(parts[0], Mapping):
        parts[0] = {key: value for key, value in parts[0].items() if key not in inside}
        for key, names in inside.items():
            part = config["config"].get(key)
            if not isinstance(part, Mapping):
                raise _refused(preset, CONFIG, f"{key}={part!r}"[:200], names)
            _check_class(preset, CONFIG, part, names)
            parts.append(part.get("config"))
    net_config.check(parts, f"{CONFIG} of {preset!r}", BackboneError)


def tokenizer(preset: str) -> Any:
    """Read the tokenizer of a preset without letting Keras choose its class.

    Args:
        preset: The preset, as for ``check_net``.

    Returns:
        A tokenizer of ``keras_hub.tokenizers``.

    Raises:
        BackboneError: When the tokenizer has another class or names a path, or its files are damaged or too large.
        OSError: When a file cannot be read.
    """
    import keras_hub

    values = read_json(preset, TOKENIZER)
    _check_class(preset, TOKENIZER, values, sorted(hub_tokenizers.CLASSES))
    config = values.get("config")
    if not isinstance(config, dict):
        raise _refused(preset, TOKENIZER, f"config={config!r}"[:200])
    config = {key: value for key, value in config.items() if key != "name"}
    found = hub_tokenizers.refusal(config, f"{TOKENIZER} of {preset!r}", BackboneError)
    if found is not None:
        key, got = found
        raise _refused(preset, TOKENIZER, f"{key}={got}" if key else got)
    made = getattr(keras_hub.tokenizers, values["class_name"]).from_config(config)
    paths = [located(preset, f"{_ASSETS}/{name}") for name in made.file_assets]
    hub_tokenizers.check_files(paths)
    made.load_assets(str(paths[0].parent))
    return made


def check_weights(preset: str) -> None:
    """Refuse weights that lie outside of the preset, or hold anything other than plain arrays.

    Args:
        preset: The preset, as for ``check_net``.

    Raises:
        WeightsError: When the weights lie outside, or a file does not hold plain arrays.
        OSError: When a file cannot be read.
    """
    from keras_hub.src.utils.preset_utils import check_file_exists

    names = [_WEIGHTS] if check_file_exists(preset, _WEIGHTS) else shards(preset, _SHARDS, ".weights.h5")
    for name in names:
        hdf5_files.check(located(preset, name), f"{name} of {preset!r}", WeightsError)


def shards(preset: str, index: str, ending: str) -> list[str]:
    """Read the names of weights files in an index.

    Args:
        preset: The preset, as for ``check_net``.
        index: The name of the JSON file that holds ``weight_map``.
        ending: How each name must end.

    Returns:
        The sorted names of files in the folder of the index.

    Raises:
        WeightsError: When the index names no files, or a name could lead out of the folder.
    """
    rows = read_json(preset, index).get("weight_map")
    each = list(rows.values()) if isinstance(rows, Mapping) else []
    files = sorted({str(file) for row in each for file in (row if isinstance(row, list) else [row])})
    strange = [file for file in files if PurePosixPath(file).name != file or not file.endswith(ending) or "\\" in file]
    if strange or not files:
        raise WeightsError(
            f"{index} of {preset!r} does not name files in its own folder.",
            shortlist(strange) if strange else "no files",
            "Copy the model again.",
        )
    return files


def _check_class(preset: str, file: str, values: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse other classes. Keras uses the registered name and ignores the name of the class and the module."""
    import keras
    import keras_hub

    name, registered = values.get("class_name"), values.get("registered_name")
    own = getattr(keras_hub.models, name, None) if isinstance(name, str) and name in names else None
    # KerasHub was called KerasNLP, and registers its classes under both names
    known = registered in (f"keras_hub>{name}", f"keras_nlp>{name}")
    if own is None or not known or keras.saving.get_registered_object(registered) is not own:
        raise _refused(preset, file, f"{values.get('module')}.{name} registered as {registered!r}"[:200], names)


def _refused(preset: str, file: str, got: str, names: Sequence[str] = ()) -> BackboneError:
    known = f"It must name one of KerasHub's classes {shortlist(names)}. " if names else ""
    return BackboneError(
        f"{file} of {preset!r} does not describe a KerasHub model that tfft supports.",
        got,
        f"{known}Copy the model again, and check where it comes from.",
    )
