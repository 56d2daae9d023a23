"""The words of a graph and those of the Keras net are compared one by one."""

import numpy as np
import pytest

import tfft
from tfft.bundles.predictor import Predictor
from tfft.core.errors import DataError
from tfft.formats import word_answers


@pytest.fixture(scope="module")
def predictor():
    backbone = tfft.load_backbone("toy_text", length=16)
    model = tfft.build(backbone, tfft.tasks.token_classification(["per"], stride=4), seed=0)
    return Predictor(model.net, model.task, model.preprocessor, {})


def test_all_words_of_all_windows_are_answered_in_order(predictor):
    texts = ["Ann sleeps.", "Bo sees Cy, " * 9]
    found = word_answers.of_net(predictor, texts)
    words = [predictor.preprocessor.split(text).words for text in texts]
    assert found["places"].tolist() == [list(map(float, place)) for some in words for place in some]
    assert found["probabilities"].shape == (3 + 9 * 4, 3)
    np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1)
    np.testing.assert_array_equal(found["label"], found["probabilities"].argmax(axis=1))


def test_padding_of_a_graph_is_left_out():
    probabilities = np.random.default_rng(0).random((2, 3, 5))
    starts, ends = np.array([[0, 4, 8], [1, -1, -1]]), np.array([[3, 7, 9], [2, -1, -1]])
    found = word_answers.of_graph({"counts": [3, 1], "starts": starts, "ends": ends, "probabilities": probabilities})
    np.testing.assert_array_equal(found["probabilities"], [*probabilities[0], probabilities[1, 0]])
    assert found["places"].tolist() == [[0, 3], [4, 7], [8, 9], [1, 2]]


def test_pairs_of_texts_are_refused(predictor):
    with pytest.raises(DataError, match="is a pair of texts"):
        word_answers.of_net(predictor, [("Ann", "sleeps")])
