"""Split texts into byte pairs in a TensorFlow graph, as RoBERTa and GPT-2 do."""

from collections.abc import Callable
from typing import Any

from tfft.tokenizers.character_graph import lookup_table
from tfft.tokenizers.characters import cleaning, ranges
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.token_units import Kind, Placed, owners, regrouped, with_nul

_NO_RANK = 2**31 - 1
# a character has a byte more than those up to each of these codes
_MOST_OF_BYTES = (-1, 0x7F, 0x7FF, 0xFFFF)


def pairs(made: JsonTokenizer, tables: list[Any]) -> Kind:
    """Make the functions from texts without added tokens to ids.

    Args:
        made: A tokenizer with a BPE model.
        tables: The list to which lookup tables are added.

    Returns:
        The functions. Units are bytes.
    """
    import tensorflow as tf
    import tensorflow_text as tf_text

    table = cleaning()
    space, letter, number = (ranges(signs) for signs in (table.spaces, table.letters, table.numbers))
    word = f"'s|'t|'re|'ve|'m|'ll|'d| ?[{letter}]+| ?[{number}]+| ?[^{space}{letter}{number}]+"
    prefix = made.values["pre_tokenizer"]["add_prefix_space"]
    merged = _merger(made, tables)
    rows = [""] * made.vocabulary_size()
    for token, id in made.get_vocabulary().items():
        rows[id] = token
    size_of = tf.constant([*map(len, rows)], tf.int64)  # a token has one sign for each byte

    def unspaced(texts: Any) -> Any:
        """Whether a space is put before each text."""
        return (texts != "") & (tf.strings.substr(texts, 0, 1) != " ") & prefix

    def tokens(texts: Any) -> Any:
        texts = tf.where(unspaced(texts), tf.strings.join([" ", texts]), texts)
        runs = tf_text.regex_split(texts, f"[{space}]+", f"[{space}]+")
        flat, width = runs.flat_values, runs.row_lengths()
        blank = tf.strings.regex_full_match(flat, f"[{space}]+")
        final = tf.range(tf.shape(flat, tf.int64)[0]) == tf.repeat(runs.row_splits[1:], width) - 1
        # the last white space before a word belongs to the word if it is " "; otherwise it is a token of its own
        body = tf.where(blank & ~final, tf.strings.regex_replace(flat, f"[{space}]$", ""), tf.where(blank, flat, ""))
        last = tf.where(blank & ~final, tf.strings.substr(flat, -1, 1, "UTF8_CHAR"), "")
        alone = tf.where(last == " ", "", last)
        joined = tf.concat([[""], tf.where(last == " ", " ", "")[:-1]], 0)[: tf.shape(flat)[0]]
        words = tf_text.regex_split(tf.where(blank, "", tf.strings.join([joined, flat])), word, word)
        parts = tf.concat([words, tf.RaggedTensor.from_tensor(tf.stack([body, alone], 1))], 1)
        parts = tf.ragged.boolean_mask(parts, parts != "")
        ids = merged(with_nul(parts.flat_values))
        return regrouped(runs, regrouped(parts, ids))

    def placed(texts: Any) -> Placed:
        ids, codes = tokens(texts), tf.strings.unicode_decode(with_nul(texts), "UTF-8")
        bytes_of = tf.add_n([tf.cast(codes.flat_values > most, tf.int64) for most in _MOST_OF_BYTES])
        # the space before a text belongs to its first character
        spaced = tf.boolean_mask(codes.row_starts(), unspaced(texts))
        counts = tf.tensor_scatter_nd_add(bytes_of, spaced[:, None], tf.ones_like(spaced))
        return Placed(ids, tf.gather(size_of, ids.flat_values), owners(counts))

    return Kind(tokens, placed)


def _merger(made: JsonTokenizer, tables: list[Any]) -> Callable[[Any], Any]:
    """Return a function that converts words to ids: it merges the pair that comes first in the merges, again and again."""
    import tensorflow as tf

    from tfft.tokenizers.tokenizer_tables import byte_signs

    model = made.values["model"]
    vocabulary = model["vocab"]
    size = max(vocabulary.values()) + 1
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
    keys = {vocabulary[one] * size + vocabulary[other]: rank for rank, (one, other) in reversed([*enumerate(pairs)])}
    ranks = lookup_table(tables, keys or {-1: -1}, "int64")
    results = tf.constant([vocabulary[one + other] for one, other in pairs] or [0], tf.int64)
    of_byte = tf.constant([vocabulary[sign] for sign in byte_signs()], tf.int64)

    def step(ids: Any, _: Any) -> tuple[Any, Any]:
        left, right = ids[:, :-1], ids[:, 1:]
        rank = tf.where((left >= 0) & (right >= 0), ranks.lookup(left * size + right), -1)
        rank = tf.where(rank < 0, tf.constant(_NO_RANK, tf.int64), rank)
        place = tf.argmin(rank, axis=1)
        best = tf.gather(rank, place, batch_dims=1)
        found = best < _NO_RANK
        new = tf.gather(results, tf.where(found, best, 0))
        at = tf.range(tf.shape(ids, tf.int64)[1])[None, :]
        put = tf.where((at == place[:, None]) & found[:, None], new[:, None], ids)
        shifted = tf.concat([put[:, 1:], -tf.ones_like(put[:, :1])], 1)
        ids = tf.where((at > place[:, None]) & found[:, None], shifted, put)
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(ids >= 0, tf.int64), 1))
        return ids[:, : longest + 2], tf.reduce_any(found)

    def run(words: Any) -> Any:
        different, back = tf.unique(words, tf.int64)
        values = tf.reshape(tf.io.decode_raw(tf.strings.bytes_split(different).flat_values, tf.uint8), [-1])
        lengths = tf.cast(tf.strings.length(different), tf.int64)
        ids = tf.RaggedTensor.from_row_lengths(tf.gather(of_byte, tf.cast(values, tf.int64)), lengths)
        # two more columns, so that even a short word has a pair
        dense = tf.pad(ids.to_tensor(-1), [[0, 0], [0, 2]], constant_values=-1)
        dense, _ = tf.while_loop(
            lambda _, more: more,
            step,
            [dense, tf.size(dense) > 0],
            shape_invariants=[tf.TensorShape([None, None]), tf.TensorShape([])],
        )
        short = tf.RaggedTensor.from_tensor(
            tf.cast(dense, tf.int32), lengths=tf.reduce_sum(tf.cast(dense >= 0, tf.int64), 1)
        )
        return tf.gather(short, back)

    return run
