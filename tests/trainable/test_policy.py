"""Policies choose what they say, refuse what does not fit, and nothing else assigns ``.trainable``."""

import json
import re

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.models.assembly import TransferModel, build
from tfft.models.cuts import cut
from tfft.models.trunk import whole_net
from tfft.trainable.overview import HEAD, Overview, survey
from tfft.trainable.policy import (
    Policy,
    all_but_first_blocks,
    bias_only,
    everything,
    last_blocks,
    match,
    nothing,
    plan_rows,
)


@pytest.fixture
def model() -> TransferModel:
    return build("toy", tfft.tasks.classification(["ants", "bees"]))


def intended(model: TransferModel, policy: Policy, train_norms: bool = False) -> dict[str, str]:
    rows = plan_rows(policy, survey(model.backbone_net, model.backbone.blocks, model.head_net), train_norms).rows
    return {row.path: row.intent for row in rows if row.intent != "frozen" and row.block != HEAD}


def test_everything_trains_all_but_norms(model: TransferModel) -> None:
    convolutions = {f"block{i}_conv/{part}" for i in (1, 2, 3) for part in ("kernel", "bias")}
    assert intended(model, everything()) == dict.fromkeys(convolutions, "train")


def test_everything_with_norms_trains_scales_and_updates_statistics(model: TransferModel) -> None:
    found = intended(model, everything(), train_norms=True)
    assert len(found) == 18
    assert {path for path, intent in found.items() if intent == "update"} == {
        f"block{i}_bn/moving_{part}" for i in (1, 2, 3) for part in ("mean", "variance")
    }


def test_nothing_trains_only_the_head(model: TransferModel) -> None:
    assert intended(model, nothing(), train_norms=True) == {}
    assert {row.path for row in model.apply(nothing()).trained()} == {"head/logits/kernel", "head/logits/bias"}


def test_last_blocks_counts_from_the_head(model: TransferModel) -> None:
    assert set(intended(model, last_blocks(2))) == {f"block{i}_conv/{p}" for i in (2, 3) for p in ("kernel", "bias")}


def test_last_blocks_of_all_blocks_is_everything(model: TransferModel) -> None:
    assert intended(model, last_blocks(3), True) == intended(model, everything(), True)


def test_last_blocks_refuses_more_blocks_than_the_backbone_has(model: TransferModel) -> None:
    with pytest.raises(PlanError, match=r"last_blocks\(4\).*Got: 3 blocks.*'block1', 'block2', 'block3'.*at most 3"):
        model.apply(last_blocks(4))


@pytest.mark.parametrize("count", [0, -1, 1.0, "1", True, None])
def test_last_blocks_refuses_what_is_no_count(count: object) -> None:
    for make in (last_blocks, lambda count: Policy.from_dict({"name": "last_blocks", "arguments": [count]})):
        with pytest.raises(PlanError, match=r"needs a number of blocks of at least 1.*write nothing\(\)") as caught:
            make(count)
        assert repr(count) in caught.value.what


def test_all_but_first_blocks_counts_from_the_input(model: TransferModel) -> None:
    for count in (1, 2):
        for norms in (False, True):
            found = intended(model, all_but_first_blocks(count), norms)
            assert found == intended(model, last_blocks(3 - count), norms)
            assert {path.split("_")[0] for path in found} == {f"block{i}" for i in range(count + 1, 4)}
    assert all_but_first_blocks() == all_but_first_blocks(1)


def test_all_but_first_blocks_refuses_to_leave_no_block_that_trains(model: TransferModel) -> None:
    with pytest.raises(
        PlanError, match=r"all_but_first_blocks\(3\) leaves no block.*3 blocks.*at most 2, or nothing\(\)"
    ):
        model.apply(all_but_first_blocks(3))


@pytest.mark.parametrize("count", [0, -1, 1.0, "1", True, None])
def test_all_but_first_blocks_refuses_what_is_no_count(count: object) -> None:
    for make in (
        all_but_first_blocks,
        lambda count: Policy.from_dict({"name": "all_but_first_blocks", "arguments": [count]}),
    ):
        with pytest.raises(PlanError, match=r"needs a number of blocks of at least 1.*write everything\(\)") as caught:
            make(count)
        assert f"all_but_first_blocks({count!r})" in caught.value.what


@pytest.mark.slow
def test_the_tables_of_an_encoder_stay_bit_for_bit_and_its_layers_move() -> None:
    encoder = build("toy_text", tfft.tasks.classification(["ants", "bees"]))
    overview = encoder.apply(all_but_first_blocks(1), train_norms=True)
    before = overview.digests()
    net = whole_net(encoder, cut(encoder, overview))
    net.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    ids = np.random.default_rng(0).integers(5, 60, (8, 12)).astype("int32")
    given = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": np.ones_like(ids)}
    net.fit(given, np.eye(2)[[0, 1] * 4], epochs=2, verbose=0)
    after = overview.compared(before)
    assert after.discrepancies() == ()
    assert {row.block for row in after.rows if row.moved} == {"layer1", "layer2", HEAD}


def test_match_takes_whole_paths_of_any_pattern(model: TransferModel) -> None:
    assert set(intended(model, match("block3_conv/kernel", "block1.*"))) == {
        "block3_conv/kernel",
        "block1_conv/kernel",
        "block1_conv/bias",
    }


def test_match_reaches_one_weight_of_a_layer_and_leaves_the_other(model: TransferModel) -> None:
    model.apply(match("block3_conv/kernel"))
    layer = model.backbone_net.get_layer("block3_conv")
    assert (layer.kernel.trainable, layer.bias.trainable) == (True, False)


def test_match_refuses_a_pattern_that_matches_nothing_with_the_nearest_path(model: TransferModel) -> None:
    with pytest.raises(PlanError, match=r"'block3_conf/kernel' matches no variable.*whole path.*'block3_conv/kernel'"):
        model.apply(match("block1_.*", "block3_conf/kernel"))


def test_match_never_reaches_the_head(model: TransferModel) -> None:
    with pytest.raises(PlanError, match=r"'head/.\*' matches no variable of the backbone"):
        model.apply(match("head/.*"))


def test_match_refuses_no_pattern_and_broken_ones() -> None:
    with pytest.raises(PlanError, match=r"at least one pattern.*write nothing\(\)"):
        match()
    with pytest.raises(PlanError, match=r"'block\(' is not a regular expression.*Escape"):
        match("block(")
    with pytest.raises(PlanError, match=r"3 is not a regular expression"):
        match(3)  # type: ignore[arg-type]


def test_one_weight_of_a_norm_brings_all_its_statistics(model: TransferModel) -> None:
    """A batch normalisation that trains at all runs in training mode, which moves both statistics."""
    assert intended(model, match("block2_bn/gamma"), train_norms=True) == {
        "block2_bn/gamma": "train",
        "block2_bn/moving_mean": "update",
        "block2_bn/moving_variance": "update",
    }
    assert intended(model, match("block2_bn/gamma")) == {}


def test_bias_only_leaves_kernels_and_norm_offsets(model: TransferModel) -> None:
    assert set(intended(model, bias_only(), train_norms=True)) == {f"block{i}_conv/bias" for i in (1, 2, 3)}


@pytest.mark.slow
def test_what_is_planned_moves_in_a_real_fit_and_nothing_else(model: TransferModel) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype("float32")
    for policy, norms in [(match("block2_bn/gamma"), True), (bias_only(), False), (last_blocks(1), True)]:
        overview = model.apply(policy, norms)
        before = overview.digests()
        net = whole_net(model, cut(model, overview))
        net.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        net.fit({"pixels": pixels}, np.eye(2)[[0, 1] * 4], epochs=2, verbose=0)
        assert overview.compared(before).discrepancies() == ()


def test_applying_is_complete_whatever_was_set_before(model: TransferModel) -> None:
    def flags() -> list[bool]:
        return [v.trainable for v in model.net.weights]

    model.apply(last_blocks(1))
    wanted = flags()
    for spoil in (True, False):
        model.net.trainable = spoil
        model.backbone_net.get_layer("block1_conv").kernel.trainable = True
        model.apply(last_blocks(1))
        assert flags() == wanted


def test_frozen_batch_normalisation_runs_in_inference_mode(model: TransferModel) -> None:
    model.apply(last_blocks(1))
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype("float32")
    net = model.backbone_net
    np.testing.assert_array_equal(net(pixels, training=True), net(pixels, training=False))
    model.apply(last_blocks(1), train_norms=True)
    assert not np.allclose(net(pixels, training=True), net(pixels, training=False))


def test_policies_describe_themselves_and_survive_json() -> None:
    for policy in (everything(), nothing(), last_blocks(2), all_but_first_blocks(2), match("a.*", "b"), bias_only()):
        again = Policy.from_dict(json.loads(json.dumps(policy.to_dict())))
        assert again == policy
        assert hash(again) == hash(policy)
        assert eval(policy.describe(), vars(tfft.trainable)) == policy


def test_an_unknown_policy_is_refused_with_the_nearest() -> None:
    with pytest.raises(PlanError, match=r"The policy 'last_block' does not exist.*'last_blocks'"):
        Policy("last_block", (1,))


def test_arguments_that_a_policy_does_not_take_are_refused() -> None:
    with pytest.raises(PlanError, match=r"takes no arguments. Got: \(3,\). Leave them out"):
        Policy("everything", (3,))
    with pytest.raises(PlanError, match=r"last_blocks\(\(1, 2\)\)"):
        Policy("last_blocks", (1, 2))


def test_planning_touches_nothing(model: TransferModel) -> None:
    before = [(v.path, v.trainable) for v in model.net.weights]
    overview = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    planned = plan_rows(everything(), overview, True)
    assert [(v.path, v.trainable) for v in model.net.weights] == before
    assert isinstance(planned, Overview)
    assert {row.path: row for row in overview.rows}["block1_conv/kernel"].intent == "frozen"
    assert re.fullmatch(r"[\d,]+ of [\d,]+ parameters", planned.describe())


def test_constants_of_a_layer_that_has_nothing_to_train_never_move() -> None:
    images = np.random.default_rng(0).integers(0, 255, (24, 16, 16, 3)).astype(np.uint8)
    centred = keras.layers.Normalization(name="centred")
    centred.adapt(images.astype("float32"))
    pixels = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, name="inner")(centred(pixels))
    bare = keras.layers.BatchNormalization(center=False, scale=False, name="bare")(x)
    net = keras.Model(pixels, keras.layers.BatchNormalization(name="full")(bare))
    data = tfft.data.from_arrays(images, [0, 1] * 12)
    model = tfft.build(tfft.load_backbone(net, pixel_range="raw"), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.full(1, 1e-2, train_norms=True), batch_size=8)
    intents = {row.path: (row.intent, row.moved) for row in run.phases[0].overview.rows if row.kind == "statistic"}
    constants = {path: found for path, found in intents.items() if path.startswith("centred")}
    assert len(constants) == 3
    assert set(constants.values()) == {("frozen", False)}
    assert {found for path, found in intents.items() if path not in constants} == {("update", True)}
