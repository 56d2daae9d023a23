"""What int8 costs is measured as an evaluation does, on other examples than it was calibrated on."""

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest

import tfft
from tests.conftest import picture
from tfft.core.errors import BundleError, DataError
from tfft.formats import quantizing
from tfft.formats.quantizing import Quantized, quantize

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason='pip install ".[litert]"'),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow.lite", "ignore:.*tf.lite.Interpreter"),
]
IMAGES = np.stack([picture(seed, (16, 16), seed % 2) for seed in range(60)])


def trained(targets, task):
    masks = np.ndim(targets[0]) == 2
    data = (
        tfft.data.from_masks({"train": (IMAGES, targets)}, ["dark", "bright"], seed=0)
        if masks
        else tfft.data.from_arrays(IMAGES, targets, seed=0)
    )
    plan = tfft.plans.head_only(20, learning_rate=0.05)
    return tfft.fit(tfft.build("toy", task(data.labels), seed=0), data, plan, progress=False).model, data


@pytest.fixture(scope="module")
def classes():
    return trained([0, 1] * 30, tfft.tasks.classification)


def about(path):
    return json.loads((path / "tfft.json").read_text(encoding="utf-8"))["quantization"]


def test_both_nets_are_measured_as_evaluate_does(classes, tmp_path):
    model, data = classes
    found = quantize(model, tmp_path / "int8", data.train, data.validation, largest_drop=0.5)
    said = tfft.evaluate(tfft.load(tfft.export(model, tmp_path / "m.tfft")), data.validation).metrics["accuracy"]
    assert (found.metric, dict(found.keras)) == ("accuracy", said)
    assert found.drop["value"] == pytest.approx(found.keras["value"] - found.int8["value"])
    assert (found.calibrated_on, found.measured_on, found.overlap) == (len(data.train), len(data.validation), 0)
    assert found.seen == {"train": 0, "validation": len(data.validation)}
    assert found.bytes["int8"] == (tmp_path / "int8" / "model.tflite").stat().st_size
    assert found.bytes["keras"] == 4 * model.net.count_params()
    assert min(found.seconds.values()) > 0
    assert about(found.path) == found.to_dict()
    assert found.path == tmp_path / "int8"


def test_texts_are_not_calibrated(tmp_path):
    texts = [f"{'good' if number % 2 else 'bad'} film number {number}" for number in range(40)]
    data = tfft.data.from_arrays(texts, [number % 2 for number in range(40)], seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), seed=0)
    found = quantize(model, tmp_path / "int8", data.validation, data.validation)
    assert (found.calibrated_on, found.overlap) == (0, 0)
    assert "Only the weights are in int8, which needs no calibration." in found.describe()
    assert found.measured_on == len(data.validation)


class Negated:
    """A file whose answers are the opposite of those of the net."""

    def __init__(self, path, net):
        self._net, self.distribute_strategy = net, net.distribute_strategy

    def __call__(self, inputs, training=False):
        return -self._net(inputs)


def test_a_drop_that_is_too_large_is_an_error_and_nothing_is_left(classes, tmp_path, monkeypatch):
    model, data = classes
    monkeypatch.setattr(quantizing, "FileNet", Negated)
    found = quantize(model, tmp_path / "any", data.train, data.validation)
    assert found.keras["value"] > 0.7
    assert found.int8["value"] == pytest.approx(1 - found.keras["value"])
    with pytest.raises(
        BundleError, match=r"int8 is worse than largest_drop=0\.01 allows.*accuracy of int8 is .* worse"
    ):
        quantize(model, tmp_path / "int8", data.train, data.validation, largest_drop=0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["any"]


def test_for_an_error_in_a_unit_more_is_worse(tmp_path, monkeypatch):
    model, data = trained(np.linspace(10.0, 90.0, 60), tfft.tasks.regression)
    found = quantize(model, tmp_path / "int8", data.train, data.validation, largest_drop=5.0)
    assert found.metric == "mae"
    assert found.drop["value"] == pytest.approx(found.int8["value"] - found.keras["value"])
    monkeypatch.setattr(quantizing, "FileNet", Negated)
    inputs = quantize(model, tmp_path / "worse", data.train, data.validation)
    assert np.sign(inputs.drop["value"]) == np.sign(inputs.int8["value"] - inputs.keras["value"]) != 0


def test_several_labels_and_masks_are_measured_too(tmp_path):
    several = [["a", "b"][: 1 + seed % 2] for seed in range(60)]
    model, data = trained(several, tfft.tasks.multi_label)
    found = quantize(model, tmp_path / "labels", data.train, data.validation)
    assert (found.metric, found.measured_on) == ("subset_accuracy", len(data.validation))
    shown = np.stack([(image[..., 0] > image[..., 1]).astype(np.uint8) for image in IMAGES])
    model, data = trained(shown, tfft.tasks.segmentation)
    found = quantize(model, tmp_path / "masks", data.train, data.validation)
    assert found.metric == "mean_iou"
    assert found.keras == tfft.evaluate(model, data.validation).metrics["mean_iou"]
    assert abs(found.drop["value"]) < 0.2


def test_texts_of_different_lengths_are_measured(tmp_path):
    texts = [f"{'good' if index % 2 else 'bad'} film {'and long ' * (index % 5)}{index}" for index in range(40)]
    data = tfft.data.from_arrays(texts, [index % 2 for index in range(40)], seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), seed=0)
    found = quantize(model, tmp_path / "int8", data.train, data.validation)
    assert found.keras["value"] == tfft.evaluate(model, data.validation).metrics["accuracy"]["value"]


def test_measured_examples_are_left_out_of_the_calibration(classes, tmp_path):
    model, data = classes
    both = data.train.take(np.arange(len(data.train)))
    with pytest.raises(DataError, match=r"All calibration examples are measured as well.*allow_overlap=True"):
        quantize(model, tmp_path / "int8", both, data.train)
    assert list(tmp_path.iterdir()) == []
    some = data.train.take(np.arange(8))
    assert quantize(model, tmp_path / "int8", data.train, some).calibrated_on == len(data.train) - 8
    found = quantize(model, tmp_path / "int8", data.train, some, allow_overlap=True)
    assert (found.calibrated_on, found.overlap) == (len(data.train), 8)
    assert "8 of the measured examples are among them" in found.describe()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"largest_drop": -0.1}, BundleError, "largest_drop=-0.1 cannot be used"),
        ({"largest_drop": float("nan")}, BundleError, "largest_drop=nan cannot be used"),
        ({"measured": None}, DataError, "takes one part of the data as measured"),
        ({"calibration": [1]}, DataError, "takes one part of the data as calibration.*list"),
    ],
)
def test_invalid_arguments_are_refused(classes, tmp_path, given, error, message):
    model, data = classes
    options = {"calibration": data.train, "measured": data.validation, **given}
    with pytest.raises(error, match=message):
        quantize(model, tmp_path / "int8", **options)
    assert list(tmp_path.iterdir()) == []


def test_labels_of_another_model_are_refused(classes, tmp_path):
    model, data = classes
    other = replace(data.validation, labels=tfft.data.from_arrays(IMAGES, ["a", "b"] * 30).labels)
    with pytest.raises(DataError):
        quantize(model, tmp_path / "int8", data.train, other)
    assert list(tmp_path.iterdir()) == []


def interval(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


@pytest.mark.parametrize("wrong", [1, 2, 7, 20])
def test_a_drop_of_exactly_the_largest_one_is_accepted(wrong):
    """Of 100 examples, one more is wrong: 0.99 - 0.98 is a little more than 0.01 in binary."""
    before, after = (100 - wrong) / 100, (99 - wrong) / 100
    found = Quantized(
        "m", 9, 100, "", None, 0, "accuracy", interval(before), interval(after), interval(before - after),
        {"keras": 4, "int8": 1}, {"keras": 0.002, "int8": 0.001},
    )  # fmt: skip
    quantizing._refuse(found, 0.01)
    with pytest.raises(BundleError, match=r"largest_drop=0\.009 allows"):
        quantizing._refuse(found, 0.009)


def test_a_description_says_which_net_is_worse_and_whether_it_may_be_chance():
    found = Quantized(
        "m", 9, 7, "", None, 0, "accuracy", interval(0.9), interval(0.85), interval(0.05),
        {"keras": 4_000_000, "int8": 1_000_000}, {"keras": 0.002, "int8": 0.001},
    )  # fmt: skip
    said = found.describe()
    assert "keras  accuracy 0.9000 [0.8900, 0.9100]      4 MB  2.00 ms" in said
    assert "accuracy of int8 is 0.0500 worse (95 % interval 0.0400 to 0.0600 worse)" in said
    assert "calibrated on 9 examples, and measured on others" in said
    even = replace(found, drop=interval(-0.005)).describe()
    assert "0.0050 better (95 % interval 0.0150 better to 0.0050 worse, so it may be chance)" in even
    same = replace(found, drop={"value": -0.0, "low": -1e-9, "high": 0.0}).describe()
    assert "accuracy of int8 is the same (95 % interval of the difference 0 to 0)" in same
    assert replace(found, drop={"value": float("nan"), "low": 0.0, "high": 0.0}).to_dict()["drop"]["value"] is None
