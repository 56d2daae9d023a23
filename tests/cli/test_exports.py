"""``tfft export`` writes a bundle in another format, and says how its answers compare."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfft
from tfft.cli import exports, verbs
from tfft.core.errors import BundleError, DataError
from tfft.formats.exporting import FORMATS

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
    assert [each.value for each in exports.FormatName] == list(FORMATS)


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


def test_mistakes_are_named_before_anything_is_loaded(bundle):
    assert isinstance(call(bundle, "--examples", bundle.parent / "photo").exception, DataError)
    assert isinstance(call(bundle.parent / "n.tfft").exception, BundleError)
    done = call(bundle, "--to", "saved")
    assert done.exit_code == 2
    assert "saved_model" in done.output
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["m.tfft", "photos"]
