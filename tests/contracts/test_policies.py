"""The laws that every policy must pass, on every small net; a new policy is added to the list and inherits them."""

import json

import pytest

import tfft
from tfft.models.assembly import TransferModel, build
from tfft.models.cuts import cut
from tfft.models.trunk import whole_net
from tfft.trainable import overview as overview_module
from tfft.trainable.overview import HEAD, survey
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

POLICIES = [
    everything(),
    nothing(),
    last_blocks(1),
    last_blocks(2),
    all_but_first_blocks(1),
    match(r"block[23].*", "block1.*"),
    bias_only(),
]
NETS = {"toy": {}, "tfft_mini": {"weights": None, "size": 32}}


def test_every_policy_there_is_stands_in_the_list() -> None:
    made = {name for name in tfft.trainable.__all__ if name.islower()}
    assert {policy.name for policy in POLICIES} == made


@pytest.fixture(scope="module", params=NETS)
def model(request: pytest.FixtureRequest) -> TransferModel:
    described = tfft.load_backbone(request.param, **NETS[request.param])
    return build(described, tfft.tasks.classification(["ants", "bees"], hidden=(4,)))


@pytest.fixture(params=POLICIES, ids=Policy.describe)
def policy(request: pytest.FixtureRequest) -> Policy:
    return request.param


@pytest.fixture(params=[False, True], ids=["norms-frozen", "norms-train"])
def train_norms(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_the_table_is_total(model: TransferModel, policy: Policy, train_norms: bool) -> None:
    overview = model.apply(policy, train_norms)
    assert sorted(map(id, overview.variables)) == sorted(map(id, model.net.weights))
    assert len({row.path for row in overview.rows}) == len(overview.rows)
    blocks = [block.name for block in model.backbone.blocks]
    assert list(dict.fromkeys(row.block for row in overview.rows)) == [*blocks, HEAD]
    assert {row.intent for row in overview.rows} <= {"train", "update", "frozen"}


def test_intents_are_what_keras_will_train(model: TransferModel, policy: Policy, train_norms: bool) -> None:
    overview = model.apply(policy, train_norms)
    pairs = list(zip(overview.rows, overview.variables, strict=True))
    meant = {id(variable) for row, variable in pairs if row.intent == "train"}
    assert {id(variable) for variable in model.net.trainable_variables} == meant
    assert {id(variable) for variable in whole_net(model, cut(model, overview)).trainable_variables} == meant


def test_the_head_always_trains(model: TransferModel, policy: Policy, train_norms: bool) -> None:
    heads = [row for row in model.apply(policy, train_norms).rows if row.block == HEAD]
    assert len(heads) == 4
    assert {row.intent for row in heads} == {"train"}


def test_norms_are_frozen_and_in_inference_mode_unless_asked(model: TransferModel, policy: Policy) -> None:
    overview = model.apply(policy)
    assert {row.intent for row in overview.rows if row.norm} == {"frozen"}
    norms = [layer for layer in model.backbone_net.layers if overview_module.is_norm(layer)]
    assert norms
    assert not any(layer.trainable for layer in norms)


def test_statistics_move_exactly_where_a_norm_trains(model: TransferModel, policy: Policy) -> None:
    rows = model.apply(policy, train_norms=True).rows
    training = {row.path.rpartition("/")[0] for row in rows if row.norm and row.intent == "train"}
    statistics = [row for row in rows if row.kind == "statistic"]
    assert statistics
    for row in statistics:
        assert row.intent == ("update" if row.path.rpartition("/")[0] in training else "frozen")
        assert model.backbone_net.get_layer(row.path.split("/")[-2]).trainable == (row.intent == "update")


def test_planning_says_what_applying_does(model: TransferModel, policy: Policy, train_norms: bool) -> None:
    rows = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    assert plan_rows(policy, rows, train_norms).rows == model.apply(policy, train_norms).rows


def test_applying_does_not_depend_on_what_came_before(model: TransferModel, policy: Policy) -> None:
    fresh = model.apply(policy).rows
    wanted = [v.trainable for v in model.net.weights]
    for before in POLICIES:
        model.apply(before, train_norms=True)
        assert model.apply(policy).rows == fresh
        assert [v.trainable for v in model.net.weights] == wanted


def test_policies_survive_json(policy: Policy) -> None:
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy
