"""build() makes one ordinary Keras net from pixels to logits."""

from pathlib import Path

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import BackboneError, DataError, TaskError
from tfft.data.leakage import Seen
from tfft.models.assembly import TransferModel, build
from tfft.models.cuts import cut
from tfft.models.trunk import whole_net
from tfft.trainable.policy import bias_only, nothing

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype("float32")
GIVEN = {"pixels": PIXELS}


@pytest.fixture
def model() -> TransferModel:
    return build("toy", tfft.tasks.classification(["ants", "bees", "wasps"]), seed=1)


def test_the_net_goes_from_pixels_to_float32_logits(model: TransferModel) -> None:
    logits = model.net(PIXELS)
    assert isinstance(model.net, keras.Model)
    assert model.net.input_shape == (None, 16, 16, 3)
    assert logits.shape == (4, 3)
    assert logits.dtype == "float32"
    assert float(np.abs(np.asarray(logits).sum(axis=1) - 1).max()) > 1e-3, "logits, not probabilities"
    assert model.preprocessor is model.backbone.preprocessor


def test_it_starts_with_everything_frozen_but_the_head(model: TransferModel) -> None:
    assert {id(v) for v in model.net.trainable_variables} == {id(v) for v in model.head_net.trainable_variables}
    assert model.backbone_net.trainable_variables == []


def test_the_parts_are_the_same_layers_as_the_net(model: TransferModel) -> None:
    parts = [*model.backbone_net.weights, *model.head_net.weights]
    assert [id(v) for v in parts] == [id(v) for v in model.net.weights]
    assert model.net.get_layer("backbone") is model.backbone_net
    assert model.net.get_layer("head") is model.head_net


def test_one_seed_gives_one_net_and_another_another(model: TransferModel) -> None:
    task = tfft.tasks.classification(["ants", "bees", "wasps"])
    same, other = build("toy", task, seed=1), build("toy", task, seed=2)
    np.testing.assert_array_equal(same.net(PIXELS), model.net(PIXELS))
    for a, b in zip(other.net.get_weights(), model.net.get_weights(), strict=True):
        assert a.ndim < 2 or not np.array_equal(a, b)


def test_a_described_backbone_is_taken_like_its_name(model: TransferModel) -> None:
    described = build(tfft.load_backbone("toy"), model.task, seed=1)
    np.testing.assert_array_equal(described.net(PIXELS), model.net(PIXELS))


@pytest.mark.parametrize("backbone", [None, 3, keras.Sequential])
def test_what_is_no_backbone_is_refused(backbone: object) -> None:
    with pytest.raises(
        BackboneError, match=r'takes the name of a backbone.*Got: \w+\. Write build\("vgg16", task\)'
    ) as caught:
        build(backbone, tfft.tasks.classification(["ants", "bees"]))  # type: ignore[arg-type]
    assert type(backbone).__name__ in caught.value.got


def test_an_unknown_name_is_refused_before_anything_is_built() -> None:
    with pytest.raises(BackboneError, match=r"The backbone 'tooy' does not exist.*'toy'"):
        build("tooy", tfft.tasks.classification(["ants", "bees"]))


def test_a_head_that_cannot_take_the_features_is_refused() -> None:
    described = tfft.load_backbone("toy")
    object.__setattr__(described, "features", tfft.core.specs.FeatureSpec("boxes"))  # type: ignore[arg-type]
    with pytest.raises(TaskError, match=r"takes features of the kinds map, sequence, vector.*boxes"):
        build(described, tfft.tasks.classification(["ants", "bees"]))


def test_a_phase_net_shares_every_variable(model: TransferModel) -> None:
    net = whole_net(model, cut(model, model.apply(nothing())))
    assert [id(v) for v in net.weights] == [id(v) for v in model.net.weights]
    np.testing.assert_allclose(net(GIVEN), model.net(PIXELS), rtol=1e-4, atol=1e-9)  # its norms are folded
    exact = whole_net(model, cut(model, model.apply(nothing())), fold=False)
    np.testing.assert_array_equal(exact(GIVEN), model.net(PIXELS))


def test_a_frozen_backbone_is_called_without_its_dropout() -> None:
    described = tfft.load_backbone("toy")
    toy = described.loader

    def noisy(seed: int) -> keras.Model:
        net = toy(seed)
        return keras.Model(net.input, keras.layers.Dropout(0.5, name="block3_noise")(net.output), name="backbone")

    object.__setattr__(described, "loader", noisy)
    model = build(described, tfft.tasks.classification(["ants", "bees"], dropout=0.0))
    frozen, tuned = (
        whole_net(model, cut(model, model.apply(nothing()))),
        whole_net(model, cut(model, model.apply(bias_only()))),
    )
    np.testing.assert_array_equal(frozen(GIVEN, training=True), frozen(GIVEN, training=False))
    expected = model.net(PIXELS, training=False)
    np.testing.assert_allclose(frozen(GIVEN, training=True), expected, rtol=1e-4, atol=1e-9)  # its norms are folded
    exact = whole_net(model, cut(model, model.apply(nothing())), fold=False)
    np.testing.assert_array_equal(exact(GIVEN, training=True), expected)
    assert not np.allclose(tuned(GIVEN, training=True), tuned(GIVEN, training=False))


def test_frozen_features_in_a_fit_are_those_of_inference() -> None:
    """The first loss of a fit with rate 0 is the loss of the plain net: no noise of the backbone is in it."""
    described = tfft.load_backbone("toy")
    toy = described.loader

    def noisy(seed: int) -> keras.Model:
        net = toy(seed)
        return keras.Model(net.input, keras.layers.Dropout(0.9, name="block3_noise")(net.output), name="backbone")

    object.__setattr__(described, "loader", noisy)
    model = build(described, tfft.tasks.classification(["ants", "bees"], dropout=0.0))
    targets = np.eye(2, dtype="float32")[[0, 1, 1, 1]]
    net = whole_net(model, cut(model, model.apply(nothing())))
    net.compile(keras.optimizers.SGD(0.0), model.task.loss())
    seen = net.fit(GIVEN, targets, epochs=1, verbose=0).history["loss"][0]
    assert seen == pytest.approx(float(model.task.loss()(targets, model.net(PIXELS))), rel=1e-5)


def test_the_net_opens_in_plain_keras(model: TransferModel, tmp_path: Path) -> None:
    model.net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras", safe_mode=True)
    np.testing.assert_array_equal(again(PIXELS), model.net(PIXELS))


def test_oblong_backbones_get_oblong_inputs() -> None:
    model = build(tfft.load_backbone("toy", size=(16, 40)), tfft.tasks.classification(["ants", "bees"]))
    assert model.net.input_shape == (None, 16, 40, 3)
    assert model.preprocessor(np.zeros((10, 10, 3), np.uint8)).shape == (16, 40, 3)


def test_where_features_are_kept_is_said_when_the_model_is_built() -> None:
    task = tfft.tasks.classification(["ants", "bees"])
    assert build("toy", task).cache == tfft.data.Cache("auto")
    assert build("toy", task, cache="off").cache == tfft.data.Cache("off")
    with pytest.raises(DataError, match=r"cache='dsik' is unknown.*'disk'"):
        build("toy", task, cache="dsik")


def test_build_is_public() -> None:
    assert tfft.build is build


@pytest.mark.parametrize("wrong", ["classification", tfft.tasks.classification, ["a", "b"]])
def test_what_is_no_task_is_refused_before_anything_is_loaded(wrong):
    with pytest.raises(tfft.core.errors.TaskError, match=r"takes a task.*tasks.classification\(data.labels\)"):
        tfft.build("toy", wrong)


def test_a_process_that_trains_alone_is_the_chief(model):
    assert model.is_chief


def test_a_model_remembers_what_its_teacher_has_seen(data: tfft.data.Splits) -> None:
    model = build("toy", tfft.tasks.classification(data.labels))
    others = Seen(9, frozenset(digest[:16] for digest in data.test.digests), frozenset())
    model.remember(data, others)
    assert model.seen.counts(data.test) == {"train": len(data.test), "validation": 0}
    assert model.seen.seed == data.seed
