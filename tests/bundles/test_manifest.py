"""A manifest that export wrote is read back; hostile ones are in tests/attacks/test_bundles.py."""

import json
from pathlib import Path
from typing import Any

import pytest

import tfft
from tfft.bundles import manifest
from tfft.core.errors import BundleError
from tfft.core.label_values import IGNORED
from tfft.data.mask_coding import Coding

TASKS = {
    "classification": lambda: tfft.tasks.classification(["ants", "bees"], class_weights={"ants": 1, "bees": 2.5}),
    "multi_label": lambda: tfft.tasks.multi_label(["ants", "bees"], threshold=[0.5, 0.25]),
}


@pytest.mark.parametrize("name", ["classification", "multi_label"])
def test_what_export_wrote_is_read(tmp_path: Path, name: str) -> None:
    model = tfft.build("toy", TASKS[name]())
    path = tfft.export(model, tmp_path / "m.tfft")
    values = manifest.read(path / "manifest.json", "'m.tfft'", 1)
    assert values == json.loads((path / "manifest.json").read_text())
    assert values["task"]["labels"]["names"] == ["ants", "bees"]


def test_of_texts_as_well(tmp_path: Path) -> None:
    path = tfft.export(tfft.build("toy_text", TASKS["classification"]()), tmp_path / "m.tfft")
    assert manifest.read(path / "manifest.json", "'m.tfft'", 1)["preprocessor"]["length"] == 512


@pytest.mark.parametrize("key", ["versions", "backbone", "task", "preprocessor", "weights", "content"])
def test_a_missing_value_is_named(tmp_path: Path, key: str) -> None:
    path = tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "m.tfft") / "manifest.json"
    values = json.loads(path.read_text())
    del values[key]
    path.write_text(json.dumps(values))
    with pytest.raises(BundleError, match=f"its manifest lacks '{key}'"):
        manifest.read(path, "'m.tfft'", 1)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (2, r"Upgrade tfft to the version that wrote the bundle \(tfft 9\.8\.7\) or a newer one"),
        (0, r"Train the model again with this version and export it, or use .* version that wrote it \(tfft 9\.8\.7\)"),
        (None, r"Copy or export it again"),
    ],
)
def test_another_format_is_told_what_to_do(tmp_path: Path, number: int | None, advice: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"format": number, "versions": {"tfft": "9.8.7"}}))
    with pytest.raises(BundleError, match=rf"has format {number}; this version reads 1\..*{advice}") as caught:
        manifest.read(path, "'m.tfft'", 1)
    assert "pip install" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        [[0, 0], [1, 2]],
        [[0, 0], [1, -1]],
        [[0, 0], [True, 1]],
        [[0, 0], [2**24, 1]],
        [[0, 0], [1]],
        [[0, 0], [[1, 2, 256], 1]],
        [[0, 0], [[1, 2], 1]],
        [[0, 0], [[1, 2, 3], 1]],
        {"0": 0},
        [[0, "1"]],
    ],
)
def test_values_of_masks_that_cannot_be_meant_are_refused(tmp_path: Path, values: Any) -> None:
    labels = Coding(("ground", "box"), {0: 0, 7: 1, 9: IGNORED}).labels()
    path = tfft.export(tfft.build("toy", tfft.tasks.segmentation(labels)), tmp_path / "m.tfft") / "manifest.json"
    record = json.loads(path.read_text())
    assert record["task"]["labels"]["values"] == [[0, 0], [7, 1], [9, 255]]
    assert tfft.load(path.parent).task.labels == labels
    record["task"]["labels"]["values"] = values
    path.write_text(json.dumps(record))
    with pytest.raises(BundleError, match="values"):
        manifest.read(path, "'m.tfft'", 1)


@pytest.mark.parametrize("handle", ["vgg16\nimport os", "a\u2028b", "a\x1b[31m", "x" * 4_097, 7, None])
def test_a_handle_that_is_not_one_visible_line_is_refused(tmp_path: Path, handle: Any) -> None:
    path = tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "m.tfft") / "manifest.json"
    values = json.loads(path.read_text())
    values["backbone"]["handle"] = handle
    path.write_text(json.dumps(values))
    with pytest.raises(BundleError, match="the value of 'handle' in its manifest") as caught:
        tfft.load(path.parent)
    assert str(caught.value).isprintable()
    values["backbone"]["handle"] = "hf://ann/花 1"
    path.write_text(json.dumps(values))
    assert tfft.load(path.parent).manifest["backbone"]["handle"] == "hf://ann/花 1"
