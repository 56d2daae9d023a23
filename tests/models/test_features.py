"""The key of features changes with everything they depend on, and epochs take their views in turn."""

from dataclasses import replace

import numpy as np

import tfft
from tfft.core.shards import Shards
from tfft.models.cuts import cut
from tfft.models.features import identity, made_from, packed, reading_features, row_of
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
    loading = reading_features(tables, at, "float32", data.train, model.task.encode, first_epoch=5)
    assert [loading.load(epoch, np.array([7]))[0][0, 0] for epoch in range(5, 10)] == [1, 2, 3, 1, 2]
    features, targets = loading.load(5, np.array([0, 3]))
    assert features.shape == (2, 8)
    np.testing.assert_array_equal(targets.argmax(axis=1), data.train.targets[[0, 3]])
