"""A graph answers questions as a predictor does."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.formats.test_entity_graph import MADE, folded
from tests.odd_texts import ODD
from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError, DataError
from tfft.data.targets.answers import answer_space
from tfft.formats.answer_graph import AnswerGraph
from tfft.tokenizers.tokenizer import Tokenizer

# a graph for each tokenizer takes some seconds to make; the predictor warns of long questions and short contexts
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::tfft.core.errors.DataWarning")]
CONTEXTS = [
    # of several equal answers in equal windows, rounding decides
    *(text for text in ODD if text.strip() and len(text) < 20_000 and "((((" not in text),
    *(f"{number} Ann sleeps in room {number * 7}, İstanbul." * 9 for number in range(3)),
    *("Ann", "[SEP] Bo [MASK]", "e\u0301" * 30, "no answer", "a\0b" * 9),
]
QUESTIONS = ["Who?", "谁在这里睡觉？", "Who sleeps here, and why? " * 20, "\u200b", "😀 [SEP]", "İ e\u0301\0\t\n?"]
PAIRS = [(QUESTIONS[number % len(QUESTIONS)], context) for number, context in enumerate(CONTEXTS)]


def of(tokenizer="words", unanswerable=False, stride=5, length=24):
    """A reader with a random head, so that it finds different answers."""
    backbone = tfft.load_backbone("toy_text", length=length)
    backbone = replace(backbone, preprocessor=MADE[tokenizer](backbone.preprocessor))
    task = tfft.tasks.question_answering(answer_space(unanswerable), stride=stride, answer_tokens=4)
    model = tfft.build(backbone, task, seed=0)
    for variable in model.net.get_layer("head").weights:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape) * 3)
    return Predictor(folded(model.net), model.task, model.preprocessor, {})


def answered(predictor, pairs):
    strings = [tf.TensorSpec([None], tf.string)] * 2
    run = tf.function(AnswerGraph(predictor).answers, input_signature=strings, autograph=False)
    columns = ([pair[place] for pair in pairs] for place in (0, 1))
    return {name: values.numpy() for name, values in run(*(tf.constant(each, tf.string) for each in columns)).items()}


@pytest.mark.parametrize(("unanswerable", "stride", "length"), [(True, 5, 24), (False, 0, 8)])
@pytest.mark.parametrize("tokenizer", MADE)
def test_answers_are_those_of_the_predictor_in_long_contexts_as_well(tokenizer, unanswerable, stride, length):
    predictor = of(tokenizer, unanswerable, stride, length)
    found, places = answered(predictor, PAIRS), 0
    for row, (pair, wanted) in enumerate(zip(PAIRS, predictor.predict(PAIRS), strict=True)):
        answer = wanted.answer
        place = answer.place or (-1, -1)
        places += answer.place is not None
        assert (found["start"][row], found["end"][row]) == place, pair
        assert found["text"][row].decode() == (answer.label or "") == pair[1][max(0, place[0]) : max(0, place[1])]
        assert found["probability"][row] == pytest.approx(answer.probability or 0, abs=1e-5)
        count = len(answer.scores)
        assert {text.decode() for text in found["best_texts"][row][:count]} == set(answer.scores)
        np.testing.assert_allclose(found["best_probabilities"][row][:count], [*answer.scores.values()], atol=1e-5)
        assert not found["best_probabilities"][row][count:].any()
    assert places >= (1 if unanswerable else len(PAIRS) // 2)


def test_no_questions_have_no_answers():
    assert answered(of(), [])["best_texts"].shape == (0, 5)


def test_bytes_that_are_no_characters_count_as_one_character_each():
    predictor = of()
    found, wanted = (
        answered(predictor, [("Who?", b"Ann \xff\xfe Bo")]),
        predictor.predict([("Who?", "Ann \ufffd\ufffd Bo")]),
    )
    assert (found["start"][0], found["end"][0]) == wanted[0].answer.place


@pytest.mark.parametrize("pair", [("", "Ann."), ("Who?", " \n\u3000")])
def test_empty_questions_and_contexts_are_refused_as_the_predictor_does(pair):
    predictor = of()
    with pytest.raises(DataError, match="is empty"):
        predictor.predict([pair])
    with pytest.raises(tf.errors.InvalidArgumentError, match="A question and its context must not be empty"):
        answered(predictor, [("Who?", "Ann."), pair])


def test_tokenizers_of_other_kinds_are_refused():
    predictor = of()
    other = replace(predictor.preprocessor, tokenizer=Tokenizer("other", 1, lambda: object()))
    with pytest.raises(BundleError, match=r"answers questions only with the tokenizer of a tokenizer\.json.*object"):
        AnswerGraph(replace(predictor, preprocessor=other))
