"""Recipes return the plans they describe."""

import pytest

import tfft
from tfft import plans
from tfft.augment import augmentation
from tfft.core.errors import PlanError
from tfft.plans.rates import Rates
from tfft.plans.recipes import (
    ENCODER_AUGMENT,
    ENCODER_HEAD,
    ENCODER_LEARNING_RATE,
    HEAD_LEARNING_RATE,
    TUNE_LEARNING_RATE,
    encoder,
    full,
    head_only,
    two_phase,
)
from tfft.trainable.policy import all_but_first_blocks, everything, last_blocks, nothing


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


def test_encoder_trains_all_layers_with_their_norms_and_the_head_faster() -> None:
    (only,) = encoder(
        epochs=4, learning_rate=3e-5, layer_decay=0.9, head=7, weight_decay=0.02, augment=plans.augmentation.flips()
    )
    assert (only.name, only.trainable, only.epochs) == ("encoder", all_but_first_blocks(1), 4)
    assert (only.learning_rate, only.weight_decay, only.train_norms) == (3e-5, 0.02, True)
    assert only.rates == Rates(layer_decay=0.9, head=7)
    assert only.augment == (plans.augmentation.flips(),)


def test_encoder_leaves_its_tables_alone_unless_asked() -> None:
    assert encoder().phases[0].trainable == all_but_first_blocks(1)
    assert encoder(embeddings=True).phases[0].trainable == everything()


def test_encoder_warms_up_over_a_tenth_and_forgets_no_layer_more_than_another_by_default() -> None:
    (only,) = encoder()
    assert (only.schedule.shape, only.schedule.warmup) == ("cosine", 0.1)
    assert only.rates == Rates(layer_decay=1, head=ENCODER_HEAD)
    assert only.learning_rate == ENCODER_LEARNING_RATE
    assert only.learning_rate < HEAD_LEARNING_RATE / 10
    assert only.rates.head > 1


def test_the_package_offers_the_recipes() -> None:
    assert (plans.two_phase, plans.head_only, plans.full, plans.encoder) == (two_phase, head_only, full, encoder)


def test_bad_numbers_are_refused_where_they_are_written() -> None:
    with pytest.raises(PlanError, match=r"epochs=0 of phase 'tune'.*at least 1"):
        two_phase(tune_epochs=0)
    with pytest.raises(PlanError, match=r"last_blocks\(0\).*nothing\(\)"):
        two_phase(blocks=0)
    with pytest.raises(PlanError, match=r"learning_rate=0 of phase 'head'.*\(0, 10\]"):
        head_only(learning_rate=0)
    with pytest.raises(PlanError, match=r"weight_decay=2 of phase 'full'.*\[0, 1\)"):
        full(weight_decay=2)
    with pytest.raises(PlanError, match=r"learning_rate=11 of phase 'encoder'.*\(0, 10\]"):
        encoder(learning_rate=11)
    with pytest.raises(
        PlanError, match=r"layer_decay=1.1 must be a number in \(0, 1\]. 1 leaves the learning rate as it is"
    ):
        encoder(layer_decay=1.1)
    with pytest.raises(PlanError, match=r"head=0 must be a number in \(0, 10000\]"):
        encoder(head=0)


def test_encoder_averages_weights_and_runs_all_epochs_that_were_asked_for() -> None:
    (only,) = encoder(epochs=7)
    assert (only.epochs, only.averaging, only.patience) == (7, 0.05, None)
    assert "weights averaged over 5 % of the steps" in only.describe()
    assert all(phase.averaging == 0 for plan in (two_phase(), head_only(), full()) for phase in plan)


def test_encoder_masks_a_tenth_of_the_tokens_by_default() -> None:
    assert encoder().phases[0].augment == ENCODER_AUGMENT == (plans.augmentation.token_dropout(0.1),)
    assert encoder(augment=()).phases[0].augment == ()


def test_gradual_unfreezes_one_block_more_in_each_phase(model, data):
    plan = tfft.plans.gradual(blocks=2, epochs=1, tune_learning_rate=0.01)
    run = tfft.fit(model, data, plan, progress=False)
    moved = [{row.block for row in record.overview.rows if row.moved} for record in run.phases]
    assert moved == [{"head"}, {"head", "block3"}, {"head", "block3", "block2"}]
    rates = plan.phases[2].rates
    found = [rates.of_block(name, ["block2", "block3"]) for name in ("block2", "block3", "head")]
    assert found == pytest.approx([1 / 2.6, 1, 2.6])


def test_gradual_refuses_more_blocks_than_the_backbone_has(model, data):
    with pytest.raises(PlanError, match=r"last_blocks\(4\).*3 blocks"):
        tfft.fit(model, data, tfft.plans.gradual(blocks=4), progress=False)
    for blocks in (0, 1.5, True):
        with pytest.raises(PlanError, match=r"blocks=.* must be a whole number of at least 1. For 0, write head_only"):
            tfft.plans.gradual(blocks=blocks)


def test_two_phase_solves_the_head_when_it_has_no_epochs() -> None:
    head, tune = two_phase(head_epochs=None, tune_epochs=2, augment=(augmentation.flips(),))
    assert (head.name, head.optimizer, head.epochs, head.augment) == ("head", "lbfgs", 1, ())
    assert (tune.epochs, tune.augment) == (2, (augmentation.flips(),))
    assert two_phase(head_epochs=None).phases[1] == two_phase().phases[1]
