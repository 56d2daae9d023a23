"""Examples with several inputs by name reach the net: two images, and an image with a text. Nothing in tfft knows these kinds."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

import tfft
from tests.conftest import picture
from tfft.backbones.base import Backbone
from tfft.core.errors import BundleError, DataError
from tfft.core.seed import seeded_initializers
from tfft.core.specs import Block, FeatureSpec, LabelSpace, Text
from tfft.data.content_hash import opened
from tfft.data.examples import Examples, Splits
from tfft.formats.exporting import FORMATS
from tfft.inputs.image import ImagePreprocessor

LABELS = LabelSpace(("same", "other"))
SIDE, TOKENS = 16, 12


@dataclass(frozen=True)
class Together:
    """Several preprocessors with rows of one shape, as one: a row is a structured value with a field for each input of the net."""

    each: tuple[tuple[str, Any], ...]
    unit: ClassVar[str] = "inputs"
    length: ClassVar[None] = None
    alignment: ClassVar[None] = None

    @property
    def noun(self):
        return " and ".join(one.noun for _, one in self.each)

    @property
    def size(self):
        return " and ".join(one.size for _, one in self.each)

    @property
    def inputs(self):
        return tuple(
            (_named(name, inner), tuple(TOKENS if side is None else side for side in shape), dtype)
            for name, one in self.each
            for inner, shape, dtype in one.inputs
        )

    def __call__(self, item):
        if isinstance(item, np.ndarray):
            return item
        arrays = {
            _named(name, inner): array[0]
            for name, one in self.each
            for inner, array in one.padded_to(TOKENS).collate([one(item[name])]).items()
        }
        row = np.zeros((), [(name, arrays[name].dtype, shape) for name, shape, _ in self.inputs])
        for name, array in arrays.items():
            row[name] = array
        return row

    def collate(self, rows):
        return {name: np.stack([row[name] for row in rows]) for name, _, _ in self.inputs}

    def padded_to(self, width):
        return self

    def loaded_by(self, around):
        return self

    def to_dict(self):
        return {name: dict(one.to_dict()) for name, one in self.each}


def _named(name, inner):
    return f"{name}_{inner}"


def two_images(seed):
    with seeded_initializers(seed):
        sides = [keras.Input((SIDE, SIDE, 3), name=f"{name}_pixels") for name in ("left", "right")]
        shared = keras.layers.Conv2D(8, 3, strides=2, use_bias=False, name="block1_conv")
        joined = keras.layers.Subtract(name="block2_difference")([shared(side) for side in sides])
        found = keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="block2_conv")(joined)
        return keras.Model(sides, keras.layers.GlobalAveragePooling2D(name="block2_pool")(found), name="backbone")


def image_and_text(seed):
    with seeded_initializers(seed):
        pixels = keras.Input((SIDE, SIDE, 3), name="photo_pixels")
        words = [keras.Input((TOKENS,), dtype=dtype, name=f"caption_{name}") for name, _, dtype in text_reader().inputs]
        tokens, mask, segments = words
        seen = keras.layers.Conv2D(8, 3, name="block1_conv")(pixels)
        seen = keras.layers.GlobalAveragePooling2D(name="block1_pool")(seen)
        read = keras.layers.Embedding(2_000, 8, name="block1_embedding")(tokens)
        counted = keras.layers.Subtract(name="block1_counted")([mask, segments])
        counted = keras.layers.Reshape((TOKENS, 1), name="block1_mask")(counted)
        read = keras.layers.Multiply(name="block1_masked")([read, counted])
        read = keras.layers.GlobalAveragePooling1D(name="block1_mean")(read)
        joined = keras.layers.Concatenate(name="block2_joined")([seen, read])
        found = keras.layers.Dense(8, activation="relu", name="block2_dense")(joined)
        return keras.Model([pixels, *words], found, name="backbone")


def images(count):
    hues = np.arange(count) % 2
    return [{"left": picture(i), "right": picture(1_000 + i, hue=int(hue))} for i, hue in enumerate(hues)], hues


def captions(count):
    hues, words = np.arange(count) % 4, ("red", "green")
    items = [{"photo": picture(i, hue=int(hue) % 2), "caption": Text(words[hue // 2])} for i, hue in enumerate(hues)]
    return items, hues % 2 ^ hues // 2


def text_reader():
    return tfft.load_backbone("toy_text", length=TOKENS).preprocessor


KINDS = {
    "two images": (two_images, ("left", "right"), images),
    "image and text": (image_and_text, ("photo", "caption"), captions),
}


def prepared(kind):
    net, names, make = KINDS[kind]
    readers = {"caption": text_reader}
    each = tuple((name, readers.get(name, lambda: ImagePreprocessor(SIDE, SIDE))()) for name in names)
    blocks = (Block("block1", "block1_"), Block("block2", ""))
    backbone = Backbone(kind, (), net, FeatureSpec("vector"), blocks, Together(each), "zero_to_one")

    def part(first, count):
        items, targets = make(first + count)
        return Examples(
            items[first:],
            targets[first:].astype(np.int64),
            LABELS,
            tuple(opened(item)[1] for item in items[first:]),
        )

    return backbone, Splits(part(0, 48), part(48, 16), part(64, 16), LABELS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_input_reaches_the_net_with_features_and_without(kind):
    backbone, data = prepared(kind)
    found = {}
    for cache in ("off", "memory"):
        model = tfft.build(backbone, tfft.tasks.classification(LABELS), seed=1, cache=cache)
        assert list(model.net.input) == [name for name, _, _ in backbone.preprocessor.inputs]
        plan = tfft.plans.two_phase(head_epochs=4, tune_epochs=6, blocks=2, learning_rate=0.03)
        run = tfft.fit(model, data, plan, seed=2, batch_size=8, progress=False)
        assert run.phases[0].reads.startswith("features") == (cache == "memory")
        found[cache] = run.history()["val_loss"]
        report = tfft.evaluate(model, data.test)
        assert (report.count, report.seen) == (16, {"train": 0, "validation": 0})
        turned = [dict(reversed(item.items())) for item in data.test.inputs]
        again = tfft.evaluate(model, replace(data.test, inputs=turned))
        assert again.metrics == report.metrics
    np.testing.assert_allclose(found["off"], found["memory"], rtol=1e-4)
    assert min(found["off"]) < found["off"][0]
    # each input matters: with other values, the net gives other logits
    rows = [backbone.preprocessor(data.test.inputs[index]) for index in range(4)]
    arrays = backbone.preprocessor.collate(rows)
    whole = model.net.predict(arrays, verbose=0)
    for name, array in arrays.items():
        assert not np.allclose(model.net.predict({**arrays, name: np.ones_like(array)}, verbose=0), whole)


def test_an_input_that_changed_is_refused_by_the_name_of_its_example():
    backbone, data = prepared("two images")
    model = tfft.build(backbone, tfft.tasks.classification(LABELS))
    data.test.inputs[3]["right"][0, 0, 0] ^= 1
    with pytest.raises(DataError, match="example 3 has changed since the data was read"):
        tfft.evaluate(model, data.test)


def test_a_model_of_two_inputs_refuses_single_images():
    backbone, _ = prepared("image and text")
    model = tfft.build(backbone, tfft.tasks.classification(LABELS))
    pixels = np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8)
    single = tfft.data.from_arrays(pixels, [0, 1] * 10, class_names=LABELS.names)
    with pytest.raises(DataError, match="trained on image and texts, but the data holds images"):
        tfft.evaluate(model, single.test)


def test_hashes_of_several_inputs_depend_on_names_and_contents():
    one, two = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    content, found = opened({"b": two, "a": one})
    assert list(content) == ["a", "b"]
    assert found == opened({"a": one, "b": two})[1]
    assert len({found, opened({"a": two, "b": one})[1], opened({"a": one})[1], opened({"a": one, "c": two})[1]}) == 4


@pytest.mark.parametrize("format", ["bundle", *FORMATS])
def test_a_model_of_several_inputs_is_not_exported(format, tmp_path):
    backbone, data = prepared("image and text")
    model = tfft.build(backbone, tfft.tasks.classification(LABELS))
    with pytest.raises(BundleError, match=r"several inputs cannot be exported yet.*image and text.*run\.save"):
        tfft.export(model, tmp_path / "m.tfft", format=format, examples=data.train if format != "bundle" else None)
    assert list(tmp_path.iterdir()) == []


def test_the_weights_of_a_model_of_several_inputs_are_saved_and_read(tmp_path):
    backbone, data = prepared("two images")
    model = tfft.build(backbone, tfft.tasks.classification(LABELS))
    run = tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    run.save(tmp_path)
    again = tfft.build(backbone, tfft.tasks.classification(LABELS), seed=7)
    again.net.load_weights(tmp_path / "model.weights.h5")
    for one, two in zip(run.model.net.get_weights(), again.net.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
