"""A teacher is named by its bundle, and its numbers need one."""

import pytest
import typer
from typer.main import get_command

import tfft
from tfft.cli import verbs
from tfft.cli.typed_teacher import loaded_teacher, typed_teacher
from tfft.core.errors import BundleError, PlanError


def test_the_shown_numbers_are_the_defaults():
    shown = {each.name: each.show_default for each in get_command(verbs.app).commands["fit"].params}
    default = tfft.plans.Teacher(None)
    assert (shown["temperature"], shown["teacher_weight"]) == (f"{default.temperature:g}", f"{default.weight:g}")


def test_a_teacher_is_looked_for_first_and_loaded_later(predictor, tmp_path):
    made = typed_teacher(str(tmp_path / "m.tfft"), 3.0, None)
    assert (made.model, made.temperature, made.weight) == (str(tmp_path / "m.tfft"), 3.0, 0.5)
    loaded = loaded_teacher(made)
    assert loaded.model.manifest["weights"] == predictor.manifest["weights"]
    assert (loaded.model.origin, loaded.temperature) == (str(tmp_path / "m.tfft"), 3.0)
    with pytest.raises(PlanError, match="temperature=0"):
        typed_teacher(str(tmp_path / "m.tfft"), 0, None)


def test_without_a_teacher_there_is_none_and_numbers_are_refused():
    assert loaded_teacher(typed_teacher(None, None, None)) is None
    with pytest.raises(typer.BadParameter, match="need --teacher with a bundle"):
        typed_teacher(None, None, 0.5)
    with pytest.raises(BundleError, match="There is no bundle"):
        typed_teacher("no such.tfft", None, None)
