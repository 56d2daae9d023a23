"""export() and load(): exact round trips, old bundles that survive, damage that is found."""

import json
import re
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

import tfft
from tests import forked
from tfft.core.errors import BundleError

TASKS = {
    "classification": lambda: tfft.tasks.classification(["ants", "bees"], hidden=(5,), label_smoothing=0.1),
    "multi_label": lambda: tfft.tasks.multi_label(["indoor", "dog", "night"], threshold=0.3),
    "regression": lambda: tfft.tasks.regression(
        tfft.tasks.base.LabelSpace(("age", "height"), "real", (40.0, 1.7), (10.0, 0.2)), pooling="max"
    ),
}


@pytest.fixture(params=list(TASKS))
def model(request):
    return tfft.build("toy", TASKS[request.param](), seed=5)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (4, 20, 30, 3), np.uint8)


def same_weights(net, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(net.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["model.tfft", "model.tfft.zip"])
def test_a_bundle_round_trips_bit_for_bit(model, pixels, tmp_path, name):
    loaded = tfft.load(tfft.export(model, tmp_path / name))
    assert same_weights(model.net, loaded.net)
    inputs = np.stack([model.preprocessor(image) for image in pixels])
    assert np.array_equal(model.net.predict_on_batch(inputs), loaded.net.predict_on_batch(inputs))
    assert loaded.task.to_dict() == json.loads(json.dumps(model.task.to_dict()))
    assert loaded.preprocessor == model.preprocessor
    assert loaded.manifest["backbone"]["handle"] == "toy"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_answers_are_those_of_the_model_that_was_exported(model, pixels, tmp_path):
    answers = tfft.load(tfft.export(model, tmp_path / "m.tfft")).predict(pixels)
    inputs = np.stack([model.preprocessor(image) for image in pixels])
    expected = model.task.probabilities(np.asarray(model.net.predict_on_batch(inputs)))
    for answer, row in zip(answers, expected, strict=True):
        assert list(answer.scores.values()) == pytest.approx(row.tolist())
        assert answer.label == model.task.decode(row).label


def test_the_report_travels_along(toy_arrays, tmp_path):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    report = tfft.evaluate(model, data.test)
    loaded = tfft.load(tfft.export(model, tmp_path / "m.tfft", report=report))
    assert loaded.report == json.loads(json.dumps(report.to_dict()))
    assert (tmp_path / "m.tfft" / "report.md").read_text() == report.to_markdown()
    assert tfft.evaluate(loaded, data.test).metrics == report.metrics


@pytest.mark.slow
def test_the_net_inside_opens_in_plain_keras(tmp_path):
    model = tfft.build("toy", TASKS["classification"]())
    tfft.export(model, tmp_path / "m.tfft")
    code = (
        "import keras, sys; net = keras.saving.load_model(sys.argv[1]);"
        "assert net.output_shape == (None, 2); assert 'tfft' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.tfft" / "net.keras")], check=True, timeout=120)


@pytest.mark.slow
def test_loading_needs_no_training_code(tmp_path):
    tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "m.tfft")
    code = (
        "import sys, numpy, tfft; tfft.load(sys.argv[1]).predict(numpy.zeros((1, 9, 9, 3), 'uint8'));"
        "rooms = ('training', 'plans', 'models', 'evaluation', 'trainable', 'backbones');"
        "assert not [m for m in sys.modules if m.startswith(tuple('tfft.' + room for room in rooms))]"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.tfft")], check=True, timeout=120)


@pytest.mark.slow
def test_a_pickled_function_is_refused_even_where_keras_was_told_to_run_them(tmp_path):
    path = tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "m.tfft")
    keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]).save(path / "net.keras")
    # in a process of its own: Keras has no way back
    code = (
        "import keras, sys, tfft; keras.config.enable_unsafe_deserialization()\n"
        "try: tfft.load(sys.argv[1])\nexcept tfft.core.errors.BundleError as error: print(error)"
    )
    for spelling in (b"__lambda__", b"\\u005f_lambda__"):
        respelt(path / "net.keras", b"__lambda__", spelling)
        done = forked.run(code, str(path), timeout=120)
        assert re.search(r"a layer that could run code.*Lambda", done.stdout), done.stdout + done.stderr


def respelt(path, old, new):
    """The same file with one word of its JSON written in another way."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content.replace(old, new) if name == "config.json" else content)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m.tfft", "m.zip"])
def test_a_bundle_knows_what_its_model_has_seen(toy_arrays, tmp_path, name):
    data = tfft.data.from_arrays(*toy_arrays, seed=3)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.head_only(epochs=1))
    loaded = tfft.load(tfft.export(run.model, tmp_path / name))
    assert loaded.seen == run.model.seen
    assert loaded.seen.seed == 3
    report = tfft.evaluate(loaded, data.everything())
    assert report.seen == {"train": len(data.train), "validation": len(data.validation)}
    assert (
        f"Includes {len(data.train)} training and {len(data.validation)} validation examples of the model"
        in report.describe()
    )
    assert tfft.evaluate(loaded, data.test).seen == {"train": 0, "validation": 0}
    assert model.seen == run.model.seen  # the weights changed in place, and so did what they know
    untrained = tfft.build("toy", tfft.tasks.classification(data.labels))
    assert tfft.load(tfft.export(untrained, tmp_path / f"fresh.{name}")).seen is None
    tfft.fit(model, tfft.data.from_arrays(255 - toy_arrays[0], toy_arrays[1]), tfft.plans.head_only(epochs=1))
    assert tfft.evaluate(model, data.train).seen["train"] == len(data.train)


def test_a_training_that_broke_off_counts_as_well(toy_arrays, monkeypatch):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfft.training.best_weights.BestWeights.on_epoch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(model, data, tfft.plans.head_only(epochs=2))
    assert tfft.evaluate(model, data.train).seen["train"] == len(data.train)


def damaged(path, how):
    if how == "no manifest":
        (path / "manifest.json").unlink()
    elif how == "half a manifest":
        (path / "manifest.json").write_text('{"format": 1,')
    elif how == "half a net":
        content = (path / "net.keras").read_bytes()
        (path / "net.keras").write_bytes(content[: len(content) // 2])
    elif how == "no net":
        (path / "net.keras").unlink()
    elif how == "other weights":
        tfft.build("toy", TASKS["classification"](), seed=99).net.save(path / "net.keras")
    else:
        manifest = json.loads((path / "manifest.json").read_text())
        (path / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no manifest", "is not a bundle"),
        ("half a manifest", "is not a bundle"),
        ("half a net", "is damaged"),
        ("no net", "is damaged"),
        ("other weights", "not the ones that were exported together"),
        ("a later format", r"format 99; this version reads 1.*Upgrade tfft to the version that wrote the bundle"),
    ],
)
def test_damage_is_found_and_named(tmp_path, how, said):
    path = tfft.export(tfft.build("toy", TASKS["classification"](), seed=1), tmp_path / "m.tfft")
    damaged(path, how)
    with pytest.raises(BundleError, match=said):
        tfft.load(path)


def test_a_path_that_does_not_exist_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"no bundle at .*nowhere'.*tfft.export"):
        tfft.load(tmp_path / "nowhere")
    (tmp_path / "b.tfft").mkdir()
    with pytest.raises(BundleError, match=r"no bundle at .*Did you mean '.*b\.tfft'"):
        tfft.load(tmp_path / "b.tff")


@pytest.mark.parametrize("path", [None, 3, ["b.tfft"], {}])
def test_something_that_is_no_path_is_refused(path):
    with pytest.raises(
        BundleError, match=rf"takes the path of a bundle.*Got: (an? {type(path).__name__}|None)\..*tfft.export"
    ):
        tfft.load(path)


def test_a_zip_that_climbs_out_of_its_folder_is_refused(tmp_path):
    path = tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "in" / "m.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped.txt", "out")
    with pytest.raises(BundleError, match="would write outside its folder"):
        tfft.load(path)
    assert not list(tmp_path.rglob("escaped.txt"))


@pytest.mark.parametrize("missing", ["task", "preprocessor", "weights"])
def test_a_manifest_without_its_parts_is_damage(tmp_path, missing):
    path = tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "m.tfft")
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest[missing]
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=rf"is damaged.*{missing}"):
        tfft.load(path)
    (path / "manifest.json").write_text("[1]")
    with pytest.raises(BundleError, match="is damaged"):
        tfft.load(path)


def test_a_flipped_byte_in_a_zip_is_damage(tmp_path):
    path = tfft.export(tfft.build("toy", TASKS["classification"]()), tmp_path / "m.zip")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"is damaged|cannot be unpacked|not the ones"):
        tfft.load(path)
