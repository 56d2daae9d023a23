"""Rates fall from the head to the input as they are told, and refuse what is no share."""

import json
import math
from dataclasses import FrozenInstanceError
from itertools import pairwise

import numpy as np
import pytest

from tfft import plans
from tfft.core.errors import PlanError
from tfft.plans.rates import Rates

BLOCKS = ["embeddings", "layer1", "layer2", "layer3"]


def factors(rates: Rates, blocks: list[str] = BLOCKS) -> list[float]:
    return [rates.of_block(name, blocks) for name in (*blocks, "head")]


def test_by_default_all_rates_are_the_same() -> None:
    assert factors(Rates()) == [1, 1, 1, 1, 1]


def test_each_block_has_the_same_share_of_the_rate_of_the_one_behind_it() -> None:
    found = factors(Rates(layer_decay=0.8))[:-1]
    assert [one / other for one, other in pairwise(found)] == pytest.approx([0.8] * 3)
    assert found[-1] == 1, "the last block has the rate of the phase"


def test_the_head_has_a_rate_of_its_own_that_does_not_decay() -> None:
    assert factors(Rates(layer_decay=0.5, head=20)) == [0.125, 0.25, 0.5, 1, 20]
    assert factors(Rates(head=20)) == [1, 1, 1, 1, 20]
    assert factors(Rates(0.5, 20), ["only"]) == [1, 20]


def test_no_factor_is_nothing_however_deep_the_net() -> None:
    blocks = [f"block{i}" for i in range(100)]
    assert min(factors(Rates(layer_decay=0.1), blocks)) > 0


@pytest.mark.parametrize("value", [0, -1, 1.5, math.nan, math.inf, "0.8", None, True, [0.8]])
def test_a_layer_decay_that_is_no_share_is_refused_with_the_range(value: object) -> None:
    with pytest.raises(PlanError) as caught:
        Rates(layer_decay=value)  # type: ignore[arg-type]
    assert caught.value.what == f"layer_decay={value!r} must be a number in (0, 1]."
    assert caught.value.fix == "1 leaves the learning rate as it is."


@pytest.mark.parametrize("value", [0, -20, 10001, math.nan, math.inf, "20", None, True])
def test_a_head_that_is_no_factor_is_refused_with_the_range(value: object) -> None:
    with pytest.raises(PlanError) as caught:
        Rates(head=value)  # type: ignore[arg-type]
    assert caught.value.what == f"head={value!r} must be a number in (0, 10000]."
    assert caught.value.fix == "1 leaves the learning rate as it is."


def test_the_ends_of_both_ranges_are_allowed() -> None:
    assert factors(Rates(layer_decay=1, head=10000))[-1] == 10000
    assert Rates(layer_decay=1e-6, head=1e-6).head == 1e-6


@pytest.mark.parametrize("number", [np.float64, np.float32, np.int64])
def test_the_numbers_of_numpy_are_numbers_as_in_a_phase(number: type) -> None:
    rates = Rates(layer_decay=number(1), head=number(20))
    assert Rates.from_dict(json.loads(json.dumps(rates.to_dict()))) == rates


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (Rates(), ""),
        (Rates(head=20.0), "head x 20"),
        (Rates(0.8), "layer decay 0.8"),
        (Rates(0.95, 0.5), "head x 0.5, layer decay 0.95"),
    ],
)
def test_rates_describe_what_differs_alone(rates: Rates, said: str) -> None:
    assert rates.describe() == said


@pytest.mark.parametrize("rates", [Rates(), Rates(0.8), Rates(0.1, 1e-3), Rates(1, 10000)])
def test_rates_survive_json(rates: Rates) -> None:
    again = Rates.from_dict(json.loads(json.dumps(rates.to_dict())))
    assert again == rates
    assert hash(again) == hash(rates)


@pytest.mark.parametrize("missing", ["layer_decay", "head"])
def test_a_missing_value_is_an_error_by_name(missing: str) -> None:
    values = Rates(0.8, 20).to_dict()
    del values[missing]
    with pytest.raises(KeyError, match=missing):
        Rates.from_dict(values)


def test_what_is_read_is_checked_as_what_is_written() -> None:
    with pytest.raises(PlanError, match=r"layer_decay=2 must"):
        Rates.from_dict({"layer_decay": 2, "head": 1})


def test_rates_are_frozen_and_public() -> None:
    with pytest.raises(FrozenInstanceError):
        Rates().head = 2  # type: ignore[misc]
    assert plans.Rates is Rates
