"""SavedModels as backbones."""

import shutil

import keras
import numpy as np
import pytest

import tfft
from tests.modules import archived, publish, signed, tf1, tiny
from tfft.core.errors import BackboneError, PlanError, RunWarning


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


def test_what_keras_exports_trains_as_well(data, tmp_path):
    tiny().export(tmp_path, verbose=False)
    model = tfft.build(str(tmp_path), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    assert {row.block for row in run.phases[1].overview.rows if row.moved} == {"block_2", "head"}


def test_a_plain_signature_and_a_module_of_tf1_give_features_and_are_not_trained(data, tmp_path):
    for handle in (signed(tiny(), tmp_path / "plain"), tf1(tmp_path / "old")):
        described = tfft.load_backbone(str(handle))
        assert not described.can_finetune
        model = tfft.build(described, tfft.tasks.classification(data.labels))
        with pytest.raises(PlanError, match=r"cannot be trained.*head_only"):
            tfft.fit(model, data, tfft.plans.two_phase(1, 1), progress=False)
        run = tfft.fit(model, data, progress=False)
        assert [record.phase.name for record in run.phases] == ["head"]
        assert run.phases[0].reads == "features after features, float32"


def test_what_takes_neither_pictures_nor_tokens_is_refused(tmp_path):
    numbers = keras.Input((4,))
    handle = publish(keras.Model(numbers, keras.layers.Dense(2)(numbers)), tmp_path)
    with pytest.raises(BackboneError, match=r"takes neither pictures nor tokens.*float32 \(4,\)"):
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


def test_another_precision_than_its_own_is_said_to_change_nothing(module, data):
    model = tfft.build(str(module), tfft.tasks.classification(data.labels), precision="bfloat16")
    with pytest.warns(RunWarning, match="is a SavedModel and computes as it was saved"):
        run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    assert {row.block for row in run.phases[1].overview.rows if row.moved} == {"block_2", "head"}


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
