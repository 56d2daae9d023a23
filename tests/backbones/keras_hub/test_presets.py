"""Every row is a preset of KerasHub, of the class that its family names."""

import os

import keras_hub
import pytest

from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.presets import ARCHITECTURES, REMOTE, is_own


@pytest.mark.parametrize("name", FAMILIES)
def test_every_preset_is_one_of_its_class_in_keras_hub(name):
    ours = {preset for preset, (family, _) in ARCHITECTURES.items() if family == name}
    assert ours
    assert ours <= set(getattr(keras_hub.models, FAMILIES[name].backbone).presets)


def test_every_row_is_of_a_family_that_is_known_and_says_so():
    for preset, (family, layers) in ARCHITECTURES.items():
        assert family in FAMILIES
        assert preset.startswith(family)
        assert layers >= 2


@pytest.mark.parametrize(
    "handle", ["hf://owner/model", "kaggle://keras/bert/keras/bert_tiny", f".{os.sep}here", f"a{os.sep}b", f"{os.sep}a"]
)
def test_addresses_and_paths_are_for_this_source(handle):
    assert is_own(handle)


@pytest.mark.parametrize("handle", ["vgg16", "bert_tiny", "keras://vgg16", "keras_hub://bert_base_en", "", "."])
def test_names_and_other_schemes_are_not(handle):
    assert not is_own(handle)


def test_no_name_is_taken_for_an_address():
    assert not any(is_own(name) or name.startswith(REMOTE) for name in ARCHITECTURES)
