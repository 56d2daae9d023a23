"""Places of accepted answers become arrays, and questions without an answer are counted and split apart."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.data.targets import target_of
from tfft.data.targets.answers import Answers, answer_space

ALL, SOME = Answers(answer_space()), Answers(answer_space(unanswerable=True))
RAW = [((0, 4),), (), ((7, 9), (7, 12))]


def test_places_become_one_row_for_each_question():
    values = SOME.read(RAW, "train")
    assert target_of(SOME.labels) == SOME
    assert [row.tolist() for row in values] == [[[0, 4]], [], [[7, 9], [7, 12]]]
    assert values.flat.dtype == np.int32
    assert [row.tolist() for row in values[np.array([2, 0])]] == [[[7, 9], [7, 12]], [[0, 4]]]


def test_questions_without_an_answer_are_refused_when_training_has_none():
    with pytest.raises(DataError, match=r"test part has questions without an answer.*1 of 3 questions: 1\. Add"):
        ALL.read(RAW, "test")


def test_questions_are_counted_and_split_by_whether_they_have_an_answer():
    values = SOME.read(RAW, "train")
    assert SOME.counts(values) == {"answer": 2, "no answer": 1}
    assert SOME.strata(values).tolist() == [0, 1, 0]
    assert SOME.members(values).tolist() == [[1, 0], [0, 1], [1, 0]]
    assert ALL.counts(ALL.read(RAW[:1], "train")) == {"answer": 1}


def test_a_model_that_always_answers_refuses_questions_without_an_answer():
    values = SOME.read(RAW, "test")
    assert SOME.adopt(values, answer_space()) is values
    with pytest.raises(DataError, match=r"other labels than the model.*'no answer'"):
        ALL.adopt(values, answer_space(unanswerable=True))


def test_data_without_answers_is_doubted():
    assert list(SOME.doubts(SOME.read([(), ()], "train")))
    assert list(SOME.doubts(SOME.read(RAW, "train"))) == []
