"""Imports point down, and importing costs and changes nothing."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"tensorflow", "keras", "keras_hub", "tensorflow_datasets", "tensorflow_hub"}


def fresh(code: str, **environment: str) -> str:
    """Run code in a new interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=ROOT,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_import_contract_is_kept() -> None:
    said = fresh("import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))")
    assert "7 kept, 0 broken" in said


def test_the_contracts_name_every_room() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = config["importlinter:contract:levels"]["layers"].replace("|", " ").split()
    modules = {f"tfft.{p.stem}" for p in (ROOT / "tfft").iterdir() if p.is_dir() or p.suffix == ".py"}
    rooms = {name for name in modules if not name.startswith(("tfft._", "tfft.py"))}
    assert rooms == set(named)
    sources = config["importlinter:contract:sources"]["modules"].split()
    from tfft.backbones.handles import SOURCES

    assert {source.module for source in SOURCES.values()} == set(sources)


def test_importing_tfft_imports_nothing_heavy() -> None:
    loaded = fresh("import sys, tfft; print(' '.join({name.partition('.')[0] for name in sys.modules}))").split()
    assert not {*HEAVY, "numpy", "pandas", "PIL", "matplotlib", "sklearn", "typer", "rich"} & set(loaded)


@pytest.mark.parametrize("name", ["data", "tasks", "plans", "trainable", "load_backbone", "Phase", "Plan"])
def test_describing_needs_no_framework(name: str) -> None:
    loaded = fresh(
        f"import sys, tfft; tfft.{name}; print(' '.join(name.partition('.')[0] for name in sys.modules))"
    ).split()
    assert not HEAVY & set(loaded)


def test_importing_changes_no_state_of_the_process_and_makes_no_folder(tmp_path: Path) -> None:
    state = (
        "dict(os.environ), list(warnings.filters), logging.root.level, list(logging.root.handlers), random.getstate()"
    )
    code = (
        "import importlib, inspect, logging, os, random, typing, warnings\n"
        f"before = {state}\nimport tfft\nassert before == ({state})\n"
        # the warning filters that numpy adds when it is imported are its own
        "tfft.data; tfft.tasks; tfft.plans; tfft.trainable; tfft.load_backbone('vgg16')\n"
        f"print([b == a for b, a in zip(before, ({state}))], os.listdir(os.environ['HOME']))"
    )
    homes = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "TFFT_CACHE_DIR", "KERAS_HOME")}
    assert fresh(code, **homes) == "[True, False, True, True, True] []\n"


@pytest.mark.slow
def test_every_module_can_be_imported_first() -> None:
    modules = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "tfft").rglob("*.py")
        if path.name != "__main__.py"
    )
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    for loaded in [n for n in sys.modules if n.partition('.')[0] == 'tfft']: del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
    )
    fresh(code, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
