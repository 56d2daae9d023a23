"""Scores and measures of entities: spans of words with a type, from a tag for each word."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tfft.core.specs import LabelSpace, Text
from tfft.measures.base import Measure, Measures, mean

_TINY = 1e-15


class Span(NamedTuple):
    """An entity as a span of words.

    Attributes:
        type: The position of its type in the label space.
        begin: The first word.
        end: The word after the last one.
    """

    type: int
    begin: int
    end: int


def spans(tags: Sequence[int] | np.ndarray) -> list[Span]:
    """Read the entities from tags. A tag "inside" that does not continue an entity of its type begins one, as in seqeval.

    Args:
        tags: int, shape (words,): 0 outside of entities, 1 + 2 t at the begin of an entity of type t, or 2 + 2 t inside of it.

    Returns:
        The entities in order.

    Example:
        >>> spans([1, 2, 0, 4, 3])
        [Span(type=0, begin=0, end=2), Span(type=1, begin=3, end=4), Span(type=1, begin=4, end=5)]

    Source:
        ``get_entities`` of seqeval 1.2.2, which follows conlleval (Sang and De Meulder 2003).
    """
    found: list[Span] = []
    for place, tag in enumerate(np.asarray(tags).tolist()):
        if not tag:
            continue
        kind, inside = (tag - 1) // 2, tag % 2 == 0
        if inside and found and found[-1].end == place and found[-1].type == kind:
            found[-1] = found[-1]._replace(end=place + 1)
        else:
            found.append(Span(kind, place, place + 1))
    return found


@dataclass(frozen=True, eq=False)
class EntityScores:
    """The tags and the probabilities of the words of n texts.

    Attributes:
        labels: The label space; its names are the types of entities.
        inputs: n texts with words.
        targets: For each text the tag of each word, integers of shape (words,), as in ``spans``.
        probabilities: For each text, float64 of shape (words, 1 + 2 * types).

    Example:
        >>> text = Text("Ann sleeps", words=((0, 3), (4, 10)))
        >>> said = np.array([[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]])
        >>> EntityScores(LabelSpace(("person",), "tags"), [text], [np.array([1, 0])], [said]).explain(0)["predicted"]
        ['person']
    """

    labels: LabelSpace
    inputs: Sequence[Any]
    targets: Sequence[np.ndarray]
    probabilities: Sequence[np.ndarray]

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def true(self) -> list[list[Span]]:
        """The true entities of each text."""
        return [spans(tags) for tags in self.targets]

    @cached_property
    def predicted(self) -> list[list[Span]]:
        """The predicted entities of each text, from the most probable tag of each word."""
        return [spans(rows.argmax(axis=1)) if len(rows) else [] for rows in self.probabilities]

    @cached_property
    def counts(self) -> np.ndarray:
        """Right, predicted and true entities of each type in each text, float64, shape (n, 3 * types)."""
        found = np.zeros((len(self), 3, len(self.labels)))
        for row, true, predicted in zip(found, self.true, self.predicted, strict=True):
            for place, entities in enumerate((set(true) & set(predicted), predicted, true)):
                for entity in entities:
                    row[place, entity.type] += 1
        return found.reshape(len(self), -1)

    @cached_property
    def words(self) -> np.ndarray:
        """For each text: the words with the right tag, the sum of the losses of words in nats, and words; float64, shape (n, 3)."""
        found = np.zeros((len(self), 3))
        for row, tags, rows in zip(found, self.targets, self.probabilities, strict=True):
            own = rows[np.arange(len(tags)), tags]
            row[:] = (rows.argmax(axis=1) == tags).sum(), -np.log(np.maximum(own, _TINY)).sum(), len(tags)
        return found

    @property
    def losses(self) -> np.ndarray:
        """Mean negative log-likelihood of the words of each text in nats, float64, shape (n,); 0 without words."""
        return np.asarray(self.words[:, 1] / np.maximum(self.words[:, 2], 1))

    def explain(self, index: int) -> dict[str, Any]:
        """Return the types of the true and the predicted entities of one text, and under ``marked`` the text with their places.

        Args:
            index: The position of the text.
        """
        true, predicted = self._placed(index, self.true[index]), self._placed(index, self.predicted[index])
        item = self.inputs[index]
        return {
            "true": [entity["label"] for entity in true],
            "predicted": [entity["label"] for entity in predicted],
            "marked": {"text": item.first if isinstance(item, Text) else "", "true": true, "predicted": predicted},
        }

    def sections(self) -> dict[str, Any]:
        """Return precision, recall and F1 of each type, and the number of entities of each kind of error."""
        hits, predicted, true = self.counts.sum(axis=0).reshape(3, -1)
        rows = [
            {
                "name": name,
                "precision": float(hits[i] / max(predicted[i], 1)),
                "recall": float(hits[i] / max(true[i], 1)),
                "f1": float(2 * hits[i] / (predicted[i] + true[i])) if predicted[i] + true[i] else None,
                "support": int(true[i]),
            }
            for i, name in enumerate(self.labels.names)
        ]
        errors = dict.fromkeys(
            ("right", "wrong type", "wrong border", "wrong type and border", "missed", "invented"), 0
        )
        for own, said in zip(self.true, self.predicted, strict=True):
            for kind in verdicts(own, said):
                errors[kind] += 1
        return {"per_class": rows, "details": {"entities": errors}}

    def _placed(self, index: int, found: Sequence[Span]) -> list[dict[str, Any]]:
        item = self.inputs[index]
        places = (item.words or ()) if isinstance(item, Text) else ()
        return [
            {"label": self.labels.names[each.type], "start": places[each.begin][0], "end": places[each.end - 1][1]}
            for each in found
        ]


def verdicts(true: Sequence[Span], predicted: Sequence[Span]) -> list[str]:
    """Say of each true entity how it was found, and of each predicted entity that overlaps no true one that it is invented.

    Args:
        true: The true entities of a text.
        predicted: The predicted ones.

    Returns:
        ``"right"``, ``"wrong type"``, ``"wrong border"``, ``"wrong type and border"`` or ``"missed"`` for each true entity, and
        ``"invented"`` for each invented one.

    Example:
        >>> verdicts([Span(0, 0, 2), Span(1, 4, 5)], [Span(0, 0, 1), Span(1, 7, 8)])
        ['wrong border', 'missed', 'invented']
    """
    found = []
    for entity in true:
        near = [other for other in predicted if other.begin < entity.end and entity.begin < other.end]
        if entity in near:
            found.append("right")
        elif any((other.begin, other.end) == (entity.begin, entity.end) for other in near):
            found.append("wrong type")
        elif any(other.type == entity.type for other in near):
            found.append("wrong border")
        else:
            found.append("wrong type and border" if near else "missed")
    met = [any(other.begin < entity.end and entity.begin < other.end for entity in true) for other in predicted]
    return found + ["invented"] * met.count(False)


def _f1(sums: np.ndarray) -> float:
    hits, predicted, true = sums.reshape(3, -1).sum(axis=1)
    return float(2 * hits / (predicted + true)) if predicted + true else float("nan")


def _precision(sums: np.ndarray) -> float:
    hits, predicted, _ = sums.reshape(3, -1).sum(axis=1)
    return float(hits / predicted) if predicted else float("nan")


def _recall(sums: np.ndarray) -> float:
    hits, _, true = sums.reshape(3, -1).sum(axis=1)
    return float(hits / true) if true else float("nan")


MEASURES: Measures = {
    "entity_f1": Measure(lambda scores: scores.counts, _f1),
    "entity_precision": Measure(lambda scores: scores.counts, _precision),
    "entity_recall": Measure(lambda scores: scores.counts, _recall),
    "token_accuracy": Measure(lambda scores: scores.words[:, [0, 2]], mean),
    "log_loss": Measure(lambda scores: scores.words[:, [1, 2]], mean, higher_is_better=False),
}
"""Name -> measure of ``EntityScores``. An entity is right when its words and its type are; F1 counts all types together."""
