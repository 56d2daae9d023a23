"""A configuration of some kilobytes must not make Keras compute or repeat anything while it reads the net."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tfft
from tfft.core.errors import BundleError, WeightsError

Attack = Callable[[Callable[[], Any]], Any]
HUGE = 10**12
PLAIN = {"args": [[1]], "kwargs": {}}
TENSOR = {
    "class_name": "__keras_tensor__",
    "config": {"shape": [None, 8], "dtype": "float32", "keras_history": ["x", 0, 0]},
}


def operation(name: str, module: str = "numpy", node: Any = PLAIN, **config: Any) -> dict[str, Any]:
    """The configuration of an operation, as Keras writes it."""
    full = {"module": f"keras.src.ops.{module}", "class_name": name, "registered_name": name}
    return full | {"config": {"name": "evil"} | config, "inbound_nodes": [] if node is None else [node]}


def layer(name: str, node: Any = None, **config: Any) -> dict[str, Any]:
    """The configuration of a layer, as Keras writes it."""
    full = {"module": "keras.layers", "class_name": name, "registered_name": None}
    return full | {"config": {"name": "evil"} | config, "inbound_nodes": [] if node is None else [node]}


ON_TENSOR = {"args": [TENSOR], "kwargs": {}}
HOSTILE = {
    "classes of a number": operation("OneHot", "nn", num_classes=HUGE),
    "repetitions of a number": operation("Repeat", repeats=3 * 10**8),
    "few repetitions of a number": operation("Repeat", repeats=10**8),
    "no arguments": operation("Arange", node={"args": [], "kwargs": {}}),
    "an empty node": operation("Arange", node=[]),
    "a node that is no list": operation("Arange") | {"inbound_nodes": {"args": [[1]]}},
    "a number as an option": operation("Tile", node={"args": [], "kwargs": {"x": [1]}}, repeats=[HUGE]),
    "a layer on a number": layer("UpSampling1D", PLAIN, size=10**8),
    "a tensor that is none": operation("Tile", node={"args": [{"class_name": "__keras_tensor__"}], "kwargs": {}}),
    "a tensor inside a class": operation(
        "Tile", node={"args": [[1], layer("Dense", units=TENSOR)], "kwargs": {}}, repeats=[HUGE]
    ),
    "a tensor inside an array": operation(
        "Tile", node={"args": [{"class_name": "__numpy__", "config": {"value": [TENSOR]}}], "kwargs": {}}
    ),
    "inside of another net": layer(
        "TimeDistributed", layer={"module": "keras", "class_name": "Model", "config": {"layers": [operation("Repeat")]}}
    ),
    "sections": operation("Split", node=ON_TENSOR, indices_or_sections=10**8, axis=0),
    "differences": operation("Diff", node=ON_TENSOR, n=10**8),
    "tensors of a tensor": operation("Unstack", "core", ON_TENSOR, num=10**8),
    "a number for a tensor": operation("OneHot", "nn", ON_TENSOR, num_classes=HUGE),
    "a shape": operation("BroadcastTo", node=ON_TENSOR, shape=[10**5, 10**5]),
    "a shape as an argument": operation("Full", node={"args": [[10**5, 10**5], TENSOR], "kwargs": {}}),
    "paddings": operation("Pad", node=ON_TENSOR, pad_width=[[0, 10**5], [10**5, 0]]),
    "iterations": layer("SpectralNormalization", power_iterations=10**8),
    "changes": layer("RandAugment", num_ops=10**8),
    "constants": layer("Normalization", mean=0.0, variance=1.0, axis=[-1]) | {"build_config": {"input_shape": [None, 10**8]}},
    "constants of any shape": layer("Normalization", mean=0.0, variance=1.0, axis=-1),
}  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    return tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_numbers_that_would_take_memory_or_time_are_refused(
    attack: Attack, bundle: Path, tmp_path: Path, part: dict[str, Any]
) -> None:
    folder = tmp_path / "evil.tfft"
    folder.mkdir()
    for path in bundle.iterdir():
        if path.name != "net.keras":
            (folder / path.name).write_bytes(path.read_bytes())
    with zipfile.ZipFile(bundle / "net.keras") as old, zipfile.ZipFile(folder / "net.keras", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"].insert(0, part | {"name": "evil"})
                content = json.dumps(config).encode()
            new.writestr(name, content)
    found = attack(lambda: tfft.load(folder))
    assert isinstance(found, BundleError)
    assert "of the net in" in found.what or found.what.startswith("The net in") or "Normalization" in found.what
    assert found.fix
    assert isinstance(attack(lambda: tfft.load_backbone(str(folder / "net.keras"))), WeightsError)
