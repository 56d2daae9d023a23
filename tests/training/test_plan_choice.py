"""The default plan solves the head where this is possible and takes seconds."""

from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.plans import encoder, head_only, linear_probe, segmenter, two_phase
from tfft.training import plan_choice
from tfft.training.plan_choice import plan_for

NAMES = ["ants", "bees"]
SOLVED, TRAINED = two_phase(head_epochs=None), two_phase()


TOY = tfft.load_backbone("toy")
PLAIN = tfft.tasks.classification(NAMES)


@pytest.mark.parametrize(
    ("task", "plan"),
    [
        (PLAIN, SOLVED),
        (tfft.tasks.multi_label(NAMES), SOLVED),
        (tfft.tasks.classification(NAMES, hidden=(8,)), TRAINED),
        (tfft.tasks.classification(NAMES, dropout=0.1), TRAINED),
        (tfft.tasks.classification(NAMES, label_smoothing=0.1), TRAINED),
        (tfft.tasks.classification(NAMES, pooling="flatten"), TRAINED),
        (tfft.tasks.segmentation(NAMES), segmenter()),
    ],
)
def test_a_linear_head_with_a_plain_loss_is_solved_by_default(task, plan):
    assert plan_for(TOY, task, 100) == plan
    assert plan_for(TOY, task, 100, solving=False) in (TRAINED, segmenter())


def test_quantities_are_solved_by_default():
    quantities = tfft.data.from_arrays(
        np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8), np.arange(20.0)
    )
    assert plan_for(TOY, tfft.tasks.regression(quantities.labels), 14) == SOLVED


def test_texts_keep_their_plan():
    plan = plan_for(tfft.load_backbone("toy_text"), PLAIN, 100)
    assert [phase.name for phase in plan] == [phase.name for phase in encoder()]


def test_a_backbone_that_cannot_be_trained_gets_a_probe():
    fixed = replace(TOY, can_finetune=False)
    assert plan_for(fixed, PLAIN, 100) == linear_probe()
    assert plan_for(fixed, PLAIN, 100, solving=False) == head_only()


def test_a_head_is_solved_up_to_a_number_of_logits():
    assert plan_for(TOY, PLAIN, 20_000) == SOLVED
    assert plan_for(TOY, PLAIN, 20_001) == TRAINED
    assert plan_for(TOY, tfft.tasks.classification([str(number) for number in range(100)]), 401) == TRAINED


@pytest.mark.parametrize("asked", ["cluster_of", "is_tpu"])
def test_several_workers_and_tpus_train_the_head(asked, monkeypatch):
    monkeypatch.setattr(plan_choice, asked, lambda strategy: strategy)
    assert plan_for(TOY, PLAIN, 100, strategy=True) == TRAINED
    assert plan_for(TOY, PLAIN, 100) == SOLVED


def test_the_default_call_solves_the_head_and_then_tunes(model, data):
    run = tfft.fit(model, data)
    assert run.plan == SOLVED
    head, tune = run.phases
    assert head.phase.optimizer == "lbfgs"
    assert len(head.history["val_loss"]) == 1
    assert len(tune.history["val_loss"]) == 5
