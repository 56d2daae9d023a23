"""BERT with random weights and any vocabulary: for tests, and for languages that no pretrained encoder knows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, partial
from numbers import Integral, Real
from pathlib import Path
from string import ascii_lowercase, digits, punctuation
from typing import TYPE_CHECKING, Any, NamedTuple

from tfft.backbones.base import Backbone, given_options
from tfft.backbones.keras_hub.encoders import FAMILIES, masked
from tfft.core import regular_files
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.core.seed import seeded_initializers
from tfft.core.specs import FeatureSpec
from tfft.inputs.text import TextPreprocessor
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import word_pieces
from tfft.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    import keras

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# single letters, digits and punctuation, so that every English word can be written
_LETTERS = (*_SPECIAL, *punctuation, *(mark + sign for sign in ascii_lowercase + digits for mark in ("", "##")))


class Size(NamedTuple):
    """The size of a BERT.

    Attributes:
        layers: The number of transformer layers.
        width: The width of the features, of shape (batch, tokens, width).
        heads: The number of attention heads in each layer.
    """

    layers: int
    width: int
    heads: int


SIZES = {
    "toy_text": Size(2, 8, 2),
    "bert_tiny": Size(2, 128, 2),
    "bert_mini": Size(4, 256, 4),
    "bert_small": Size(4, 512, 8),
    "bert_medium": Size(8, 512, 8),
}
"""Name -> size. Source, except for ``toy_text``: Turc et al. 2019, "Well-Read Students Learn Better", table 1."""


def names() -> Iterable[str]:
    """Return the names of all sizes."""
    return tuple(SIZES)


def backbone(
    name: str, vocabulary: str | Path | None = None, lowercase: bool = True, length: int = 512, dropout: float = 0.1
) -> Backbone:
    """Describe a BERT with random weights.

    Args:
        name: One of ``names()``.
        vocabulary: A text file with one token in each line. Tokens that continue a word begin with ``##``. The file must contain
            ``[PAD]``, ``[UNK]``, ``[CLS]``, ``[SEP]`` and ``[MASK]``. None for single English letters, which only ``toy_text``
            allows.
        lowercase: Whether to convert texts to lower case and remove accents.
        length: The maximum number of tokens in an example, 8 to 512.
        dropout: The dropout rate of all layers in training, in [0, 1).

    Returns:
        A Backbone whose features are a sequence of shape (batch, tokens, width), with a mask.

    Raises:
        WeightsError: When the vocabulary cannot be read, lacks a token that BERT needs, or holds a token twice.
        BackboneError: When the vocabulary is missing, the length is more than 512, or dropout is out of range.
        DataError: When the length is less than 8.

    Example:
        >>> described = backbone("toy_text")
        >>> described.preprocessor.many(["abc", "a b?"]).rows[1].tolist()[0]
        [2, 0]
    """
    family, size = FAMILIES["bert"], SIZES[name]
    if vocabulary is None and name != "toy_text":
        raise BackboneError(
            f"{name!r} needs a vocabulary.", fix='Pass vocabulary="vocab.txt", a file with one token in each line.'
        )
    if not isinstance(length, Integral) or length > family.length:
        raise BackboneError(f"length={length!r} is not possible with {name!r}.", fix="It takes up to 512 tokens.")
    if isinstance(dropout, bool) or not isinstance(dropout, Real) or not 0 <= dropout < 1:
        raise BackboneError(f"dropout={dropout!r} must be in [0, 1).", fix="BERT uses 0.1.")
    tokens = _LETTERS if vocabulary is None else _read(Path(vocabulary))
    make = cache(partial(_tokenizer, tokens, lowercase))
    return Backbone(
        handle=name,
        options=given_options(vocabulary=vocabulary, lowercase=lowercase, length=int(length), dropout=dropout),
        loader=partial(_load, size, len(tokens), dropout),
        features=FeatureSpec("sequence", masked=True),
        blocks=family.blocks(size.layers),
        preprocessor=TextPreprocessor(Tokenizer(name, make=make), int(length)),
        most_tokens=family.length,
    )


def _read(path: Path) -> tuple[str, ...]:
    try:
        content = regular_files.read(path, "tokenizer_bytes", error=WeightsError).decode("utf-8")
        tokens = tuple(content.replace("\r\n", "\n").rstrip("\n").split("\n"))
    except WeightsError:
        raise
    except (OSError, ValueError) as error:
        raise WeightsError(f"The vocabulary {str(path)!r} cannot be read: {error}.", fix="Check the path.") from None
    missing = [token for token in _SPECIAL if token not in tokens]
    if missing:
        raise WeightsError(
            f"The vocabulary {str(path)!r} lacks tokens that BERT needs.",
            shortlist(missing),
            "Add each token in a line of its own.",
        )
    twice = [token for token, count in Counter(tokens).items() if count > 1]
    if twice:
        raise WeightsError(
            f"The vocabulary {str(path)!r} holds tokens twice.",
            shortlist(twice),
            "Remove the second line of each token.",
        )
    return tokens


def _tokenizer(tokens: Sequence[str], lowercase: bool) -> Any:
    return JsonTokenizer(*word_pieces(tokens, lowercase))


def _load(size: Size, vocabulary_size: int, dropout: float, seed: int) -> "keras.Model":
    import keras_hub

    with seeded_initializers(seed):
        return masked(
            keras_hub.models.BertBackbone(
                vocabulary_size, size.layers, size.heads, size.width, 4 * size.width, dropout=dropout
            )
        )
