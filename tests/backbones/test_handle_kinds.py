"""What is handed in for a backbone."""

import re

import keras
import numpy as np
import pytest

import tfft
from tfft.backbones.handle_kinds import instead, is_foreign, is_model, refuse_others
from tfft.backbones.savedmodel.locations import is_archive
from tfft.core.errors import BackboneError, WeightsError


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


@pytest.mark.parametrize("handle", ["", " ", "\t"])
def test_an_empty_handle_is_called_empty(handle, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackboneError, match=r"name of the backbone is empty\..*Pass a name such as \"vgg16\""):
        tfft.load_backbone(handle)


def test_a_bundle_is_told_from_a_backbone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackboneError, match=r"'flowers\.tfft' is the name of a bundle.*`tfft predict` uses it\.$"):
        tfft.load_backbone("flowers.tfft")
    tfft.export(tfft.build("toy", tfft.tasks.classification(["a", "b"])), "thesis")
    for handle in ("thesis", "./thesis"):
        with pytest.raises(
            BackboneError, match=r"is the name of a bundle.*train.*further, pass 'thesis/net\.keras'\.$"
        ):
            tfft.load_backbone(handle)
    assert tfft.load_backbone("thesis/net.keras").blocks  # the advice works


@pytest.mark.parametrize("name", ["net.h5", "net.weights.h5", "net.pt", "sub/net.onnx"])
def test_a_file_that_does_not_exist_is_told_so(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=rf"There is no file '{re.escape(name)}'\. Check the path"):
        tfft.load_backbone(name)


def _saved(folder):
    """A file of each kind under the right name and under wrong ones."""
    net = tfft.load_backbone("toy").load()
    net.save(folder / "whole.keras")
    net.save_weights(folder / "new.weights.h5")
    net.save(folder / "whole.h5")
    for source, copy in (
        ("whole.keras", "misnamed.h5"),
        ("new.weights.h5", "new.h5"),
        ("new.weights.h5", "new.keras"),
        ("whole.h5", "old.keras"),
    ):
        (folder / copy).write_bytes((folder / source).read_bytes())
    np.savez(folder / "other.npz", a=1)


def test_each_file_that_is_not_a_whole_model_is_told_what_it_is_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _saved(tmp_path)
    refuse_others("whole.keras")
    for name, got, fix in (
        ("misnamed.h5", "a whole model that Keras 3 saved", "Rename it to 'misnamed.keras'."),
        ("whole.h5", "a whole model in Keras' older", "load_model('whole.h5').save('whole.keras')"),
        ("old.keras", "a whole model in Keras' older", "load_model('old.h5').save('old.keras')"),
        ("new.weights.h5", "only weights, which Keras 3", "load_backbone(\"vgg16\", weights='new.weights.h5'). Or"),
        ("new.h5", "only weights, which Keras 3", "after renaming the file to 'new.weights.h5'"),
        ("new.keras", "only weights, which Keras 3", "after renaming the file to 'new.weights.h5'"),
        ("other.npz", "a file of another kind", 'model.save("net.keras") wrote'),
    ):
        with pytest.raises(BackboneError) as caught:
            tfft.load_backbone(name)
        assert caught.value.what == f"{name!r} is not a model that tfft can read."
        assert got in caught.value.got
        assert fix in caught.value.fix
