"""A cut lies as deep as nothing before it moves, and says where and why not deeper."""

import pytest

import tfft
from tfft.models.cuts import cut, feature_type, segments, segments_before
from tfft.trainable import bias_only, everything, last_blocks, match, nothing


@pytest.fixture
def model():
    return tfft.build("toy", tfft.tasks.classification(["a", "b", "c"], hidden=(5,), dropout=0.5), seed=1)


@pytest.mark.parametrize("policy", [everything(), bias_only(), match("block1_conv/kernel")])
def test_where_the_first_layer_trains_there_is_nothing_to_keep(model, policy):
    at = cut(model, model.apply(policy))
    assert "block1_conv" in at.reason
    assert "no layer before it has a kernel" in at.reason


def test_a_norm_that_trains_lies_behind_the_cut(model):
    assert cut(model, model.apply(last_blocks(2), train_norms=True)).describe() == "after block1_relu"
    norms = cut(model, model.apply(match("block2_bn/gamma"), train_norms=True))
    assert norms.describe() == "after block2_conv"


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "vgg16", "resnet50", "densenet121", "efficientnet_b0", "convnext_tiny"]
)
def test_blocks_of_known_nets_are_cut_where_they_begin(name):
    """One tensor crosses the cut, so that what is kept is small."""
    model = tfft.build(tfft.load_backbone(name, weights=None, size=64), tfft.tasks.classification(["a", "b"]))
    places = [cut(model, model.apply(policy)) for policy in (last_blocks(1), last_blocks(2), nothing())]
    assert all(len(at.tensors) == 1 and at.reason == "" for at in places)
    assert places[2].contains(places[0])
    assert places[0].contains(places[1])
    assert places[2].describe() == "after pool"


def test_features_of_the_backbone_are_of_its_precision_and_those_of_the_head_are_not(model):
    tune, head = (cut(model, model.apply(policy)) for policy in (last_blocks(1), nothing()))
    assert feature_type(tune, 0, "bfloat16") == ((4, 4, 8), "bfloat16")
    assert feature_type(head, 0, "bfloat16") == ((8,), "float32")


def test_segments_say_what_a_trunk_computes(model):
    head = [net.get_config() for net in segments_before(model, cut(model, model.apply(nothing())))]
    tune = [net.get_config() for net in segments_before(model, cut(model, model.apply(last_blocks(1))))]
    assert len(head) == 2
    assert len(tune) == 1
    names = [layer["config"]["name"] for layer in tune[0]["layers"]]
    assert "block2_relu" in names
    assert "block3_conv" not in names


def test_segments_lead_from_place_to_place(model):
    tune, head = (cut(model, model.apply(policy)) for policy in (last_blocks(1), nothing()))
    whole = segments(model, None, None)
    assert [net for net, _ in whole] == [model.backbone_net, model.head_net]
    assert [of_backbone for _, of_backbone in segments(model, tune.place, head.place)] == [True, False]
    assert [of_backbone for _, of_backbone in segments(model, head.place, None)] == [False]
