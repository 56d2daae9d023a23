"""Typed data of images, and trained models of images and of texts."""

import pytest

import tfft
from tfft.cli.sources import TypedData


@pytest.fixture(autouse=True)
def _no_second_start(monkeypatch):
    """TensorFlow runs in this process already; redirecting stderr would fight with pytest's own capture."""
    for module in (
        "verbs",
        "exports",
        "predictions",
        "quantization",
        "ranking",
        "searching",
        "services",
        "training_inputs",
    ):
        monkeypatch.setattr(f"tfft.cli.{module}.start_tensorflow", lambda: None)
    monkeypatch.setattr("tfft.doctor.start_tensorflow", lambda: None)


@pytest.fixture
def images(class_folder):
    return TypedData(class_folder, None, "label", skip_corrupt=False)


@pytest.fixture
def predictor(images, tmp_path):
    data = images.splits(seed=4)
    run = tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(1))
    return tfft.load(tfft.export(run.model, tmp_path / "m.tfft"))


@pytest.fixture
def reader(tmp_path):
    return tfft.load(
        tfft.export(tfft.build("toy_text", tfft.tasks.classification(["up", "down"])), tmp_path / "t.tfft")
    )
