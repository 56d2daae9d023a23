"""The output and the blocks of a SavedModel."""

import keras
import pytest

import tfft
from tests.modules import publish, tiny
from tfft.core.errors import BackboneError


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return publish(tiny(), tmp_path_factory.mktemp("hub") / "tiny")


def test_blocks_may_be_said_by_patterns(module):
    described = tfft.load_backbone(str(module), blocks=["block_0", "block_[12]"])
    model = tfft.build(described, tfft.tasks.classification(["a", "b"]))
    rows = model.apply(tfft.trainable.last_blocks(1)).rows
    assert {row.path.split("_")[1] for row in rows if row.intent == "train" and row.block != "head"} == {"1", "2"}


def test_of_several_outputs_one_is_chosen(tmp_path):
    net = tiny()
    both = keras.Model(net.input, {"last": net.output, "first": net.get_layer("block_0_conv").output})
    handle = str(publish(both, tmp_path))
    with pytest.raises(BackboneError, match=r"2 outputs that could be features.*Pass output='first'"):
        tfft.load_backbone(handle)
    assert tfft.load_backbone(handle, output="first").features.kind == "map"
    with pytest.raises(BackboneError, match=r"no output 'lost'.*'last'"):
        tfft.load_backbone(handle, output="lost")
