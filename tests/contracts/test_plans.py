"""The laws that every recipe must pass; a new recipe is found by itself."""

import inspect
import json
from collections.abc import Callable

import pytest

import tfft
from tfft.augment import augmentation
from tfft.core.errors import PlanError
from tfft.core.specs import FeatureSpec
from tfft.plans import recipes
from tfft.plans.defaults import default_plan
from tfft.plans.phase import Phase, Plan

FUNCTIONS = {
    name: function
    for name, function in vars(recipes).items()
    if inspect.isfunction(function) and function.__module__ == recipes.__name__ and not name.startswith("_")
}
RECIPES = list(FUNCTIONS.values())
# layer norms have no statistics that could drift, so that a net with no others may train them
OF_LAYER_NORMS = {"encoder"}
Recipe = Callable[..., Plan]


def test_the_recipes_are_found() -> None:
    assert {recipe.__name__ for recipe in RECIPES} == {
        "two_phase", "head_only", "full", "encoder", "segmenter", "gradual", "linear_probe",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["map", "vector", "sequence"])
@pytest.mark.parametrize("examples", [1, 10**6])
def test_what_is_usual_is_a_recipe_but_for_its_switches(kind: str, examples: int) -> None:
    plan = default_plan(FeatureSpec(kind, masked=kind == "sequence"), examples)  # type: ignore[arg-type]
    switched = [
        recipe(**{name: True for name in inspect.signature(recipe).parameters if name in on})
        for recipe in RECIPES
        for on in ([], ["embeddings"])
    ]
    assert plan.with_phases(patience=None) in switched
    # an average is smooth enough to stop by; single epochs of the others are not
    assert [phase.patience for phase in plan] == [1 if phase.averaging else None for phase in plan]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_needs_no_argument_and_returns_a_plan_of_phases(recipe: Recipe) -> None:
    plan = recipe()
    assert isinstance(plan, Plan)
    assert all(isinstance(phase, Phase) for phase in plan)
    assert recipe() == plan


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    plan = recipe()
    written = json.dumps(plan.to_dict(), allow_nan=False)
    assert Plan.from_dict(json.loads(written)) == plan
    assert json.dumps(Plan.from_dict(json.loads(written)).to_dict()) == written


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_describes_every_phase_in_one_line(recipe: Recipe) -> None:
    plan = recipe()
    lines = plan.describe().splitlines()
    assert len(lines) == len(plan)
    for line, phase in zip(lines, plan, strict=True):
        solved = phase.optimizer == "lbfgs"  # has neither epochs nor a learning rate
        said = "the head solved exactly" if solved else f"{phase.epochs} epoch"
        assert line.startswith(f"{phase.name}: {phase.trainable.describe()}, {said}")
        assert solved or f"{phase.learning_rate:g}" in line


@pytest.mark.parametrize("recipe", RECIPES)
def test_norms_with_statistics_stay_frozen_unless_asked(recipe: Recipe) -> None:
    assert {phase.train_norms for phase in recipe()} == {recipe.__name__ in OF_LAYER_NORMS}


@pytest.mark.parametrize("name", sorted(OF_LAYER_NORMS))
def test_where_norms_train_no_statistic_of_an_encoder_moves(name: str) -> None:
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]))
    for phase in FUNCTIONS[name]():
        overview = model.apply(phase.trainable, phase.train_norms)
        assert [row.path for row in overview.rows if row.norm and row.intent == "train"]
        assert [row.path for row in overview.rows if row.intent == "update" and row.block != "head"] == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_switch_reaches_the_plan(recipe: Recipe) -> None:
    for name, parameter in inspect.signature(recipe).parameters.items():
        if isinstance(parameter.default, bool):
            assert recipe(**{name: not parameter.default}) != recipe(), name


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_number_reaches_the_plan_and_is_checked(recipe: Recipe) -> None:
    for name, parameter in inspect.signature(recipe).parameters.items():
        if isinstance(parameter.default, bool) or name == "augment":
            continue
        other = 9 if isinstance(parameter.default, int) else 0.125
        assert recipe(**{name: other}) != recipe(), name
        with pytest.raises(PlanError, match=r"-1.*(must|nothing)"):
            recipe(**{name: -1})


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe is not recipes.linear_probe])
def test_changes_of_pictures_reach_every_phase_and_survive_json(recipe: Recipe) -> None:
    steps = (augmentation.crops(scale=(0.3, 0.9)), augmentation.flips())
    plan = recipe(augment=steps)
    assert [phase.augment for phase in plan] == [steps] * len(plan)
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert "crops(" in plan.describe()
    one = augmentation.flips()
    assert recipe(augment=one) == recipe(augment=(one,)) == recipe(augment=[one])
    with pytest.raises(PlanError, match=r"augment='flips'.*plans.augmentation.flips\(\)"):
        recipe(augment="flips")
