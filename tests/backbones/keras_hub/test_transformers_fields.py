"""Tables of fields are complete for what Transformers saves, and name activations that Keras has."""

import inspect
import json

import keras
import keras_hub
import numpy as np
import pytest

from tests.contracts.transformers_folders import RECORDED
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.transformers_fields import ACTIVATIONS, FIELDS, HARMLESS

CASES = json.loads(RECORDED.read_text(encoding="utf-8"))["cases"]
FAMILY = {"distilbert": "distil_bert", "xlm-roberta": "xlm_roberta"}


@pytest.mark.parametrize("case", CASES)
def test_every_field_that_transformers_saves_is_classified(case):
    config = CASES[case]["config"]
    family = FAMILY.get(config["model_type"], config["model_type"])
    assert set(config) <= FIELDS[family].known() | HARMLESS


@pytest.mark.parametrize("family", FIELDS)
def test_sizes_are_arguments_of_the_class(family):
    made = "ViTBackbone" if family == "vit" else FAMILIES[family].backbone
    arguments = inspect.signature(getattr(keras_hub.models, made).__init__).parameters
    assert {argument for argument, _ in FIELDS[family].sizes.values() if argument} <= set(arguments)


@pytest.mark.parametrize("family", FIELDS)
def test_no_field_is_in_two_classes(family):
    fields = FIELDS[family]
    classes = [
        set(fields.sizes),
        {fields.activation[0]},
        {fields.epsilon[0]},
        {fields.dropout[0]},
        set(fields.fixed),
        fields.own,
    ]
    assert sum(map(len, classes)) == len(set().union(*classes))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_one_of_keras(name):
    found = keras.saving.get_registered_object(ACTIVATIONS[name]) or keras.activations.get(ACTIVATIONS[name])
    assert np.isfinite(np.asarray(found(keras.ops.linspace(-3.0, 3.0, 7)))).all()
