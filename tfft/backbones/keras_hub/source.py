"""KerasHub's presets as backbones: text encoders by name; they and nets of pictures from a folder, Kaggle or Hugging Face."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.backbones.base import Backbone, given_options
from tfft.backbones.keras_hub import hub_files, transformers_nets, vision
from tfft.backbones.keras_hub.config_values import sizes_of
from tfft.backbones.keras_hub.encoders import FAMILIES, Family, masked
from tfft.backbones.keras_hub.preset_files import CONFIG, check_weights, configuration, reachable
from tfft.backbones.keras_hub.presets import ARCHITECTURES
from tfft.backbones.keras_hub.tokenizer_files import tokenizer
from tfft.backbones.keras_hub.transformers_config import Stated, stated
from tfft.backbones.keras_hub.transformers_fields import FIELDS
from tfft.backbones.packages import installed
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.core.ragged import padded
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec
from tfft.preprocess.text import TextPreprocessor
from tfft.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

# folders that come as Python packages
_PACKED = ("minilm_l6",)
_FILLED = 0.9


def names() -> Iterable[str]:
    """The presets there are, and models that come as Python packages."""
    return (*_PACKED, *ARCHITECTURES)


def places() -> dict[str, Path]:
    """Where kagglehub and huggingface_hub keep what they download."""
    import huggingface_hub.constants
    import kagglehub.config

    return {
        "models of Kaggle": Path(kagglehub.config.get_cache_folder()) / "models",
        "models of Hugging Face": Path(huggingface_hub.constants.HF_HUB_CACHE),
    }


def options(name: str) -> list[str]:
    """What may be said of a preset besides its name.

    Args:
        name: As for ``backbone``.

    Returns:
        Names of arguments of ``backbone``: those for pictures, or those for texts.

    Raises:
        BackboneError: When a folder holds no configuration.
        WeightsError: When a package is missing, or a preset not to be reached.

    Example:
        >>> options("bert_tiny_en_uncased")
        ['weights', 'length']
    """
    named = name in ARCHITECTURES or name in _PACKED
    return ["weights", "size", "fit"] if not named and vision.sees(configuration(name)) else ["weights", "length"]


def backbone(
    name: str,
    weights: str | None = "pretrained",
    length: int | None = None,
    size: int | tuple[int, int] | None = None,
    fit: str | None = None,
) -> Backbone:
    """Describe a text encoder, or a net of pictures.

    Args:
        name: One of ``names()``, ``hf://owner/model``, ``kaggle://...``, or a folder with ``config.json``, weights and, for texts,
            a vocabulary: a Keras preset, or what Hugging Face Transformers or timm save (``model.safetensors``).
        weights: ``"pretrained"``, or None for random ones.
        length: Of texts: most tokens of an example; None for what the encoder was trained on.
        size: Of pictures: height and width in pixels, one number or both; None for what the net was trained at.
        fit: Of pictures: how they are brought to the size, ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.

    Returns:
        A Backbone whose features are a sequence of shape (batch, tokens, width), with a mask; of pictures a map of shape
        (batch, height, width, channels), of a ViT a sequence of shape (batch, patches, width).

    Raises:
        BackboneError: When the folder holds no net that is known, or an option is not for it, or not possible with it.
        WeightsError: When a package or file is missing.
        DataError: When the length is less than 8.

    Example:
        >>> described = backbone("bert_tiny_en_uncased")
        >>> [block.name for block in described.blocks], described.features.kind
        (['embeddings', 'layer1', 'layer2'], 'sequence')
    """
    if weights not in ("pretrained", None):
        raise WeightsError(f"{name!r} has no weights {weights!r}.", fix="Pass 'pretrained', or None for random ones.")
    preset = installed(name) if name in _PACKED else name
    config = {} if name in ARCHITECTURES else configuration(preset)
    if vision.sees(config):
        return vision.backbone(name, config, weights is not None, size, fit)
    net = None
    if name in ARCHITECTURES:
        family, layers = FAMILIES[ARCHITECTURES[name][0]], ARCHITECTURES[name][1]
        limit = family.length
    else:
        family, layers, limit, net = _described(preset, config)
        if weights is not None:
            check_weights(preset, config)
    most = limit if length is None else length
    if not isinstance(most, Integral) or most > limit:
        raise BackboneError(
            f"length={length!r} is not possible with {name!r}.",
            fix=f"It takes up to {limit} tokens, as a whole number.",
        )
    words = cache(partial(_tokenizer, name, preset, family))
    unused: list[str] = []
    make = partial(_preset, preset, family, weights is not None)
    if net is not None:
        make = partial(transformers_nets.load, preset, net, family.backbone, weights is not None, unused)
    return Backbone(
        handle=name,
        options=given_options(weights=weights, length=length),
        loader=partial(_load, name, make, words),
        features=FeatureSpec("sequence", masked=True, pooling=family.pooling),
        blocks=family.blocks(layers),
        preprocessor=TextPreprocessor(
            Tokenizer(name, family.separators, words),
            int(most),
            family.segments,
        ),
        unused=unused,
    )


def _described(preset: str, config: Mapping[str, Any]) -> tuple[Family, int, int, Stated | None]:
    """The family, number of layers and most tokens from the configuration; also the net, when Transformers saved it."""
    kind = str(config.get("model_type") or config.get("class_name", "")).removesuffix("Backbone")
    folded = kind.lower().replace("-", "").replace("_", "")
    for name, family in FAMILIES.items():
        if folded in (name.replace("_", ""), {"deberta_v3": "debertav2"}.get(name)):
            if "model_type" not in config:
                return family, *_of_kerashub(preset, config, family), None
            if name not in FIELDS:
                raise BackboneError(
                    f"KerasHub 0.32 does not read {kind!r} as Hugging Face saves it, which {preset!r} holds.",
                    fix=f"Of Hugging Face it reads {shortlist(each for each in FIELDS if each in FAMILIES)}; others as "
                    f"Keras presets, such as {next(row for row, (of, _) in ARCHITECTURES.items() if of == name)!r}.",
                )
            net = stated(preset, name, config)
            most = int(net.arguments["max_sequence_length"])
            return family, int(net.arguments["num_layers"]), most // padded(1) * padded(1), net
    raise BackboneError(
        f"{preset!r} holds a model of the kind {kind!r}, which is no text encoder that tfft knows.",
        fix=f"It knows {shortlist(FAMILIES)}; of pictures {shortlist(vision.KINDS)}, and what timm and "
        "Transformers save of these.",
    )


def _of_kerashub(preset: str, config: Mapping[str, Any], family: Family) -> tuple[int, int]:
    """The number of layers, and the most tokens in padding steps; the family's values are the default."""
    sizes = sizes_of(preset, config)
    if not sizes.get("num_layers"):
        raise BackboneError(f"{preset!r} does not say how many layers its model has.", fix=f"Repair its {CONFIG}.")
    positions = sizes.get("max_sequence_length") or family.length
    return sizes["num_layers"], positions // padded(1) * padded(1)


def _preset(preset: str, family: Family, weights: bool) -> Any:
    import keras_hub

    hub_files.check_net(preset, family.backbone)
    if weights:
        hub_files.check_weights(preset)
    return getattr(keras_hub.models, family.backbone).from_preset(preset, load_weights=weights)


def _load(name: str, make: Callable[[], Any], words: Callable[[], Any], seed: int) -> "keras.Model":
    with reachable(name), seeded_initializers(seed):
        net = make()
    tokens = words().vocabulary_size()
    rows = net.vocabulary_size if hasattr(net, "vocabulary_size") else net.vocab_size
    # some encoders have a few rows more than tokens, to a round number
    if not _FILLED * rows <= tokens <= rows:
        raise BackboneError(
            f"The vocabulary of {name!r} is not that of its weights.",
            f"{tokens:,} tokens for {rows:,} embeddings",
            "Copy the tokenizer's files again, from where the weights come from.",
        )
    return masked(net)


def _tokenizer(name: str, preset: str, family: Family) -> Any:
    with reachable(name):
        return tokenizer(preset, family)
