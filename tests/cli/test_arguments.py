"""What is typed becomes the values it names, and nothing else."""

import pytest
import typer

import tfft
from tests.contracts.test_hub_pictures import folder_of
from tfft.cli import arguments
from tfft.cli.arguments import PlanName, typed_plan
from tfft.core.specs import LabelSpace


@pytest.mark.parametrize(("typed", "meant"), [("none", None), ("None", None), ("imagenet", "imagenet")])
def test_weights_can_be_none(typed, meant):
    described = arguments.describe_backbone("mobilenet", typed, size=None, alpha=0.5)
    assert dict(described.options) == {"weights": meant, "alpha": 0.5}


def test_numbers_reach_the_recipe():
    plan = arguments.describe_plan(PlanName.two_phase, 2, 3, 4, 0.01)
    assert [(phase.epochs, phase.trainable.describe()) for phase in plan] == [(2, "nothing()"), (3, "last_blocks(4)")]
    assert plan.phases[0].learning_rate == 0.01
    assert arguments.describe_plan(PlanName.full, 7, None, None, None).phases[0].epochs == 7
    with pytest.raises(typer.BadParameter, match="belong to two_phase, not to full"):
        arguments.describe_plan(PlanName.full, 7, None, 2, None)


def test_the_task_is_that_of_the_labels_and_only_classes_can_be_balanced():
    single = LabelSpace(("a", "b"))
    for balanced, weights in ((True, "balanced"), (False, None)):
        task = arguments.describe_task(single, balanced)
        assert task.to_dict() == tfft.tasks.classification(single, class_weights=weights).to_dict()
    with pytest.raises(typer.BadParameter, match=r"one class an input; these are of kind 'multi'"):
        arguments.describe_task(LabelSpace(("a", "b"), "multi"), balanced=True)


def test_a_plan_that_nobody_named_is_that_of_the_features():
    for name, recipe in (("toy", tfft.plans.two_phase), ("toy_text", tfft.plans.encoder)):
        backbone = tfft.load_backbone(name)
        assert arguments.typed_plan(None, backbone, None, None, None, None, None) is None
        typed = arguments.typed_plan(None, backbone, 2, None, None, None, None)
        assert typed == (recipe(2) if name == "toy_text" else recipe(head_epochs=2))
        named = arguments.typed_plan(PlanName.head_only, backbone, 3, None, None, None, None)
        assert named == tfft.plans.head_only(epochs=3)


def test_the_encoder_plan_hides_nothing_of_pictures(tmp_path):
    folder = folder_of("vit", tmp_path)
    pictures, texts = tfft.load_backbone(str(folder), weights=None), tfft.load_backbone("toy_text")
    for name in (None, PlanName.encoder):
        (phase,) = typed_plan(name, pictures, 3, None, None, None, None)
        assert (phase.name, phase.epochs, phase.augment) == ("encoder", 3, ())
        (phase,) = typed_plan(name, texts, 3, None, None, None, None)
        assert phase.augment == tfft.plans.encoder().phases[0].augment != ()
    (phase,) = typed_plan(None, pictures, None, None, None, None, "flips")
    assert [step.name for step in phase.augment] == ["flips"]
