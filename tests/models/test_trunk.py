"""A cut divides a net in two: trunk and tail give what the whole gives, and what moves lies behind the cut."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tfft.accelerate.precision import Precision
from tfft.core.seed import seeded_initializers
from tfft.models.cuts import cut, feature_name
from tfft.models.trunk import between, tail_net, trunk_net, whole_net
from tfft.trainable import last_blocks, match, nothing

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype("float32")
GIVEN = {"pixels": PIXELS}


def named(found):
    """What a trunk gives, as the next net takes it."""
    tensors = found if isinstance(found, (list, tuple)) else [found]
    return {feature_name(index): tensor for index, tensor in enumerate(tensors)}


@pytest.fixture
def model():
    return tfft.build("toy", tfft.tasks.classification(["a", "b", "c"], hidden=(5,), dropout=0.5), seed=1)


def with_backbone(layers, blocks=(("block1", ""),), size=8):
    """A model whose backbone is made by a function of its input."""
    described = tfft.load_backbone("toy", size=size)

    def load(seed):
        inputs = keras.Input((size, size, 3))
        with seeded_initializers(seed):
            return keras.Model(inputs, layers(inputs), name="backbone")

    object.__setattr__(described, "loader", load)
    object.__setattr__(described, "blocks", tuple(tfft.core.specs.Block(*block) for block in blocks))
    return tfft.build(described, tfft.tasks.classification(["a", "b"]))


@pytest.mark.parametrize(
    ("policy", "place"),
    [
        (nothing(), "after pool"),
        (last_blocks(1), "after block2_relu"),
        (last_blocks(2), "after block1_relu"),
        (match("block3_conv/bias"), "after block2_relu"),
    ],
)
def test_trunk_and_tail_make_the_whole(model, policy, place):
    overview = model.apply(policy)
    at = cut(model, overview)
    assert at.describe() == place
    assert at.reason == ""
    tail, whole = tail_net(model, at), whole_net(model, at)
    expected = model.net(PIXELS)
    np.testing.assert_array_equal(tail(named(trunk_net(model, at)(GIVEN))), whole(GIVEN))
    np.testing.assert_allclose(whole(GIVEN), expected, rtol=1e-4, atol=1e-9)  # its norms are folded
    exact = tail_net(model, at, fold=False)(named(trunk_net(model, at, fold=False)(GIVEN)))
    np.testing.assert_array_equal(exact, expected)
    np.testing.assert_array_equal(whole_net(model, at, fold=False)(GIVEN), expected)
    moving = {id(v) for v, row in zip(overview.variables, overview.rows, strict=True) if row.intent == "train"}
    assert {id(v) for v in tail.trainable_variables} == {id(v) for v in whole.trainable_variables} == moving
    assert not moving & {id(v) for v in at.weights}
    assert {id(v) for v in [*at.weights, *tail.weights]} >= {id(v) for v in model.net.weights}


@pytest.mark.slow
def test_training_the_tail_trains_the_net(model):
    at = cut(model, model.apply(last_blocks(1)))
    features = named(trunk_net(model, at)(GIVEN))
    before = np.asarray(model.net(PIXELS))
    tail = tail_net(model, at)
    tail.compile("adam", model.task.loss())
    tail.fit(features, np.eye(3)[[0, 1, 2, 0]], epochs=2, verbose=0)
    assert not np.allclose(model.net(PIXELS), before)
    exact = tail_net(model, at, fold=False)(named(trunk_net(model, at, fold=False)(GIVEN)))
    np.testing.assert_array_equal(exact, model.net(PIXELS))


def test_features_of_a_later_cut_come_from_those_of_an_earlier_one(model):
    cuts = [cut(model, model.apply(policy)) for policy in (last_blocks(2), last_blocks(1), nothing())]
    for earlier, later in [(0, 1), (0, 2), (1, 2)]:
        assert cuts[later].contains(cuts[earlier])
        assert not cuts[earlier].contains(cuts[later])
        assert cuts[later].depth > cuts[earlier].depth
        features = between(model, cuts[earlier], cuts[later])(named(trunk_net(model, cuts[earlier])(GIVEN)))
        np.testing.assert_array_equal(features, trunk_net(model, cuts[later])(GIVEN))


def test_dropout_in_the_trunk_is_off_and_in_the_tail_is_on():
    def layers(inputs):
        x = keras.layers.Conv2D(4, 3, name="one")(inputs)
        x = keras.layers.Dropout(0.5, name="noise_one")(x)
        x = keras.layers.Conv2D(4, 3, name="two")(x)
        return keras.layers.Dropout(0.5, name="noise_two")(x)

    model = with_backbone(layers, (("block1", "noise_one"), ("block2", "")))
    pixels = PIXELS[:, :8, :8]
    head = whole_net(model, cut(model, model.apply(nothing())))
    given = {"pixels": pixels}
    np.testing.assert_array_equal(head(given, training=True), model.net(pixels))
    at = cut(model, model.apply(last_blocks(1)))
    trunk = trunk_net(model, at)
    np.testing.assert_array_equal(trunk(given, training=True), trunk(given, training=False))
    tuned = whole_net(model, at)
    assert not np.allclose(tuned(given, training=True), tuned(given, training=True))


def test_parallel_paths_cross_the_cut_together():
    def layers(inputs):
        left = keras.layers.Conv2D(4, 3, padding="same", name="left")(inputs)
        right = keras.layers.Conv2D(2, 3, padding="same", name="right")(inputs)
        right = keras.layers.Conv2D(4, 3, padding="same", name="top")(right)
        return keras.layers.Add(name="sum")([left, right])

    model = with_backbone(layers)
    pixels = PIXELS[:, :8, :8]
    at = cut(model, model.apply(match("top/.*")))
    assert sorted(at.names) == ["left", "right"]
    features = named(trunk_net(model, at)({"pixels": pixels}))
    assert list(features) == ["features_0", "features_1"]
    tail = tail_net(model, at)
    np.testing.assert_array_equal(tail(features), model.net(pixels))
    np.testing.assert_array_equal(tail(dict(reversed(features.items()))), model.net(pixels))


def attending(inputs):
    """A small transformer encoder: tokens from patches, dark ones masked, in every layer and in the pooling."""
    tokens = keras.layers.Reshape((16, 6), name="tokens")(keras.layers.Conv2D(6, 2, 2, name="patches")(inputs))
    mask = keras.ops.max(keras.layers.AveragePooling2D(2)(inputs), axis=-1) > 0.0
    mask = keras.ops.reshape(mask, (-1, 1, 16))
    for number in (1, 2):
        attended = keras.layers.MultiHeadAttention(2, 3, name=f"layer{number}_attention")(
            tokens, tokens, attention_mask=mask
        )
        tokens = keras.layers.LayerNormalization(name=f"layer{number}_norm")(tokens + attended)
    weight = keras.ops.cast(keras.ops.reshape(mask, (-1, 16, 1)), "float32")
    return keras.layers.Reshape((4, 4, 6), name="end")(tokens * weight)


def test_the_mask_of_a_transformer_travels_along():
    pixels = PIXELS[:, :8, :8].copy()
    pixels[:, :4] = 0
    model = with_backbone(attending, (("patches", "tokens"), ("layer1", "layer1_norm"), ("layer2", "")))
    overview = model.apply(last_blocks(1))
    at = cut(model, overview)
    kinds = {tensor.dtype: tensor.shape[1:] for tensor in at.tensors}
    assert kinds == {"float32": (16, 6), "bool": (1, 16)}
    features = named(trunk_net(model, at)({"pixels": pixels}))
    np.testing.assert_array_equal(tail_net(model, at)(features), model.net(pixels))
    arrays = {name: np.array(tensor) for name, tensor in features.items()}
    shifted = {name: 1 ^ array if array.dtype == "bool" else array for name, array in arrays.items()}
    assert not np.allclose(tail_net(model, at)(shifted), model.net(pixels)), "the mask is read"


@pytest.mark.slow
def test_a_transformer_trains_on_features_what_it_trains_on_pixels(tmp_path):
    targets = np.arange(40) % 2
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3), np.uint8)
    images[targets == 0, :4] = 0
    data = tfft.data.from_arrays(images, targets, class_names=["a", "b"])
    plan = tfft.plans.two_phase(1, 2, learning_rate=0.1)
    losses = []
    for cache in ("off", tfft.data.Cache("disk", tmp_path)):
        model = with_backbone(attending, (("patches", "tokens"), ("layer1", "layer1_norm"), ("layer2", "")))
        run = tfft.fit(replace(model, cache=tfft.data.Cache.of(cache)), data, plan, batch_size=8)
        losses.append(run.history()["loss"] + run.history()["val_loss"])
    assert run.phases[1].reads.startswith("features after ")
    np.testing.assert_allclose(*losses, atol=1e-6)
    pixels = np.stack([model.preprocessor(item) for item in data.test.inputs])
    expected = np.asarray(tfft.evaluate(run.model, data.test).metrics["accuracy"]["value"])
    assert expected == np.mean(np.argmax(run.model.net(pixels), axis=1) == data.test.targets)


def test_bfloat16_features_are_near_and_the_head_stays_float32(model):
    at = cut(model, model.apply(last_blocks(1)))
    exact, near = trunk_net(model, at)(GIVEN), trunk_net(model, at, "bfloat16")(GIVEN)
    assert near.dtype == "bfloat16"
    assert np.linalg.norm(np.asarray(near, "float32") - exact) < 0.02 * np.linalg.norm(exact)
    for precision in (Precision("bfloat16", "bfloat16"), Precision("bfloat16", "float32")):
        tail = tail_net(model, at, precision)
        assert {name: tensor.dtype for name, tensor in tail.input.items()} == {"features_0": "bfloat16"}
        assert tail(named(near)).dtype == whole_net(model, at, precision)(GIVEN).dtype == "float32"
    assert {layer.compute_dtype for layer in model.net._flatten_layers()} == {"float32"}, "nothing stays changed"


def test_operations_with_float32_constants_keep_the_precision_of_the_trunk():
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(pixels / 255)
    x = x * np.array([1.0, 2.0, 3.0, 4.0], "float32")
    net = keras.Model(pixels, keras.layers.Conv2D(8, 3, name="last")(x))
    model = tfft.build(tfft.load_backbone(net, blocks=["conv"]), tfft.tasks.classification(["a", "b"]))
    at = cut(model, model.apply(last_blocks(1)))
    assert at.describe().startswith("after multiply")
    images = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3)).astype(np.float32)
    exact = trunk_net(model, at)({"pixels": images}, training=False)
    for dtype in ("bfloat16", "float16"):
        trunk = trunk_net(model, at, dtype)
        found = trunk({"pixels": images}, training=False)
        assert found.dtype.name == trunk.outputs[0].dtype == dtype
        np.testing.assert_allclose(np.asarray(found, "float32"), exact, atol=0.05)
