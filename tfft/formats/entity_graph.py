"""Find entities in a TensorFlow graph as a predictor does: strings in, entities with their places out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfft.bundles.predictor import Predictor
from tfft.core.values import argument_of
from tfft.formats.row_graph import in_parts, net_inputs, tokenizer_of
from tfft.formats.text_graph import checked
from tfft.formats.window_graph import windows_of
from tfft.formats.word_graph import Words, words_of
from tfft.tokenizers.token_graph import graph

_SPACE = "\u2581"


class _Tagged(NamedTuple):
    texts: Any
    words: Words
    probabilities: Any


class EntityGraph:
    """The functions of a SavedModel that finds entities.

    Args:
        predictor: A model of ``tasks.token_classification``.

    Attributes:
        tracked: What a SavedModel must hold: the tables of the tokenizer.

    Raises:
        BundleError: When the tokenizer is not that of a ``tokenizer.json``.
        BackboneError: When the tokenizer has no TensorFlow graph.
    """

    def __init__(self, predictor: Predictor) -> None:
        made = tokenizer_of(predictor, "finds entities")
        self._predictor, self._made, self.tracked = predictor, made, graph(made)

    def entities(self, texts: Any) -> dict[str, Any]:
        """Find the entities of texts.

        Args:
            texts: Strings, shape (batch,).

        Returns:
            ``counts``, the number of entities of each text, int32 of shape (batch,). ``entities``, the characters of each, and
            ``labels``, strings; ``starts`` and ``ends``, its first character and the one after its last, int32; ``probabilities``,
            float32. These have the shape (batch, entities), and are padded behind ``counts`` with "", -1 and 0.
        """
        import tensorflow as tf

        found = self._tagged(texts)
        counts, probabilities = found.words.counts, found.probabilities
        tags = tf.argmax(probabilities, axis=1, output_type=tf.int32)
        number = tf.size(tags)
        owner = tf.repeat(tf.range(tf.size(counts)), counts)
        inside, kind = (tags > 0) & (tags % 2 == 0), (tags - 1) // 2
        same = tf.concat([[False], (owner[1:] == owner[:-1]) & (tags[:-1] > 0) & (kind[1:] == kind[:-1])], 0)[:number]
        begun = (tags > 0) & ~(inside & same)
        entity = tf.where(tags > 0, tf.cumsum(tf.cast(begun, tf.int32)) - 1, -1)
        total = tf.math.count_nonzero(begun, dtype=tf.int32)
        own, starts = tf.boolean_mask(owner, begun), tf.boolean_mask(found.words.starts, begun)
        ends = tf.math.unsorted_segment_max(found.words.ends, entity, total)
        rows = {
            "entities": tf.strings.substr(tf.gather(found.texts, own), starts, ends - starts, "UTF8_CHAR"),
            "labels": tf.gather(tf.constant(list(self._predictor.task.labels.names)), tf.boolean_mask(kind, begun)),
            "starts": starts,
            "ends": ends,
            "probabilities": tf.math.unsorted_segment_mean(tf.reduce_max(probabilities, axis=1), entity, total),
        }
        of_text = tf.math.bincount(own, minlength=tf.size(counts), maxlength=tf.size(counts))
        return {"counts": of_text} | _padded(rows, of_text)

    def words(self, texts: Any) -> dict[str, Any]:
        """Give the probabilities of all tags for each word.

        Args:
            texts: Strings, shape (batch,).

        Returns:
            ``counts``, the number of words of each text, int32 of shape (batch,). ``starts`` and ``ends`` of words in characters,
            int32 of shape (batch, words), padded with -1. ``probabilities``, float32 of shape (batch, words, 1 + 2 * types):
            outside, and begin and inside of each type.
        """
        import tensorflow as tf

        found = self._tagged(texts)
        counts = tf.cast(found.words.counts, tf.int32)
        rows = {"starts": found.words.starts, "ends": found.words.ends, "probabilities": found.probabilities}
        return {"counts": counts} | _padded(rows, counts)

    def _tagged(self, texts: Any) -> _Tagged:
        import tensorflow as tf

        # a byte that is no character becomes one, so that places count the same everywhere
        texts = tf.strings.unicode_transcode(checked(texts), "UTF-8", "UTF-8")
        words = words_of(texts)
        preprocessor = self._predictor.preprocessor
        room = int(preprocessor.length or 0) - 2
        found = windows_of(self._tokens(words.words, room), words.counts, room, preprocessor.stride)  # type: ignore[attr-defined]
        place = tf.stack([found.row, found.token + 1], axis=1)
        logits = tf.gather_nd(self._logits(found.ids), place)
        return _Tagged(texts, words, tf.nn.softmax(logits))

    def _tokens(self, words: Any, room: int) -> Any:
        """The tokens of each word alone, at least one and at most ``room``."""
        import tensorflow as tf

        made = self._made
        ids = self.tracked.run(words)
        counts = ids.row_lengths()
        first = tf.gather(tf.pad(ids.flat_values, [[0, 1]]), ids.row_starts())
        space = made.token_to_id(_SPACE)
        if space is not None:  # SentencePiece puts it before each word, also where a text has no space
            bare = ~tf.strings.regex_full_match(words, r"(?s) .*") & (counts > 1) & (first == space)
            ids = tf.RaggedTensor.from_row_lengths(
                tf.boolean_mask(
                    ids.flat_values, tf.ragged.range(counts).flat_values >= tf.repeat(tf.cast(bare, tf.int64), counts)
                ),
                counts - tf.cast(bare, tf.int64),
            )
        # words without tokens, such as control characters, have an answer as well
        stand_in = made.unk_token_id if made.unk_token_id >= 0 else made.end_token_id
        empty = tf.cast(ids.row_lengths() == 0, tf.int64)
        ids = tf.concat([ids, tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(empty)], stand_in), empty)], 1)
        return ids[:, :room]

    def _logits(self, ids: Any) -> Any:
        """The logits of rows, float32 of shape (rows, tokens, tags)."""
        import tensorflow as tf

        made, net = self._made, self._predictor.net
        one = tf.ones([ids.nrows(), 1], tf.int32)
        row = tf.concat([made.start_token_id * one, ids, made.end_token_id * one], axis=1)
        arrays = net_inputs(self._predictor, row, None, made.pad_token_id)
        shape = [None, self._predictor.task.outputs]
        return in_parts(lambda some: net(argument_of(some), training=False), arrays, tf.float32, shape)


def _padded(rows: Mapping[str, Any], counts: Any) -> dict[str, Any]:
    """Rows of all texts end to end as arrays of shape (texts, rows, ...)."""
    import tensorflow as tf

    defaults = {tf.string: "", tf.int32: -1, tf.float32: 0.0}
    return {
        name: tf.RaggedTensor.from_row_lengths(values, counts).to_tensor(defaults[values.dtype])
        for name, values in rows.items()
    }
