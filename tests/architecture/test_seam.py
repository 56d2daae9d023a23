"""Tasks, targets and preprocessors have one seam each: no other room asks which one it has."""

import ast
import configparser
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tfft

ROOT = Path(__file__).parents[2]
PREPROCESSORS = {"ImagePreprocessor", "TextPreprocessor"}


def trees(*besides):
    for path in sorted((ROOT / "tfft").rglob("*.py")):
        parts = path.relative_to(ROOT / "tfft").parts
        if not any(parts[: len(room)] == room for room in besides):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def kinds():
    from tfft.data import targets

    return set(targets._BY_KIND)


def test_only_targets_and_tasks_know_the_kinds_of_labels():
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees(("data", "targets"), ("tasks",))
        for node in ast.walk(tree)
        if isinstance(node, (ast.Compare, ast.Dict, ast.Match))
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.Constant) and child.value in kinds()
    ]
    assert found == []


def test_no_room_but_inputs_asks_for_the_class_of_a_preprocessor():
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees(("inputs",))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "issubclass")
        if PREPROCESSORS & {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    ]
    assert found == []


def level_of_rooms():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    layers = config["importlinter:contract:levels"]["layers"].split()
    lines = {}
    for level, line in enumerate(reversed(config["importlinter:contract:levels"]["layers"].strip().splitlines())):
        lines |= dict.fromkeys(line.replace("|", " ").split(), level)
    assert set(lines) == set(layers) - {"|"}
    return lines


def climbs(call):
    """The calls from a function of a lower room to one of a higher room, as (caller, called)."""
    levels, found = level_of_rooms(), set()

    def room(frame):
        return ".".join(frame.f_globals.get("__name__", "").split(".")[:2])

    def look(frame, event, _):
        if event != "call" or room(frame) not in levels or frame.f_code.co_name == "<module>":
            return
        caller = frame.f_back
        while caller is not None and room(caller) not in levels:
            caller = caller.f_back
        if caller is not None and caller.f_code.co_name != "<module>" and levels[room(frame)] > levels[room(caller)]:
            found.add((caller.f_globals["__name__"], frame.f_globals["__name__"]))

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return found


@pytest.mark.parametrize("kind", ["images", "texts"])
def test_an_evaluation_goes_down_the_levels(kind):
    """It comes back only through functions that are handed down: run this on every replica, fill this table, load this batch."""
    images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
    inputs, backbone = (images, "toy") if kind == "images" else ([f"text {i}" for i in range(20)], "toy_text")
    data = tfft.data.from_arrays(inputs, [0, 1] * 10)
    model = tfft.build(backbone, tfft.tasks.classification(data.labels))
    tfft.evaluate(model, data.train)  # imports modules
    handed_down = {
        ("tfft.core.strategy", "tfft.models.extraction"),
        ("tfft.core.strategy", "tfft.models.recomputed"),
        ("tfft.data.feature_tables", "tfft.models.inference"),
        ("tfft.data.load_functions", "tfft.models.extraction"),
    }
    assert climbs(lambda: tfft.evaluate(model, data.test)) <= handed_down
