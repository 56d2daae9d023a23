"""Backbones from KerasHub: text encoders by name; text encoders and image nets from a folder, Kaggle or Hugging Face."""

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
from tfft.inputs.text import TextPreprocessor
from tfft.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

# folders that come as Python packages
_PACKED = ("minilm_l6",)
_FILLED = 0.9


def names() -> Iterable[str]:
    """Return the names of all presets, and of models that come as Python packages."""
    return (*_PACKED, *ARCHITECTURES)


def places() -> dict[str, Path]:
    """Return the folders where kagglehub and huggingface_hub keep their downloads."""
    import huggingface_hub.constants
    import kagglehub.config

    return {
        "models of Kaggle": Path(kagglehub.config.get_cache_folder()) / "models",
        "models of Hugging Face": Path(huggingface_hub.constants.HF_HUB_CACHE),
    }


def options(name: str) -> list[str]:
    """List the options for a preset.

    Args:
        name: A name, address or folder, as for ``backbone``.

    Returns:
        The names of arguments of ``backbone``: those for images, or those for texts.

    Raises:
        BackboneError: When a folder holds no configuration.
        WeightsError: When a preset cannot be reached.

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
    """Describe a text encoder or an image net.

    Args:
        name: One of ``names()``, ``hf://owner/model``, ``kaggle://...``, or a folder with ``config.json``, weights and, for texts,
            a vocabulary. The folder is a Keras preset, or was saved by Hugging Face Transformers or timm (``model.safetensors``).
        weights: ``"pretrained"``, or None for random weights.
        length: For texts: the maximum number of tokens; None for the length that the encoder was trained on.
        size: For images: height and width in pixels, one number or both; None for the size that the net was trained at.
        fit: For images: how they are resized, ``"squash"``, ``"crop"`` or ``"pad"``; None for the default.

    Returns:
        A Backbone. The features of texts are a sequence of shape (batch, tokens, width), with a mask; of images a map of shape
        (batch, height, width, channels), or from a ViT a sequence of shape (batch, patches, width).

    Raises:
        BackboneError: When tfft does not know the net in the folder, or an option does not fit the net.
        WeightsError: When ``weights`` is unknown, or a package or file is missing.
        DataError: When the length is less than 8.

    Example:
        >>> described = backbone("bert_tiny_en_uncased")
        >>> [block.name for block in described.blocks], described.features.kind
        (['embeddings', 'layer1', 'layer2'], 'sequence')
    """
    if weights not in ("pretrained", None):
        raise WeightsError(
            f"{name!r} has no weights {weights!r}.", fix="Pass 'pretrained', or None for random weights."
        )
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
        most_tokens=limit,
        unused=unused,
    )


def _described(preset: str, config: Mapping[str, Any]) -> tuple[Family, int, int, Stated | None]:
    """Read family, number of layers and maximum length from the configuration; also the net, when Transformers saved it."""
    kind = str(config.get("model_type") or config.get("class_name", "")).removesuffix("Backbone")
    folded = kind.lower().replace("-", "").replace("_", "")
    for name, family in FAMILIES.items():
        if folded in (name.replace("_", ""), {"deberta_v3": "debertav2"}.get(name)):
            if "model_type" not in config:
                return family, *_of_kerashub(preset, config, family), None
            if name not in FIELDS:
                raise BackboneError(
                    f"KerasHub 0.32 does not read models of the kind {kind!r} in the format of Hugging Face, such as {preset!r}.",
                    fix=f"In this format it reads {shortlist(each for each in FIELDS if each in FAMILIES)}. Pass other models as "
                    f"Keras presets, such as {next(row for row, (of, _) in ARCHITECTURES.items() if of == name)!r}.",
                )
            net = stated(preset, name, config)
            most = int(net.arguments["max_sequence_length"])
            return family, int(net.arguments["num_layers"]), most // padded(1) * padded(1), net
    raise BackboneError(
        f"{preset!r} holds a model of the kind {kind!r}, which tfft does not know.",
        fix=f"For texts it knows {shortlist(FAMILIES)}; for images {shortlist(vision.KINDS)}, also as timm and "
        "Transformers save them.",
    )


def _of_kerashub(preset: str, config: Mapping[str, Any], family: Family) -> tuple[int, int]:
    """Return the number of layers and the maximum length, rounded down to a padding step; by default those of the family."""
    sizes = sizes_of(preset, config)
    if not sizes.get("num_layers"):
        raise BackboneError(
            f"{preset!r} does not say how many layers its model has.", fix=f"Add num_layers to its {CONFIG}."
        )
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
    # some encoders have a few more rows than tokens, because the number of rows was rounded up
    if not _FILLED * rows <= tokens <= rows:
        raise BackboneError(
            f"The vocabulary of {name!r} does not fit its weights.",
            f"{tokens:,} tokens for {rows:,} embeddings",
            "Copy the files of the tokenizer again, from the same model as the weights.",
        )
    return masked(net)


def _tokenizer(name: str, preset: str, family: Family) -> Any:
    with reachable(name):
        return tokenizer(preset, family)
