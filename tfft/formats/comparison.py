"""Compare the answers of an exported file with those of the Keras net, on real examples."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.values import argument_of
from tfft.formats import span_answers, word_answers
from tfft.formats.compared_examples import strings

Answers = Mapping[str, np.ndarray]
Answering = Callable[[Sequence[Any]], Answers]
LOGITS = "logits"
_AT_ONCE = 32


@dataclass(frozen=True)
class Comparison:
    """How far the answers of an exported file are from those of the Keras net.

    Attributes:
        examples: The number of compared examples.
        of: Where they come from, such as ``"the given examples"``.
        largest_difference: The largest difference of a probability; of a quantity, in standard deviations of the training part; or
            of a logit, as a share of the largest one.
        agreement: The share of equal labels, in [0, 1]; of equal pixels for masks; None for quantities.
    """

    examples: int
    of: str
    largest_difference: float
    agreement: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON values."""
        return asdict(self)

    def describe(self) -> str:
        """Return the comparison as a sentence.

        Example:
            >>> Comparison(9, "the given examples", 0.0002, 1.0).describe()
            'On 9 of the given examples, 100.0 % of the labels agree with Keras, and probabilities differ by up to 0.0002.'
        """
        if self.agreement is None:
            return f"On {self.examples} of {self.of}, numbers differ from those of Keras by up to {self.largest_difference:.1g}."
        return (
            f"On {self.examples} of {self.of}, {self.agreement:.1%} of the labels agree with Keras, and probabilities differ by up "
            f"to {self.largest_difference:.1g}."
        ).replace("%", " %", 1)


def compared(predictor: Predictor, items: Sequence[Any], of: str, answer: Answering) -> Comparison:
    """Answer examples with the Keras net and with an exported file.

    Args:
        predictor: The model.
        items: n examples, at least one: images in any form, or texts.
        of: Where they come from.
        answer: Some of the items -> the answers of the file, by the names that ``served`` gives.

    Returns:
        The comparison.
    """
    largest, equal, discrete = 0.0, 0, 0
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        found = answer(some)
        for name, values in _wanted(predictor, some, found).items():
            if values.shape != found[name].shape:
                largest = math.inf  # other words than the Keras net has
            elif np.issubdtype(values.dtype, np.floating):
                unit = _unit(predictor, name, values)
                # unlike max(), np.maximum keeps NaN
                largest = float(np.maximum(largest, np.max(np.abs(values - found[name]) / unit)))
            else:
                equal, discrete = equal + int(np.sum(values == found[name])), discrete + values.size
    return Comparison(len(items), of, largest, equal / discrete if discrete else None)


def _wanted(predictor: Predictor, items: Sequence[Any], found: Answers) -> Answers:
    """What the Keras net answers, under the names that the file has."""
    if word_answers.PLACES in found:
        return word_answers.of_net(predictor, [strings(item)[0] for item in items])
    if span_answers.SPANS in found:
        return span_answers.of_net(predictor, items, found)
    rows = [predictor.preprocessor(item) for item in items]
    return answers_of(predictor, predictor.net(argument_of(predictor.preprocessor.collate(rows)), training=False))


def answers_of(predictor: Predictor, logits: Any) -> dict[str, np.ndarray]:
    """Make answers of logits, outside of a graph.

    Args:
        predictor: The model.
        logits: float32, shape (batch, ..., outputs).

    Returns:
        Answers by name; strings are bytes. Where answers need more than logits, the logits alone.
    """
    import tensorflow as tf

    served = predictor.task.served
    if served is None:
        return {LOGITS: np.asarray(logits)}
    return {name: np.asarray(value) for name, value in served(tf.convert_to_tensor(logits)).items()}


def _unit(predictor: Predictor, name: str, values: np.ndarray) -> Any:
    """What differences are divided by."""
    if name == "values":
        return np.array(predictor.task.labels.scale)
    return max(1.0, float(np.abs(values).max(initial=0))) if name == LOGITS else 1.0
