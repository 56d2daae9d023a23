"""Features are what the trunk computes, whatever way they took; their key changes with everything they depend on."""

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError
from tfft.core.shards import Shards
from tfft.models.cuts import cut
from tfft.models.features import Wanted, compute, identity, made_from, packed, reading_features, row_of, unpacked
from tfft.models.trunk import trunk_net
from tfft.trainable import last_blocks, nothing


@pytest.fixture
def data(toy_arrays):
    return tfft.data.from_arrays(*toy_arrays)


@pytest.fixture
def model(data):
    return tfft.build("toy", tfft.tasks.classification(data.labels), seed=1)


def wanted(model, policy, count, folder=None, dtype="float32", per_shard=16):
    at = cut(model, model.apply(policy))
    return Wanted(at, Shards(count, row_of(at, dtype), folder, per_shard))


def filled(model, each, examples, dtype="float32", reads=None):
    done = []

    def read(index):
        if reads is not None:
            reads.append(index)
        return model.preprocessor(examples.inputs[index])

    compute(model, each, read, dtype, lambda now, count: done.append((now, count)))
    return done


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_rows_hold_what_the_trunk_computes(model, data, tmp_path, dtype):
    each = wanted(model, last_blocks(1), len(data.train), tmp_path, dtype)
    done = filled(model, [each], data.train, dtype)
    assert done[-1] == (len(data.train),) * 2
    some = np.array([5, 0, 41])
    found = unpacked(each.table.take(some), each.at, dtype)[0]
    pixels = np.stack([data.train.inputs[int(index)] for index in some])
    expected = np.asarray(trunk_net(model, each.at, dtype)(pixels))
    assert found.dtype == expected.dtype == dtype
    np.testing.assert_allclose(
        found.astype("float32"), expected.astype("float32"), rtol=1e-2 if dtype != "float32" else 1e-5
    )


def test_several_cuts_take_one_pass_over_the_pictures(model, data):
    policies = (last_blocks(2), last_blocks(1), nothing())
    together = [wanted(model, policy, len(data.train)) for policy in policies]
    reads = []
    filled(model, together, data.train, reads=reads)
    assert sorted(set(reads)) == list(range(len(data.train)))
    assert len(reads) <= len(data.train) + 1, "one more tells the shape"
    for policy, each in zip(policies, together, strict=True):
        alone = wanted(model, policy, len(data.train))
        filled(model, [alone], data.train)
        everything = np.arange(len(data.train))
        for a, b in zip(*(unpacked(w.table.take(everything), w.at, "float32") for w in (each, alone)), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_later_cut_is_computed_from_an_earlier_one_without_a_picture(model, data):
    early, late = (wanted(model, policy, len(data.train)) for policy in (last_blocks(1), nothing()))
    filled(model, [early], data.train)
    reads = []
    filled(model, [early, late], data.train, reads=reads)
    assert reads == []
    pixels = np.stack([data.train.inputs[index] for index in range(4)])
    expected = trunk_net(model, late.at)(pixels)
    np.testing.assert_allclose(unpacked(late.table.take(np.arange(4)), late.at, "float32")[0], expected, atol=1e-6)


def test_only_missing_shards_are_computed(model, data, tmp_path):
    first = wanted(model, nothing(), len(data.train), tmp_path)
    filled(model, [first], data.train)
    sorted(tmp_path.glob("*.npy"))[1].unlink()
    reads = []
    again = wanted(model, nothing(), len(data.train), tmp_path)
    filled(model, [again], data.train, reads=reads)
    assert set(reads) <= set(range(16, 32)) | {0}
    assert np.array_equal(again.table.take(np.arange(42)), first.table.take(np.arange(42)))
    assert filled(model, [again], data.train) == []


def test_a_picture_that_cannot_be_read_any_more_is_named(model, data):
    each = wanted(model, nothing(), len(data.train))

    def read(index):
        if index == 20:
            raise DataError("'x.png' cannot be read as an image: no such file.")
        return model.preprocessor(data.train.inputs[index])

    with pytest.raises(DataError, match=r"'x\.png' cannot be read"):
        compute(model, [each], read, "float32", lambda *_: None)


def test_the_key_is_the_same_for_the_same_and_another_for_another(model, data):
    at, later = cut(model, model.apply(last_blocks(1))), cut(model, model.apply(nothing()))

    def key(model=model, at=at, dtype="float32", examples=data.train, draw=()):
        return made_from(identity(model, at, dtype), examples, dict(draw))

    again = tfft.build("toy", model.task, seed=1)
    assert key() == key(again, cut(again, again.apply(last_blocks(1))))
    keys = [key(), key(at=later), key(dtype="bfloat16"), key(examples=data.validation), key(draw={"epoch": 1})]
    model.backbone_net.weights[0].assign_add(np.full(model.backbone_net.weights[0].shape, 1e-6))
    keys.append(key())
    model.backbone_net.get_layer("block3_conv").kernel.assign_add(np.ones((3, 3, 8, 8)))
    assert key() == keys[-1], "what lies behind the cut does not matter"
    flat = tfft.build("toy", tfft.tasks.classification(data.labels, pooling="max"), seed=1)
    keys.append(key(flat, cut(flat, flat.apply(nothing()))))
    wide = tfft.build(tfft.load_backbone("toy", size=32), model.task, seed=1)
    keys.append(key(wide, cut(wide, wide.apply(last_blocks(1)))))
    assert all(a != b for index, a in enumerate(keys) for b in keys[:index])


def test_epochs_take_the_views_in_turn(data, model):
    at = cut(model, model.apply(nothing()))
    tables = []
    for value in (1.0, 2.0, 3.0):
        table = Shards(len(data.train), row_of(at, "float32"))
        rows = packed([np.full((len(data.train), 8), value, np.float32)], table.row)
        table.write(0, rows)
        tables.append(table)
    loading = reading_features(tables, at, "float32", data.train, model.task.encode, first_epoch=5)
    assert [loading.load(epoch, np.array([7]))[0][0, 0] for epoch in range(5, 10)] == [1, 2, 3, 1, 2]
    features, targets = loading.load(5, np.array([0, 3]))
    assert features.shape == (2, 8)
    np.testing.assert_array_equal(targets.argmax(axis=1), data.train.targets[[0, 3]])
