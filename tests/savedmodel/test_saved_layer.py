"""A SavedModel works as a Keras layer."""

import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.modules import publish, signed, tiny
from tfft.core.errors import BackboneError, BundleError
from tfft.keras_files import keras_zip
from tfft.savedmodel.graph_bytes import packed
from tfft.savedmodel.saved_layer import NormalizationWeights
from tfft.trainable.overview import is_norm


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return publish(tiny(), tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture
def own(module, data):
    return tfft.build(str(module), tfft.tasks.classification(data.labels))


PIXELS = np.random.default_rng(0).integers(0, 255, (8, 16, 16, 3)).astype(np.float32)


def test_its_variables_are_keras_weights_with_the_same_paths(own):
    layer = own.backbone_net.get_layer("saved_model")
    assert len(layer.weights) == 18
    assert layer.weights[0].path == "block_0_conv/kernel"
    inner = layer._loaded.variables[0]
    layer.weights[0].assign(np.ones(layer.weights[0].shape))
    assert (inner.numpy() == 1).all()


def test_norms_are_recognised(own):
    layer = own.backbone_net.get_layer("saved_model")
    norms = [part for part in layer.block_layers if is_norm(part)]
    assert [part.name for part in norms] == ["block_0_norms", "block_1_norms", "block_2_norms"]
    assert all(isinstance(part, NormalizationWeights) for part in norms)


@pytest.mark.slow
def test_the_head_phase_changes_no_variable_and_the_next_phase_only_the_named_block(own, data):
    run = tfft.fit(own, data, tfft.plans.two_phase(2, 2, tune_learning_rate=1e-3), progress=False)
    head, tune = (record.overview for record in run.phases)
    assert {row.block for row in head.rows if row.moved} == {"head"}
    assert {row.path for row in tune.rows if row.moved and row.block != "head"} == {
        "block_2_conv/kernel",
        "block_2_conv/bias",
    }
    assert run.phases[0].reads == "features after features, float32"


@pytest.mark.slow
def test_a_bundle_gives_the_same_results_after_the_original_is_deleted(data, tmp_path):
    module = publish(tiny(), tmp_path / "hub")
    model = tfft.build(str(module), tfft.tasks.classification(data.labels))
    tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    report = tfft.evaluate(model, data.test)
    shutil.rmtree(module)
    path = tfft.export(model, tmp_path / "own.tfft", report=report)
    predictor = tfft.load(path)
    np.testing.assert_array_equal(predictor.net.predict(PIXELS, verbose=0), model.net.predict(PIXELS, verbose=0))
    assert tfft.evaluate(predictor, data.test).metrics == report.metrics


def test_a_loaded_net_can_be_trained_further(own, tmp_path):
    own.net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")
    layer = again.get_layer("backbone").get_layer("saved_model")
    for part in layer.block_layers:
        part.trainable = part.name == "block_1"
    before = [weight.numpy() for weight in layer.weights]
    again.compile("sgd", keras.losses.MeanSquaredError())
    again.fit(PIXELS, np.ones((8, 3)), verbose=0)
    moved = {weight.path for weight, old in zip(layer.weights, before, strict=True) if (weight.numpy() != old).any()}
    assert moved == {"block_1_conv/kernel", "block_1_conv/bias"}


def test_a_net_saved_with_the_old_module_name_opens_and_gives_the_same_results(own, tmp_path):
    own.net.save(tmp_path / "new.keras")
    with zipfile.ZipFile(tmp_path / "new.keras") as new, zipfile.ZipFile(tmp_path / "old.keras", "w") as old:
        for name in new.namelist():
            content = new.read(name)
            if name == "config.json":
                assert b"tfft.savedmodel.saved_layer" in content
                content = content.replace(b"tfft.savedmodel.saved_layer", b"tfft.core.saved_layer")
            old.writestr(name, content)
    assert len(list(keras_zip.graphs(tmp_path / "old.keras", "an old net"))) == 1
    again = keras.saving.load_model(tmp_path / "old.keras")
    np.testing.assert_array_equal(again.predict(PIXELS, verbose=0), own.net.predict(PIXELS, verbose=0))


def test_a_bundle_contains_its_weights_once(module, own, tmp_path):
    own.net.save(tmp_path / "net.keras")
    rows = [row for _, rows in own.backbone_net.get_layer("saved_model").blocks for row in rows]
    held = packed(module, rows)
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        inside = [name for name in archive.namelist() if name.endswith("graph.tar.gz")]
        assert archive.read(inside[0]) == own.backbone_net.get_layer("saved_model").graph
    assert len(packed(module, [])) > len(held) + 3000  # the values of 1,072 floats, which cannot be compressed


def test_the_weights_of_a_plain_signature_stay_in_its_graph(data, tmp_path):
    model = tfft.build(str(signed(tiny(), tmp_path / "plain")), tfft.tasks.classification(data.labels))
    predictor = tfft.load(tfft.export(model, tmp_path / "own.tfft"))
    np.testing.assert_array_equal(predictor.net.predict(PIXELS, verbose=0), model.net.predict(PIXELS, verbose=0))
    assert np.abs(model.backbone_net.predict(PIXELS, verbose=0)).max() > 0


def test_dropout_and_norms_use_training_mode_only_if_the_norms_are_trainable(own):
    layer = own.backbone_net.get_layer("saved_model")
    calm = layer(PIXELS, training=False).numpy()
    own.apply(tfft.trainable.nothing())
    np.testing.assert_array_equal(layer(PIXELS, training=True).numpy(), calm)
    own.apply(tfft.trainable.everything(), train_norms=True)
    assert np.abs(layer(PIXELS, training=True).numpy() - calm).max() > 1e-3


def test_a_graph_that_reads_files_is_not_called(tmp_path, monkeypatch):
    net = tiny()
    module = tf.Module()
    module.everything = [variable.value for variable in net.variables]
    module.__call__ = tf.function(
        lambda images: net(images) + 0 * tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32),
        input_signature=[tf.TensorSpec((None, 16, 16, 3))],
    )
    tf.saved_model.save(module, str(tmp_path / "spy"))
    with pytest.raises(
        BackboneError, match=r"contains operations that are not allowed.*ReadFile.*bundles with them cannot be loaded"
    ):
        tfft.build(str(tmp_path / "spy"), tfft.tasks.classification(["a", "b"]))
    with monkeypatch.context() as unchecked:
        unchecked.setattr("tfft.savedmodel.graph_bytes.cleaned", lambda graph: [])
        model = tfft.build(str(tmp_path / "spy"), tfft.tasks.classification(["a", "b"]))
        path = tfft.export(model, tmp_path / "spy.tfft")
    with pytest.raises(
        BundleError, match=r"contains operations that are not allowed.*ReadFile.*Find out where this bundle comes from"
    ):
        tfft.load(path)


@pytest.mark.slow
def test_its_own_losses_are_added_only_while_it_trains(data, tmp_path):
    decayed = publish(tiny(), tmp_path / "decayed", decay=100.0)
    plain = publish(tiny(), tmp_path / "plain")
    losses = {}
    for name, folder in (("decayed", decayed), ("plain", plain)):
        model = tfft.build(str(folder), tfft.tasks.classification(data.labels))
        run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-4), progress=False)
        losses[name] = run.history()["loss"]
    assert losses["decayed"][0] == losses["plain"][0]
    kernels = [weight for weight in tiny().trainable_weights if weight.name == "kernel"]
    expected = 100 * sum(float((weight.numpy() ** 2).sum()) for weight in kernels)
    assert losses["decayed"][1] - losses["plain"][1] == pytest.approx(expected, rel=0.01)


def test_another_graph_than_the_one_that_was_saved_is_refused(own, tmp_path):
    own.net.save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    other = packed(publish(keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()]), tmp_path / "other"))
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, other if name.endswith("graph.tar.gz") else content)
    with pytest.raises(ValueError, match="SavedModel inside the file is not the one that was saved"):
        keras.saving.load_model(tmp_path / "net.keras")


def test_the_error_for_a_clone_says_that_it_has_no_graph(own):
    layer = own.backbone_net.get_layer("saved_model")
    with pytest.raises(BackboneError, match=r"without the graph of its SavedModel.*save it and load it again"):
        type(layer).from_config(layer.get_config())(PIXELS)
