"""Choose the best answers to questions in a TensorFlow graph, as ``tasks.question_answering`` merges and decodes them."""

from typing import Any, NamedTuple

from tfft.data.targets.answers import NO_ANSWER
from tfft.tasks.question_answering import BEST, SHOWN

_NOWHERE = -1
_PLACE = 2.0**32  # more than the characters of a text


class Spans(NamedTuple):
    """The candidates for the answers to n questions, the most probable one first.

    Attributes:
        begins, ends: The first character of each in its context, and the character after its last one, int32 of shape
            (n, candidates); -1 for "no answer", and where there are fewer candidates.
        probabilities: Their probabilities, float64 of the same shape; 0 where there are fewer candidates.
        there: Whether there is such a candidate, booleans of the same shape.
    """

    begins: Any
    ends: Any
    probabilities: Any
    there: Any


def candidates(logits: Any, begins: Any, ends: Any, answer_tokens: int) -> Any:
    """Find the best places in each window.

    Args:
        logits: Begin and end of the answer, float32, shape (rows, tokens, 2).
        begins: The first character of each token, int64, shape (rows, tokens).
        ends: The character after the last one of each token; that of ``begins`` for tokens that cannot be chosen.
        answer_tokens: The largest number of tokens in an answer.

    Returns:
        Begin, end and the sum of the logits of 20 places, float64 of shape (rows, 21, 3); where there are fewer, the logit is minus
        infinity. The last one is "no answer", with the logits of the first token.

    Example:
        >>> import tensorflow as tf
        >>> logits = tf.constant([[[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]]])
        >>> places = tf.constant([[-1, 0, 4]], tf.int64), tf.constant([[-1, 3, 7]], tf.int64)
        >>> candidates(logits, *places, answer_tokens=2)[0, :3].numpy().tolist()
        [[0.0, 7.0, 5.0], [4.0, 7.0, 3.0], [0.0, 3.0, 2.0]]
    """
    import tensorflow as tf

    never = tf.constant(-float("inf"), tf.float64)
    inside = ends > begins

    def only(values: Any, default: Any, further: int) -> Any:
        """The values of tokens that can be chosen, and some columns behind them."""
        found = tf.ragged.boolean_mask(tf.cast(values, tf.float64), inside).to_tensor(default, shape=[None, None])
        return tf.pad(found, [[0, 0], [0, further]], constant_values=default)

    first = only(logits[:, :, 0], never, 0)
    longest = tf.maximum(1, tf.minimum(answer_tokens, tf.shape(first)[1]))
    last = only(logits[:, :, 1], never, longest - 1)
    places = tf.range(tf.shape(first)[1])[:, None] + tf.range(longest)[None]
    sums = first[:, :, None] + tf.gather(last, places, axis=1)
    flat = tf.pad(tf.reshape(sums, [tf.shape(first)[0], tf.size(places)]), [[0, 0], [0, BEST]], constant_values=never)
    best, chosen = tf.math.top_k(flat, BEST)
    there = tf.math.is_finite(best)
    begin = tf.where(there, chosen // longest, 0)
    end = tf.where(there, begin + chosen % longest, 0)
    found = [
        tf.gather(only(values, tf.constant(_NOWHERE, tf.float64), 1), at, batch_dims=1)
        for values, at in ((begins, begin), (ends, end))
    ]
    nothing = tf.cast(tf.reduce_sum(logits[:, :1], axis=[1, 2]), tf.float64)[:, None]  # also without rows and tokens
    nowhere = tf.fill(tf.shape(nothing), tf.constant(_NOWHERE, tf.float64))
    return tf.concat(
        [tf.stack([*found, tf.where(there, best, never)], 2), tf.stack([nowhere, nowhere, nothing], 2)], axis=1
    )


def merged(found: Any, counts: Any, without: bool) -> Spans:
    """Merge the candidates of all windows of each question.

    Args:
        found: The result of ``candidates`` for all windows, float64, shape (rows, 21, 3).
        counts: The number of windows of each question, int64, shape (n,).
        without: Whether questions may have no answer. Its logit is the lowest one of all windows.

    Returns:
        Up to 20 different places for each question, and "no answer".
    """
    import tensorflow as tf

    never = tf.constant(-float("inf"), tf.float64)
    questions = tf.size(counts)
    rows = tf.RaggedTensor.from_row_lengths(found[:, :BEST], counts).to_tensor(never, shape=[None, None, BEST, 3])
    rows = tf.reshape(rows, [questions, tf.shape(rows)[1] * BEST, 3])
    rows = tf.pad(rows, [[0, 0], [0, BEST], [0, 0]], constant_values=never)
    rows = _sorted(rows, tf.shape(rows)[1])
    # a place in two windows counts once, with its higher logit
    keys = rows[:, :, 0] * _PLACE + rows[:, :, 1]
    order = tf.argsort(keys, stable=True)
    keys = tf.gather(keys, order, batch_dims=1)
    again = tf.pad(keys[:, 1:] == keys[:, :-1], [[0, 0], [1, 0]])
    again = tf.gather(again, tf.argsort(order), batch_dims=1)
    rows = tf.concat([rows[:, :, :2], tf.where(again, never, rows[:, :, 2])[:, :, None]], axis=2)
    rows = _sorted(rows, BEST)
    if without:
        lowest = tf.math.unsorted_segment_min(found[:, BEST], tf.repeat(tf.range(questions), counts), questions)
        rows = _sorted(tf.concat([rows, lowest[:, None]], axis=1), BEST + 1)
    there = tf.math.is_finite(rows[:, :, 2])
    powers = tf.where(there, tf.exp(rows[:, :, 2] - tf.where(there[:, :1], rows[:, :1, 2], 0.0)), 0.0)
    places = tf.cast(tf.where(there[:, :, None], rows[:, :, :2], _NOWHERE), tf.int32)
    shares = tf.math.divide_no_nan(powers, tf.reduce_sum(powers, axis=1, keepdims=True))
    return Spans(places[:, :, 0], places[:, :, 1], shares, there)


def _sorted(rows: Any, count: Any) -> Any:
    """The first rows by their logits, from the highest one; equal ones keep their order."""
    import tensorflow as tf

    return tf.gather(rows, tf.math.top_k(rows[:, :, 2], count).indices, batch_dims=1)


def answers(spans: Spans, contexts: Any) -> dict[str, Any]:
    """Return the most probable candidate of each question, and the first five different texts, as the task decodes them.

    Args:
        spans: The candidates.
        contexts: Strings in UTF-8, shape (n,).

    Returns:
        ``text``, strings of shape (n,), "" without an answer; ``start`` and ``end`` in characters, int32, -1 without an answer;
        ``probability``, float32; and ``best_texts`` and ``best_probabilities``, shape (n, 5), padded with "" and 0. There, "no
        answer" has the text ``"no answer"``.
    """
    import tensorflow as tf

    begins, ends = tf.maximum(spans.begins, 0), tf.maximum(spans.ends, 0)
    wide = tf.broadcast_to(contexts[:, None], tf.shape(begins))
    texts = tf.strings.substr(wide, begins, ends - begins, "UTF8_CHAR")
    quoted = tf.where(texts == NO_ANSWER, f'"{NO_ANSWER}"', texts)
    names = tf.where(spans.there & (spans.begins == _NOWHERE), NO_ANSWER, quoted)
    same = (names[:, :, None] == names[:, None]) & spans.there[:, None]
    columns = tf.range(tf.shape(names)[1])
    again = tf.reduce_any(same & (columns[:, None] > columns[None]), axis=2)  # at an earlier place
    probabilities = tf.cast(spans.probabilities, tf.float32)

    def best(values: Any, default: Any) -> Any:
        return tf.ragged.boolean_mask(values, spans.there & ~again)[:, :SHOWN].to_tensor(default, shape=[None, SHOWN])

    return {
        "text": texts[:, 0],
        "start": spans.begins[:, 0],
        "end": spans.ends[:, 0],
        "probability": probabilities[:, 0],
        "best_texts": best(names, ""),
        "best_probabilities": best(probabilities, 0.0),
    }
