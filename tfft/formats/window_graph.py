"""Pack the words of texts into overlapping windows in a TensorFlow graph, as ``packed_words`` does."""

from typing import Any, NamedTuple

_MORE = 2**62  # more tokens than any text has


class Windows(NamedTuple):
    """The rows of n texts, in order, and the token that answers for each word.

    Attributes:
        ids: A ``tf.RaggedTensor`` of int32, shape (rows, tokens): the tokens of words, without the special tokens around them.
        row: The row that answers for each word, int64, shape (words,).
        token: The first token of each word in its row, int64, shape (words,).
    """

    ids: Any
    row: Any
    token: Any


def windows_of(ids: Any, counts: Any, room: int, stride: int) -> Windows:
    """Divide the words of each text into windows that share about ``stride`` tokens.

    Args:
        ids: A ``tf.RaggedTensor`` of int32, shape (words, tokens): each word has 1 to ``room`` tokens.
        counts: The number of words of each text, int64, shape (n,).
        room: The largest number of tokens in a window.
        stride: The number of tokens that two neighbours should share; more than half of ``room`` counts as half.

    Returns:
        The windows; at least one for each text.

    Example:
        >>> import tensorflow as tf
        >>> words = tf.ragged.constant([[7, 8], [9], [6]], dtype=tf.int32)
        >>> found = windows_of(words, tf.constant([3], tf.int64), room=3, stride=1)
        >>> found.ids.to_list(), found.row.numpy().tolist(), found.token.numpy().tolist()
        ([[7, 8, 9], [9, 6]], [0, 0, 1], [0, 2, 1])
    """
    import tensorflow as tf

    lengths = tf.RaggedTensor.from_row_lengths(ids.row_lengths(), counts)
    offsets = tf.cumsum(tf.reduce_sum(lengths, axis=1), exclusive=True)
    most = tf.reduce_max(tf.concat([[0], counts], 0))
    words = tf.sequence_mask(counts, most)
    # the tokens before each word and after the last one, int64 of shape (n, words + 1)
    sums = tf.pad(tf.cumsum(lengths.to_tensor(0, shape=[None, None]), axis=1), [[0, 0], [1, 0]])
    ends = tf.where(tf.sequence_mask(counts + 1, most + 1), sums, tf.constant(_MORE, tf.int64))
    begin, end, there = _bounds(ends, counts, room, min(stride, room // 2))
    rows = tf.reduce_sum(tf.cast(there, tf.int64), axis=1)

    # a word in two windows is answered by that in which it is farther from the border
    answers = tf.concat([tf.zeros_like(begin[:, :1]), (begin[:, 1:] + end[:, :-1] + 1) // 2], 1)
    answers = tf.where(there, answers, tf.constant(_MORE, tf.int64))
    numbers = tf.broadcast_to(tf.range(most)[None], tf.shape(words))
    own = tf.searchsorted(answers, numbers, side="right", out_type=tf.int64) - 1
    own = tf.where(words, own, tf.zeros_like(own))
    token = ends[:, :-1] - tf.gather(ends, tf.gather(begin, own, batch_dims=1), batch_dims=1)
    row = own + tf.cumsum(rows, exclusive=True)[:, None]

    low, high = (tf.gather(ends, each, batch_dims=1) + offsets[:, None] for each in (begin, end))
    places = tf.ragged.range(tf.boolean_mask(low, there), tf.boolean_mask(high, there))
    return Windows(
        places.with_flat_values(tf.gather(ids.flat_values, places.flat_values)),
        tf.boolean_mask(row, words),
        tf.boolean_mask(token, words),
    )


def _bounds(ends: Any, counts: Any, room: int, stride: int) -> tuple[Any, Any, Any]:
    """First word of each window and the word after its last one, int64, shape (n, windows), and whether there is such a window."""
    import tensorflow as tf

    def search(values: Any, side: str) -> Any:
        return tf.searchsorted(ends, values[:, None], side=side, out_type=tf.int64)[:, 0]

    def tokens_before(words: Any) -> Any:
        return tf.gather(ends, words, batch_dims=1)

    def step(number: Any, begin: Any, more: Any, found: tuple[Any, Any, Any]) -> tuple[Any, ...]:
        end = search(tokens_before(begin) + room, "right") - 1
        found = tuple(array.write(number, each) for array, each in zip(found, (begin, end, more), strict=True))
        after = tf.maximum(begin + 1, search(tokens_before(end) - stride, "left"))
        more = more & (end < counts)
        return number + 1, tf.where(more, after, begin), more, found

    arrays = tuple(
        tf.TensorArray(dtype, 0, dynamic_size=True, element_shape=[None]) for dtype in (tf.int64, tf.int64, tf.bool)
    )
    state = (tf.constant(0), tf.zeros_like(counts), tf.ones_like(counts, tf.bool), arrays)
    found = tf.while_loop(lambda number, begin, more, found: tf.reduce_any(more), step, state)[3]
    begin, end, there = (_stacked(array, tf.size(counts)) for array in found)
    return begin, end, there


def _stacked(array: Any, texts: Any) -> Any:
    """The elements of an array as columns; without texts it is empty, and TensorFlow cannot stack it."""
    import tensorflow as tf

    return tf.transpose(tf.cond(texts > 0, array.stack, lambda: tf.zeros([0, texts], array.dtype)))
