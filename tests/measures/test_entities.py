"""Entities are read and measured as seqeval does; its values are written down here, because it is not a dependency."""

import numpy as np
import pytest

from tfft.core.specs import LabelSpace, Text
from tfft.measures.base import measured
from tfft.measures.entities import MEASURES, EntityScores, Span, spans, verdicts

TYPES = LabelSpace(("PER", "LOC"), "tags")
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def scored(true, predicted):
    """Scores of tags by name; the predicted tag has a probability of 0.6."""
    targets = [np.array([TAGS.index(tag) for tag in tags.split()], int) for tags in true]
    said = []
    for tags in predicted:
        rows = np.full((len(tags.split()), 5), 0.1)
        rows[np.arange(len(rows)), [TAGS.index(tag) for tag in tags.split()]] = 0.6
        said.append(rows)
    places = [tuple((2 * i, 2 * i + 1) for i in range(len(tags))) for tags in targets]
    inputs = [Text(" ".join("abcdefgh"[: len(tags)]), words=place) for tags, place in zip(targets, places, strict=True)]
    return EntityScores(TYPES, inputs, targets, said)


def test_the_example_of_seqevals_readme_has_its_value():
    """seqeval 1.2.2: f1_score of this pair is 0.50; precision and recall of PER are 1, of the other type 0."""
    found = scored(["O O O B-LOC I-LOC I-LOC O", "B-PER I-PER O"], ["O O B-LOC I-LOC I-LOC I-LOC O", "B-PER I-PER O"])
    values = measured(MEASURES, found)
    assert values["entity_f1"] == values["entity_precision"] == values["entity_recall"] == 0.5
    assert values["token_accuracy"] == pytest.approx(8 / 10)
    rows = found.sections()["per_class"]
    assert [(row["f1"], row["support"]) for row in rows] == [(1.0, 1), (0.0, 1)]


def test_tags_inside_without_a_beginning_begin_an_entity_as_in_seqeval():
    """seqeval's ``get_entities``: (["I-PER", "I-PER", "I-LOC", "B-LOC", "I-LOC", "O", "I-LOC"])."""
    tags = [TAGS.index(tag) for tag in ["I-PER", "I-PER", "I-LOC", "B-LOC", "I-LOC", "O", "I-LOC"]]
    assert spans(tags) == [Span(0, 0, 2), Span(1, 2, 3), Span(1, 3, 5), Span(1, 6, 7)]
    assert spans([]) == []


def test_the_sums_of_a_bootstrap_draw_are_those_of_copied_texts():
    random = np.random.default_rng(0)
    true = [" ".join(random.choice(TAGS, 6)) for _ in range(30)]
    predicted = [" ".join(random.choice(TAGS, 6)) if random.random() < 0.5 else tags for tags in true]
    drawn = random.integers(0, 30, 30)
    weights = np.bincount(drawn, minlength=30).astype(float)
    whole, copied = scored(true, predicted), scored([true[i] for i in drawn], [predicted[i] for i in drawn])
    for measure in MEASURES.values():
        assert measure.of(whole)(weights) == pytest.approx(measure.of(copied)(np.ones(30)))


def test_every_entity_is_right_or_has_one_kind_of_error():
    found = scored(
        ["B-PER I-PER O", "B-LOC O O", "B-PER O O", "O O O", "B-LOC I-LOC O"],
        ["B-PER O O", "B-PER O O", "O O O", "O B-LOC O", "B-LOC I-LOC O"],
    )
    assert found.sections()["details"]["entities"] == {
        "right": 1,
        "wrong type": 1,
        "wrong border": 1,
        "wrong type and border": 0,
        "missed": 1,
        "invented": 1,
    }
    assert verdicts([Span(0, 0, 2)], [Span(1, 1, 3)]) == ["wrong type and border"]


def test_texts_without_entities_and_without_words_are_measured():
    nothing = scored(["O O", ""], ["O O", ""])
    values = measured(MEASURES, nothing)
    assert np.isnan(values["entity_f1"])
    assert values["token_accuracy"] == 1.0
    assert nothing.losses.tolist() == pytest.approx([-np.log(0.6), 0.0])
    assert [row["f1"] for row in nothing.sections()["per_class"]] == [None, None]


def test_an_example_is_explained_by_types_and_places_in_characters():
    found = scored(["O B-PER I-PER"], ["O B-PER O"]).explain(0)
    assert (found["true"], found["predicted"]) == (["PER"], ["PER"])
    assert found["marked"] == {
        "text": "a b c",
        "true": [{"label": "PER", "start": 2, "end": 5}],
        "predicted": [{"label": "PER", "start": 2, "end": 3}],
    }
