"""Write a SavedModel that takes encoded images or strings and returns labels; TensorFlow Serving loads it as it is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError
from tfft.core.values import argument_of
from tfft.formats import image_graph, span_answers, text_graph, word_answers
from tfft.formats.answer_graph import AnswerGraph
from tfft.formats.compared_examples import encoded, strings, texts_of
from tfft.formats.comparison import Answering, Answers
from tfft.formats.entity_graph import EntityGraph
from tfft.formats.net_features import features_net

_BUNDLE = "Use the bundle itself: tfft.load(path).predict(...)."


class Graph(NamedTuple):
    """The functions of a SavedModel.

    Attributes:
        functions: Signature -> function: one string tensor of shape (batch,) for each argument -> named tensors.
        arguments: The names of the arguments.
        raw: One input as Python gives it -> one value for each argument.
        tracked: What a SavedModel must hold for the functions, such as tables; None when they need nothing.
        compared: The signature whose result is compared with the Keras net, and a function from that result to the compared arrays.
    """

    functions: Mapping[str, Callable[..., Any]]
    arguments: tuple[str, ...]
    raw: Callable[[Any], tuple[Any, ...]]
    tracked: Any
    compared: tuple[str, Callable[[Any], Answers]]


def write(predictor: Predictor, folder: Path, items: Sequence[Any]) -> Answering:
    """Write the SavedModel.

    Its signatures are ``predict_bytes`` or ``predict_text``, which is also ``serving_default``, and ``features``; for entities
    ``predict_text`` and ``predict_words``, for questions ``predict_text``. Their arguments are string tensors of shape (batch,).

    Args:
        predictor: The model.
        folder: The folder to fill.
        items: Not used.

    Returns:
        A function that reads the folder and answers raw inputs: n inputs -> answers by name, as ``Task.served`` gives them, or for
        entities as ``word_answers.of_graph``, and for questions as ``span_answers.of_graph``.

    Raises:
        BundleError: When the answers of this task need more than a graph computes, its tokenizer does not tell places, or
            TensorFlow cannot write the graph.
        BackboneError: When the tokenizer has no TensorFlow graph.
    """
    import tensorflow as tf

    made = _graph(predictor)
    strings_of = [tf.TensorSpec([None], tf.string, name=name) for name in made.arguments]
    module = tf.Module()
    module.net_variables = [variable.value for variable in predictor.net.variables]
    module.tables = made.tracked
    functions = {
        name: tf.function(run, input_signature=strings_of, autograph=False).get_concrete_function()
        for name, run in made.functions.items()
    }
    functions["serving_default"] = functions[next(iter(made.functions))]
    try:
        tf.saved_model.save(module, str(folder), signatures=functions)
    except (AssertionError, ValueError, TypeError) as error:  # for tables or functions that TensorFlow cannot write
        raise BundleError("This model cannot be written as a SavedModel.", str(error)[:300], _BUNDLE) from None
    loaded = tf.saved_model.load(str(folder))
    signature, taken = made.compared

    def answered(items: Sequence[Any]) -> Answers:
        columns = zip(*map(made.raw, items), strict=True)
        given = {name: tf.constant(list(column)) for name, column in zip(made.arguments, columns, strict=True)}
        return taken(loaded.signatures[signature](**given))

    return answered


def _graph(predictor: Predictor) -> Graph:
    served, preprocessor = predictor.task.served, predictor.preprocessor
    if served is not None:
        return _ANSWERS[preprocessor.noun](predictor)
    answers = str(preprocessor.to_dict().get("answers"))
    if answers not in _PARTS:
        raise BundleError(f"A SavedModel cannot give the answers of {predictor.task.name}.", fix=_BUNDLE)
    return _PARTS[answers](predictor)


def _of_entities(predictor: Predictor) -> Graph:
    made = EntityGraph(predictor)
    functions = {"predict_text": made.entities, "predict_words": made.words}
    return Graph(functions, ("texts",), _single, made.tracked, ("predict_words", word_answers.of_graph))


def _of_questions(predictor: Predictor) -> Graph:
    made = AnswerGraph(predictor)
    functions, compared = {"predict_text": made.answers}, ("predict_text", span_answers.of_graph)
    return Graph(functions, ("question", "context"), strings, made.tracked, compared)


_PARTS: Mapping[str, Callable[[Any], Graph]] = {"words": _of_entities, "places": _of_questions}


def _single(item: Any) -> tuple[str]:
    return (strings(item)[0],)  # data may have words of its own for a text; a graph splits the text itself


def _of_images(predictor: Any) -> Graph:
    import tensorflow as tf

    read = image_graph.pixels_of(predictor.preprocessor)

    def pixels(images: Any) -> dict[str, Any]:
        return {"pixels": tf.cast(read(images), tf.float32)}

    return _answers(predictor, "predict_bytes", ("images",), pixels, lambda item: (encoded(item),))


def _of_texts(predictor: Any) -> Graph:
    texts = texts_of(predictor)
    run, tables = text_graph.tokens_of(predictor.preprocessor, texts)
    return _answers(predictor, "predict_text", ("texts", "second_texts")[:texts], run, strings, tables)


_ANSWERS: Mapping[str, Callable[[Any], Graph]] = {"image": _of_images, "text": _of_texts}


def _answers(
    predictor: Predictor,
    signature: str,
    arguments: tuple[str, ...],
    run: Callable[..., Any],
    raw: Any,
    tracked: Any = None,
) -> Graph:
    """The graph of a task whose answers need the logits alone."""
    net, features, served = predictor.net, features_net(predictor.net), predictor.task.served

    def answer(*raw: Any) -> dict[str, Any]:
        return served(net(argument_of(run(*raw)), training=False))  # type: ignore[misc]

    def embed(*raw: Any) -> dict[str, Any]:
        return dict(features(argument_of(run(*raw)), training=False))

    def taken(found: Any) -> Answers:
        return {name: np.asarray(value) for name, value in found.items()}

    return Graph({signature: answer, "features": embed}, arguments, raw, tracked, (signature, taken))
