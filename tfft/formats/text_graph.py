"""Tokenize texts in a TensorFlow graph as ``TextPreprocessor`` does: token ids, segment ids and mask."""

from collections.abc import Callable, Sequence
from typing import Any

from tfft.core import limits
from tfft.inputs.text import TextPreprocessor
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.saved_tokenizer import SavedTokenizer
from tfft.tokenizers.token_graph import graph

_BYTES_PER_CHARACTER = 4


def tokens_of(preprocessor: TextPreprocessor, texts: int = 1) -> tuple[Callable[..., Any], Any]:
    """Make the function from strings to the inputs of the net.

    Args:
        preprocessor: The preprocessor of the model.
        texts: The number of texts in an example: 1, or 2 for pairs.

    Returns:
        A function: one string tensor of shape (batch,) for each text -> input name to int32 of shape (batch, tokens), padded to the
        longest text of the batch. It raises ``InvalidArgumentError`` for texts with more characters than the limit
        ``text_characters``. And what a SavedModel must hold for it: the tables, or the tokenizer.

    Raises:
        BackboneError: When the tokenizer has no TensorFlow graph.

    Example:
        >>> import tfft
        >>> toy = tfft.load_backbone("toy_text").preprocessor
        >>> run, _ = tokens_of(toy)
        >>> sorted(run(["a film"]))
        ['padding_mask', 'segment_ids', 'token_ids']
    """
    made, length = preprocessor.tokenizer.made, int(preprocessor.length)
    tokenize, tracked = _tokenizer(made)
    separators = preprocessor.tokenizer.between

    def run(*columns: Any) -> dict[str, Any]:
        import tensorflow as tf

        parts = [tokenize(checked(column)) for column in columns]
        kept = _kept([part.row_lengths() for part in parts], length - 2 - separators * (len(parts) - 1))
        rows = tf.cast(tf.shape(parts[0].row_splits)[0] - 1, tf.int64)

        def repeated(id: int, count: int = 1) -> Any:
            return tf.RaggedTensor.from_uniform_row_length(tf.fill([rows * count], id), count)

        joined = [repeated(made.start_token_id)]
        for number, (part, count) in enumerate(zip(parts, kept, strict=True)):
            joined += [repeated(made.end_token_id, separators)] if number else []
            joined.append(_cut(tf.cast(part, tf.int32), count))
        ids = tf.concat([*joined, repeated(made.end_token_id)], axis=1)
        mask = tf.ones_like(ids).to_tensor(0)
        arrays = {"token_ids": ids.to_tensor(made.pad_token_id), "padding_mask": mask}
        if preprocessor.segments:
            places = tf.range(tf.shape(mask, tf.int64)[1])[None]
            second = (places > kept[0][:, None] + separators) & (len(parts) > 1)
            arrays["segment_ids"] = tf.cast(second, tf.int32) * mask
        return arrays

    return run, tracked


def _tokenizer(made: Any) -> tuple[Callable[[Any], Any], Any]:
    """The function from strings to ragged ids, and what holds its tables."""
    if isinstance(made, JsonTokenizer):
        module = graph(made)
        return module.run, module
    # a SavedTokenizer has the SavedModel that it loaded; KerasHub's tokenizers are layers, which TensorFlow tracks
    return made, made.module if isinstance(made, SavedTokenizer) else made


def checked(texts: Any) -> Any:
    """Refuse texts with more characters than the limit ``text_characters``, before anything reads them.

    Args:
        texts: Strings, shape (batch,). Bytes that are no characters count as well.

    Returns:
        The same strings; in a graph, ``InvalidArgumentError`` is raised in place of them.

    Example:
        >>> checked(["a film"]).numpy().tolist()
        [b'a film']
    """
    import tensorflow as tf

    most = limits.highest("text_characters")
    fits = (tf.strings.length(texts, "UTF8_CHAR") <= most) & (tf.strings.length(texts) <= _BYTES_PER_CHARACTER * most)
    said = [f"A text must have at most {most:,} characters."]
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(fits), said)]):
        return tf.identity(texts)


def _kept(counts: Sequence[Any], room: int) -> list[Any]:
    """The number of tokens to keep of each text, as ``packing`` shares the room."""
    import tensorflow as tf

    if len(counts) == 1:
        return [tf.minimum(counts[0], room)]
    first = tf.minimum(counts[0], tf.maximum(tf.constant(room - room // 2, tf.int64), room - counts[1]))
    return [first, tf.minimum(counts[1], room - first)]


def _cut(rows: Any, counts: Any) -> Any:
    """The first tokens of each row of a ragged tensor."""
    import tensorflow as tf

    lengths = rows.row_lengths()
    kept = tf.ragged.range(lengths).flat_values < tf.repeat(counts, lengths)
    return tf.RaggedTensor.from_row_lengths(tf.boolean_mask(rows.flat_values, kept), tf.minimum(lengths, counts))
