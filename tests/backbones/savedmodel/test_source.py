"""SavedModels as backbones."""

import shutil

import keras
import numpy as np
import pytest

import tfft
from tests.modules import archived, publish, signed, tf1, tiny
from tfft.core.errors import BackboneError, PlanError, RunWarning, WeightsError


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return publish(tiny(), tmp_path_factory.mktemp("hub") / "tiny")


def test_it_is_described_by_what_it_says_of_itself(module):
    described = tfft.load_backbone(str(module))
    assert (described.features.kind, described.takes(), described.pixel_range) == (
        "vector",
        "16x16 pixels",
        "zero_to_one",
    )
    assert [block.name for block in described.blocks] == ["block_0", "block_1", "block_2"]
    assert described.can_finetune


def test_features_are_those_of_the_net_it_was_saved_from(module, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3)).astype(np.float32)
    expected = tiny().predict(pixels / 255, verbose=0)
    for handle in (str(module), str(archived(module, tmp_path / "tiny.tar.gz"))):
        model = tfft.build(handle, tfft.tasks.classification(["a", "b"]))
        np.testing.assert_allclose(model.backbone_net.predict(pixels / 255, verbose=0), expected, atol=1e-6)


@pytest.mark.slow
def test_what_keras_exports_trains_as_well(data, tmp_path):
    tiny().export(tmp_path, verbose=False)
    with pytest.raises(
        BackboneError, match=r"was exported by Keras and does not say which range of pixels.*pixel_range="
    ):
        tfft.load_backbone(str(tmp_path))
    model = tfft.build(
        tfft.load_backbone(str(tmp_path), pixel_range="zero_to_one"), tfft.tasks.classification(data.labels)
    )
    run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    assert {row.block for row in run.phases[1].overview.rows if row.moved} == {"block_2", "head"}


@pytest.mark.slow
def test_a_plain_signature_and_a_module_of_tf1_give_features_and_are_not_trained(data, tmp_path):
    unlisted = publish(tiny(), tmp_path / "unlisted", lists=False)
    for handle in (signed(tiny(), tmp_path / "plain"), tf1(tmp_path / "old"), unlisted):
        described = tfft.load_backbone(str(handle))
        assert not described.can_finetune
        model = tfft.build(described, tfft.tasks.classification(data.labels))
        with pytest.raises(PlanError, match=r"cannot be trained.*head_only"):
            tfft.fit(model, data, tfft.plans.two_phase(1, 1), progress=False)
        run = tfft.fit(model, data, progress=False)
        assert [record.phase.name for record in run.phases] == ["probe"]
        assert run.phases[0].reads.startswith("features after features, float32, penalty ")


def test_what_takes_neither_images_nor_tokens_is_refused(tmp_path):
    numbers = keras.Input((4,))
    handle = publish(keras.Model(numbers, keras.layers.Dense(2)(numbers)), tmp_path)
    with pytest.raises(BackboneError, match=r"takes neither images nor tokens.*float32 \(4,\)"):
        tfft.load_backbone(str(handle))


def test_a_layer_of_tensorflow_hub_handed_in_gets_the_sentence_that_says_what_to_write(module):
    class KerasLayer:
        """As ``hub.KerasLayer``: it keeps what it was made from."""

        def __init__(self, handle: str) -> None:
            self._handle = handle

    KerasLayer.__module__ = "tensorflow_hub.keras_layer"
    with pytest.raises(
        BackboneError, match=r"hub\.KerasLayer cannot enter a Keras 3 model.*tfft\.build\('.*tiny', task\)"
    ):
        tfft.build(KerasLayer(str(module)), tfft.tasks.classification(["a", "b"]))


def test_norms_in_training_mode_are_all_of_them_or_none(module, data):
    model = tfft.build(str(module), tfft.tasks.classification(data.labels))
    some = tfft.Plan(tfft.Phase("tune", tfft.trainable.last_blocks(1), 1, 1e-3, train_norms=True))
    with pytest.raises(PlanError, match=r"trains the norms of some blocks.*all of them or none"):
        tfft.fit(model, data, some, progress=False)
    run = tfft.fit(model, data, tfft.plans.full(1, 1e-2, train_norms=True), progress=False)
    assert all(row.moved for row in run.phases[0].overview.rows)


@pytest.mark.slow
def test_another_precision_than_its_own_is_said_to_change_nothing(module, data):
    model = tfft.build(str(module), tfft.tasks.classification(data.labels), precision="bfloat16")
    with pytest.warns(RunWarning, match="is a SavedModel, which computes in the precision that it was saved with"):
        run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    assert {row.block for row in run.phases[1].overview.rows if row.moved} == {"block_2", "head"}


@pytest.mark.slow
def test_features_of_one_graph_are_never_taken_for_those_of_another(data, tmp_path):
    """Neither its weights nor its layers tell two plain signatures apart, only what stands inside the graph."""
    first = tiny()
    second = tiny()
    second.set_weights([2 * weight for weight in second.get_weights()])
    losses = []
    for net in (first, second, first):
        shutil.rmtree(tmp_path / "module", ignore_errors=True)
        model = tfft.build(str(signed(net, tmp_path / "module")), tfft.tasks.classification(data.labels))
        losses.append(tfft.fit(model, data, tfft.plans.head_only(2), progress=False).history()["loss"])
    assert losses[0] == losses[2]
    assert losses[0] != losses[1]


def test_blocks_come_in_the_order_in_which_they_are_read_however_they_are_listed(tmp_path):
    import tensorflow as tf

    class Sorted(tf.Module):
        """``tf.Module.variables`` is sorted by the names of attributes."""

        def __init__(self) -> None:
            super().__init__()
            for number in (1, 2, 10):
                setattr(self, f"layer_{number}", tf.Variable(tf.eye(3), name=f"layer_{number}/kernel"))
            self.stem = tf.Variable(tf.eye(3), name="stem/kernel")
            self.regularization_losses = []

        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3))])
        def __call__(self, images):
            x = tf.reduce_mean(images, axis=[1, 2]) @ self.stem
            return x @ self.layer_1 @ self.layer_2 @ self.layer_10

    module = Sorted()
    module.variables_of_mine = module.variables
    holder = tf.__internal__.tracking.AutoTrackable()
    holder.__call__, holder.variables = module.__call__, [*module.variables, module.stem]
    holder.trainable_variables = list(module.trainable_variables)
    holder.module = module
    tf.saved_model.save(holder, str(tmp_path / "sorted"))
    described = tfft.load_backbone(str(tmp_path / "sorted"))
    assert [block.name for block in described.blocks] == ["stem", "layer_1", "layer_2", "layer_10"]
    model = tfft.build(described, tfft.tasks.classification(["a", "b"]))
    assert model.backbone_net.count_params() == 36  # the stem is listed twice, and is one variable


def test_statistics_of_any_name_stay_frozen_with_their_norms(data, tmp_path):
    import tensorflow as tf

    class Renamed(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(tf.random.stateless_normal((3, 8), (1, 2)), name="dense_1/kernel")
            self.mean = tf.Variable(tf.zeros(8), name="dense_1/bn/mean", trainable=False)

        @tf.function
        def __call__(self, images, training=False):
            x = tf.reduce_mean(images, axis=[1, 2]) @ self.kernel
            if training:
                self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, axis=0))
            return x - self.mean

    module = Renamed()
    for training in (True, False):
        module.__call__.get_concrete_function(tf.TensorSpec((None, 16, 16, 3)), training=training)
    holder = tf.__internal__.tracking.AutoTrackable()
    holder.__call__, holder.variables = module.__call__, [module.kernel, module.mean]
    holder.trainable_variables = [module.kernel]
    tf.saved_model.save(holder, str(tmp_path / "renamed"))
    model = tfft.build(str(tmp_path / "renamed"), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    assert {row.path for row in run.phases[1].overview.rows if row.moved and row.block != "head"} == {"dense_1/kernel"}


def test_a_damaged_saved_model_is_reported_before_training(tmp_path):
    folder = publish(tiny(), tmp_path / "hub")
    path = folder / "variables" / "variables.data-00000-of-00001"
    whole = path.read_bytes()
    for content in (whole[:500], None):
        path.write_bytes(content) if content else path.unlink()
        with pytest.raises(WeightsError, match=r"cannot be loaded.*Copy it again, with its folder 'variables'"):
            tfft.build(str(folder), tfft.tasks.classification(["a", "b"]))
    (folder / "saved_model.pb").unlink()
    with pytest.raises(BackboneError, match=r"is not a SavedModel: it does not contain saved_model\.pb"):
        tfft.load_backbone(str(folder))


def test_statistics_of_any_name_move_with_the_norms_that_train(data, tmp_path):
    import tensorflow as tf

    class Scaled(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gamma = tf.Variable(tf.ones(3), name="bn_1/gamma")
            self.mean = tf.Variable(tf.zeros(3), name="bn_1/mean", trainable=False)

        @tf.function
        def __call__(self, images, training=False):
            x = tf.reduce_mean(images, axis=[1, 2])
            if training:
                self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, axis=0))
            return self.gamma * (x - self.mean)

    module = Scaled()
    for training in (True, False):
        module.__call__.get_concrete_function(tf.TensorSpec((None, 16, 16, 3)), training=training)
    holder = tf.__internal__.tracking.AutoTrackable()
    holder.__call__, holder.variables = module.__call__, [module.gamma, module.mean]
    holder.trainable_variables = [module.gamma]
    tf.saved_model.save(holder, str(tmp_path / "scaled"))
    model = tfft.build(str(tmp_path / "scaled"), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.full(1, 1e-2, train_norms=True), progress=False)
    assert {row.path: row.intent for row in run.phases[0].overview.rows if row.moved and row.norm} == {
        "bn_1/gamma": "train",
        "bn_1/mean": "update",
    }


def test_what_was_frozen_before_it_was_saved_stays_and_stops_nobody(data, tmp_path):
    pixels = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="block_0_conv", trainable=False)(pixels)
    x = keras.layers.LayerNormalization(name="block_1_norm")(keras.layers.Conv2D(8, 3, name="block_1_conv")(x))
    net = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x))
    model = tfft.build(str(publish(net, tmp_path / "part")), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.full(1, 1e-2, train_norms=True), progress=False)
    found = {row.path: (row.intent, row.moved) for row in run.phases[0].overview.rows if row.block != "head"}
    assert {path.partition("/")[0]: intent for path, intent in found.items()} == {
        "block_0_conv": ("frozen", False),
        "block_1_conv": ("train", True),
        "block_1_norm": ("train", True),
    }


def test_a_module_that_was_traced_for_answering_alone_trains_its_weights_and_moves_no_statistics(data, tmp_path):
    import tensorflow as tf

    net = tiny()
    module = tf.__internal__.tracking.AutoTrackable()
    spec = [tf.TensorSpec((None, 16, 16, 3), tf.float32)]
    module.__call__ = tf.function(lambda images, training=False: net(images, training=training), input_signature=spec)
    module.variables = [variable.value for variable in net.variables]
    module.trainable_variables = [variable.value for variable in net.trainable_variables]
    tf.saved_model.save(module, str(tmp_path / "calm"))
    model = tfft.build(str(tmp_path / "calm"), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.full(1, 1e-2), progress=False)
    assert all(row.moved == (row.intent == "train") for row in run.phases[0].overview.rows)
    with pytest.raises(PlanError, match=r"has no training mode.*train_norms=False"):
        tfft.fit(model, data, tfft.plans.full(1, 1e-2, train_norms=True), progress=False)
