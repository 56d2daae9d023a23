"""The public names: few, real, and named by one rule."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

import tfft

VERBS = {"load_backbone", "build", "fit", "evaluate", "explain", "export", "load", "rank_backbones", "search"}
PROMISED = {*VERBS, "Plan", "Phase", "data", "tasks", "trainable", "plans", "losses", "metrics", "__version__"}


def test_there_are_at_most_seventeen_public_names_all_of_them_promised() -> None:
    assert len(set(tfft.__all__)) == len(tfft.__all__) <= 17
    assert set(tfft.__all__) <= PROMISED
    assert list(tfft.__all__) == sorted(tfft.__all__)


def test_dir_shows_exactly_the_public_names() -> None:
    assert dir(tfft) == sorted(tfft.__all__)


@pytest.mark.parametrize("name", tfft.__all__)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(tfft, name)
    assert value is getattr(tfft, name)
    if name != "__version__":
        assert inspect.getdoc(value)


@pytest.mark.parametrize("room", ["data", "tasks", "plans", "trainable"])
def test_every_name_that_a_room_offers_resolves(room: str) -> None:
    module = import_module(f"tfft.{room}")
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'train'; it has .*'?build.*fit"):
        tfft.train  # noqa: B018


def test_verbs_are_functions_and_never_module_names() -> None:
    modules = {path.stem for path in Path(tfft.__file__).parent.rglob("*.py")}
    modules |= {path.name for path in Path(tfft.__file__).parent.rglob("*") if path.is_dir()}
    assert not VERBS & modules
    for name in VERBS & set(tfft.__all__):
        assert inspect.isfunction(getattr(tfft, name))


def test_type_checkers_see_the_same_names() -> None:
    source = Path(tfft.__file__).read_text()
    block = source[source.index("if TYPE_CHECKING:") : source.index("__version__ =")]
    for name in tfft.__all__:
        assert name == "__version__" or name in block
