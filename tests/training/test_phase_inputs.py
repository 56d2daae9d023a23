"""A phase reads features where they can be kept and pixels where not; both train alike, and class weights weigh both."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.accelerate.precision import Precision
from tfft.cache.settings import Cache
from tfft.models.cuts import cut
from tfft.plans import augmentation
from tfft.tasks.distillation import ONE_CLASS
from tfft.training.context import RunContext, parts_of
from tfft.training.feature_schedule import Turn
from tfft.training.phase_inputs import prepare
from tfft.training.phase_training import _rank_now
from tfft.training.soft_targets import SoftTargets
from tfft.training.steps import Steps
from tfft.training.trunk_cache import TrunkCache

ONE = range(1)


def step(model, data, augment=(), class_weight=None, cache="off", policy=None, fixed=False, soft_targets=None):
    phase = tfft.Phase("head", policy or tfft.trainable.nothing(), 2, 1e-3, augment=augment)
    overview = model.apply(phase.trainable)
    turn = Turn(phase, overview, 2, cut(model, overview))
    context = RunContext(
        replace(model, cache=Cache(cache)), *parts_of(model, data), 0, lambda *_: None, soft_targets=soft_targets
    )
    return prepare(context, TrunkCache(context), [turn], 8, class_weight, Precision(), fixed)


@pytest.mark.parametrize("cache", ["off", "memory"])
def test_weights_follow_the_class_of_each_example(model, data, cache):
    found = step(model, data, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, cache=cache)
    weights = np.concatenate([batch.weights for batch in found.validation(ONE).as_numpy_iterator()])
    assert np.array_equal(weights, data.validation.targets + 1.0)
    for batch in found.train(0, ONE).as_numpy_iterator():
        assert np.array_equal(batch.weights, batch.targets @ np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("cache", ["off", "memory"])
def test_the_loss_before_training_is_that_of_chance(model, data, cache):
    found = step(model, data, cache=cache)
    steps = Steps(found.net, model.task.loss(), [])
    assert _rank_now(found, steps, "loss") == pytest.approx((np.log(3), np.log(3)), abs=0.01)
    model.head_net.get_layer("logits").bias.assign([np.nan, 0, 0])
    assert _rank_now(found, steps, "loss") is None


def test_without_class_weights_every_example_weighs_one(model, data):
    for batch in step(model, data).validation(ONE).as_numpy_iterator():
        assert batch.weights.tolist() == batch.counted.tolist() == [1.0] * len(batch.targets)


@pytest.mark.parametrize("cache", ["off", "memory"])
def test_a_phase_reads_every_example_once_an_epoch(model, data, cache):
    found = step(model, data, cache=cache)
    rows = [len(batch.targets) for batch in found.train(0, ONE).as_numpy_iterator()]
    assert sum(rows) == 2 * len(data.train)
    assert len(rows) == 2 * found.train_steps
    assert sum(len(batch.targets) for batch in found.validation(ONE).as_numpy_iterator()) == len(data.validation)


@pytest.mark.parametrize("cache", ["off", "memory"])
def test_a_phase_can_begin_at_any_step(model, data, cache):
    found = step(model, data, augmentation.colors(), cache=cache)
    whole = list(found.train(0, ONE).as_numpy_iterator())
    for first in (1, found.train_steps, 2 * found.train_steps - 1):
        for batch, expected in zip(found.train(first, ONE).as_numpy_iterator(), whole[first:], strict=True):
            assert list(batch.inputs) == list(expected.inputs)
            for name, array in batch.inputs.items():
                np.testing.assert_array_equal(array, expected.inputs[name])
            np.testing.assert_array_equal(batch.targets, expected.targets)


@pytest.mark.parametrize("policy", [tfft.trainable.nothing(), tfft.trainable.last_blocks(1)])
@pytest.mark.parametrize("augment", [(), augmentation.colors()])
def test_features_give_the_logits_that_pixels_give(model, data, policy, augment):
    pixels, features = (step(model, data, augment, cache=cache, policy=policy) for cache in ("off", "memory"))
    assert pixels.note == "pixels: cache='off'"
    place = "pool" if policy.name == "nothing" else "block2_relu"
    assert features.note == f"features after {place}, float32" + (", 2 views" if augment else "")
    for (image, target, *_), (feature, same_target, *_) in zip(
        pixels.train(0, ONE), features.train(0, ONE), strict=True
    ):
        np.testing.assert_array_equal(target, same_target)
        np.testing.assert_allclose(pixels.net(image), features.net(feature), atol=1e-6)
    held_out = [
        [
            np.concatenate(arrays)
            for arrays in zip(*((each.net(batch.inputs), batch.targets) for batch in each.validation(ONE)), strict=True)
        ]
        for each in (pixels, features)
    ]
    np.testing.assert_array_equal(held_out[0][1], held_out[1][1])
    np.testing.assert_allclose(held_out[0][0], held_out[1][0], atol=1e-6)


def test_vectors_in_memory_are_validated_in_one_large_batch_and_maps_are_not(model, data):
    vectors, maps = (
        step(model, data, cache="memory", policy=policy) for policy in (None, tfft.trainable.last_blocks(1))
    )
    assert (vectors.validation_steps, maps.validation_steps) == (1, 2)
    assert vectors.train_steps == maps.train_steps == 6
    assert [len(batch.targets) for batch in vectors.validation(ONE).as_numpy_iterator()] == [len(data.validation)]


def test_images_are_changed_anew_in_every_epoch_and_alike_in_a_repeated_run(model, data):
    plain, one, again = (
        np.concatenate(
            [batch.inputs["pixels"] for batch in step(model, data, augment).train(0, ONE).as_numpy_iterator()]
        )
        for augment in ((), augmentation.colors(), augmentation.colors())
    )
    assert np.array_equal(one, again)
    changed = [not np.array_equal(a, b) for a, b in zip(plain, one, strict=True)]
    assert np.mean(changed) > 0.9


def test_a_mixed_example_weighs_what_its_shares_weigh(model, data):
    found = step(model, data, augmentation.mixup(1.0), {0: 1.0, 1: 2.0, 2: 4.0}, cache="memory")
    assert found.note.startswith("pixels: mixup(")
    for batch in found.train(0, ONE).as_numpy_iterator():
        assert batch.weights == pytest.approx(batch.targets @ np.array([1.0, 2.0, 4.0]))
        assert batch.targets.sum(axis=1) == pytest.approx(1)
        assert batch.soft == ()
    assert np.any((batch.targets > 0) & (batch.targets < 1))


@pytest.mark.parametrize("augment", [(), augmentation.flips(), augmentation.mixup(1.0)], ids=["none", "flips", "mixup"])
@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("cache", ["off", "memory"])
def test_answers_of_a_teacher_are_beside_the_labels_of_training_batches(model, data, cache, fixed, augment):
    """Each soft target is three times the label of its example here, so that it must be so in every batch, mixed or not."""
    soft = 3 * np.eye(3, dtype=np.float32)[data.train.targets]
    soft_targets = SoftTargets(soft, ONE_CLASS, 2.0, 0.5)
    found = step(model, data, augment, {0: 1.0, 1: 2.0, 2: 4.0}, cache, fixed=fixed, soft_targets=soft_targets)
    batches = list(found.train(0, ONE).as_numpy_iterator())
    assert sum(batch.counted.sum() for batch in batches) == 2 * len(data.train)
    for batch in batches:
        np.testing.assert_allclose(batch.soft, 3 * batch.targets, rtol=1e-6)
        assert batch.weights == pytest.approx(batch.counted * (batch.targets @ np.array([1.0, 2.0, 4.0])))
    assert all(batch.soft == () for batch in found.validation(ONE).as_numpy_iterator())


@pytest.mark.parametrize("cache", ["off", "memory"])
def test_fixed_batches_have_one_shape_and_count_every_example_once(model, data, cache):
    found = step(model, data, class_weight={0: 1.0, 1: 2.0, 2: 4.0}, cache=cache, fixed=True)
    for batches, part, times in ((found.train(0, ONE), data.train, 2), (found.validation(ONE), data.validation, 1)):
        assert all(spec.shape.is_fully_defined() for spec in tf.nest.flatten(batches.element_spec))
        every = [
            (batch.counted, batch.weights, batch.counted * (batch.targets @ np.array([1.0, 2.0, 4.0])))
            for batch in batches.as_numpy_iterator()
        ]
        assert sum(counted.sum() for counted, *_ in every) == times * len(part)
        for _, weights, expected in every:
            assert weights == pytest.approx(expected)


@pytest.mark.parametrize(("augment", "width"), [((), 8), (augmentation.deletions(0.5), 20)])
def test_fixed_texts_are_as_long_as_the_longest_and_changed_words_as_long_as_the_limit(augment, width):
    texts = ["a b", "c", "a b c d"] * 10
    data = tfft.data.from_arrays([f"{text} {index:02}" for index, text in enumerate(texts)], [0, 1] * 15)
    model = tfft.build(tfft.load_backbone("toy_text", length=20), tfft.tasks.classification(data.labels))
    found = step(model, data, augment, fixed=True)
    for batches in (found.train(0, ONE), found.validation(ONE)):
        assert {batch.inputs["token_ids"].shape[1] for batch in batches.as_numpy_iterator()} == {width}


def painted():
    """Images whose pixels say the class of their mask: black for 0, and a white corner for 1."""
    masks = np.zeros((24, 20, 28), np.uint8)
    for number, mask in enumerate(masks):
        mask[: 4 + number % 9, : 6 + number % 11] = 1
    images = np.repeat(masks[..., None] * np.uint8(200), 3, axis=3)
    images[:, -1, -1] = np.arange(24)[:, None]  # no two images are alike
    return tfft.data.from_masks({"train": (images, masks)}, ["ground", "corner"])


def painter(data):
    return tfft.build(tfft.load_backbone("toy", size=(20, 28)), tfft.tasks.segmentation(data.labels, width=16))


def agreement(images, masks):
    """The share of pixels with a class whose image says this class."""
    there = masks != 255
    return float(((images[..., 0] > 100) == (masks == 1))[there].mean())


@pytest.mark.parametrize(
    ("augment", "least"),
    [
        ((augmentation.flips(vertical=True),), 1.0),
        ((augmentation.rotation(40),), 0.97),
        ((augmentation.crops((0.3, 0.5)), augmentation.flips()), 0.97),
        ((augmentation.rand_augment(2, 9),), 0.9),
    ],
)
def test_masks_in_batches_move_with_their_images(augment, least):
    data = painted()
    model = painter(data)
    pixels, features = (step(model, data, augment, cache=cache) for cache in ("off", "memory"))
    assert pixels.note.startswith("pixels")
    assert features.note.startswith("features")
    corners = set()
    for (inputs, targets, *_), (maps, same_targets, *_) in zip(
        pixels.train(0, ONE).as_numpy_iterator(), features.train(0, ONE).as_numpy_iterator(), strict=True
    ):
        assert agreement(inputs["pixels"], targets) >= least
        np.testing.assert_array_equal(targets, same_targets)
        np.testing.assert_allclose(pixels.net(inputs), features.net(maps), atol=1e-5)
        corners |= {tuple(mask[rows, columns] for rows in (0, -1) for columns in (0, -1)) for mask in targets}
    assert len(corners) > 1, "without a change, the white corner is at the left of the top in all images"


def test_validation_masks_stay_with_their_images():
    data = painted()
    model = painter(data)
    for cache in ("off", "memory"):
        found = step(model, data, (augmentation.flips(),), cache=cache)
        targets = np.concatenate([batch.targets for batch in found.validation(ONE).as_numpy_iterator()])
        assert sorted(map(bytes, targets.astype(np.uint8))) == sorted(
            bytes(data.validation.targets[index]) for index in range(len(data.validation))
        )
