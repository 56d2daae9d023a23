"""Candidates vary the default plan, fit their backbone, and shorten to at least one epoch."""

from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.backbones import packages
from tfft.core.errors import WeightsError
from tfft.core.specs import LabelSpace
from tfft.training.checks import check_plan
from tfft.training.plan_choice import plan_for
from tfft.tuning import candidate_plans
from tfft.tuning.candidate_plans import (
    DEFAULT,
    Candidate,
    default_backbones,
    interleaved,
    plans_around_default,
    shortened,
)


def rates(found):
    return [plan.phases[-1].learning_rate for _, plan in found]


def default_of(backbone, task, examples=100):
    return plan_for(backbone, task, examples)


@pytest.mark.parametrize("name", ["toy", "toy_text"])
def test_the_default_plan_is_first_all_plans_differ_and_all_fit_the_net(name):
    backbone, task = tfft.load_backbone(name), tfft.tasks.classification(["a", "b"])
    found = plans_around_default(backbone, task, 100)
    assert found[0] == (DEFAULT, default_of(backbone, task))
    assert len({label for label, _ in found}) == len({str(plan.to_dict()) for _, plan in found}) == len(found) > 3
    model = tfft.build(backbone, task)
    for _, plan in found:
        for fraction in (0.25, 0.5):
            check_plan(model, shortened(plan, fraction))


def test_convolutional_nets_get_other_rates_more_blocks_a_probe_and_augmentation():
    backbone, task = tfft.load_backbone("toy"), tfft.tasks.classification(["a", "b"])
    found = dict(plans_around_default(backbone, task, 100))
    rate = found[DEFAULT].phases[-1].learning_rate
    assert found["learning rate x 10"].phases[-1].learning_rate == pytest.approx(10 * rate)
    assert found["learning rate x 100"].phases[-1].learning_rate == pytest.approx(100 * rate)
    assert found["2 blocks, learning rate x 10"].phases[-1].trainable == tfft.trainable.last_blocks(2)
    assert found["linear probe"] == tfft.plans.linear_probe()
    names = [step.name for step in found["flips and crops, learning rate x 10"].phases[-1].augment]
    assert names == ["flips", "crops"]


def test_encoders_get_the_usual_rates_and_layer_decay():
    backbone, task = tfft.load_backbone("toy_text"), tfft.tasks.classification(["a", "b"])
    found = dict(plans_around_default(backbone, task, 100))
    assert rates(found.items()) == pytest.approx([5e-5, 1e-4, 5e-3, 2e-5, 1e-4])
    decayed = found["layer decay 0.9, learning rate x 2"].phases[-1]
    assert (decayed.rates.layer_decay, decayed.rates.head) == (0.9, found[DEFAULT].phases[-1].rates.head)
    assert not any("flips" in label for label in found)


def test_a_backbone_that_cannot_train_varies_its_head_alone():
    backbone = replace(tfft.load_backbone("toy"), can_finetune=False)
    for _, plan in plans_around_default(backbone, tfft.tasks.classification(["a", "b"]), 100):
        assert {phase.trainable for phase in plan} == {tfft.trainable.nothing()}


def test_a_task_with_another_head_has_no_linear_probe():
    task = tfft.tasks.classification(["a", "b"], dropout=0.5)
    assert "linear probe" not in dict(plans_around_default(tfft.load_backbone("toy"), task, 100))


def test_segmentation_and_tags_vary_their_own_defaults():
    labels = LabelSpace(("road", "sky"), "masks")
    found = plans_around_default(tfft.load_backbone("toy"), tfft.tasks.segmentation(labels), 100)
    rate = tfft.plans.segmenter().phases[-1].learning_rate
    assert rates(found) == pytest.approx([rate, 2 * rate, rate, 0.4 * rate, 2 * rate])
    assert "flips and crops" in dict(found)
    tags = tfft.tasks.token_classification(LabelSpace(("place",), "tags"))
    assert rates(plans_around_default(tfft.load_backbone("toy_text"), tags, 100)) == pytest.approx(
        [1e-4, 2e-4, 4e-5, 2e-4]
    )


def test_shorter_plans_keep_one_epoch_and_the_whole_plan_stays_as_it_is():
    plan = tfft.plans.two_phase(head_epochs=10, tune_epochs=3)
    assert [phase.epochs for phase in shortened(plan, 0.25)] == [3, 1]
    assert shortened(plan, 1.0) is plan
    assert shortened(tfft.plans.linear_probe(), 0.25) == tfft.plans.linear_probe()
    cut = tfft.Plan(replace(plan.phases[0], last_epoch=9))
    assert [(phase.epochs, phase.last_epoch) for phase in shortened(cut, 0.5)] == [(5, 5)]


def test_the_best_plans_of_all_backbones_come_first():
    plan = tfft.plans.head_only()
    one, two = ([Candidate(name, label, plan) for label in labels] for name, labels in (("x", "abc"), ("y", "ab")))
    assert [each.backbone + each.label for each in interleaved([one, two])] == ["xa", "ya", "xb", "yb", "xc"]
    assert interleaved([]) == []


def test_backbones_for_texts_are_those_whose_packages_are_installed(monkeypatch, tmp_path):
    texts = tfft.data.from_arrays([f"text {number}" for number in range(20)], [0, 1] * 10)
    places = {"minilm_l6": tmp_path, "multilingual_e5_small": tmp_path / "none"}
    monkeypatch.setattr(candidate_plans.packages, "find", places.get)
    assert default_backbones(texts) == ["minilm_l6"]
    monkeypatch.setattr(candidate_plans.packages, "find", lambda name: None)
    with pytest.raises(WeightsError, match=packages.PACKAGES["minilm_l6"].install):
        default_backbones(texts)
    images = tfft.data.from_arrays(np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8), [0, 1] * 10)
    assert default_backbones(images) == ["tfft_mini"]


def test_variants_of_a_solved_head_are_trained_and_differ_in_effect():
    fixed = replace(tfft.load_backbone("toy"), can_finetune=False)
    found = plans_around_default(fixed, tfft.tasks.classification(["a", "b"]), 100)
    assert found[0] == (DEFAULT, tfft.plans.linear_probe())
    assert all(plan.phases[0].optimizer == "adam" for _, plan in found[1:])
    assert len({plan.describe() for _, plan in found}) == len(found) == 5
