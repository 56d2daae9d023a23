"""The answers of a model to some questions, from the Keras net and from an exported graph, for their comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.specs import Text
from tfft.formats import word_answers
from tfft.formats.compared_examples import strings
from tfft.measures.answers import NOWHERE

SPANS = "spans"
_SURE, _BEST = "probability", "best_probabilities"


def of_net(predictor: Predictor, items: Sequence[Any], found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Answer questions with the Keras net, as a predictor does.

    Args:
        predictor: A model of ``tasks.question_answering``.
        items: n pairs of a question and a context.
        found: The answers of a graph, as ``of_graph`` gives them.

    Returns:
        ``spans``, the place of the most probable answer to each question, int64 of shape (n, 2), and -1 without an answer.
        ``probability``, what the net gives to the place that the graph found, float64 of shape (n,); 0 when it is no candidate, so
        that a wrong place counts as a wrong probability. ``best_probabilities``, float64 of shape (n, 5).

    Raises:
        DataError: When an item is not a pair of texts.
    """
    pairs = [strings(item) for item in items]
    spans = np.full((len(pairs), 2), NOWHERE, np.int64)
    probability, best = np.zeros(len(pairs)), np.zeros(found[_BEST].shape)
    for row, (pair, rows) in enumerate(zip(pairs, word_answers.merged(predictor, pairs), strict=True)):
        spans[row] = rows[:1, :2] if len(rows) else NOWHERE
        probability[row] = rows[(rows[:, :2] == found[SPANS][row]).all(axis=1), 2].sum()
        scores = list(predictor.task.decode(rows, Text(pair[0], pair[1])).scores.values())
        best[row, : len(scores)] = scores
    return {SPANS: spans, _SURE: probability, _BEST: best}


def of_graph(found: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Convert the result of ``AnswerGraph.answers`` to the form of ``of_net``.

    Args:
        found: Its ``start``, ``end``, ``probability`` and ``best_probabilities``.

    Returns:
        As ``of_net``: the places have shape (n, 2).

    Example:
        >>> found = {"start": [3], "end": [7], "probability": [0.5], "best_probabilities": [[0.5, 0.2]]}
        >>> {name: values.tolist() for name, values in of_graph(found).items()}
        {'spans': [[3, 7]], 'probability': [0.5], 'best_probabilities': [[0.5, 0.2]]}
    """
    spans = np.stack([np.asarray(found[name]) for name in ("start", "end")], axis=-1).astype(np.int64)
    return {SPANS: spans, _SURE: np.asarray(found[_SURE]), _BEST: np.asarray(found[_BEST])}
