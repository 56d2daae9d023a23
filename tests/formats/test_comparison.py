"""A comparison tells the right answers of a file from wrong ones."""

import numpy as np
import pytest

import tfft
from tests.conftest import picture
from tfft.core.specs import LabelSpace
from tfft.core.values import argument_of
from tfft.formats.comparison import Comparison, answers_of, compared

IMAGES = [picture(seed) for seed in range(40)]


def predictor_of(task, folder):
    return tfft.load(tfft.export(tfft.build("toy", task, seed=0), folder / "m.tfft"))


def answer(predictor):
    """The answers of the net itself."""

    def run(items):
        rows = [predictor.preprocessor(item) for item in items]
        return answers_of(predictor, predictor.net(argument_of(predictor.preprocessor.collate(rows))))

    return run


def test_equal_answers_agree(tmp_path):
    predictor = predictor_of(tfft.tasks.classification(["a", "b"]), tmp_path)
    found = compared(predictor, IMAGES, "these", answer(predictor))
    assert (found.examples, found.of, found.agreement) == (40, "these", 1.0)
    assert found.largest_difference < 1e-6
    assert found.to_dict() == {
        "examples": 40, "of": "these", "largest_difference": found.largest_difference, "agreement": 1.0
    }  # fmt: skip


def test_other_labels_and_other_probabilities_are_counted(tmp_path):
    predictor = predictor_of(tfft.tasks.classification(["a", "b"]), tmp_path)
    right = answer(predictor)

    def wrong(items):
        found = dict(right(items))
        found["label"] = np.where(np.arange(len(items)) == 1, b"?", found["label"])
        found["probability"] = found["probability"] + 0.25 * (np.arange(len(items)) == 3)
        return found

    found = compared(predictor, IMAGES, "these", wrong)
    assert found.agreement == pytest.approx(38 / 40)  # in batches of 32 and 8
    assert found.largest_difference == pytest.approx(0.25)
    assert found.describe() == (
        "On 40 of these, 95.0 % of the labels agree with Keras, and probabilities differ by up to 0.2."
    )


def test_quantities_are_compared_in_standard_deviations(tmp_path):
    labels = LabelSpace(("age",), "real", mean=(40.0,), scale=(10.0,))
    predictor = predictor_of(tfft.tasks.regression(labels), tmp_path)
    right = answer(predictor)
    found = compared(predictor, IMAGES, "these", lambda items: {"values": right(items)["values"] + 2.0})
    assert found.agreement is None
    assert found.largest_difference == pytest.approx(0.2, abs=1e-4)
    assert (
        Comparison(5, "these", 0.2, None).describe()
        == "On 5 of these, numbers differ from those of Keras by up to 0.2."
    )


def test_where_logits_are_no_answers_they_are_compared_themselves(tmp_path):
    model = tfft.build("toy_text", tfft.tasks.token_classification(["per"]), seed=0)
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    right, texts = answer(predictor), ["Ann sleeps here.", "Bo"]
    largest = max(1.0, abs(right(texts)["logits"]).max())
    found = compared(predictor, texts, "these", lambda items: {"logits": right(items)["logits"] + 0.5})
    assert found.agreement is None
    assert found.largest_difference == pytest.approx(0.5 / largest, rel=1e-4)
