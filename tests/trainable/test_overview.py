"""The table of variables is total, and says what moved."""

import json

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import BackboneError
from tfft.core.specs import Block
from tfft.models.assembly import TransferModel, build
from tfft.trainable.overview import HEAD, Overview, Row, flattened, is_norm, survey
from tfft.trainable.policy import everything, last_blocks, nothing


@pytest.fixture
def model() -> TransferModel:
    return build("toy", tfft.tasks.classification(["ants", "bees"], hidden=(5,)))


def rows(model: TransferModel) -> Overview:
    return survey(model.backbone_net, model.backbone.blocks, model.head_net)


def test_every_variable_stands_in_it_exactly_once_in_order(model: TransferModel) -> None:
    overview = rows(model)
    assert sorted(id(v) for v in overview.variables) == sorted(id(v) for v in model.net.weights)
    assert len({row.path for row in overview.rows}) == len(overview.rows)
    assert list(dict.fromkeys(row.block for row in overview.rows)) == ["block1", "block2", "block3", HEAD]
    assert all(tuple(v.shape) == row.shape for v, row in zip(overview.variables, overview.rows, strict=True))
    assert {row.intent for row in overview.rows} == {"frozen"}
    assert {row.moved for row in overview.rows} == {None}


def test_its_representation_is_the_short_table(model: TransferModel) -> None:
    overview = rows(model)
    assert repr(overview).splitlines()[0] == f"<Overview: trains {overview.describe()}>"
    assert repr(overview).endswith(overview.to_table())


def test_rows_know_weights_from_statistics_and_norms_from_the_rest(model: TransferModel) -> None:
    found = {row.path: row for row in rows(model).rows}
    assert (found["block1_bn/moving_mean"].kind, found["block1_bn/moving_mean"].norm) == ("statistic", True)
    assert (found["block1_bn/gamma"].kind, found["block1_bn/gamma"].norm) == ("weight", True)
    assert (found["block1_conv/kernel"].kind, found["block1_conv/kernel"].norm) == ("weight", False)
    assert found["block1_conv/kernel"].size == 3 * 3 * 3 * 4
    assert found["head/hidden_0/kernel"].block == HEAD
    assert found["head/logits/bias"].dtype == "float32"


def test_kinds_do_not_depend_on_what_is_frozen_now(model: TransferModel) -> None:
    before = [row.kind for row in rows(model).rows]
    model.apply(everything(), train_norms=True)
    assert [row.kind for row in rows(model).rows] == before
    model.net.trainable = False
    assert [row.kind for row in rows(model).rows] == before


def test_totals_and_sentence_count_values(model: TransferModel) -> None:
    overview = model.apply(nothing())
    head = model.head_net.count_params()
    assert overview.totals() == (head, model.net.count_params())
    assert overview.describe() == f"{head:,} of {model.net.count_params():,} parameters"
    assert {row.block for row in overview.trained()} == {HEAD}


def test_the_printed_table_has_one_line_a_block(model: TransferModel) -> None:
    lines = model.apply(last_blocks(1)).to_table().splitlines()
    assert lines[0].split() == ["block", "variables", "parameters", "trains", "moved"]
    assert [line.split()[0] for line in lines[1:]] == ["block1", "block2", "block3", HEAD]
    assert lines[1].split() == ["block1", "6", "128", "0"]
    assert lines[3].split() == ["block3", "6", "616", "584"]


def test_rows_are_plain_json(model: TransferModel) -> None:
    written = json.loads(json.dumps(model.apply(nothing()).to_rows()))
    assert written[0] == {
        "path": "block1_conv/kernel",
        "block": "block1",
        "shape": [3, 3, 3, 4],
        "dtype": "float32",
        "kind": "weight",
        "norm": False,
        "intent": "frozen",
        "moved": None,
    }


def test_compared_finds_what_moved_to_the_last_bit(model: TransferModel) -> None:
    overview = model.apply(nothing())
    before = overview.digests()
    changed = model.backbone_net.get_layer("block2_conv").kernel
    values = changed.numpy()
    values[0, 0, 0, 0] = np.nextafter(values[0, 0, 0, 0], np.float32(np.inf))
    changed.assign(values)
    after = overview.compared(before)
    assert [row.path for row in after.rows if row.moved] == ["block2_conv/kernel"]
    assert after.to_table().splitlines()[2].split()[-1] == "1"


def test_discrepancies_are_both_kinds_of_surprise(model: TransferModel) -> None:
    overview = model.apply(nothing())
    before = overview.digests()
    frozen = model.backbone_net.get_layer("block1_bn").moving_mean
    frozen.assign(frozen.numpy() + 1)
    model.head_net.get_layer("logits").bias.assign([1.0, 2.0])
    wrong = {row.path: row.moved for row in overview.compared(before).discrepancies()}
    assert wrong == {
        "block1_bn/moving_mean": True,
        "head/hidden_0/kernel": False,
        "head/hidden_0/bias": False,
        "head/logits/kernel": False,
    }


def test_blocks_that_do_not_fit_the_net_are_refused(model: TransferModel) -> None:
    with pytest.raises(BackboneError, match=r"Block 'entry' is empty: 'stem_' matches no layer.*from input to output"):
        survey(model.backbone_net, [Block("entry", "stem_"), Block("rest")], model.head_net)


def test_layers_inside_layers_are_found() -> None:
    inner = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2), keras.layers.BatchNormalization()], name="inner"
    )
    net = keras.Sequential([keras.Input((2,)), inner], name="outer")
    found = flattened(net)
    assert found[0] is net
    assert found.index(inner) < min(found.index(layer) for layer in inner.layers)
    overview = survey(net, [Block("all")], keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    assert [row.norm for row in overview.rows[:6]] == [False, False, True, True, True, True]
    assert [row.kind for row in overview.rows[:6]] == ["weight"] * 4 + ["statistic"] * 2


@pytest.mark.parametrize(
    ("layer", "norm"),
    [
        (keras.layers.BatchNormalization, True),
        (keras.layers.LayerNormalization, True),
        (keras.layers.GroupNormalization, True),
        (keras.layers.RMSNormalization, True),
        (keras.layers.UnitNormalization, True),
        (keras.layers.Normalization, True),
        (keras.layers.Dropout, False),
        (keras.layers.Activation, False),
    ],
)
def test_norms_are_known_by_their_kind(layer: type, norm: bool) -> None:
    arguments = {keras.layers.GroupNormalization: {"groups": 1}, keras.layers.Dropout: {"rate": 0.1}}
    made = layer("relu") if layer is keras.layers.Activation else layer(**arguments.get(layer, {}))
    assert is_norm(made) is norm


def test_a_row_without_axes_holds_one_value() -> None:
    assert Row("count", "block1", (), "int32", "statistic", True).size == 1
