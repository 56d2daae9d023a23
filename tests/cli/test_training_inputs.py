"""The beginning of commands that train."""

from types import SimpleNamespace

import pytest

import tfft
from tfft.cli import training_inputs
from tfft.cli.arguments import CacheName, PrecisionName
from tfft.cli.typed_masks import TaskName
from tfft.core.errors import DataError


def test_the_language_of_texts_chooses_the_backbone_and_they_are_read_once(capsys):
    words = ("good", "bad", "long", "new", "old", "late", "sad", "fine")
    data = tfft.data.from_arrays([f"the film was {word}" for word in words], [0, 1] * 4)
    calls = []
    source = SimpleNamespace(default_backbone="minilm_l6", splits=lambda seed: calls.append(seed) or data)
    assert training_inputs.default_backbone(source, 3) == ("minilm_l6", data)
    assert calls == [3]
    source.default_backbone = "tfft_mini"
    assert training_inputs.default_backbone(source, 3) == ("tfft_mini", None)
    assert calls == [3]


def test_skipped_inputs_are_listed_and_other_inputs_than_the_backbones_are_refused(images, capsys):
    (broken := next(images.path.rglob("*.png")).with_name("broken.png")).write_bytes(b"broken")
    splits = tfft.data.from_folder(images.path, on_corrupt="skip")
    source = SimpleNamespace(path=images.path, splits=lambda seed: splits)
    assert training_inputs.read(source, tfft.load_backbone("toy"), 0, None) is splits
    said = capsys.readouterr()
    assert splits.describe() in said.out
    assert f"skipped {broken}" in said.err
    with pytest.raises(DataError):
        training_inputs.read(source, tfft.load_backbone("toy_text"), 0, splits)


def test_the_model_has_the_typed_cache_and_precision():
    splits = SimpleNamespace(labels=tfft.tasks.classification(["ants", "bees"]).labels)
    typed = TaskName.auto, 0, CacheName.off, PrecisionName.float32
    model = training_inputs.built(tfft.load_backbone("toy"), splits, True, *typed)
    expected = tfft.tasks.classification(["ants", "bees"], class_weights="balanced")
    assert model.task.to_dict() == expected.to_dict()
    assert model.precision.tail == "float32"
    assert model.cache.where == "off"
