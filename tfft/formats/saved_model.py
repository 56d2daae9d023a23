"""Write a SavedModel that takes encoded images or strings and returns labels; TensorFlow Serving loads it as it is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError
from tfft.core.values import argument_of
from tfft.formats import image_graph, text_graph
from tfft.formats.compared_examples import encoded, strings, texts_of
from tfft.formats.comparison import Answering, Answers
from tfft.formats.net_features import features_net


class Entrance(NamedTuple):
    """How raw inputs enter the graph.

    Attributes:
        signature: The name of the signature for answers.
        arguments: The names of its arguments, each a string tensor of shape (batch,).
        run: The arguments -> input name of the net to tensor.
        raw: One input as Python gives it -> one value for each argument.
        tracked: What a SavedModel must hold for it, such as tables; None when it needs nothing.
    """

    signature: str
    arguments: tuple[str, ...]
    run: Callable[..., Mapping[str, Any]]
    raw: Callable[[Any], tuple[Any, ...]]
    tracked: Any = None


def write(predictor: Predictor, folder: Path, items: Sequence[Any]) -> Answering:
    """Write the SavedModel.

    Its signatures are ``predict_bytes`` or ``predict_text``, which is also ``serving_default``, and ``features``. Their arguments
    are string tensors of shape (batch,).

    Args:
        predictor: The model.
        folder: The folder to fill.
        items: Not used.

    Returns:
        A function that reads the folder and answers raw inputs: n inputs -> answers by name, as ``Task.served`` gives them.

    Raises:
        BundleError: When the answers of this task need more than a graph computes.
        BackboneError: When the tokenizer has no TensorFlow graph.
    """
    import tensorflow as tf

    served = predictor.task.served
    if served is None:
        raise BundleError(
            f"A SavedModel cannot give the answers of {predictor.task.name}, which are places in a text.",
            fix="Use the bundle itself: tfft.load(path).predict(...).",
        )
    entrance = _ENTRANCES[predictor.preprocessor.noun](predictor)
    net, features = predictor.net, features_net(predictor.net)
    strings_of = [tf.TensorSpec([None], tf.string, name=name) for name in entrance.arguments]

    def answer(*raw: Any) -> dict[str, Any]:
        return served(net(argument_of(entrance.run(*raw)), training=False))

    def embed(*raw: Any) -> dict[str, Any]:
        return dict(features(argument_of(entrance.run(*raw)), training=False))

    module = tf.Module()
    module.net_variables = [variable.value for variable in net.variables]
    module.tables = entrance.tracked
    functions = {
        name: tf.function(run, input_signature=strings_of, autograph=False).get_concrete_function()
        for name, run in ((entrance.signature, answer), ("features", embed))
    }
    functions["serving_default"] = functions[entrance.signature]
    tf.saved_model.save(module, str(folder), signatures=functions)
    loaded = tf.saved_model.load(str(folder))

    def answered(items: Sequence[Any]) -> Answers:
        columns = zip(*map(entrance.raw, items), strict=True)
        given = {name: tf.constant(list(column)) for name, column in zip(entrance.arguments, columns, strict=True)}
        return {name: np.asarray(value) for name, value in loaded.signatures[entrance.signature](**given).items()}

    return answered


def _of_images(predictor: Any) -> Entrance:
    import tensorflow as tf

    read = image_graph.pixels_of(predictor.preprocessor)
    return Entrance(
        "predict_bytes",
        ("images",),
        lambda images: {"pixels": tf.cast(read(images), tf.float32)},
        lambda item: (encoded(item),),
    )


def _of_texts(predictor: Any) -> Entrance:
    texts = texts_of(predictor)
    run, tables = text_graph.tokens_of(predictor.preprocessor, texts)
    return Entrance("predict_text", ("texts", "second_texts")[:texts], run, strings, tables)


_ENTRANCES: Mapping[str, Callable[[Any], Entrance]] = {"image": _of_images, "text": _of_texts}
