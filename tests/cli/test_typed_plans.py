"""``--patience`` reaches the phases that train in epochs, whatever else was typed."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

import tfft
from tfft.cli import verbs
from tfft.cli.recipes import PlanName, default_for
from tfft.cli.typed_plans import TypedPlan, checked, patience_of, with_patience
from tfft.core.terminal import plain
from tfft.plans import Phase, Plan
from tfft.trainable import last_blocks

IMAGES, MASKS = SimpleNamespace(are_masks=False), SimpleNamespace(are_masks=True)
NOTHING = (None,) * 5
TUNE = Phase("tune", last_blocks(1), 5, 1e-3)


def texts():
    return tfft.build("toy_text", tfft.tasks.classification(["a", "b"]))


def call(*words):
    return CliRunner().invoke(verbs.app, [str(word) for word in words])


def test_patience_alone_changes_nothing_else_of_the_default_plan():
    labels = tfft.tasks.question_answering().labels
    readers = tfft.build("toy_text", tfft.tasks.for_labels(labels))
    for model in (tfft.build("toy", tfft.tasks.classification(["a", "b"])), texts(), readers):
        typed = checked(None, IMAGES, "4", model.backbone, *NOTHING)
        assert not typed.is_default
        assert typed.completed(model, 10) == with_patience(default_for(model, 10), "4")


def test_without_patience_the_plan_is_as_it_was():
    model = texts()
    typed = checked(None, IMAGES, None, model.backbone, *NOTHING)
    assert typed.is_default
    assert typed.completed(model, 10) == default_for(model, 10)
    assert default_for(model, 10).phases[0].patience == 1
    own = checked(PlanName.two_phase, IMAGES, None, tfft.load_backbone("toy"), 2, *NOTHING[1:])
    assert own.plan == tfft.plans.two_phase(head_epochs=2)


@pytest.mark.parametrize(
    ("patience", "epochs", "expected"), [("2", 8, 2), ("2", None, 2), ("none", None, None), (None, 8, None)]
)
def test_patience_decides_also_beside_a_number_of_epochs(patience, epochs, expected):
    model = texts()
    (phase,) = checked(None, IMAGES, patience, model.backbone, epochs, *NOTHING[1:]).completed(model, 10)
    assert (phase.epochs, phase.patience) == (epochs or 5, expected)
    assert phase.augment == default_for(model, 10).phases[0].augment


@pytest.mark.parametrize(("epochs", "rate", "augment"), [(5, None, None), (None, 0.005, None), (None, None, "flips")])
def test_each_option_of_the_head_trains_it_also_with_its_default(epochs, rate, augment):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    solved = checked(None, IMAGES, None, model.backbone, None, 7, 2, None, None).completed(model, 10)
    assert solved == tfft.plans.two_phase(None, 7, 2)
    trained = checked(None, IMAGES, None, model.backbone, epochs, 7, 2, rate, augment).completed(model, 10)
    assert trained.phases[0].optimizer == "adam"
    assert trained.phases[0].epochs == 5


def test_masks_have_their_own_default():
    backbone = tfft.load_backbone("toy")
    assert checked(None, MASKS, None, backbone, *NOTHING).plan == tfft.plans.segmenter()
    assert checked(PlanName.head_only, MASKS, None, backbone, *NOTHING).plan == tfft.plans.head_only()


def test_a_solved_phase_stays_as_it_is_among_others():
    (probe,) = tfft.plans.linear_probe()
    assert with_patience(Plan(probe, TUNE), "3") == Plan(probe, replace(TUNE, patience=3))


@pytest.mark.parametrize("patience", ["3", "none"])
def test_patience_without_any_effect_is_refused(patience):
    with pytest.raises(
        typer.BadParameter, match=f"--patience {patience} has no effect: this plan solves the head exactly"
    ):
        checked(PlanName.linear_probe, IMAGES, patience, tfft.load_backbone("toy"), *NOTHING)
    assert checked(PlanName.linear_probe, IMAGES, None, tfft.load_backbone("toy"), *NOTHING).plan is not None
    head = with_patience(tfft.plans.head_only(), patience)  # what the message advises
    assert [phase.patience for phase in head] == [patience_of(patience)]


@pytest.mark.parametrize("typed", ["0", "-1", "2.5", "", "never", "\u0663", "9" * 30])
def test_other_values_are_refused_with_what_to_write(typed):
    with pytest.raises(typer.BadParameter, match=r"write --patience 1; to run all epochs, write --patience none\."):
        checked(None, IMAGES, typed, tfft.load_backbone("toy"), *NOTHING)
    assert (patience_of("1"), patience_of("None"), patience_of(None)) == (1, None, None)


def test_a_typed_plan_needs_no_model_to_say_what_was_typed():
    assert TypedPlan(None).is_default
    assert not TypedPlan(tfft.plans.head_only()).is_default
    assert not TypedPlan(None, patience="none").is_default


@pytest.mark.parametrize("verb", ["fit", "cross-validate"])
def test_the_verbs_take_it(verb, class_folder, tmp_path):
    words = (verb, "--data", class_folder, "--backbone", "toy", "--plan", "head_only", "--head-epochs", 2)
    words += ("--out", tmp_path / "m.tfft") if verb == "fit" else ("--folds", 2)
    done = call(*words, "--patience", 1)
    assert done.exit_code == 0, done.output
    assert "head: nothing(), 2 epochs, learning rate 0.005 (cosine), patience 1" in done.output


@pytest.mark.parametrize("verb", ["fit", "cross-validate"])
def test_the_verbs_refuse_it_before_anything_is_read(verb, tmp_path, monkeypatch):
    def read(*words):
        raise AssertionError("the data was read")

    monkeypatch.setattr("tfft.cli.sources.TypedData.splits", read)
    (tmp_path / "rows.csv").write_text("path,label\n")
    words = (verb, "--data", tmp_path / "rows.csv", "--backbone", "toy", "--patience")
    zero, solved = call(*words, 0), call(*words, 3, "--plan", "linear_probe")
    assert (zero.exit_code, solved.exit_code) == (2, 2)
    assert "is not a whole number of epochs" in plain(zero.output)
    assert "has no effect" in plain(solved.output)
