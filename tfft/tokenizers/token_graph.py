"""Convert a ``JsonTokenizer`` to a TensorFlow graph with the same token ids, for SavedModels that take strings.

Training and prediction do not use this graph. The ``tokenizers`` library is asked for the effect on each character when the graph
is made, so that both use the same Unicode tables.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tfft.core.errors import BackboneError
from tfft.tokenizers.character_graph import lookup_table, replaced
from tfft.tokenizers.characters import cleaning, ranges
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pair_graph import pairs
from tfft.tokenizers.piece_graph import pieces
from tfft.tokenizers.token_units import Kind, Placed, owners, regrouped, with_nul, without_nul

_BYTES_PER_CHARACTER = 4
_SPACE = ord(" ")
_CONTINUED = "##"


def graph(made: JsonTokenizer, parts: "Parts | None" = None) -> Any:
    """Map strings to token ids with operations of TensorFlow and TensorFlow Text.

    The noncharacter U+10FFFE, which no text should contain, is treated as a NUL.

    Args:
        made: The tokenizer.
        parts: Its parts, where they are used as well; None makes them.

    Returns:
        A ``tf.Module`` that holds the tables; its ``run`` maps strings, shape (batch,), to a ``tf.RaggedTensor`` of int32, shape
        (batch, tokens), without the special tokens around a text. A SavedModel of the module contains its tables.

    Raises:
        BackboneError: When a normalizer or an added token has options that a graph does not support.

    Example:
        >>> from tfft.tokenizers.pipelines import word_pieces
        >>> made = JsonTokenizer(*word_pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far"]))
        >>> graph(made).run(["How far", "so"]).to_list()
        [[5, 6], [1]]
    """
    import tensorflow as tf

    parts = parts_of(made) if parts is None else parts

    def run(texts: Any) -> Any:
        pieces, special = parts.apart(without_nul(texts))
        ids = parts.kind.tokens(tf.where(special >= 0, "", pieces.flat_values))
        return regrouped(pieces, tf.concat([ids, added_ids(special)], axis=1))

    module = tf.Module()
    module.tables = parts.tables
    module.run = tf.function(run, input_signature=[tf.TensorSpec([None], tf.string)])
    return module


class Parts(NamedTuple):
    """The parts of a graph.

    Attributes:
        apart: Texts without NULs, shape (n,) -> a ``tf.RaggedTensor`` of strings, shape (n, pieces), where each added token is a
            piece; and the id of each piece that is an added token, or -1, int64 of shape (pieces,).
        kind: How all other pieces become tokens.
        tables: What a SavedModel must hold.
    """

    apart: Callable[[Any], tuple[Any, Any]]
    kind: Kind
    tables: list[Any]


def parts_of(made: JsonTokenizer) -> Parts:
    """Make the parts of the graph of a tokenizer.

    Args:
        made: The tokenizer.

    Returns:
        The parts.

    Raises:
        BackboneError: As ``graph``.
    """
    kind = made.values["model"]["type"]
    added = made.values["added_tokens"]
    odd = [token["content"] for token in added if token["single_word"] or token["rstrip"] or token["normalized"]]
    if odd:
        raise BackboneError(
            "This tokenizer has no TensorFlow graph.", f"added tokens {odd}", "Use added tokens without options."
        )
    tables: list[Any] = []
    split = _KINDS[kind](made, tables)
    return Parts(_apart(added, tables), split, tables)


def added_ids(special: Any) -> Any:
    """Make the tokens of pieces that are added tokens.

    Args:
        special: The id of each piece that is an added token, or -1, int64 of shape (pieces,).

    Returns:
        A ``tf.RaggedTensor`` of int32, shape (pieces, tokens), with one token or none in each row.

    Example:
        >>> import tensorflow as tf
        >>> added_ids(tf.constant([-1, 3], tf.int64)).to_list()
        [[], [3]]
    """
    import tensorflow as tf

    there = special >= 0
    return tf.RaggedTensor.from_row_lengths(
        tf.cast(tf.boolean_mask(special, there), tf.int32), tf.cast(there, tf.int64)
    )


def _apart(added: Sequence[dict[str, Any]], tables: list[Any]) -> Callable[[Any], tuple[Any, Any]]:
    """Return a function that splits texts into added tokens with their ids, and the parts between them with the id -1."""
    import tensorflow as tf
    import tensorflow_text as tf_text

    if not added:
        return lambda texts: (
            tf.RaggedTensor.from_tensor(texts[:, None]),
            tf.fill(tf.shape(texts), tf.constant(-1, tf.int64)),
        )
    longest = sorted(added, key=lambda token: -len(token["content"]))
    spaces = f"[{ranges(cleaning().spaces)}]*"
    pattern = "|".join((spaces if token["lstrip"] else "") + re.escape(token["content"]) for token in longest)
    stripped = "|".join(re.escape(token["content"]) for token in longest if token["lstrip"])
    known = lookup_table(tables, {token["content"]: token["id"] for token in added})

    def run(texts: Any) -> tuple[Any, Any]:
        pieces = tf_text.regex_split(texts, pattern, pattern)
        plain = pieces.flat_values
        if stripped:
            plain = tf.strings.regex_replace(plain, f"^{spaces}({stripped})$", r"\1")
        special = known.lookup(plain)
        return pieces, special

    return run


def _words(made: JsonTokenizer, tables: list[Any]) -> Kind:
    import tensorflow as tf
    import tensorflow_text as tf_text

    model, vocabulary = made.values["model"], made.get_vocabulary()
    rows = [f"[no token {id}]" for id in range(made.vocabulary_size())]
    for token, id in vocabulary.items():
        rows[id] = token or rows[id]
    unknown, most = model["unk_token"], model["max_input_chars_per_word"]
    pieces = tf_text.FastWordpieceTokenizer(
        rows,
        token_out_type=tf.int32,
        unknown_token=unknown,
        max_bytes_per_word=_BYTES_PER_CHARACTER * most,
        no_pretokenization=True,
    )
    tables.append(pieces)
    cleaned = replaced(cleaning(made.values["normalizer"], made.values["pre_tokenizer"]).becomes, tables)

    size_of = tf.constant([len(row.removeprefix(_CONTINUED)) for row in rows], tf.int64)
    continued = tf.constant([row.startswith(_CONTINUED) for row in rows])

    def tokens(texts: Any) -> Any:
        words = tf.strings.split(cleaned.texts(with_nul(texts)), " ")
        words = tf.ragged.boolean_mask(words, words != "")
        flat = words.flat_values
        long = tf.strings.length(flat, "UTF8_CHAR") > most
        ids = pieces.tokenize(tf.where(long, unknown, flat))
        return regrouped(words, ids)

    def placed(texts: Any) -> Placed:
        texts, ids = with_nul(texts), tokens(texts)
        codes = tf.strings.unicode_decode(cleaned.texts(texts), "UTF-8")
        signs, piece = codes.flat_values != _SPACE, codes.value_rowids()
        before = tf.concat([[False], signs[:-1] & (piece[1:] == piece[:-1])], 0)[: tf.size(signs)]
        word = tf.boolean_mask(tf.cumsum(tf.cast(signs & ~before, tf.int64)) - 1, signs)
        # a word of unknown pieces is one token
        lengths = tf.math.bincount(tf.cast(word, tf.int32), dtype=tf.int64)
        flat = ids.flat_values
        own = tf.cumsum(tf.cast(~tf.gather(continued, flat), tf.int64)) - 1
        sizes = tf.where(flat == vocabulary[unknown], tf.gather(lengths, own), tf.gather(size_of, flat))
        return Placed(ids, sizes, tf.boolean_mask(owners(cleaned.counts(texts)), signs))

    return Kind(tokens, placed)


def _pieces(made: JsonTokenizer, tables: list[Any]) -> Kind:
    found = pieces(made.values, tables)

    def tokens(texts: Any) -> Any:
        return found.tokens(with_nul(texts))

    def placed(texts: Any) -> Placed:
        return found.placed(with_nul(texts))

    return Kind(tokens, placed)


_KINDS: dict[str, Callable[..., Kind]] = {"WordPiece": _words, "BPE": pairs, "Unigram": _pieces}
