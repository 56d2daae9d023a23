"""The default plan solves the head where this is possible and takes seconds."""

from types import SimpleNamespace

import pytest

import tfft
from tfft.plans import encoder, head_only, linear_probe, segmenter, two_phase
from tfft.training import plan_choice
from tfft.training.plan_choice import plan_for

NAMES = ["ants", "bees"]
SOLVED, TRAINED = two_phase(head_epochs=None), two_phase()


@pytest.mark.parametrize(
    ("task", "plan"),
    [
        (tfft.tasks.classification(NAMES), SOLVED),
        (tfft.tasks.multi_label(NAMES), SOLVED),
        (tfft.tasks.classification(NAMES, hidden=(8,)), TRAINED),
        (tfft.tasks.classification(NAMES, dropout=0.1), TRAINED),
        (tfft.tasks.classification(NAMES, label_smoothing=0.1), TRAINED),
        (tfft.tasks.segmentation(NAMES), segmenter()),
    ],
)
def test_a_linear_head_with_a_plain_loss_is_solved_by_default(task, plan):
    model = tfft.build("toy", task)
    assert plan_for(model, 100) == plan
    assert plan_for(model, 100, solving=False) in (TRAINED, segmenter())


def test_quantities_are_solved_by_default():
    data = tfft.data.from_arrays([[0.0]] * 20, [float(number) for number in range(20)])
    assert data.labels.kind == "real"
    assert plan_for(tfft.build("toy", tfft.tasks.regression(data.labels)), 14) == SOLVED


def test_texts_keep_their_plan():
    model = tfft.build("toy_text", tfft.tasks.classification(NAMES))
    assert [phase.name for phase in plan_for(model, 100)] == [phase.name for phase in encoder()]


def test_a_backbone_that_cannot_be_trained_gets_a_probe(monkeypatch):
    model = tfft.build("toy", tfft.tasks.classification(NAMES))
    fixed = SimpleNamespace(
        backbone=SimpleNamespace(features=model.backbone.features, can_finetune=False),
        **{name: getattr(model, name) for name in ("task", "strategy", "head_net")},
    )
    assert plan_for(fixed, 100) == linear_probe()
    assert plan_for(fixed, 100, solving=False) == head_only()


def test_a_head_is_solved_up_to_a_number_of_products(monkeypatch):
    model = tfft.build("toy", tfft.tasks.classification(NAMES))
    width, outputs = model.head_net.get_layer("logits").kernel.shape
    monkeypatch.setattr(plan_choice, "_MOST_PRODUCTS", 100 * width * outputs)
    assert plan_for(model, 100) == SOLVED
    assert plan_for(model, 101) == TRAINED


@pytest.mark.parametrize("asked", ["cluster_of", "is_tpu"])
def test_several_workers_and_tpus_train_the_head(asked, monkeypatch):
    model = tfft.build("toy", tfft.tasks.classification(NAMES))
    monkeypatch.setattr(plan_choice, asked, lambda strategy: object())
    assert plan_for(model, 100) == TRAINED


def test_the_default_call_solves_the_head_and_then_tunes(model, data):
    run = tfft.fit(model, data)
    assert run.plan == SOLVED
    head, tune = run.phases
    assert head.phase.optimizer == "lbfgs"
    assert len(head.history["val_loss"]) == 1
    assert len(tune.history["val_loss"]) == 5
