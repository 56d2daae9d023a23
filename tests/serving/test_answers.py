"""Answers of a service are JSON values without the names that the service gave its inputs."""

import base64
import io
import json

import numpy as np
from PIL import Image

from tfft.bundles.prediction import Prediction
from tfft.serving.answers import values_of
from tfft.tasks.answers import Answer, Entity


def test_a_mask_is_a_png_whose_pixels_are_classes():
    mask = np.uint8([[0, 1, 1], [1, 0, 0]])
    values = values_of(Prediction("input 3", Answer(None, 0.9, {"sky": 0.5, "road": 0.5}, mask=mask)))
    head, _, content = values["mask"].partition(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))), mask)
    assert (values["height"], values["width"]) == (2, 3)


def test_problems_do_not_tell_positions_in_a_batch():
    values = values_of(Prediction("input 17", None, "input 17: not an image"))
    assert values["problem"] == "not an image"
    assert "name" not in values


def test_entities_and_places_are_json():
    entity = Entity("Ann", "per", 0, 3, 0.9)
    assert (
        json.loads(json.dumps(values_of(Prediction("t", Answer(None, None, {}, (entity,))))))["entities"][0]["end"] == 3
    )
    assert values_of(Prediction("q", Answer("Rome", 0.7, {"Rome": 0.7}, place=(3, 7))))["start"] == 3
