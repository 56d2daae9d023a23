"""The head takes every kind of features, emits float32 logits, and is repeatable."""

import keras
import numpy as np
import pytest

from tfft.core.errors import TaskError
from tfft.core.specs import FeatureSpec
from tfft.heads.vector import VectorHead

SHAPES = {"map": (4, 3, 5), "sequence": (6, 5), "vector": (5,)}


def _features(kind, count=2):
    return np.random.default_rng(0).normal(size=(count, *SHAPES[kind])).astype(np.float32)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("pooling", ["average", "max", "flatten"])
@pytest.mark.parametrize("hidden", [(), (7, 4)])
def test_every_kind_of_features_becomes_logits(kind, pooling, hidden):
    net = VectorHead(pooling, hidden).build(FeatureSpec(kind), SHAPES[kind], 3, seed=0)
    assert net.output_shape == (None, 3)
    assert net.output.dtype == "float32"
    assert [v.shape[-1] for v in net.trainable_variables[::2]] == [*hidden, 3]


def test_auto_is_what_the_features_are_pooled_by():
    for pooling, expected in (
        ("average", lambda f: f.mean(axis=1)),
        ("last", lambda f: f[:, -1]),
        ("first", lambda f: f[:, 0]),
    ):
        net = VectorHead().build(FeatureSpec("sequence", pooling=pooling), SHAPES["sequence"], 3, seed=0)
        features = _features("sequence")
        expected = expected(features) @ net.get_layer("logits").kernel.numpy()
        np.testing.assert_allclose(net.predict(features, verbose=0), expected, atol=1e-6)
    assert VectorHead().pooling == "auto"


@pytest.mark.parametrize("pooling", ["auto", "average", "max", "first", "last"])
@pytest.mark.parametrize("hidden", [(), (7,)])
def test_what_is_padding_changes_no_logits(pooling, hidden):
    net = VectorHead(pooling, hidden).build(FeatureSpec("sequence", masked=True), (None, 5), 3, seed=0)
    assert [tensor.name for tensor in net.inputs] == ["features", "mask"]
    assert net.inputs[1].dtype == "int32"
    kernel = net.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(1).normal(size=kernel.shape))
    features = _features("sequence")
    mask = np.array([[1, 1, 1, 0, 0, 0], [1] * 6], np.int32)
    alone = net([features[:1, :3], mask[:1, :3]])
    np.testing.assert_allclose(net([features, mask])[0], alone[0], atol=1e-5)
    changed = features.copy()
    changed[0, 3:] = 1000
    np.testing.assert_array_equal(net([changed, mask]), net([features, mask]))
    changed[0, :3] += 1
    assert not np.allclose(net([changed, mask])[0], alone[0], atol=1e-3), "what counts is read"


@pytest.mark.parametrize("pooling", ["first", "last"])
def test_a_map_has_no_first_and_no_last_step(pooling):
    with pytest.raises(TaskError, match=rf"pooling='{pooling}' is not possible for maps.*'average', 'max', 'flatten'"):
        VectorHead(pooling).build(FeatureSpec("map"), SHAPES["map"], 3, seed=0)


@pytest.mark.parametrize(("pooling", "reduce"), [("average", np.mean), ("max", np.max)])
@pytest.mark.parametrize("kind", ["map", "sequence"])
def test_pooling_takes_all_places_together(pooling, reduce, kind):
    net = VectorHead(pooling).build(FeatureSpec(kind), SHAPES[kind], 3, seed=0)
    features = _features(kind)
    pooled = reduce(features, axis=tuple(range(1, features.ndim - 1)))
    expected = pooled @ net.get_layer("logits").kernel.numpy()
    np.testing.assert_allclose(net.predict(features, verbose=0), expected, atol=1e-5)


def test_pooling_needs_no_known_size():
    net = VectorHead().build(FeatureSpec("map"), (None, None, 5), 3, seed=0)
    assert net.predict(_features("map"), verbose=0).shape == (2, 3)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    def kernels(seed):
        net = VectorHead(hidden=(7,)).build(FeatureSpec("vector"), (5,), 3, seed)
        return np.concatenate([v.numpy().ravel() for v in net.trainable_variables])

    np.testing.assert_array_equal(kernels(1), kernels(1))
    assert not np.array_equal(kernels(1), kernels(2))


def test_dropout_works_in_training_and_only_there():
    net = VectorHead(dropout=0.5).build(FeatureSpec("vector"), (5,), 3, seed=0)
    features = _features("vector", 16)
    calm = net(features, training=False).numpy()
    np.testing.assert_array_equal(calm, net(features, training=False).numpy())
    assert not np.array_equal(calm, net(features, training=True).numpy())


def test_logits_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = VectorHead(hidden=(4,)).build(FeatureSpec("vector", "bfloat16"), (5,), 3, seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert net.output.dtype == "float32"
    assert net.get_layer("logits").kernel.dtype == "float32"


def test_a_head_can_be_a_key():
    head = VectorHead("max", [8, np.int64(4)], 0.1)
    assert head.hidden == (8, 4)
    assert hash(head) == hash(VectorHead("max", (8, 4), 0.1))


def test_features_of_another_kind_are_refused():
    with pytest.raises(TaskError, match=r"takes features of the kinds map, sequence, vector.*tokens.*another task"):
        VectorHead().build(FeatureSpec("tokens"), (5,), 3, seed=0)


def test_flattening_features_of_unknown_size_is_refused():
    with pytest.raises(TaskError, match=r"'flatten' needs.*\(None, None, 5\).*'average'"):
        VectorHead("flatten").build(FeatureSpec("map"), (None, None, 5), 3, seed=0)
    with pytest.raises(TaskError, match=r"'flatten' needs.*\(None, 5\).*'average'"):
        VectorHead("flatten").build(FeatureSpec("sequence", masked=True), (None, 5), 3, seed=0)


@pytest.mark.parametrize("pooling", ["mean", None, ["average"]])
def test_an_unknown_pooling_is_refused(pooling):
    with pytest.raises(
        TaskError, match=r"is unknown.*'auto', 'average', 'max', 'first', 'last', 'flatten'\."
    ) as caught:
        VectorHead(pooling)
    assert f"pooling={pooling!r}" in str(caught.value)


@pytest.mark.parametrize("dropout", [1, 1.0, -0.1, float("nan"), "0.2", None])
def test_a_dropout_out_of_range_is_refused(dropout):
    with pytest.raises(TaskError, match=r"must be in \[0, 1\).*0.2 is a good start") as caught:
        VectorHead(dropout=dropout)
    assert f"dropout={dropout!r}" in str(caught.value)


@pytest.mark.parametrize("hidden", [(0,), (-3,), (2.5,), (True,), 64, "64", None, ("a",), (None,)])
def test_widths_that_are_none_are_refused(hidden):
    with pytest.raises(TaskError, match=r"layer widths of at least 1.*hidden=\(256,\)") as caught:
        VectorHead(hidden=hidden)
    assert f"hidden={hidden!r}" in str(caught.value)
