"""What is handed in for a backbone."""

import keras
import pytest

import tfft
from tfft.backbones.handle_kinds import instead, is_foreign, is_model
from tfft.backbones.savedmodel.locations import is_archive
from tfft.core.errors import BackboneError


@pytest.mark.parametrize(
    ("handle", "expected"),
    [("a/b.tar.gz", True), ("b.tgz", True), ("tfhub:https://x/b.tar.gz", False), ("vgg16", False)],
)
def test_archives_are_known_by_their_ending(handle, expected):
    assert is_archive(handle) is expected


@pytest.mark.parametrize("handle", ["hf://a/b", "./folder", "a.tar.gz", "own.keras", "tfhub:https://tfhub.dev/a/1"])
def test_what_other_libraries_saved_is_foreign(handle):
    assert is_foreign(handle)
    assert not is_foreign("vgg16")


def test_a_folder_is_foreign_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vgg").mkdir()
    assert is_foreign("vgg")


def test_models_are_models_and_their_classes_are_not():
    assert is_model(keras.Sequential())
    assert not any(map(is_model, (keras.Sequential, "vgg16", None, 5)))


@pytest.mark.parametrize("name", ["_UserObject", "AutoTrackable", "TFSMLayer"])
def test_what_tensorflow_loads_is_answered_with_its_folder(name):
    assert "Pass the folder of the SavedModel" in instead(type(name, (), {})(), "something else")


def test_a_layer_of_the_hub_is_answered_by_describing_and_by_building():
    layer = type("KerasLayer", (), {"__module__": "tensorflow_hub.keras_layer", "_handle": "https://tfhub.dev/a/1"})()
    for ask in (tfft.load_backbone, lambda given: tfft.build(given, tfft.tasks.classification(["a", "b"]))):
        with pytest.raises(BackboneError, match=r"cannot enter a Keras 3 model; write tfft\.build\('tfhub:https:"):
            ask(layer)
