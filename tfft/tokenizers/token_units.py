"""Tokens in a TensorFlow graph as runs of units, such as bytes, where each unit comes from one character of a text."""

from collections.abc import Callable
from typing import Any, NamedTuple

# a noncharacter, which no text should contain; the graph uses it in place of NUL
_NUL = "\U0010fffe"


class Placed(NamedTuple):
    """The tokens of n texts, and the units that they consist of.

    Attributes:
        ids: A ``tf.RaggedTensor`` of int32, shape (n, tokens).
        sizes: The number of units of each token of all texts, int64, shape (tokens,). The tokens take all units, in order.
        owners: The character that each unit comes from, int64, shape (units,), counted through all texts.
    """

    ids: Any
    sizes: Any
    owners: Any


class Kind(NamedTuple):
    """How one kind of tokenizer splits texts that hold no added tokens.

    Attributes:
        tokens: Strings, shape (n,) -> a ``tf.RaggedTensor`` of int32, shape (n, tokens).
        placed: Strings, shape (n,) -> the same tokens as a ``Placed``.
    """

    tokens: Callable[[Any], Any]
    placed: Callable[[Any], Placed]


def owners(counts: Any) -> Any:
    """Number the characters that units come from.

    Args:
        counts: The number of units of each character, integers of shape (characters,).

    Returns:
        int64, shape (units,).

    Example:
        >>> owners([1, 0, 2]).numpy().tolist()
        [0, 2, 2]
    """
    import tensorflow as tf

    return tf.repeat(tf.range(tf.size(counts, tf.int64)), counts)


def without_nul(texts: Any) -> Any:
    """Replace NULs, because TensorFlow Text 2.21 cuts a text at a NUL when it splits by a regular expression.

    Args:
        texts: Strings of any shape.

    Returns:
        Strings of the same shape, with as many characters.
    """
    import tensorflow as tf

    return tf.strings.regex_replace(texts, r"\x00", _NUL)


def with_nul(texts: Any) -> Any:
    r"""Undo ``without_nul``.

    Args:
        texts: Strings of any shape.

    Returns:
        Strings of the same shape.

    Example:
        >>> with_nul(without_nul(["a\0b"])).numpy().tolist()
        [b'a\x00b']
    """
    import tensorflow as tf

    return tf.strings.regex_replace(texts, _NUL, "\0")


def regrouped(outer: Any, inner: Any) -> Any:
    """Join the rows of ``inner`` to the rows of ``outer``.

    Args:
        outer: A ``tf.RaggedTensor``, shape (n, rows).
        inner: A ``tf.RaggedTensor`` with one row for each value of ``outer``.

    Returns:
        A ``tf.RaggedTensor`` with n rows.

    Example:
        >>> import tensorflow as tf
        >>> regrouped(tf.ragged.constant([["a", "b"], []]), tf.ragged.constant([[1, 2], [3]])).to_list()
        [[1, 2, 3], []]
    """
    import tensorflow as tf

    return tf.RaggedTensor.from_row_splits(inner.flat_values, tf.gather(inner.row_splits, outer.row_splits))
