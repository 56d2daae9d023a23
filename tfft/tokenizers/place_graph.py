"""Give each token its place in the text in a TensorFlow graph, as ``JsonTokenizer.encode_with_places`` does."""

import unicodedata
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from tfft.tokenizers.json_tokenizer import JOINER
from tfft.tokenizers.token_graph import Parts, added_ids
from tfft.tokenizers.token_units import regrouped, with_nul, without_nul

_SPACE, _FOLLOWS = 1, 2
_LAST = 0x110000


class Places(NamedTuple):
    """The tokens of n texts.

    Attributes:
        ids: A ``tf.RaggedTensor`` of int32, shape (n, tokens).
        begins, ends: The first character of each token of all texts in its own text, and the character after its last one, int64,
            shape (tokens,). They are equal for a token that stands for spaces alone.
    """

    ids: Any
    begins: Any
    ends: Any


def places_of(parts: Parts, texts: Any) -> Places:
    """Tokenize texts, with the place of each token.

    Args:
        parts: The parts of the graph of a tokenizer.
        texts: Strings in UTF-8, shape (n,).

    Returns:
        The tokens. Accents behind a token belong to it, and spaces around it do not. In a graph, ``InvalidArgumentError`` is raised
        in place of them when tokens do not take all characters of a text.

    Example:
        >>> from tfft.tokenizers.json_tokenizer import JsonTokenizer
        >>> from tfft.tokenizers.pipelines import word_pieces
        >>> from tfft.tokenizers.token_graph import parts_of
        >>> made = JsonTokenizer(*word_pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far"]))
        >>> found = places_of(parts_of(made), ["How  far", "so"])
        >>> found.ids.to_list(), found.begins.numpy().tolist(), found.ends.numpy().tolist()
        ([[5, 6], [1]], [0, 5, 0], [3, 8, 2])
    """
    import tensorflow as tf

    pieces, special = parts.apart(without_nul(texts))
    added = special >= 0
    found = parts.kind.placed(tf.where(added, "", pieces.flat_values))
    lasts = tf.cumsum(found.sizes)
    whole = tf.debugging.assert_equal(
        tf.reduce_sum(found.sizes), tf.size(found.owners, tf.int64), "The places of the tokens of a text are not known."
    )
    with tf.control_dependencies(
        [whole] if whole is not None else []
    ):  # TensorFlow raises it at once outside of a graph
        owners = tf.identity(found.owners)
    # characters, counted through all texts
    lengths = tf.strings.length(with_nul(pieces.flat_values), "UTF8_CHAR")
    after = tf.cumsum(tf.cast(lengths, tf.int64))
    first = after - tf.cast(lengths, tf.int64)
    owners = tf.gather(tf.where(~tf.repeat(added, lengths))[:, 0], owners)
    single = added_ids(special)
    begins, ends = (
        tf.concat(
            [found.ids.with_values(own), single.with_values(tf.boolean_mask(of_piece, added))], axis=1
        ).flat_values
        for own, of_piece in (
            (tf.gather(owners, lasts - found.sizes), first),
            (tf.gather(owners, lasts - 1) + 1, after),
        )
    )
    ids = regrouped(pieces, tf.concat([found.ids, single], axis=1))
    begins, ends = _trimmed(texts, ids, begins, ends)
    return Places(ids, begins, ends)


def _trimmed(texts: Any, ids: Any, begins: Any, ends: Any) -> tuple[Any, Any]:
    """Places in their own texts, without spaces around them and with the accents and joiners after them."""
    import tensorflow as tf

    codes = tf.strings.unicode_decode(texts, "UTF-8")
    bounds, values = _classes()
    kinds = tf.gather(tf.constant(values), tf.searchsorted(tf.constant(bounds), codes.flat_values, side="right") - 1)
    number = tf.size(codes.flat_values, tf.int64)

    def without(bit: int) -> Any:
        """The characters without a property, in order."""
        return tf.where(tf.bitwise.bitwise_and(kinds, bit) == 0)[:, 0]

    seen, letters = without(_SPACE), tf.concat([without(_FOLLOWS), [number]], 0)

    def rank(values: Any, places: Any) -> Any:
        return tf.searchsorted(values, places, side="left", out_type=tf.int64)

    text = ids.value_rowids()
    last = tf.gather(codes.row_limits(), text)
    same = tf.concat([text[1:] == text[:-1], [False]], 0)[: tf.size(text)]
    before = tf.where(same, tf.concat([begins[1:], [0]], 0)[: tf.size(text)], last)
    begins = tf.minimum(tf.gather(tf.concat([seen, [number]], 0), rank(seen, begins)), ends)
    there = begins < ends
    ends = tf.where(there, tf.gather(tf.concat([[-1], seen], 0), rank(seen, ends)) + 1, ends)
    further = tf.minimum(tf.gather(letters, rank(letters, ends)), before)
    ends = tf.where(there, tf.maximum(ends, further), ends)
    start = tf.gather(codes.row_starts(), text)
    return begins - start, ends - start


@cache
def _classes() -> tuple[np.ndarray, np.ndarray]:
    """Where the classes of characters change, code points as int32, and the classes from there on, as bits."""
    kinds = np.zeros(_LAST, np.int32)
    for code in range(_LAST):
        sign = chr(code)
        follows = sign == JOINER or unicodedata.category(sign)[0] == "M"
        kinds[code] = _SPACE * sign.isspace() + _FOLLOWS * follows
    bounds = np.flatnonzero(np.diff(kinds, prepend=-1)).astype(np.int32)
    return bounds, kinds[bounds]
