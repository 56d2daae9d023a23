"""Recipes return the plans they describe."""

import pytest

from tfft import plans
from tfft.core.errors import PlanError
from tfft.plans.recipes import HEAD_LEARNING_RATE, TUNE_LEARNING_RATE, full, head_only, two_phase
from tfft.trainable.policy import everything, last_blocks, nothing


def test_two_phase_trains_the_head_and_then_the_top_gently() -> None:
    head, tune = two_phase(head_epochs=4, tune_epochs=6, blocks=2, learning_rate=1e-2, tune_learning_rate=1e-4)
    assert (head.name, head.trainable, head.epochs, head.learning_rate) == ("head", nothing(), 4, 1e-2)
    assert (tune.name, tune.trainable, tune.epochs) == ("tune", last_blocks(2), 6)
    assert tune.learning_rate == 1e-4
    assert not head.train_norms
    assert not tune.train_norms


def test_two_phase_is_gentle_by_default() -> None:
    head, tune = two_phase()
    assert (head.learning_rate, tune.learning_rate) == (HEAD_LEARNING_RATE, TUNE_LEARNING_RATE)
    assert tune.learning_rate < head.learning_rate / 10


def test_head_only_is_the_first_phase_of_two() -> None:
    (only,) = head_only(epochs=7)
    assert (only.name, only.trainable, only.epochs, only.learning_rate) == ("head", nothing(), 7, HEAD_LEARNING_RATE)


def test_full_trains_everything_and_norms_only_when_asked() -> None:
    (only,) = full(epochs=2, learning_rate=1e-4, weight_decay=0.01)
    assert (only.name, only.trainable, only.weight_decay, only.train_norms) == ("full", everything(), 0.01, False)
    assert full(train_norms=True).phases[0].train_norms


def test_the_package_offers_the_recipes() -> None:
    assert (plans.two_phase, plans.head_only, plans.full) == (two_phase, head_only, full)


def test_bad_numbers_are_refused_where_they_are_written() -> None:
    with pytest.raises(PlanError, match=r"epochs=0 of phase 'tune'.*at least 1"):
        two_phase(tune_epochs=0)
    with pytest.raises(PlanError, match=r"last_blocks\(0\).*nothing\(\)"):
        two_phase(blocks=0)
    with pytest.raises(PlanError, match=r"learning_rate=0 of phase 'head'.*\(0, 10\]"):
        head_only(learning_rate=0)
    with pytest.raises(PlanError, match=r"weight_decay=2 of phase 'full'.*\[0, 1\)"):
        full(weight_decay=2)
