"""Answer questions in a TensorFlow graph as a predictor does: questions and contexts in, parts of the contexts out."""

import sys
from typing import Any, NamedTuple

from tfft.bundles.predictor import Predictor
from tfft.core.values import argument_of
from tfft.data.targets.answers import NO_ANSWER
from tfft.formats.row_graph import in_parts, net_inputs, tokenizer_of
from tfft.formats.span_graph import BEST, answers, candidates, merged
from tfft.formats.text_graph import checked
from tfft.tokenizers.characters import ranges
from tfft.tokenizers.pair_windows import NOWHERE
from tfft.tokenizers.place_graph import Places, places_of
from tfft.tokenizers.token_graph import graph, parts_of


class _Rows(NamedTuple):
    ids: Any
    begins: Any
    ends: Any
    contexts: Any
    counts: Any


class AnswerGraph:
    """The function of a SavedModel that answers questions.

    Args:
        predictor: A model of ``tasks.question_answering``.

    Attributes:
        tracked: What a SavedModel must hold: the tables of the tokenizer.

    Raises:
        BundleError: When the tokenizer is not that of a ``tokenizer.json``.
        BackboneError: When the tokenizer has no TensorFlow graph.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._made = tokenizer_of(predictor, "answers questions")
        self._predictor, self._parts = predictor, parts_of(self._made)
        self.tracked = graph(self._made, self._parts)

    def answers(self, questions: Any, contexts: Any) -> dict[str, Any]:
        """Answer questions with parts of their contexts.

        Args:
            questions: Strings, shape (batch,).
            contexts: Strings, shape (batch,). Bytes that are no characters count as one character each.

        Returns:
            As ``span_graph.answers``. In a graph, ``InvalidArgumentError`` is raised in place of it when a question or a context is
            empty or too long.
        """
        import tensorflow as tf

        questions, contexts = (
            tf.strings.unicode_transcode(_filled(checked(texts)), "UTF-8", "UTF-8") for texts in (questions, contexts)
        )
        rows = self._rows(self.tracked.run(questions), places_of(self._parts, contexts))
        made, task = self._made, self._predictor.task
        inputs = net_inputs(self._predictor, rows.ids, rows.contexts, made.pad_token_id)
        places = rows.begins.to_tensor(NOWHERE), rows.ends.to_tensor(NOWHERE)

        def best(some: Any) -> Any:
            inputs, begins, ends = some
            logits = self._predictor.net(argument_of(inputs), training=False)
            return candidates(logits, begins, ends, task.to_dict()["options"]["answer_tokens"])

        found = in_parts(best, (inputs, *places), tf.float64, [BEST + 1, 3])
        return answers(merged(found, rows.counts, NO_ANSWER in task.labels.names), contexts)

    def _rows(self, questions: Any, contexts: Places) -> _Rows:
        """Rows of ``[start] question [end] part of the context [end]``, as ``packed_pairs`` makes them."""
        import tensorflow as tf

        made, preprocessor = self._made, self._predictor.preprocessor
        between = int(made.separators)
        room = int(preprocessor.length or 0) - 2 - between
        questions = questions[:, : room // 2]
        left, tokens = room - questions.row_lengths(), contexts.ids.row_lengths()
        stride = tf.minimum(tf.constant(preprocessor.stride, tf.int64), left // 2)  # type: ignore[attr-defined]
        step = left - stride
        counts = 1 + tf.maximum(tokens - left + step - 1, 0) // step
        own = tf.repeat(tf.range(tf.size(counts)), counts)
        number = tf.range(tf.reduce_sum(counts)) - tf.repeat(tf.cumsum(counts, exclusive=True), counts)
        begin = number * tf.gather(step, own)
        end = tf.minimum(begin + tf.gather(left, own), tf.gather(tokens, own))
        before = tf.gather(contexts.ids.row_starts(), own)
        places = tf.ragged.range(before + begin, before + end)
        asked = tf.gather(questions, own)

        def part(values: Any) -> Any:
            return places.with_flat_values(tf.gather(values, places.flat_values))

        def row(values: Any, first: Any) -> Any:
            """Values of the context, with those of the other tokens around them."""
            last = tf.fill([tf.size(own), 1], tf.constant(NOWHERE, tf.int64))
            return tf.concat([first, part(values), last], axis=1)

        one = tf.ones([tf.size(own), 1], tf.int32)
        ids = [made.start_token_id * one, asked, *[made.end_token_id * one] * between]
        ids = tf.concat([*ids, part(contexts.ids.flat_values), made.end_token_id * one], axis=1)
        first = asked.row_lengths() + 1 + between
        nowhere = tf.RaggedTensor.from_row_lengths(
            tf.fill([tf.reduce_sum(first)], tf.constant(NOWHERE, tf.int64)), first
        )
        return _Rows(ids, row(contexts.begins, nowhere), row(contexts.ends, nowhere), first, counts)


def _filled(texts: Any) -> Any:
    """Refuse texts without any character but spaces."""
    import tensorflow as tf

    spaces = ranges(sign for sign in map(chr, range(sys.maxunicode + 1)) if sign.isspace())
    empty = tf.strings.regex_full_match(texts, f"[{spaces}]*")
    said = ["A question and its context must not be empty."]
    with tf.control_dependencies([tf.debugging.Assert(~tf.reduce_any(empty), said)]):
        return tf.identity(texts)
