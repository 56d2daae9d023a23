"""Every policy has a chooser, each chooses what its name says, and what it cannot do is refused with a way out."""

import re

import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.trainable.choosers import CHECKS, CHOOSERS, check_none
from tfft.trainable.overview import HEAD, Overview, Row, survey
from tfft.trainable.policy import Policy


def row(path: str, block: str) -> Row:
    return Row(path, block, (2, 2), "float32", "weight", norm="norm" in path)


ARCHITECTURES = (
    row("tokens/embeddings", "embeddings"),
    row("norm/gamma", "embeddings"),
    row("one/kernel", "layer1"),
    row("one/bias", "layer1"),
    row("two/kernel", "layer2"),
    row("head/logits/kernel", HEAD),
    row("head/logits/bias", HEAD),
)
OVERVIEW = Overview(ARCHITECTURES, tuple(object() for _ in ARCHITECTURES))


def chosen(name: str, *arguments: object) -> list[str]:
    chooses = CHOOSERS[name](OVERVIEW, *arguments)
    return [found.path for found in ARCHITECTURES if found.block != HEAD and chooses(found)]


def test_each_public_policy_has_a_chooser_and_each_check_belongs_to_one() -> None:
    public = {name for name in tfft.trainable.__all__ if name.islower()}
    assert set(CHOOSERS) == public
    assert set(CHECKS) <= set(CHOOSERS)


def test_everything_and_nothing() -> None:
    assert chosen("everything") == [found.path for found in ARCHITECTURES if found.block != HEAD]
    assert chosen("nothing") == []


@pytest.mark.parametrize("count", [1, 2])
def test_the_last_blocks_and_all_but_the_first_are_the_two_ways_to_count(count: int) -> None:
    """Of three blocks, the last two are all but the first one."""
    assert chosen("all_but_first_blocks", count) == chosen("last_blocks", 3 - count)
    first = [found.path for found in ARCHITECTURES if found.block in ("embeddings", "layer1", "layer2")[:count]]
    assert not set(first) & set(chosen("all_but_first_blocks", count))
    assert sorted([*first, *chosen("all_but_first_blocks", count)]) == sorted(chosen("everything"))


def test_the_last_of_all_blocks_are_everything() -> None:
    assert chosen("last_blocks", 3) == chosen("everything")


def test_a_block_of_norms_alone_is_not_counted_and_goes_with_the_one_in_front_of_it() -> None:
    rows = (row("one/kernel", "one"), row("two/kernel", "two"), row("norm/gamma", "three"), row("head/kernel", HEAD))
    overview = Overview(rows, tuple(object() for _ in rows))
    for count, expected in ((1, ["two/kernel", "norm/gamma"]), (2, ["one/kernel", "two/kernel", "norm/gamma"])):
        chooses = CHOOSERS["last_blocks"](overview, count)
        assert [found.path for found in rows if found.block != HEAD and chooses(found)] == expected
    with pytest.raises(PlanError, match="Use at most 2"):
        CHOOSERS["last_blocks"](overview, 3)


@pytest.mark.parametrize("count", [3, 4, 100])
def test_all_but_first_blocks_refuses_to_leave_none(count: int) -> None:
    with pytest.raises(PlanError) as caught:
        chosen("all_but_first_blocks", count)
    assert caught.value.what == f"all_but_first_blocks({count}) leaves no block that trains."
    assert caught.value.got == "3 blocks with variables: 'embeddings', 'layer1', 'layer2'"
    assert caught.value.fix == "Use at most 2, or nothing()."


def test_last_blocks_refuses_more_blocks_than_the_backbone_has() -> None:
    with pytest.raises(PlanError) as caught:
        chosen("last_blocks", 4)
    assert caught.value.what == "last_blocks(4) asks for more blocks than the backbone has."
    assert caught.value.got == "3 blocks with variables: 'embeddings', 'layer1', 'layer2'"
    assert caught.value.fix == "Use at most 3, or everything()."


def test_match_takes_whole_paths_and_never_the_head() -> None:
    assert chosen("match", "one/.*") == ["one/kernel", "one/bias"]
    assert chosen("match", ".*/kernel", "tokens/embeddings") == ["tokens/embeddings", "one/kernel", "two/kernel"]
    with pytest.raises(PlanError, match=r"'one' matches no variable.*5 variables.*whole path must match"):
        chosen("match", "one")
    with pytest.raises(PlanError, match=r"'head/.\*' matches no variable of the backbone"):
        chosen("match", "head/.*")


def test_bias_only_takes_what_is_called_a_bias() -> None:
    assert chosen("bias_only") == ["one/bias"]


@pytest.mark.parametrize("name", sorted(set(CHOOSERS) - set(CHECKS)))
def test_policies_without_a_check_take_no_arguments(name: str) -> None:
    with pytest.raises(PlanError, match=r"takes no arguments. Got: \(1,\). Leave them out"):
        Policy(name, (1,))
    assert Policy(name).arguments == ()


def test_no_arguments_are_no_mistake() -> None:
    check_none()
    with pytest.raises(PlanError, match=r"Got: \('a', 2\)"):
        check_none("a", 2)


@pytest.mark.parametrize(("name", "instead"), [("last_blocks", "nothing()"), ("all_but_first_blocks", "everything()")])
@pytest.mark.parametrize("arguments", [(0,), (-1,), (1.0,), ("1",), (True,), (None,), (), (1, 2)])
def test_what_is_no_count_is_refused_with_what_to_write_for_none(
    name: str, instead: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(PlanError) as caught:
        CHECKS[name](*arguments)
    shown = arguments[0] if len(arguments) == 1 else arguments
    assert caught.value.what == f"{name}({shown!r}) needs a number of blocks of at least 1."
    assert caught.value.fix == f"For 0 blocks, write {instead}."
    CHECKS[name](1)


def test_a_pattern_is_checked_before_there_is_a_net() -> None:
    with pytest.raises(PlanError, match=r"at least one pattern"):
        CHECKS["match"]()
    with pytest.raises(PlanError, match=r"'\(' is not a regular expression.*Escape"):
        CHECKS["match"]("fine", "(")
    CHECKS["match"]("layer[12].*")


def test_in_an_encoder_all_but_the_first_block_are_its_layers() -> None:
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]))
    overview = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    chooses = CHOOSERS["all_but_first_blocks"](overview, 1)
    layers = [found for found in overview.rows if found.block != HEAD and chooses(found)]
    assert {found.block for found in layers} == {"layer1", "layer2"}
    left = [found.path for found in overview.rows if found.block not in ("layer1", "layer2", HEAD)]
    assert left
    assert all(re.search("embedding", path) for path in left)
