"""Token classification: entities in texts, as a tag for each word."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace, Text
from tfft.core.values import Arrays, RowLogits
from tfft.heads.tokens import TokenHead
from tfft.measures import entities
from tfft.tasks.answers import Answer, Entity
from tfft.tasks.base import Task, require_kind, softmax
from tfft.tokenizers.word_windows import NONE


def token_classification(labels: LabelSpace | Sequence[str], dropout: float = 0.1, stride: int = 64) -> Task:
    """Make a task that finds entities in texts: softmax cross-entropy on a tag for each word.

    The first piece of a word carries its tag, and other pieces have no loss. A text that is longer than the backbone reads is read
    in overlapping windows, and each word is answered by one of them.

    Args:
        labels: ``data.labels`` of kind ``"tags"``, or the types of entities.
        dropout: The dropout rate before the Dense layer, in [0, 1).
        stride: The number of tokens that two windows of a long text share, at least 0; more than half of a window counts as
            half.

    Returns:
        A Task whose logits have shape (batch, tokens, 1 + 2 * types): outside, and begin and inside of each type (IOB2).

    Raises:
        TaskError: When the labels are of another kind, or an option is out of range.

    Example:
        >>> task = token_classification(["person", "place"])
        >>> task.outputs, task.head.dropout
        (5, 0.1)

    Source:
        Devlin et al. 2019, "BERT", section 5.3: a linear layer on the first piece of each word. Hugging Face's default dropout.
    """
    space = labels if isinstance(labels, LabelSpace) else LabelSpace(LabelSpace.of(labels).names, "tags")
    require_kind(space, "tags", "token_classification")
    if isinstance(stride, bool) or not isinstance(stride, int) or stride < 0:
        raise TaskError(f"stride={stride!r} must be a whole number of at least 0.", fix="64 is common.")

    def loss() -> Any:
        import keras

        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def metrics() -> list[Any]:
        import keras

        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy"), _tag_f1()]

    def decode(probabilities: np.ndarray, item: Any = None) -> Answer:
        return Answer(None, None, {}, _entities(space, probabilities, item))

    return Task(
        name="token_classification",
        labels=space,
        head=TokenHead(dropout),
        outputs=1 + 2 * len(space),
        loss=loss,
        metrics=metrics,
        encode=_encoded,
        probabilities=lambda found: [softmax(rows) for rows in found],
        decode=decode,
        measures=entities.MEASURES,
        score=lambda examples, found: entities.EntityScores(space, examples.inputs, examples.targets, found),
        options={"dropout": dropout, "stride": stride},
        watched="tag_f1",
        axes=1,
        ranked=False,
        mixable=False,
        prepare=lambda preprocessor: preprocessor.answering("words", stride),
        align=_aligned,
        merge=_merged,
    )


def _aligned(targets: Ragged, rows: Sequence[np.ndarray], owner: np.ndarray) -> Ragged:
    """The tag of the word that each token answers for; ``NONE`` for tokens that answer for no word."""
    found = []
    for row, example in zip(rows, owner.tolist(), strict=True):
        words = row[:, 2]
        tags = np.full(len(row), NONE, np.int32)
        tags[words != NONE] = targets[example][words[words != NONE]]
        found.append(tags)
    return Ragged.of(found, like=np.zeros(0, np.int32))


def _tag_f1() -> Any:
    """A metric: F1 of the tags of entities, over all words since it was reset. Words outside of entities count as mistakes only.

    Its highest value decides which weights are kept, because the loss gets worse while more entities are found.
    """
    import keras
    from keras import ops

    class TagF1(keras.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="tag_f1")
            self.right, self.said, self.true = (
                self.add_weight(name=name, initializer="zeros") for name in ("right", "said", "true")
            )

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            true, said = ops.cast(y_true, "int32"), ops.cast(ops.argmax(y_pred, axis=-1), "int32")
            counted = ops.ones_like(true, "float32") if sample_weight is None else ops.cast(sample_weight, "float32")
            inside = ops.cast(true > 0, "float32"), ops.cast(said > 0, "float32")
            self.right.assign_add(ops.sum(counted * inside[0] * ops.cast(ops.equal(true, said), "float32")))
            self.said.assign_add(ops.sum(counted * inside[1]))
            self.true.assign_add(ops.sum(counted * inside[0]))

        def result(self) -> Any:
            return 2 * self.right / ops.maximum(self.said + self.true, 1.0)

    return TagF1()


def _encoded(targets: Ragged, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Pad the tags of a batch to the width of its inputs, int32 and float32 of shape (batch, tokens)."""
    width = next(iter(inputs.values())).shape[1]
    tags = np.full((len(targets), width), NONE, np.int32)
    for number, row in enumerate(targets):
        tags[number, : len(row)] = row
    return np.maximum(tags, 0), (tags != NONE).astype(np.float32)


def _merged(found: RowLogits) -> list[np.ndarray]:
    """The logits of the words of each text, from the tokens that answer for them in one or several windows."""
    parts: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(found.examples)]
    for logits, row, example in zip(found.logits, found.rows, found.owner.tolist(), strict=True):
        there = row[:, 2] != NONE
        parts[example].append((row[there, 2], logits[there]))
    merged = []
    for windows in parts:
        words, logits = (np.concatenate(each) for each in zip(*windows, strict=True))
        merged.append(logits[np.argsort(words, kind="stable")])
    return merged


def _entities(labels: LabelSpace, probabilities: np.ndarray, item: Any) -> tuple[Entity, ...]:
    """The entities of one text, with their places in characters."""
    if not isinstance(item, Text) or item.words is None:
        return ()
    tags = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, int)
    found = []
    for span in entities.spans(tags):
        begin, end = item.words[span.begin][0], item.words[span.end - 1][1]
        sure = float(probabilities[np.arange(span.begin, span.end), tags[span.begin : span.end]].mean())
        found.append(Entity(item.first[begin:end], labels.names[span.type], begin, end, sure))
    return tuple(found)
