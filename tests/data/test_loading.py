"""Loading makes the arrays of a batch: as they are, or changed by what is drawn for epoch and example."""

import numpy as np

from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.data.loading import reading, reading_at_random


def examples(count=6):
    images = [np.full((2, 3, 3), index, np.uint8) for index in range(count)]
    return Examples(images, np.arange(count) % 2, LabelSpace(("a", "b")), tuple(map(str, range(count))))


def encode(ids):
    return np.eye(2)[ids]


def drawn(item, random):
    return np.full_like(item, random.integers(256))


def keep(pixels, targets, random):
    return pixels, targets


def test_inputs_and_targets_stand_side_by_side():
    loading = reading(examples(), lambda item: item, encode)
    pixels, targets = loading.load(0, np.array([4, 1]))
    assert loading.count == 6
    assert pixels[:, 0, 0, 0].tolist() == [4, 1]
    assert targets.tolist() == [[1, 0], [0, 1]]
    assert (pixels.dtype, targets.dtype) == (np.uint8, np.float32)


def test_what_is_drawn_is_that_of_epoch_and_example():
    loading = reading_at_random(examples(), drawn, encode, keep, 0)
    first = loading.load(3, np.array([5, 2]))[0][:, 0, 0, 0]
    assert first.tolist() == loading.load(3, np.array([2, 5]))[0][::-1, 0, 0, 0].tolist()
    assert first.tolist() != loading.load(4, np.array([5, 2]))[0][:, 0, 0, 0].tolist()
    other = reading_at_random(examples(), drawn, encode, keep, 1)
    assert first.tolist() != other.load(3, np.array([5, 2]))[0][:, 0, 0, 0].tolist()


def test_a_mixer_gets_the_batch_and_its_own_draw():
    seen = []

    def mix(pixels, targets, random):
        seen.append(random.random())
        return pixels // 2, targets / 2

    loading = reading_at_random(examples(), lambda item, random: item, encode, mix, 0)
    pixels, targets = loading.load(0, np.array([4, 2]))
    loading.load(0, np.array([4, 2]))
    loading.load(1, np.array([4, 2]))
    assert pixels[:, 0, 0, 0].tolist() == [2, 1]
    assert targets.sum() == 1
    assert seen[0] == seen[1] != seen[2]
