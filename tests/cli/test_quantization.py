"""``tfft quantize`` measures a bundle before and after, and says on which examples."""

import importlib.util
import json

import pytest
from typer.testing import CliRunner

import tfft
from tfft.cli import verbs
from tfft.cli.sources import TypedData
from tfft.core.errors import BundleError, DataError

runner = CliRunner()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason='pip install ".[litert]"'),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter"),
]


def call(*words):
    return runner.invoke(verbs.app, ["quantize", *map(str, words)])


def test_the_validation_part_is_measured_and_the_training_part_calibrates(predictor, images, tmp_path):
    bundle, parts = tmp_path / "m.tfft", images.splits(seed=4)
    done = call(bundle, "--data", images.path, "--largest-drop", "1")
    assert done.exit_code == 0, done.output
    assert "calibrating on train part, measuring validation part" in done.output
    assert f"wrote {tmp_path / 'm.litert_int8'}" in done.output
    said = json.loads((tmp_path / "m.litert_int8" / "tfft.json").read_text(encoding="utf-8"))["quantization"]
    assert (said["calibrated_on"], said["measured_on"]) == (len(parts.train), len(parts.validation))
    assert said["data"] == parts.validation.fingerprint()
    assert said["keras"]["value"] == tfft.evaluate(predictor, parts.validation).metrics["accuracy"]["value"]


def test_the_same_part_twice_is_refused_unless_allowed(predictor, images, tmp_path):
    words = (tmp_path / "m.tfft", "--data", images.path, "--calibrate-on", "validation", "--out", tmp_path / "int8")
    assert isinstance(call(*words).exception, DataError)
    assert not (tmp_path / "int8").exists()
    done = call(*words, "--allow-overlap")
    assert done.exit_code == 0, done.output
    assert "of the measured examples are among them" in done.output


def test_an_invalid_drop_is_named_before_anything_is_written(predictor, images, tmp_path):
    done = call(tmp_path / "m.tfft", "--data", images.path, "--largest-drop", "-1", "--out", tmp_path / "int8")
    assert isinstance(done.exception, BundleError)
    assert not (tmp_path / "int8").exists()


def test_the_data_is_read_once_and_what_is_left_out_is_listed_once(predictor, images, tmp_path, monkeypatch):
    (broken := next(images.path.rglob("*.png")).with_name("broken.png")).write_bytes(b"broken")
    read, calls = TypedData.splits, []
    monkeypatch.setattr(TypedData, "splits", lambda *given: calls.append(given) or read(*given))
    done = call(tmp_path / "m.tfft", "--data", images.path, "--skip-corrupt", "--largest-drop", "1")
    assert done.exit_code == 0, done.output
    assert len(calls) == 1
    assert done.output.count(f"skipped {broken}") == 1
