"""Convert a ``JsonTokenizer`` to a TensorFlow graph with the same token ids, for SavedModels that take strings.

Training and prediction do not use this graph. The ``tokenizers`` library is asked for the effect on each character when the graph
is made, so that both use the same Unicode tables.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from tfft.core.errors import BackboneError
from tfft.tokenizers.character_graph import lookup_table, replaced
from tfft.tokenizers.characters import cleaning, ranges
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.piece_graph import pieces

_BYTES_PER_CHARACTER = 4
_NO_RANK = 2**31 - 1
# a noncharacter, which no text should contain; the graph uses it in place of NUL
_NUL = "\U0010fffe"


def graph(made: JsonTokenizer) -> Any:
    """Map strings to token ids with operations of TensorFlow and TensorFlow Text.

    The noncharacter U+10FFFE, which no text should contain, is treated as a NUL.

    Args:
        made: The tokenizer.

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
    kind = made.values["model"]["type"]
    added = made.values["added_tokens"]
    odd = [token["content"] for token in added if token["single_word"] or token["rstrip"] or token["normalized"]]
    if odd:
        raise BackboneError(
            "This tokenizer has no TensorFlow graph.", f"added tokens {odd}", "Use added tokens without options."
        )
    import tensorflow as tf

    tables: list[Any] = []
    tokens = _KINDS[kind](made, tables)
    apart = _apart(added, tables)

    def run(texts: Any) -> Any:
        pieces, special = apart(_without_nul(texts))
        ids = tokens(tf.where(special >= 0, "", pieces.flat_values))
        single = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(special, special >= 0), tf.cast(special >= 0, tf.int64)
        )
        both = tf.concat([ids, tf.cast(single, tf.int32)], axis=1)
        return _regrouped(pieces, both)

    module = tf.Module()
    module.tables = tables
    module.run = tf.function(run, input_signature=[tf.TensorSpec([None], tf.string)])
    return module


def _without_nul(texts: Any) -> Any:
    """Replace NULs, because TensorFlow Text 2.21 cuts a text at a NUL when it splits by a regular expression."""
    import tensorflow as tf

    return tf.strings.regex_replace(texts, r"\x00", _NUL)


def _with_nul(texts: Any) -> Any:
    import tensorflow as tf

    return tf.strings.regex_replace(texts, _NUL, "\0")


def _regrouped(outer: Any, inner: Any) -> Any:
    """Join the rows of ``inner`` (one row for each value of ``outer``) to the rows of ``outer``."""
    import tensorflow as tf

    return tf.RaggedTensor.from_row_splits(inner.flat_values, tf.gather(inner.row_splits, outer.row_splits))


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


def _words(made: JsonTokenizer, tables: list[Any]) -> Callable[[Any], Any]:
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

    def run(texts: Any) -> Any:
        words = tf.strings.split(cleaned(_with_nul(texts)), " ")
        words = tf.ragged.boolean_mask(words, words != "")
        flat = words.flat_values
        long = tf.strings.length(flat, "UTF8_CHAR") > most
        ids = pieces.tokenize(tf.where(long, unknown, flat))
        return _regrouped(words, ids)

    return run


def _pairs(made: JsonTokenizer, tables: list[Any]) -> Callable[[Any], Any]:
    import tensorflow as tf
    import tensorflow_text as tf_text

    table = cleaning()
    space, letter, number = (ranges(signs) for signs in (table.spaces, table.letters, table.numbers))
    word = f"'s|'t|'re|'ve|'m|'ll|'d| ?[{letter}]+| ?[{number}]+| ?[^{space}{letter}{number}]+"
    prefix = made.values["pre_tokenizer"]["add_prefix_space"]
    merged = _merger(made, tables)

    def run(texts: Any) -> Any:
        if prefix:
            missing = (texts != "") & (tf.strings.substr(texts, 0, 1) != " ")
            texts = tf.where(missing, tf.strings.join([" ", texts]), texts)
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
        ids = merged(_with_nul(parts.flat_values))
        return _regrouped(runs, _regrouped(parts, ids))

    return run


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


def _pieces(made: JsonTokenizer, tables: list[Any]) -> Callable[[Any], Any]:
    run = pieces(made.values, tables)
    return lambda texts: run(_with_nul(texts))


_KINDS: dict[str, Callable[..., Callable[[Any], Any]]] = {"WordPiece": _words, "BPE": _pairs, "Unigram": _pieces}
