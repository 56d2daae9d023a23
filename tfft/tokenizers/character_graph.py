"""Replace characters of texts in a TensorFlow graph."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


def lookup_table(tables: list[Any], rows: Mapping[Any, int], key: str = "string") -> Any:
    """Make a lookup table with the default -1, and add it to a list, which keeps it for a SavedModel.

    Args:
        tables: The list.
        rows: Key -> value; at least one row.
        key: The dtype of the keys.

    Returns:
        A ``tf.lookup.StaticHashTable`` with values of int64.
    """
    import tensorflow as tf

    keys, values = tf.constant(list(rows), key), tf.constant(list(rows.values()), tf.int64)
    tables.append(tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1))
    return tables[-1]


class Replaced(NamedTuple):
    """The replacement of characters.

    Attributes:
        texts: Strings of shape (n,) -> strings of the same shape.
        counts: Strings of shape (n,) -> the number of characters that take the place of each character, int64, shape (characters,),
            through all texts.
    """

    texts: Callable[[Any], Any]
    counts: Callable[[Any], Any]


def replaced(becomes: Mapping[str, str], tables: list[Any]) -> Replaced:
    """Make the functions that replace characters.

    Args:
        becomes: Character -> the text in its place.
        tables: The list that keeps the lookup table.

    Returns:
        The functions.

    Example:
        >>> made = replaced({"a": "o", "z": ""}, [])
        >>> made.texts(["a jazz"]).numpy().tolist(), made.counts(["a jazz"]).numpy().tolist()
        ([b'o jo'], [1, 1, 1, 1, 0, 0])
    """
    import tensorflow as tf

    places = lookup_table(tables, {ord(sign): place for place, sign in enumerate(becomes)} or {-1: -1}, "int64")
    texts_of = tf.constant([*becomes.values()] or [""], tf.string)
    counts_of = tf.constant([*map(len, becomes.values())] or [1], tf.int64)

    def counts(texts: Any) -> Any:
        codes = tf.strings.unicode_decode(texts, "UTF-8").flat_values
        found = places.lookup(tf.cast(codes, tf.int64))
        return tf.where(found < 0, tf.constant(1, tf.int64), tf.gather(counts_of, tf.maximum(found, 0)))

    def run(texts: Any) -> Any:
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        flat = codes.flat_values
        found = places.lookup(tf.cast(flat, tf.int64))
        signs = tf.strings.unicode_encode(flat[:, None], "UTF-8")
        signs = tf.where(found < 0, signs, tf.gather(texts_of, tf.maximum(found, 0)))
        return tf.strings.reduce_join(codes.with_flat_values(signs), axis=-1)

    return Replaced(run, counts)
