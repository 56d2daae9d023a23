"""Every layer belongs to exactly one block, in order."""

from types import SimpleNamespace

import pytest

from tfft.core.blocks import assign_blocks
from tfft.core.errors import BackboneError
from tfft.core.specs import Block


def _net(*names):
    return SimpleNamespace(layers=[SimpleNamespace(name=name) for name in names])


NET = _net("input", "conv1", "conv1_bn", "conv2_a", "conv2_b", "top_conv", "top_bn")


def test_a_block_contains_all_layers_from_the_previous_block_to_its_last_match():
    blocks = [Block("stem", "conv1"), Block("two", "conv2_"), Block("top")]
    assert assign_blocks(NET, blocks) == {
        "input": "stem",
        "conv1": "stem",
        "conv1_bn": "stem",
        "conv2_a": "two",
        "conv2_b": "two",
        "top_conv": "top",
        "top_bn": "top",
    }


def test_a_single_block_contains_all_layers():
    assert set(assign_blocks(NET, [Block("all")]).values()) == {"all"}


def test_a_pattern_matches_from_the_start_of_the_name():
    assert assign_blocks(NET, [Block("stem", "conv"), Block("rest")])["conv2_b"] == "stem"
    assert assign_blocks(NET, [Block("stem", "conv"), Block("rest")])["top_conv"] == "rest"


def test_the_error_names_a_pattern_without_a_match_and_the_existing_layers():
    with pytest.raises(BackboneError, match=r"'mid' is empty: 'block9'.*'conv2_a'.*input to output"):
        assign_blocks(NET, [Block("stem", "conv1"), Block("mid", "block9"), Block("top")])


def test_blocks_in_the_wrong_order_are_refused():
    with pytest.raises(BackboneError, match="'stem' is empty"):
        assign_blocks(NET, [Block("two", "conv2_"), Block("stem", "conv1"), Block("top")])


def test_a_last_block_without_layers_is_refused():
    with pytest.raises(BackboneError, match="'top' is empty"):
        assign_blocks(_net("a", "b"), [Block("all", "b"), Block("top")])
