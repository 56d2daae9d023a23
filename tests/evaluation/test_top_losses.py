"""The worst examples: in order of their loss, with names, and with pictures that are really theirs."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.evaluation.top_losses import thumbnails, worst
from tfft.measures.classes import ClassScores
from tfft.measures.labels import LabelScores
from tfft.measures.quantities import QuantityScores

BEES = LabelSpace(("ants", "bees"))
IMAGES = [np.full((20, 30, 3), 10 * index, np.uint8) for index in range(6)]


def examples(targets, labels):
    return Examples(IMAGES[: len(targets)], np.asarray(targets), labels, tuple(map(str, range(len(targets)))))


def test_classes_are_ordered_by_loss_with_what_is_true_and_what_was_said():
    found = ClassScores(BEES, np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.95, 0.05]]))
    rows = worst(found, examples([0, 1, 1], BEES))
    assert [(row["index"], row["true"], row["predicted"]) for row in rows] == [
        (2, "bees", "ants"),
        (1, "bees", "ants"),
        (0, "ants", "ants"),
    ]
    assert [row["loss"] for row in rows] == pytest.approx([-np.log(0.05), -np.log(0.4), -np.log(0.9)])
    assert rows[0]["name"] == "example 2"


def test_several_labels_and_quantities_are_said_in_their_own_words():
    targets = np.float32([[1, 0], [1, 1]])
    space = LabelSpace(("dog", "night"), "multi")
    rows = worst(LabelScores(space, targets, np.array([[0.9, 0.2], [0.1, 0.8]])), examples(targets, space))
    assert (rows[0]["index"], rows[0]["true"], rows[0]["predicted"]) == (1, ["dog", "night"], ["night"])
    space = LabelSpace(("age", "height"), "real", (0.0, 0.0), (10.0, 0.1))
    targets = np.float32([[20, 1.5], [30, 1.7]])
    rows = worst(QuantityScores(space, targets, np.array([[25.0, 1.5], [30.0, 1.9]])), examples(targets, space))
    # a fifth of a metre is two of its spreads, five years are half of one
    assert rows[0]["index"] == 1
    assert rows[0]["predicted"] == {"age": 30.0, "height": 1.9}


def test_only_so_many_are_shown_and_their_pictures_are_theirs():
    probabilities = np.array([[1 - p, p] for p in np.linspace(0.1, 0.9, 6)])
    some = examples([0] * 6, BEES)
    rows = worst(ClassScores(BEES, some.targets, probabilities), some, count=2)
    assert [row["index"] for row in rows] == [5, 4]
    made = thumbnails(rows, some)
    for index, uri in made.items():
        content = base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))
        assert np.asarray(Image.open(io.BytesIO(content))).mean() == pytest.approx(10 * index, abs=3)


def test_what_cannot_be_read_any_more_has_no_picture():
    gone = Examples(["/nowhere/1.jpg"], np.array([0]), BEES, ("a",))
    rows = worst(ClassScores(BEES, gone.targets, np.array([[0.5, 0.5]])), gone)
    assert thumbnails(rows, gone) == {}
