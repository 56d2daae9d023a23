"""The record of a task: its label space, head, loss and metrics, and its functions. It is not a base class."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.specs import FeatureSpec, LabelSpace
from tfft.core.values import Arrays, RowLogits
from tfft.data.examples import Examples
from tfft.data.targets import target_of
from tfft.heads.solving import Solver
from tfft.inputs.alignment import Alignment
from tfft.inputs.base import Preprocessor
from tfft.measures.base import Measures, Scores
from tfft.tasks.answers import Answer

if TYPE_CHECKING:
    import keras

    from tfft.tasks.distillation import Distillation


class Head(Protocol):
    """The options of the layers on a backbone."""

    def build(self, features: FeatureSpec, shape: tuple[int | None, ...], outputs: int, seed: int) -> "keras.Model":
        """Make the layers: features, and their mask if they have one -> float32 logits, shape (batch, ..., outputs).

        Args:
            features: The features of the backbone.
            shape: The shape of the features without the batch axis.
            outputs: The number of logits.
            seed: The seed of initial weights and dropout masks.
        """


def same(value: Any) -> Any:
    """Return a value unchanged.

    Args:
        value: Any value.
    """
    return value


def no_doubts(targets: Any, owner: np.ndarray) -> tuple[str, ...]:
    """Find nothing wrong with targets.

    Args:
        targets: Not used.
        owner: Not used.
    """
    return ()


def no_weights(counts: Mapping[str, int]) -> None:
    """Give all classes the same weight.

    Args:
        counts: Not used.
    """


def stacked(logits: RowLogits) -> np.ndarray:
    """Return the logits of examples that have one row each.

    Args:
        logits: The logits of all rows, each of shape (outputs,).

    Returns:
        float32, shape (n, outputs).

    Example:
        >>> stacked(RowLogits([np.zeros(2), np.ones(2)], ["a", "b"], np.arange(2), 2)).tolist()
        [[0.0, 0.0], [1.0, 1.0]]
    """
    return np.stack(list(logits.logits)) if len(logits.logits) else np.zeros((0, 0), np.float32)


def finite(row: np.ndarray) -> bool:
    """Return whether all logits of a row are finite.

    Args:
        row: Logits, floats of shape (outputs,) or (tokens, outputs).
    """
    return bool(np.isfinite(row).all())


def unrestored(found: Any, items: Sequence[Any], alignment: Alignment | None) -> Any:
    """Return answers unchanged, where they do not depend on the size of the input.

    Args:
        found: The answers to n examples.
        items: Not used.
        alignment: Not used.
    """
    return found


def each_example(encode: Callable[[Any], np.ndarray]) -> Callable[[Any, Arrays], tuple[np.ndarray, None]]:
    """Make the ``encode`` of a task with one loss for each example.

    Args:
        encode: Targets as in ``Examples``, shape (n,) or (n, k) -> targets for loss and metrics, shape (n, outputs).

    Returns:
        A function for ``Task.encode``.

    Example:
        >>> each_example(same)(np.array([[1, 0]]), {})[0].dtype.name
        'float32'
    """
    return lambda targets, inputs: (encode(targets).astype(np.float32), None)


@dataclass(frozen=True)
class Task:
    """What a model learns: its labels, head, loss, metrics and measures, and the conversions of targets and logits.

    Attributes:
        name: The name of its constructor in ``tfft.tasks``.
        labels: The label space.
        head: The options of the head.
        outputs: The number of logits, of each example or of each token.
        loss: () -> a Keras loss of (targets, logits).
        metrics: () -> new Keras metrics of (targets, logits).
        encode: Targets of a batch as in ``Examples``, and the inputs of the net by name -> targets for loss and metrics, shape
            (batch, ...), and which losses count, as in ``Loaded``.
        probabilities: Logits of n examples, as ``merge`` gives them -> probabilities, or quantities in the unit of the user.
        decode: ``probabilities`` of one example, and the input -> Answer.
        measures: Name -> measure of the result of ``score``; summaries show the first one.
        watched: The name of the validation metric whose highest value decides which weights are kept; ``"loss"`` for the lowest
            loss.
        score: n examples, and their ``probabilities`` -> the Scores.
        options: The other arguments of the constructor, as JSON values.
        class_weight: Class counts of the training part -> class id to weight, or None for equal weights.
        axes: The number of axes of the logits between batch and outputs: 0 for each example, 1 for each token, 2 for each pixel.
        ranked: Whether the ``scores`` of an answer can be sorted, so that the best ones can be shown.
        mixable: Whether the mean of two encoded targets is the target of a mixture of their images.
        prepare: The preprocessor of the backbone -> that of the model, such as one that splits texts into words.
        align: Targets of n examples, the rows of the net, and the example of each row -> the targets of the rows.
        doubts: Targets of the rows, and the example of each row -> sentences about targets that training cannot use.
        merge: The logits of all rows -> those of n examples; a long text has several rows.
        levels: The strides of the maps that the head reads besides the features; empty when it reads the features alone.
        place: Targets of n examples, and the Alignment of the preprocessor -> the targets as the net sees the images; None where
            inputs may change without their targets.
        restore: ``probabilities`` of n examples, the inputs, and the Alignment, which may be None -> the same for the inputs as
            they were given, such as a mask of the size of the image.
        reduce: Logits of a batch, a tensor -> a smaller tensor that ``probabilities`` takes; None to keep all logits.
        usable: Whether one row of logits, or of the result of ``reduce``, comes from finite numbers.
        drawn: Scores, the index of an example, and its image -> an image with target and answer; None for the image alone.
        served: Logits of a batch, a tensor -> the named tensors that a SavedModel returns; None where an answer needs more than the
            logits, such as the text.
        distillation: How the task learns from the answers of a teacher; None where these belong to tokens or pixels, which another
            backbone does not share.
        solve: A function that solves a linear head, as ``heads.solving.solve_classes``; None where the head or the loss is another
            one.

    Example:
        >>> from tfft import tasks
        >>> task = tasks.classification(["ants", "bees"])
        >>> task.encode(np.array([1]), {})[0].tolist(), task.probabilities(np.array([[0.0, 0.0]])).tolist()
        ([[0.0, 1.0]], [[0.5, 0.5]])
    """

    name: str
    labels: LabelSpace
    head: Head
    outputs: int
    loss: Callable[[], Any]
    metrics: Callable[[], list[Any]]
    encode: Callable[[Any, Arrays], tuple[np.ndarray, np.ndarray | None]]
    probabilities: Callable[[Any], Any]
    decode: Callable[[Any, Any], Answer]
    measures: Measures
    score: Callable[[Examples, Any], Scores]
    options: Mapping[str, Any] = field(default_factory=dict)
    watched: str = "loss"
    class_weight: Callable[[Mapping[str, int]], dict[int, float] | None] = no_weights
    axes: int = 0
    ranked: bool = True
    mixable: bool = True
    prepare: Callable[[Preprocessor], Preprocessor] = same
    align: Callable[[Any, Sequence[np.ndarray], np.ndarray], Any] | None = None
    doubts: Callable[[Any, np.ndarray], Iterable[str]] = no_doubts
    merge: Callable[[RowLogits], Any] = stacked
    levels: tuple[int, ...] = ()
    place: Callable[[Any, Any], Any] | None = None
    restore: Callable[[Any, Sequence[Any], Any], Any] = unrestored
    reduce: Callable[[Any], Any] | None = None
    usable: Callable[[np.ndarray], bool] = finite
    drawn: Callable[[Any, int, Any], Any] | None = None
    served: Callable[[Any], dict[str, Any]] | None = None
    distillation: "Distillation | None" = None
    solve: Solver | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return name, labels and options as plain JSON values, for ``tfft.tasks.from_dict``."""
        options = {key: _plain(value) for key, value in self.options.items()}
        return {"name": self.name, "labels": self.labels.to_dict(), "options": options}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Convert logits to probabilities, in float64 and without overflow.

    Args:
        logits: Floats of shape (n, classes).

    Returns:
        float64, shape (n, classes); rows sum to 1.

    Example:
        >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _plain(value: Any) -> Any:
    """Convert NumPy numbers to Python numbers and tuples to lists, as JSON needs it."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


_FITS = {
    "single": "For one class per example use tasks.classification.",
    "multi": "For several labels per example use tasks.multi_label.",
    "real": "For quantities use tasks.regression.",
    "tags": "For entities use tasks.token_classification.",
    "span": "For answers to questions use tasks.question_answering.",
    "masks": "For a class of each pixel use tasks.segmentation.",
}
_MEANT = {
    "single": "If they are classes, pass them as text or integers.",
    "multi": "If they are several labels, pass lists of names, or a column of zeros and ones for each label.",
    "real": "If they are quantities, pass floats.",
    "tags": "If they are entities in texts, read them with data.from_conll or data.from_spans.",
    "span": "If they are answers to questions, read them with data.from_squad.",
    "masks": "If they are masks of images, read them with data.from_masks.",
}


def require_kind(labels: LabelSpace, kind: str, task: str) -> None:
    """Refuse labels of another kind than a task needs.

    Args:
        labels: The argument of the user.
        kind: The kind that the task needs.
        task: The name of the task, for the message.

    Raises:
        TaskError: When the kinds differ, ``labels`` is not a label space, or it lacks what its kind needs.
    """
    if not isinstance(labels, LabelSpace):
        raise TaskError(f"{task} takes a label space.", f"{labels!r}"[:100], "Pass data.labels.")
    target_of(labels)  # refuses unknown kinds, and quantities without statistics
    if labels.kind != kind:
        raise TaskError(
            f"{task} takes labels of kind {kind!r}.", f"kind {labels.kind!r}", f"{_FITS[labels.kind]} {_MEANT[kind]}"
        )
