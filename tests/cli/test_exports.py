"""``tfft export`` writes a bundle in another format, and says how its answers compare."""

import json
import warnings

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfft
from tests import hub as fakes
from tfft.cli import exports, verbs
from tfft.cli.console import spoken
from tfft.core.errors import BundleError, DataError
from tfft.formats import exporting
from tfft.formats.exporting import BUNDLE, FORMATS

runner = CliRunner()


@pytest.fixture
def bundle(tmp_path):
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    (tmp_path / "photos").mkdir()
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{seed}.jpg")
    return tfft.export(model, tmp_path / "m.tfft")


def call(*words):
    return runner.invoke(verbs.app, ["export", *map(str, words)])


def test_the_names_of_formats_are_those_of_python():
    assert list(exports.FORMATS) == [*FORMATS, BUNDLE]


@pytest.mark.slow
def test_an_export_says_how_its_answers_compare_and_where_it_is(bundle):
    done = call(bundle, "--examples", bundle.parent / "photos")
    assert done.exit_code == 0, done.output
    assert "On 3 of the given examples, 100.0 % of the labels agree with Keras" in done.output
    written = bundle.parent / "m.saved_model"
    assert f"wrote {written}" in done.output
    assert (
        json.loads((written / "assets.extra" / "tfft.json").read_text(encoding="utf-8"))["comparison"]["examples"] == 3
    )


def test_rounding_that_changes_labels_is_shown(bundle, monkeypatch):
    from tests.formats.test_exporting import of_rounding

    monkeypatch.setattr(exporting, "FORMATS", {**FORMATS, "litert_int8": of_rounding(1)})
    photos = bundle.parent / "photos"
    with warnings.catch_warnings(), spoken():
        warnings.simplefilter("always")
        done = call(bundle, "--to", "litert_int8", "--examples", photos)
    assert done.exit_code == 0, done.output
    assert (
        "RunWarning: litert_int8 rounds the net, and only 66.7 % of the labels on 3 of the given examples"
        in done.output
    )


def test_mistakes_are_named_before_anything_is_loaded(bundle):
    assert isinstance(call(bundle, "--examples", bundle.parent / "photo").exception, DataError)
    assert isinstance(call(bundle.parent / "n.tfft").exception, BundleError)
    done = call(bundle, "--to", "saved")
    assert done.exit_code == 2
    assert "saved_model" in done.output
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["m.tfft", "photos"]


def test_a_bundle_is_copied(bundle):
    done = call(bundle, "--to", "bundle", "--out", bundle.parent / "n.zip")
    assert (done.exit_code, done.stdout) == (0, f"wrote {bundle.parent / 'n.zip'}\n")
    assert tfft.load(bundle.parent / "n.zip").task.labels.names == ("ants", "bees")


def test_a_bundle_goes_to_hugging_face_and_comes_back_by_its_address(bundle, monkeypatch):
    hub = fakes.install(monkeypatch, bundle.parent)
    monkeypatch.chdir(bundle.parent)
    done = call(bundle, "--to", "hf://ann/flowers")
    assert done.exit_code == 0, done.output
    assert hub.repositories["ann/flowers"].private
    commit = hub.repositories["ann/flowers"].commits[-1][0]
    assert done.stdout.startswith(
        f"wrote hf://ann/flowers@{commit}: 3 files, private, https://huggingface.co/ann/flowers\n"
    )
    assert "The licence in README.md is unknown" in done.stdout
    done = call(bundle, "--to", "hf://ann/open", "--public")
    assert done.exit_code == 0, done.output
    assert not hub.repositories["ann/open"].private
    done = call("hf://ann/flowers", "--to", "bundle")
    assert done.stdout == "wrote flowers.tfft\n"
    assert done.stderr == f"hf://ann/flowers@{commit}\n"
    assert tfft.load("flowers.tfft").task.labels.names == ("ants", "bees")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "onyx"], r"--to onyx: there is no such format. Did you mean 'onnx'"),
        (["--to", "hf:/ann/flowers"], "or hf://owner/name"),
        (["--to", "hf://ann/flowers", "--out", "x"], "--out has no effect with --to hf://ann/flowers"),
        (["--to", "bundle", "--examples", "x"], "--examples has no effect with --to bundle"),
        (["--to", "onnx", "--public"], "--public has no effect with --to onnx"),
    ],
)
def test_options_without_effect_and_unknown_formats_are_refused(bundle, words, said):
    done = call(bundle, *words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())


def test_an_invalid_address_is_refused_before_the_bundle_is_read(bundle):
    assert isinstance(call(bundle, "--to", "hf://flowers").exception, BundleError)
    assert isinstance(call(bundle, "--to", "hf://ann/flowers@v1").exception, BundleError)
