"""The answers of a model for each word of some texts, from the Keras net and from an exported graph, for their comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.values import RowLogits, argument_of

PLACES = "places"
_AT_ONCE = 32


def of_net(predictor: Predictor, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Answer words with the Keras net, as a predictor does.

    Args:
        predictor: A model of ``tasks.token_classification``.
        texts: n strings.

    Returns:
        The words of all texts end to end: ``probabilities``, float64 of shape (words, tags); ``label``, the most probable tag of
        each word; and ``places``, its start and end in characters, float64 of shape (words, 2).

    Raises:
        DataError: When an item is not a single text.
    """
    preprocessor: Any = predictor.preprocessor
    places = [place for text in texts for place in preprocessor.split(text).words]
    return _named(np.concatenate(merged(predictor, texts)), np.array(places, float).reshape(-1, 2))


def merged(predictor: Predictor, items: Sequence[Any]) -> Sequence[np.ndarray]:
    """Answer texts of several rows with the Keras net.

    Args:
        predictor: A model whose answers are parts of a text.
        items: n texts, or pairs of texts.

    Returns:
        For each text the result of ``Task.probabilities``, such as float32 of shape (words, tags).

    Raises:
        DataError: When an item is not such a text.
    """
    preprocessor: Any = predictor.preprocessor
    packed = preprocessor.many(items)
    logits: list[np.ndarray] = []
    for begin in range(0, len(packed.rows), _AT_ONCE):
        some = packed.rows[begin : begin + _AT_ONCE]
        logits += list(np.asarray(predictor.net(argument_of(preprocessor.collate(some)), training=False)))
    rows = [each[: len(row)] for each, row in zip(logits, packed.rows, strict=True)]
    found = predictor.task.merge(RowLogits(rows, packed.rows, packed.owner, len(items)))
    return predictor.task.probabilities(found)


def of_graph(found: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Take the same from the result of ``EntityGraph.words``.

    Args:
        found: Its ``counts``, ``starts``, ``ends`` and ``probabilities``; the last ones of shape (texts, words, ...).

    Returns:
        As ``of_net``.

    Example:
        >>> found = {"counts": [1], "starts": [[0, -1]], "ends": [[3, -1]], "probabilities": [[[0.2, 0.8], [0.0, 0.0]]]}
        >>> {name: values.tolist() for name, values in of_graph(found).items()}
        {'probabilities': [[0.2, 0.8]], 'label': [1], 'places': [[0.0, 3.0]]}
    """
    arrays = {name: np.asarray(values) for name, values in found.items()}
    there = np.arange(arrays["starts"].shape[1]) < arrays["counts"][:, None]
    return _named(
        arrays["probabilities"][there],
        np.stack([arrays[name][there] for name in ("starts", "ends")], axis=-1).astype(float),
    )


def _named(probabilities: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
    return {"probabilities": probabilities, "label": probabilities.argmax(axis=-1), PLACES: places}
