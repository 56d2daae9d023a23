"""A prediction says in plain values what was answered, or why there is no answer."""

import json

import numpy as np

from tfft.bundles.prediction import Prediction, Predictions
from tfft.tasks.answers import Answer, Entity


def test_each_kind_of_answer_becomes_json():
    entity = Entity("Ann", "per", 0, 3, 0.9)
    mask = Answer(None, 0.9, {"sky": 0.5, "road": 0.5}, mask=np.zeros((2, 3), np.uint8))
    found = {
        "class": Prediction("1.jpg", Answer("ants", 0.75, {"ants": 0.75, "bees": 0.25})),
        "labels": Prediction("1.jpg", Answer(("ants", "bees"), None, {"ants": 0.75, "bees": 0.75})),
        "entities": Prediction("t", Answer(None, None, {}, (entity,))),
        "place": Prediction("q", Answer("Rome", 0.7, {"Rome": 0.7}, place=(3, 7))),
        "mask": Prediction("1.jpg", mask),
        "problem": Prediction("1.jpg", None, "1.jpg cannot be read"),
    }
    values = {name: json.loads(json.dumps(each.to_dict(), allow_nan=False)) for name, each in found.items()}
    assert values["class"]["label"] == "ants"
    assert values["labels"]["label"] == ["ants", "bees"]
    assert values["entities"]["entities"] == [{"text": "Ann", "label": "per", "start": 0, "end": 3, "probability": 0.9}]
    assert (values["place"]["start"], values["place"]["end"]) == (3, 7)
    assert (values["mask"]["height"], values["mask"]["width"]) == (2, 3)
    assert values["problem"] == {
        "name": "1.jpg", "label": None, "probability": None, "scores": {}, "problem": "1.jpg cannot be read"
    }  # fmt: skip


def test_without_an_answer_everything_is_empty():
    nothing = Prediction("1.jpg", None, "1.jpg cannot be read")
    assert (nothing.label, nothing.probability, nothing.place, nothing.mask) == (None, None, None, None)
    assert (nothing.entities, dict(nothing.scores)) == ((), {})


def test_a_list_of_predictions_is_a_list():
    one = Prediction("1.jpg", Answer("ants", 0.75, {"ants": 0.75}))
    assert Predictions([one, one])[1] is one
