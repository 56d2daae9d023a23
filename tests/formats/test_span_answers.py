"""The answers of a graph and those of the Keras net are compared one by one."""

import numpy as np
import pytest

import tfft
from tfft.bundles.predictor import Predictor
from tfft.formats import span_answers
from tfft.formats.comparison import compared

PAIRS = [("Who sleeps?", "Ann sleeps here. Bo does not."), ("Where is Bo?", "Bo is in a small room. " * 9)]


@pytest.fixture(scope="module")
def predictor():
    backbone = tfft.load_backbone("toy_text", length=24)
    model = tfft.build(backbone, tfft.tasks.question_answering(stride=4), seed=0)
    for variable in model.net.get_layer("head").weights:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    return Predictor(model.net, model.task, model.preprocessor, {})


def right(predictor, pairs):
    """The answers of the predictor, as a graph gives them."""
    said = [each.answer for each in predictor.predict(pairs)]
    best = [[*each.scores.values(), *[0.0] * (5 - len(each.scores))] for each in said]
    return {
        "start": [each.place[0] for each in said],
        "end": [each.place[1] for each in said],
        "probability": [each.probability for each in said],
        "best_probabilities": best,
    }


def test_the_answers_of_the_predictor_agree(predictor):
    found = compared(predictor, PAIRS, "these", lambda items: span_answers.of_graph(right(predictor, items)))
    assert (found.examples, found.agreement) == (2, 1.0)
    assert found.largest_difference < 1e-6


def test_a_place_that_is_no_candidate_counts_as_a_wrong_probability(predictor):
    def shifted(items):
        said = right(predictor, items)
        return span_answers.of_graph({**said, "end": [end + 1 for end in said["end"]]})

    found = compared(predictor, PAIRS, "these", shifted)
    assert found.agreement == 0.5  # the begins are right
    assert found.largest_difference == pytest.approx(max(right(predictor, PAIRS)["probability"]))


def test_other_probabilities_of_other_candidates_are_counted(predictor):
    said = right(predictor, PAIRS)
    said["best_probabilities"][1][2] += 0.125
    found = compared(predictor, PAIRS, "these", lambda items: span_answers.of_graph(said))
    assert found.largest_difference == pytest.approx(0.125, abs=1e-6)
