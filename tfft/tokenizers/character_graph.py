"""Replace characters of texts in a TensorFlow graph."""

from collections.abc import Callable, Mapping
from typing import Any


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


def replaced(becomes: Mapping[str, str], tables: list[Any]) -> Callable[[Any], Any]:
    """Make the function that replaces characters.

    Args:
        becomes: Character -> the text in its place.
        tables: The list that keeps the lookup table.

    Returns:
        A function: strings of any shape -> strings of the same shape.

    Example:
        >>> replaced({"a": "o", "z": ""}, [])(["a jazz"]).numpy().tolist()
        [b'o jo']
    """
    import tensorflow as tf

    places = lookup_table(tables, {ord(sign): place for place, sign in enumerate(becomes)} or {-1: -1}, "int64")
    texts_of = tf.constant([*becomes.values()] or [""], tf.string)

    def run(texts: Any) -> Any:
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        flat = codes.flat_values
        found = places.lookup(tf.cast(flat, tf.int64))
        signs = tf.strings.unicode_encode(flat[:, None], "UTF-8")
        signs = tf.where(found < 0, signs, tf.gather(texts_of, tf.maximum(found, 0)))
        return tf.strings.reduce_join(codes.with_flat_values(signs), axis=-1)

    return run
