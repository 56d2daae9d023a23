"""The key of features changes with everything they depend on, and epochs take their views in turn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.cache.shards import Shards
from tfft.core.ragged import padded
from tfft.data.loading import unchanging
from tfft.models.cuts import cut
from tfft.models.features import Epochs, feature_shapes, identity, made_from, packed, reading_features, row_of, unpacked
from tfft.models.prepared import prepared
from tfft.trainable import last_blocks, nothing


def test_the_key_is_the_same_for_the_same_and_another_for_another(model, data):
    at, later = cut(model, model.apply(last_blocks(1))), cut(model, model.apply(nothing()))

    def key(model=model, at=at, dtype="float32", examples=data.train, draw=()):
        return made_from(identity(model, at, dtype), examples, dict(draw))

    again = tfft.build("toy", model.task)
    assert key() == key(again, cut(again, again.apply(last_blocks(1))))
    keys = [key(), key(at=later), key(dtype="bfloat16"), key(examples=data.validation), key(draw={"epoch": 1})]
    model.backbone_net.weights[0].assign_add(np.full(model.backbone_net.weights[0].shape, 1e-6))
    keys.append(key())
    model.backbone_net.get_layer("block3_conv").kernel.assign_add(np.ones((3, 3, 8, 8)))
    assert key() == keys[-1], "what lies behind the cut does not matter"
    flat = tfft.build("toy", tfft.tasks.classification(data.labels, pooling="max"))
    keys.append(key(flat, cut(flat, flat.apply(nothing()))))
    wide = tfft.build(tfft.load_backbone("toy", size=32), model.task)
    keys.append(key(wide, cut(wide, wide.apply(last_blocks(1)))))
    for name, value in (("pixel_range", "raw"), ("preprocessor", replace(model.preprocessor, fit="squash"))):
        other = replace(model, backbone=replace(model.backbone, **{name: value}))
        keys.append(key(other, at))
    turned = data.train.take(np.arange(len(data.train))[::-1])
    keys.append(key(examples=turned))
    assert all(a != b for index, a in enumerate(keys) for b in keys[:index])


def test_epochs_take_the_views_in_turn(data, model):
    at = cut(model, model.apply(nothing()))
    tables = []
    for value in (1.0, 2.0, 3.0):
        table = Shards(len(data.train), row_of(at, "float32"))
        rows = packed([np.full((len(data.train), 8), value, np.float32)], table.row)
        table.write(0, rows)
        tables.append(table)
    loading = reading_features(tables, at, "float32", data.train, model.task.encode, Epochs(5, unchanging(data.train)))
    found = [loading.load(epoch, np.array([7])).inputs["features_0"][0, 0] for epoch in range(5, 10)]
    assert found == [1, 2, 3, 1, 2]
    features, targets = loading.load(5, np.array([0, 3]))[:2]
    assert list(features) == ["features_0"]
    assert features["features_0"].shape == (2, 8)
    np.testing.assert_array_equal(targets.argmax(axis=1), data.train.targets[[0, 3]])


@pytest.fixture
def texts():
    """Of three to twenty tokens."""
    frame = pd.DataFrame(
        {"text": [f"{index} " + "a b " * (index % 9) for index in range(40)], "label": ["x", "y"] * 20}
    )
    return tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)


def test_a_row_of_texts_has_room_for_the_longest_and_gives_back_what_shorter_ones_had():
    model = tfft.build("toy_text", tfft.tasks.classification(["x", "y"]))
    at = cut(model, model.apply(last_blocks(1)))
    row = row_of(at, "bfloat16", 24)
    shapes = {(row[name].shape, row[name].base) for name in row.names}
    assert shapes == {((24, 8), np.dtype("uint16")), ((24,), np.dtype("int32"))}
    random, arrays = np.random.default_rng(0), []
    for tensor in at.tensors:
        values = random.integers(0, 9, (3, 16, *tensor.shape[2:]))
        arrays.append(values.astype("bfloat16" if "float" in tensor.dtype else tensor.dtype))
    rows = packed(arrays, row)
    assert rows.shape == (3,)
    for length in (16, 12, 24, 40):
        found = unpacked(rows, at, "bfloat16", length)
        assert list(found) == ["features_0", "features_1"]
        for before, after in zip(arrays, found.values(), strict=True):
            assert after.dtype == before.dtype
            assert after.shape == (3, length, *before.shape[2:])
            np.testing.assert_array_equal(after[:, :16], before[:, :length])
            assert not after[:, 16:].astype("float32").any(), "the rest is padding"


def test_batches_of_features_of_texts_are_as_long_as_their_longest(texts):
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels))
    at = cut(model, model.apply(last_blocks(1)))
    examples = prepared(model.preprocessor, texts.train).examples
    lengths = examples.inputs.lengths
    table = Shards(len(examples), row_of(at, "float32", padded(int(lengths.max()))))
    table.write(0, np.zeros(len(examples), table.row))
    loading = reading_features([table], at, "float32", examples, model.task.encode)
    np.testing.assert_array_equal(loading.lengths, lengths)
    assert loading.held is None, "rows of a batch are cut to its own length"
    short, long = (np.flatnonzero(lengths == length) for length in (lengths.min(), lengths.max()))
    for chosen in (short, long, np.array([short[0], long[0]])):
        features, targets = loading.load(0, chosen)[:2]
        assert list(features) == ["features_0", "features_1"]
        assert {array.shape[:2] for array in features.values()} == {(len(chosen), padded(int(lengths[chosen].max())))}
        np.testing.assert_array_equal(targets.argmax(axis=1), examples.targets[chosen])
    own = {f"features_{index}": tuple(tensor.shape[1:]) for index, tensor in enumerate(at.tensors)}
    assert loading.shapes == feature_shapes(at, "float32") == own
    fixed = reading_features([table], at, "float32", examples, model.task.encode, width=64)
    for chosen in (short, long):
        assert {array.shape[:2] for array in fixed.load(0, chosen).inputs.values()} == {(len(chosen), 64)}
    assert fixed.shapes == feature_shapes(at, "float32", 64) == {name: (64, *shape[1:]) for name, shape in own.items()}
    np.testing.assert_array_equal(fixed.lengths, lengths)


def test_the_key_of_texts_is_the_same_for_the_same_and_another_for_another(texts):
    def key(examples=texts.train, **options):
        model = tfft.build(tfft.load_backbone("toy_text", **options), tfft.tasks.classification(texts.labels))
        at = cut(model, model.apply(last_blocks(1)))
        return made_from(identity(model, at, "float32"), prepared(model.preprocessor, examples).examples, {})

    keys = [key(), key(length=64), key(lowercase=False), key(texts.validation), key(texts.train.take(np.arange(5)))]
    assert all(a != b for index, a in enumerate(keys) for b in keys[:index])
    assert key() == keys[0], "names that Keras counts do not matter"
