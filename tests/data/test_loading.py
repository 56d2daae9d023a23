"""Loading makes the arrays of a batch, unchanged or with random changes for each epoch and example."""

import numpy as np
import pytest

import tfft
from tfft.core.ragged import Ragged, padded
from tfft.core.specs import LabelSpace, Text
from tfft.data.content_hash import opened
from tfft.data.examples import Examples
from tfft.data.loading import draw, lengths_of, reading, reading_at_random, reading_together
from tfft.inputs.image import ImagePreprocessor
from tfft.models.tokens import tokenized


def examples(count=6):
    images = [np.full((2, 3, 3), index, np.uint8) for index in range(count)]
    return Examples(images, np.arange(count) % 2, LabelSpace(("a", "b")), tuple(map(str, range(count))))


def encode(ids):
    return np.eye(2)[ids]


def drawn(item, random):
    return np.full_like(item, random.integers(256))


def keep(pixels, targets, random):
    return pixels, targets


TEXTS = ["a", "how far is it from denver to aspen", "", "what is a caldera", "who"]


def texts():
    labels = LabelSpace(("a", "b"))
    inputs = [Text(text) for text in TEXTS]
    return Examples(inputs, np.arange(len(TEXTS)) % 2, labels, tuple(opened(text)[1] for text in inputs))


@pytest.fixture(scope="module")
def letters():
    """A preprocessor with one token for each letter."""
    return tfft.load_backbone("toy_text").preprocessor


def test_inputs_and_targets_stand_side_by_side():
    loading = reading(examples(), ImagePreprocessor(2, 3), encode)
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


def test_images_are_all_alike():
    loading = reading(examples(), ImagePreprocessor(2, 3), encode)
    assert loading.lengths is None
    assert loading.shapes == ((2, 3, 3),)
    assert lengths_of(examples()) is None


def test_texts_become_the_inputs_of_the_net_padded_to_the_longest_of_their_batch(letters):
    loading = reading(tokenized(letters, texts()), letters, encode)
    assert loading.count == len(TEXTS)
    assert loading.shapes == ((None,), (None,), (None,))
    # one token before and one after the text; spaces are not tokens
    assert loading.lengths.tolist() == [2 + len(text.replace(" ", "")) for text in TEXTS]
    for chosen in ([0, 4], [1, 0, 2], [3], [2]):
        ids, segments, mask, targets = loading.load(0, np.array(chosen))
        assert ids.shape == segments.shape == mask.shape == (len(chosen), padded(loading.lengths[chosen].max()))
        np.testing.assert_array_equal(mask.sum(axis=1), loading.lengths[chosen])
        assert ((ids == letters.tokenizer.made.pad_token_id) == (mask == 0)).all()
        assert not segments.any()
        assert targets.tolist() == encode(np.array(chosen) % 2).tolist()
        assert [array.dtype for array in (ids, segments, mask, targets)] == [*[np.int32] * 3, np.float32]


def test_texts_that_were_tokenized_before_are_read_as_those_that_were_not(letters):
    before, now = (reading(some, letters, encode) for some in (tokenized(letters, texts()), texts()))
    for one, other in zip(before.load(0, np.array([3, 1])), now.load(0, np.array([3, 1])), strict=True):
        np.testing.assert_array_equal(one, other)


def test_lengths_are_those_of_rows_that_stand_end_to_end():
    rows = Ragged.of([np.zeros((length, 2), np.int32) for length in (4, 1, 3)])
    some = Examples(rows, np.array([0, 1, 0]), LabelSpace(("a", "b")), ("1", "2", "3"))
    assert lengths_of(some).tolist() == [4, 1, 3]


def test_what_is_drawn_for_a_batch_that_is_read_together_is_that_of_epoch_and_example(letters):
    some = tokenized(letters, texts())
    plain = reading(some, letters, encode)
    seen = {}

    def read(items, randoms):
        assert [item.tolist() for item in items] == [some.inputs[index].tolist() for index in seen["chosen"]]
        seen["draws"] = [int(random.integers(1 << 30)) for random in randoms]
        return letters.collate(items)

    def drawn(epoch, chosen, seed=0):
        seen["chosen"] = chosen
        found = reading_together(some, read, encode, seed, plain).load(epoch, np.array(chosen))
        for one, other in zip(found, plain.load(epoch, np.array(chosen)), strict=True):
            np.testing.assert_array_equal(one, other)
        return seen["draws"]

    assert drawn(3, [4, 2]) == drawn(3, [2, 4])[::-1]
    assert drawn(3, [4]) == drawn(3, [4, 2])[:1]
    assert len({*drawn(3, [4, 2]), *drawn(4, [4, 2]), *drawn(3, [4, 2], seed=1)}) == 6
    together = reading_together(some, read, encode, 0, plain)
    assert (together.count, together.shapes) == (plain.count, plain.shapes)
    np.testing.assert_array_equal(together.lengths, plain.lengths)


def test_draws_differ_by_seed_epoch_and_position_and_repeat():
    def value(*numbers):
        return int(draw(*numbers).integers(1 << 60))

    several = [(seed, epoch, position) for seed in range(3) for epoch in range(3) for position in range(3)]
    assert len({value(*numbers) for numbers in several}) == len(several)
    assert value(1, 2, 0) == value(1, 2, 0)
