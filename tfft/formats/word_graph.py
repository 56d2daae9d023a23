"""Split texts into words in a TensorFlow graph as ``split_words`` does, with their places."""

import re
import unicodedata
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from tfft.data import words

_SPACE, _ALONE, _SIGN, _ALPHANUMERIC, _KEPT, _APOSTROPHE, _GENITIVE = 1, 2, 4, 8, 16, 32, 64
_LAST = 0x110000


class Words(NamedTuple):
    """The words of n texts, end to end.

    Attributes:
        words: Strings, shape (words,); with a space before those that have one in ordinary text.
        counts: The number of words of each text, int64, shape (n,).
        starts, ends: The first character of each word in its text, and the character after its last one, int32, shape (words,).
    """

    words: Any
    counts: Any
    starts: Any
    ends: Any


def words_of(texts: Any) -> Words:
    """Split texts into words.

    Args:
        texts: Strings in UTF-8, shape (n,).

    Returns:
        The words. Bytes that are no characters count as one character each.

    Example:
        >>> import tensorflow as tf
        >>> found = words_of(tf.constant(["去 (U.S.)"]))
        >>> [word.decode() for word in found.words.numpy()], found.starts.numpy().tolist()
        (['去', ' (', ' U.S', ' .', ' )'], [0, 2, 3, 6, 7])
    """
    import tensorflow as tf

    signs = tf.strings.unicode_decode(texts, "UTF-8")
    codes, row = signs.flat_values, tf.cast(signs.value_rowids(), tf.int32)
    bounds, values = _classes()
    kinds = tf.gather(tf.constant(values), tf.searchsorted(tf.constant(bounds), codes, side="right") - 1)

    def among(bit: int) -> Any:
        return tf.bitwise.bitwise_and(kinds, bit) > 0

    space, alone, sign = among(_SPACE), among(_ALONE), among(_SIGN)
    index, number = tf.range(tf.size(codes)), tf.size(codes)
    same = tf.concat([[False], row[1:] == row[:-1]], 0)[:number]  # the text of the character before
    chained = ~space & ~alone
    begun = alone | (chained & ~(same & tf.concat([[False], chained[:-1]], 0)[:number]))
    followed = tf.concat([same[1:] & among(_ALPHANUMERIC)[1:], [False]], 0)[:number]
    # a chunk between spaces: signs, a word up to its last character that is no sign, and signs
    chunk, chunks = (
        tf.where(space, -1, tf.cumsum(tf.cast(begun, tf.int32)) - 1),
        tf.math.count_nonzero(begun, dtype=tf.int32),
    )
    opens = ~sign | (among(_KEPT) & followed)
    first = _of_each(tf.math.unsorted_segment_min(tf.where(opens, index, number), chunk, chunks), chunk)
    closes = tf.where(~sign & (index >= first), index + 1, 0)
    last = tf.maximum(_of_each(tf.math.unsorted_segment_max(closes, chunk, chunks), chunk), first)
    genitive = among(_APOSTROPHE) & tf.concat([among(_GENITIVE)[1:], [False]], 0)[:number]
    genitive &= (index > first) & (index == last - 2)
    starts = ~space & (begun | (index <= first) | (index >= last) | genitive)
    return _words(signs, starts, ~space, alone)


def _of_each(values: Any, places: Any) -> Any:
    """The value at each place; 0 for the place -1."""
    import tensorflow as tf

    return tf.gather(tf.concat([[0], values], 0), places + 1)


def _words(signs: Any, starts: Any, inside: Any, alone: Any) -> Words:
    """Words from their first characters, for the characters of words."""
    import tensorflow as tf

    row = tf.cast(signs.value_rowids(), tf.int32)
    number = tf.where(inside, tf.cumsum(tf.cast(starts, tf.int32)) - 1, -1)
    total = tf.math.count_nonzero(starts, dtype=tf.int32)
    lengths = tf.math.unsorted_segment_sum(tf.ones_like(number), number, total)
    characters = tf.RaggedTensor.from_row_lengths(
        tf.boolean_mask(signs.flat_values, inside), tf.cast(lengths, tf.int64)
    )
    found = tf.strings.unicode_encode(characters, "UTF-8")
    bare = (lengths == 1) & tf.boolean_mask(alone, starts)
    own = tf.boolean_mask(row, starts)
    places = tf.boolean_mask(tf.range(tf.size(row)), starts) - tf.gather(tf.cast(signs.row_starts(), tf.int32), own)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(own, tf.int64), own, tf.cast(signs.nrows(), tf.int32))
    return Words(tf.where(bare, found, tf.strings.join([" ", found])), counts, places, places + lengths)


@cache
def _classes() -> tuple[np.ndarray, np.ndarray]:
    """Where the classes of characters change, code points as int32, and the classes from there on, as bits."""
    single = re.compile(f"[{words.ALONE}]")
    kinds = np.zeros(_LAST, np.int32)
    for code in range(_LAST):
        sign = chr(code)
        kinds[code] = (
            _SPACE * sign.isspace()
            + _ALONE * (single.match(sign) is not None)
            + _SIGN * (unicodedata.category(sign)[0] in "PS")
            + _ALPHANUMERIC * sign.isalnum()
            + _KEPT * (sign in words.KEPT)
            + _APOSTROPHE * (sign in words.APOSTROPHES)
            + _GENITIVE * (sign in words.GENITIVE)
        )
    bounds = np.flatnonzero(np.diff(kinds, prepend=-1)).astype(np.int32)
    return bounds, kinds[bounds]
