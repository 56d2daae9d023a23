"""What is typed of a plan reaches the recipe, and what is not stays what is default."""

import pytest
import typer

import tfft
from tests.contracts.test_hub_pictures import folder_of
from tfft.cli.recipes import PlanName, completed, describe_plan, typed_plan


def test_numbers_reach_the_recipe():
    plan = describe_plan(PlanName.two_phase, 2, 3, 4, 0.01)
    assert [(phase.epochs, phase.trainable.describe()) for phase in plan] == [(2, "nothing()"), (3, "last_blocks(4)")]
    assert plan.phases[0].learning_rate == 0.01
    assert describe_plan(PlanName.full, 7, None, None, None).phases[0].epochs == 7
    with pytest.raises(typer.BadParameter, match="--blocks belongs to two_phase, not to full"):
        describe_plan(PlanName.full, 7, None, 2, None)


def test_each_recipe_says_which_options_it_takes():
    assert describe_plan(PlanName.linear_probe, None, None, None, None) == tfft.plans.linear_probe()
    with pytest.raises(
        typer.BadParameter, match="--learning-rate belongs to two_phase, not to linear_probe, which takes none"
    ):
        describe_plan(PlanName.linear_probe, None, None, None, 0.1)
    with pytest.raises(
        typer.BadParameter, match="--blocks belongs to two_phase, not to segmenter, which takes --head-epochs, "
    ):
        describe_plan(PlanName.segmenter, None, None, 2, None)


def test_a_plan_that_nobody_named_is_that_of_the_features():
    for name, recipe in (("toy", tfft.plans.two_phase), ("toy_text", tfft.plans.encoder)):
        backbone = tfft.load_backbone(name)
        assert typed_plan(None, backbone, None, None, None, None, None) is None
        typed = typed_plan(None, backbone, 2, None, None, None, None)
        assert typed == (recipe(2) if name == "toy_text" else recipe(head_epochs=2))
        named = typed_plan(PlanName.head_only, backbone, 3, None, None, None, None)
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


@pytest.mark.parametrize(("epochs", "patience"), [(None, 1), (3, None)])
def test_numbers_that_were_typed_change_no_others(epochs, patience):
    backbone = tfft.load_backbone("toy_text")
    default = tfft.plans.encoder(embeddings=True).with_phases(patience=1)
    typed = typed_plan(None, backbone, epochs, None, None, 3e-5, None)
    (phase,) = completed(typed, None, epochs, default)
    assert (phase.learning_rate, phase.epochs) == (3e-5, epochs or 5)
    assert (phase.trainable, phase.patience) == (tfft.trainable.everything(), patience)
    assert completed(typed, PlanName.encoder, epochs, default) == typed
    assert completed(None, None, None, default) == default


def test_phases_of_pictures_are_as_they_were_typed():
    typed = typed_plan(None, tfft.load_backbone("toy"), 3, None, None, None, None)
    wanted = tfft.plans.two_phase(head_epochs=3)
    assert completed(typed, None, 3, tfft.plans.two_phase(), trains_head=True) == typed == wanted
    head = tfft.plans.head_only()
    assert completed(typed, None, 3, head) == typed


def test_a_solved_head_stays_solved_unless_an_option_trains_it():
    backbone, default = tfft.load_backbone("toy"), tfft.plans.two_phase(head_epochs=None)
    typed = typed_plan(None, backbone, None, 7, 2, None, None)
    assert completed(typed, None, None, default) == tfft.plans.two_phase(None, 7, 2)
    assert completed(typed, PlanName.two_phase, None, default) == typed == tfft.plans.two_phase(5, 7, 2)
    assert completed(typed, None, None, default, trains_head=True) == typed


def test_the_default_is_that_of_the_task():
    from tfft.cli.recipes import default_for

    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    assert default_for(model, 10) == tfft.plans.two_phase(head_epochs=None)
    assert default_for(model, 10, solving=False) == tfft.plans.two_phase()
    assert default_for(tfft.build("toy", tfft.tasks.segmentation(["a", "b"])), 10) == tfft.plans.segmenter()
    plan = describe_plan(PlanName.segmenter, 3, 4, None, None)
    assert [phase.epochs for phase in plan] == [3, 4]
    with pytest.raises(typer.BadParameter, match="--blocks belongs to two_phase, not to segmenter"):
        describe_plan(PlanName.segmenter, None, None, 2, None)


def test_gradual_takes_epochs_and_blocks():
    plan = describe_plan(PlanName.gradual, 2, None, 2, 0.01)
    assert plan == tfft.plans.gradual(blocks=2, epochs=2, learning_rate=0.01)
    with pytest.raises(
        typer.BadParameter, match="--tune-epochs belongs to two_phase, not to gradual, which takes --head-epochs"
    ):
        describe_plan(PlanName.gradual, 2, 3, None, None)
