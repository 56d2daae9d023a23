"""What a preset's files say of images; how presets come to their range: test_vision.py."""

import json

import pytest

from tfft.backbones.keras_hub.image_inputs import trained_at, trained_on
from tfft.core.errors import BackboneError


def test_the_size_is_timms_then_the_converters_then_the_nets_then_224(tmp_path):
    timm, values = {"pretrained_cfg": {"input_size": [3, 64, 48]}}, {"image_shape": (96, 80, 3)}
    assert trained_at(str(tmp_path), {}, {}, fixed=False) == (224, 224)
    assert trained_at(str(tmp_path), {}, values, fixed=False) == (96, 80)
    (tmp_path / "image_converter.json").write_text(json.dumps({"config": {"image_size": [32, 36]}}))
    assert trained_at(str(tmp_path), {}, values, fixed=False) == (32, 36)
    assert trained_at(str(tmp_path), timm, values, fixed=False) == (64, 48)
    assert trained_at(str(tmp_path), timm, values, fixed=True) == (96, 80)


def test_a_net_of_one_size_that_does_not_say_it_is_refused(tmp_path):
    with pytest.raises(BackboneError, match="does not say at which size"):
        trained_at(str(tmp_path), {}, {"image_shape": (None, None, 3)}, fixed=True)


@pytest.mark.parametrize("section", [None, [], "text", 3])
def test_a_section_of_another_type_says_nothing(tmp_path, section):
    assert trained_at(str(tmp_path), {"pretrained_cfg": section}, {}, fixed=False) == (224, 224)
    with pytest.raises(BackboneError, match="does not say which range of pixels its net takes"):
        trained_on(str(tmp_path), {"pretrained_cfg": section})
