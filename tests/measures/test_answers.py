"""Answers are measured by their text, and questions without an answer alone as well."""

import re

import numpy as np
import pytest

from tfft.core.specs import Text
from tfft.data.targets.answers import answer_space
from tfft.measures.answers import NOWHERE, AnswerScores, measures
from tfft.measures.base import measured

CONTEXT = "Ann lives in Rome, and Bo lives in the City of Paris."
ROME, CITY, PARIS, NONE = (13, 17), (39, 52), (47, 52), (NOWHERE, NOWHERE)


def scored(*pairs, unanswerable=True):
    """Scores of (accepted places, given place) pairs; the given place has a probability of 0.75, another one the rest."""
    targets = [np.array(accepted, np.int32).reshape(-1, 2) for accepted, _ in pairs]
    said = [np.array([[*given, 0.75], [0, 3, 0.25]]) for _, given in pairs]
    inputs = [Text(f"Question {number}?", CONTEXT) for number in range(len(pairs))]
    return AnswerScores(answer_space(unanswerable), inputs, targets, said)


def test_the_better_of_several_accepted_answers_counts():
    found = scored(([ROME], ROME), ([CITY, PARIS], PARIS), ([CITY], PARIS), ([PARIS], ROME), unanswerable=False)
    assert found.predicted == ["Rome", "Paris", "Paris", "Rome"]
    assert found.exact.tolist() == [1, 1, 0, 0]
    assert found.f1.tolist() == pytest.approx([1, 1, 0.5, 0])
    assert measured(measures(answer_space()), found) == pytest.approx({"f1": 2.5 / 4, "exact_match": 0.5})
    assert found.sections() == {"details": {"answers": {"exact": 2, "overlapping": 1, "elsewhere": 1, "missed": 0}}}


def test_the_same_text_at_another_place_is_right_as_in_squad():
    twice = Text("Who?", "Ann and Ann")
    found = AnswerScores(answer_space(), [twice], [np.array([[0, 3]])], [np.array([[8, 11, 1.0]])])
    assert found.exact.tolist() == [1.0]


def test_questions_without_an_answer_are_measured_alone():
    found = scored(([ROME], ROME), ([], NONE), ([], ROME), ([ROME], NONE))
    values = measured(measures(found.labels), found)
    assert values == pytest.approx(
        {
            "f1": 0.5,
            "exact_match": 0.5,
            "f1_answerable": 0.5,
            "exact_match_answerable": 0.5,
            "no_answer_accuracy": 0.5,
        }
    )
    counts = found.sections()["details"]["answers"]
    assert counts == {
        "exact": 1,
        "overlapping": 0,
        "elsewhere": 0,
        "missed": 1,
        "no answer, as it should be": 1,
        "invented": 1,
    }
    nothing = scored(([ROME], ROME))
    assert np.isnan(measured(measures(nothing.labels), nothing)["no_answer_accuracy"])


def test_the_sums_of_a_bootstrap_draw_are_those_of_copied_questions():
    pairs = [([ROME], ROME), ([], NONE), ([], ROME), ([CITY], PARIS), ([ROME], NONE)] * 4
    drawn = np.random.default_rng(0).integers(0, 20, 20)
    weights = np.bincount(drawn, minlength=20).astype(float)
    whole, copied = scored(*pairs), scored(*[pairs[index] for index in drawn])
    for measure in measures(whole.labels).values():
        assert measure.of(whole)(weights) == pytest.approx(measure.of(copied)(np.ones(20)))


def test_the_loss_is_one_minus_the_expected_f1():
    found = scored(([ROME], ROME), ([ROME, (0, 3)], ROME), ([], NONE), ([], ROME), ([CITY], PARIS))
    assert found.losses.tolist() == pytest.approx([0.25, 0, 0.25, 1, 1 - 0.75 * 0.5])


def test_a_model_without_candidates_gives_no_answer():
    found = AnswerScores(answer_space(), [Text("Who?", "Ann")], [np.array([[0, 3]])], [np.zeros((0, 3))])
    assert found.predicted == [""]
    assert found.exact.tolist() == [0.0]
    assert found.explain(0)["predicted"] == "no answer"


def test_an_answer_is_explained_with_the_text_around_it():
    found = scored(([CITY, PARIS], PARIS)).explain(0)
    assert (found["true"], found["predicted"]) == (["City of Paris", "Paris"], "Paris")
    marked = found["marked"]
    assert marked["text"] == f"Question 0?\n{CONTEXT}"
    assert [marked["text"][each["start"] : each["end"]] for each in marked["true"] + marked["predicted"]] in (
        ["Paris", "Paris"],
        ["City of Paris", "Paris"],
    )


def test_answers_far_apart_are_shown_without_what_is_between():
    context = f"Rome {'and so on ' * 100}Paris {'and so on ' * 100}"
    place = context.index("Paris")
    scores = AnswerScores(
        answer_space(), [Text("Where?", context)], [np.array([[0, 4]])], [np.array([[place, place + 5, 1.0]])]
    )
    marked = scores.explain(0)["marked"]
    assert len(marked["text"]) < 600
    assert marked["text"].count(" ... ") == 1
    assert re.fullmatch(
        r"Where\?\nRome( and| so| on)+ \.\.\.( and| so| on)+ Paris( and| so| on)+ \.\.\.", marked["text"]
    )
    for part, word in (("true", "Rome"), ("predicted", "Paris")):
        assert [marked["text"][each["start"] : each["end"]] for each in marked[part]] == [word]
    nothing = scored(([], NONE)).explain(0)
    assert (nothing["true"], nothing["marked"]["true"], nothing["marked"]["predicted"]) == (["no answer"], [], [])
