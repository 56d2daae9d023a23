"""Exports are checked before they are written, and replace nothing but older exports."""

import json
import re
from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tests.conftest import picture
from tfft.core.errors import BundleError, DataError, RunWarning
from tfft.formats import exporting
from tfft.formats.comparison import answers_of
from tfft.formats.export_folders import comparison_of
from tfft.formats.exporting import FORMATS, Format

ABOUT = "tfft.json"
IMAGES = [picture(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def model():
    return tfft.build("toy", tfft.tasks.classification(["ants", "bees"]), seed=0)


@pytest.fixture
def quick(monkeypatch):
    """A format that writes one file, and answers as the net does, or as ``wrong`` says."""

    def write(predictor, folder, items, wrong=0.0):
        from tests.formats.test_comparison import answer

        (folder / "net.txt").write_text("a net")
        right = answer(predictor)
        return lambda items: {**right(items), "probabilities": right(items)["probabilities"] + wrong}

    formats = {
        "quick": Format(write, 1e-3),
        "wrong": Format(lambda *given: write(*given, 0.1), 1e-3),
        "broken": Format(lambda *given: write(*given, np.nan), 1e-3),
        "rounded": Format(lambda *given: write(*given, np.nan), np.inf),
    }
    monkeypatch.setattr(exporting, "FORMATS", {**FORMATS, **formats})


def test_an_export_replaces_an_older_one(quick, model, tmp_path):
    path = tfft.export(model, tmp_path / "made", format="quick", examples=IMAGES)
    (path / "my notes").touch()
    with pytest.raises(BundleError, match=r"holds other files as well, which would be lost.*'my notes'"):
        tfft.export(model, path, format="quick", examples=IMAGES)
    (path / "my notes").unlink()
    assert tfft.export(model, path, format="quick", examples=IMAGES) == path
    assert sorted(each.name for each in path.iterdir()) == ["net.txt", ABOUT]
    about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
    assert (about["format"], about["task"], about["labels"]) == ("quick", "classification", ["ants", "bees"])
    assert about["files"] == ["net.txt", ABOUT]
    assert about["comparison"]["of"] == "the given examples"
    assert comparison_of(path).startswith("On 4 of the given examples, 100.0 % of the labels agree")
    with pytest.raises(BundleError, match="is no export of tfft"):
        comparison_of(tmp_path)


def test_a_model_a_loaded_bundle_and_a_path_give_the_same(quick, model, tmp_path):
    bundle = tfft.export(model, tmp_path / "m.tfft")
    found = []
    for index, each in enumerate((model, tfft.load(bundle), bundle, str(bundle))):
        path = tfft.export(each, tmp_path / f"made{index}", format="quick", examples=IMAGES)
        found.append({**json.loads((path / ABOUT).read_text(encoding="utf-8")), "versions": 0})
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("format", ["wrong", "broken", "rounded"])
def test_answers_that_differ_are_an_error_and_nothing_is_written(quick, model, tmp_path, format):
    with pytest.raises(BundleError, match=rf"answers of the {format} differ from those of the Keras net.*On 4 of"):
        tfft.export(model, tmp_path / "made", format=format, examples=IMAGES)
    assert list(tmp_path.iterdir()) == []


def of_rounding(wrong):
    """A format that gives the first ``wrong`` examples another label."""

    def write(predictor, folder, items):
        from tests.formats.test_comparison import answer

        (folder / "net.txt").write_text("a net")
        right = answer(predictor)

        def answered(items):
            found = right(items)
            return {**found, "label": np.where(np.arange(len(items)) < wrong, b"wrong", found["label"])}

        return answered

    return Format(write, np.inf)


@pytest.mark.parametrize(("format", "instead"), [("litert_int8", "litert_float16"), ("litert_float16", "litert")])
def test_rounding_that_changes_labels_is_a_warning_with_the_number_and_what_to_do(
    model, tmp_path, monkeypatch, format, instead
):
    monkeypatch.setattr(exporting, "FORMATS", {**FORMATS, format: of_rounding(1)})
    said = rf"{format} rounds the net, and only 75.0 % of the labels on 4 of the given examples.*or choose the format {instead}\."
    with pytest.warns(RunWarning, match=said) as caught:
        path = tfft.export(model, tmp_path / "made", format=format, examples=IMAGES)
    assert caught[0].filename == __file__
    assert (path / "net.txt").is_file()


def test_rounding_that_changes_no_label_is_no_warning(model, tmp_path, monkeypatch):
    """Warnings are errors in these tests."""
    monkeypatch.setattr(exporting, "FORMATS", {**FORMATS, "litert_int8": of_rounding(0)})
    assert tfft.export(model, tmp_path / "made", format="litert_int8", examples=IMAGES).is_dir()


def test_a_format_that_does_not_round_is_judged_by_probabilities_alone(model, tmp_path, monkeypatch):
    """Equal probabilities may give another label, which says nothing about the format."""
    monkeypatch.setattr(exporting, "FORMATS", {**FORMATS, "onnx": replace(of_rounding(1), tolerance=1e-3)})
    assert tfft.export(model, tmp_path / "made", format="onnx", examples=IMAGES).is_dir()


def test_something_else_at_the_path_is_kept(quick, model, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.txt").touch()
    (tmp_path / "file").touch()
    for name, found in (("thesis", "'a.txt'"), ("file", "a file")):
        with pytest.raises(BundleError, match=rf"exists and is no export of tfft.*{found}"):
            tfft.export(model, tmp_path / name, format="quick")
    (tmp_path / "empty").mkdir()
    tfft.export(model, tmp_path / "empty", format="quick", examples=IMAGES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"format": "saved_mode"}, r"format='saved_mode' is unknown.*Did you mean 'saved_model'.*bundle, saved_model"),
        ({"format": None}, "format=None is unknown"),
        ({"model": 7, "format": "quick"}, r"takes a model, or the path of a bundle.*int"),
        ({"path": "", "format": "quick"}, "takes the path of a folder"),
        ({"path": "~/made", "format": "quick"}, "Nothing can be written"),
        ({"report": 7, "format": "quick"}, "Reports and runs are for bundles only"),
        ({"format": "litert_int8"}, r"litert_int8 is calibrated on examples.*examples=data\.train"),
    ],
)
def test_invalid_arguments_are_refused(quick, model, tmp_path, given, message):
    options = {"model": model, "path": tmp_path / "made", **given}
    with pytest.raises(BundleError, match=message):
        tfft.export(options.pop("model"), options.pop("path"), **options)
    assert list(tmp_path.iterdir()) == []


def test_examples_of_another_kind_are_refused(quick, model, tmp_path):
    with pytest.raises(DataError):
        tfft.export(model, tmp_path / "made", format="quick", examples=["no such file.jpg"])
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_finite_are_refused(quick, tmp_path):
    broken = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    broken.net.weights[-1].assign([np.nan, 0.0])
    with pytest.raises(BundleError, match="not finite numbers"):
        tfft.export(broken, tmp_path / "made", format="quick", examples=IMAGES)


def test_a_path_without_a_bundle_and_a_loaded_bundle_say_what_to_pass(model, tmp_path):
    with pytest.raises(BundleError, match=r"There is no bundle at '.*nope\.tfft'.*export\(run\.model, path\)"):
        tfft.export(tmp_path / "nope.tfft", tmp_path / "b.zip")
    with pytest.raises(BundleError, match=r"There is no bundle at 'nope\.tfft'"):
        tfft.export("nope.tfft", str(tmp_path / "b.zip"))
    predictor = tfft.load(tfft.export(model, tmp_path / "a.tfft"))
    for origin, said in ((str(tmp_path / "a.tfft"), "/a.tfft"), ("", "flowers.tfft")):
        with pytest.raises(BundleError, match=rf"loaded bundle.*Pass its path.*{re.escape(said)}'"):
            tfft.export(replace(predictor, origin=origin), tmp_path / "b.tfft")
    with pytest.raises(BundleError, match=r"Pass its path.*'hf://ann/f@v1'"):
        tfft.export(replace(predictor, origin="hf://ann/f@v1"), tmp_path / "b.tfft")
    assert [each.name for each in tmp_path.iterdir()] == ["a.tfft"]


@pytest.mark.slow
@pytest.mark.parametrize("format", ["saved_model", "onnx", "litert", "keras"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_layers_that_change_images_in_training_do_not_in_a_file(format, tmp_path):
    pixels = keras.Input((16, 16, 3), name="pixels")
    white = keras.layers.RandomBrightness((1.0, 1.0), value_range=(0, 255))(pixels)
    net = keras.Model(pixels, keras.layers.Conv2D(4, 3, activation="relu")(white / 255))
    model = tfft.build(tfft.load_backbone(net), tfft.tasks.classification(["ants", "bees"]), seed=0)
    model.net.get_layer("head").set_weights([weights * 2000 for weights in model.net.get_layer("head").get_weights()])
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    answered = FORMATS[format].write(predictor, tmp_path, IMAGES)
    wanted = [max(answer.scores.values()) for answer in predictor.predict(IMAGES)]
    np.testing.assert_allclose(answered(IMAGES)["probability"], wanted, atol=1e-5)
    rows = predictor.preprocessor.collate([predictor.preprocessor(image) for image in IMAGES])["pixels"]
    changed = answers_of(predictor, predictor.net(rows, training=True))["probability"]
    assert np.abs(changed - wanted).max() > 0.01  # otherwise this test could not fail
    tfft.export(predictor, tmp_path / "made", format=format, examples=IMAGES)  # compares the file with the net
