"""The variables of a SavedModel in blocks."""

import pytest

from tfft.backbones.savedmodel.variables import grouped, rows_of
from tfft.core.errors import BackboneError
from tfft.savedmodel.signatures import Variable


def test_without_patterns_names_that_begin_alike_make_a_block():
    names = [
        "bert/embeddings/word/kernel",
        "bert/embeddings/norm/gamma",
        "bert/layer_0/a/kernel",
        "bert/layer_1/a/bias",
    ]
    variables = [Variable(name, (1,), "float32", True) for name in [*names, "bert/pooler/kernel"]]
    assert grouped(variables) == {"embeddings": [0, 1], "layer_0": [2], "layer_1": [3], "pooler": [4]}


def test_random_states_are_in_no_block():
    assert grouped([Variable("a_1/kernel", (1,), "float32", True), Variable("seed", (2,), "int64", False)]) == {
        "a_1": [0]
    }


def test_a_name_without_a_number_between_numbered_ones_is_a_block_of_its_own():
    names = [
        "Conv1/kernel",
        "bn_Conv1/gamma",
        "first_depthwise/kernel",
        "first_project/kernel",
        "block_1_expand/kernel",
    ]
    variables = [Variable(name, (1,), "float32", True) for name in names]
    assert grouped(variables) == {"Conv1": [0], "bn_Conv1": [1], "first_depthwise": [2, 3], "block_1": [4]}


def test_norms_are_known_by_the_names_of_their_variables():
    names = ["a/gamma", "a/moving_mean", "encoder/LayerNorm/scale", "batch_normalization_1/x", "norm_free/kernel"]
    variables = [Variable(name, (1,), "float32", "moving" not in name, ("out",)) for name in names]
    rows = rows_of(variables, range(5), "out")
    assert [row["norm"] for row in rows] == [True, True, True, True, False]
    assert [row["kind"] for row in rows] == ["weight", "statistic", "weight", "weight", "weight"]


NAMES = ("block_0_conv/kernel", "block_1_conv/kernel", "block_2_conv/kernel")
THREE = [Variable(name, (1,), "float32", True) for name in NAMES]


def test_a_variable_that_no_pattern_covers_is_named():
    with pytest.raises(BackboneError, match=r"No pattern of blocks= covers 'block_0_conv/kernel'"):
        grouped(THREE, ["block_[12]"])


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        (["block_", "conv"], "'conv' of blocks= covers no variable"),
        (["("], "are not valid patterns"),
        ("block_", "takes a list of patterns"),
    ],
)
def test_patterns_that_cannot_be_meant_are_refused(blocks, told):
    with pytest.raises(BackboneError, match=told):
        grouped(THREE, blocks)


def test_what_the_output_does_not_depend_on_never_trains():
    pooler = Variable("pooler/kernel", (1,), "float32", True, ("pooled_output",))
    assert rows_of([pooler], [0], "pooled_output")[0]["kind"] == "weight"
    assert rows_of([pooler], [0], "sequence_output")[0]["kind"] == "statistic"
