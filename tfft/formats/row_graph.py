"""Run the net on rows of tokens in a TensorFlow graph, some rows at once, because a long text has thousands."""

from collections.abc import Callable, Sequence
from typing import Any

from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError
from tfft.tokenizers.json_tokenizer import JsonTokenizer

_AT_ONCE = 32


def tokenizer_of(predictor: Predictor, does: str) -> JsonTokenizer:
    """Return the tokenizer of a model whose answers are places in a text.

    Args:
        predictor: The model.
        does: What a SavedModel does with it, for the message.

    Returns:
        The tokenizer.

    Raises:
        BundleError: When it is not the tokenizer of a ``tokenizer.json``.
    """
    made = predictor.preprocessor.tokenizer.made  # type: ignore[attr-defined]  # only texts have such answers
    if not isinstance(made, JsonTokenizer):
        raise BundleError(
            f"A SavedModel {does} only with the tokenizer of a tokenizer.json.",
            type(made).__name__,
            "Use the bundle itself: tfft.load(path).predict(...).",
        )
    return made


def net_inputs(predictor: Predictor, ids: Any, second: Any, pad: int) -> dict[str, Any]:
    """Pad rows of tokens to the inputs of the net.

    Args:
        predictor: The model.
        ids: A ``tf.RaggedTensor`` of int32, shape (rows, tokens), with the special tokens.
        second: The first token of the second text in each row, int64, shape (rows,); None for single texts.
        pad: The id of padding.

    Returns:
        Input name -> int32 of shape (rows, tokens).
    """
    import tensorflow as tf

    mask = tf.ones_like(ids).to_tensor(0)
    segments = tf.zeros_like(mask)
    if second is not None:
        segments = mask * tf.cast(tf.range(tf.shape(mask, tf.int64)[1])[None] >= second[:, None], tf.int32)
    arrays = {"token_ids": ids.to_tensor(pad), "padding_mask": mask, "segment_ids": segments}
    return {tensor.name: arrays[tensor.name] for tensor in predictor.net.inputs}


def in_parts(run: Callable[..., Any], arrays: Any, dtype: Any, shape: Sequence[int | None]) -> Any:
    """Compute a function of rows, some rows at once.

    Args:
        run: Some rows of each array -> a tensor with one row for each.
        arrays: A structure of tensors with the same number of rows, such as a mapping.
        dtype: The dtype of the result.
        shape: The shape of the result for one row; None where it differs from part to part.

    Returns:
        The results end to end, shape (rows, ...).

    Example:
        >>> import tensorflow as tf
        >>> in_parts(lambda rows: rows * 2, tf.range(70), tf.int32, []).numpy()[[0, 69]].tolist()
        [0, 138]
    """
    import tensorflow as tf

    def step(begin: Any, found: Any) -> tuple[Any, Any]:
        some = tf.nest.map_structure(lambda array: array[begin : begin + _AT_ONCE], arrays)
        return begin + _AT_ONCE, found.write(begin // _AT_ONCE, run(some))

    found = tf.TensorArray(dtype, 0, dynamic_size=True, infer_shape=False, element_shape=[None, *shape])
    rows = tf.shape(tf.nest.flatten(arrays)[0])[0]
    # run once even for 0 rows, because concat() needs an element
    found = tf.while_loop(lambda begin, found: begin < tf.maximum(rows, 1), step, (tf.constant(0), found))[1]
    return found.concat()
