"""Loading makes the arrays of a batch, unchanged or with random changes for each epoch and example."""

import numpy as np
import pytest

import tfft
from tfft.core.ragged import Ragged, padded
from tfft.core.specs import LabelSpace, Text
from tfft.data.content_hash import opened
from tfft.data.examples import Examples
from tfft.data.loading import draw, lengths_of, reading, reading_at_random, unchanging
from tfft.inputs.image import ImagePreprocessor
from tfft.models.prepared import prepared


def examples(count=6):
    images = [np.full((2, 3, 3), index, np.uint8) for index in range(count)]
    return Examples(images, np.arange(count) % 2, LabelSpace(("a", "b")), tuple(map(str, range(count))))


def encode(ids, inputs=None):
    return np.eye(2, dtype=np.float32)[ids], None


def plain():
    return reading(examples(), ImagePreprocessor(2, 3), encode)


def drawn(items, randoms):
    return {
        "pixels": np.stack([np.full_like(item, one.integers(256)) for item, one in zip(items, randoms, strict=True)])
    }


def keep(inputs, targets, random):
    return inputs, targets


def shades(loading, epoch, chosen):
    return loading.load(epoch, np.array(chosen)).inputs["pixels"][:, 0, 0, 0].tolist()


TEXTS = ["a", "how far is it from denver to aspen", "", "what is a caldera", "who"]


def texts():
    labels = LabelSpace(("a", "b"))
    inputs = [Text(text) for text in TEXTS]
    return Examples(inputs, np.arange(len(TEXTS)) % 2, labels, tuple(opened(text)[1] for text in inputs))


def assert_same(one, other):
    assert list(one.inputs) == list(other.inputs)
    for name, array in one.inputs.items():
        np.testing.assert_array_equal(array, other.inputs[name])
    np.testing.assert_array_equal(one.targets, other.targets)


@pytest.fixture(scope="module")
def letters():
    """A preprocessor with one token for each letter."""
    return tfft.load_backbone("toy_text").preprocessor


def test_inputs_and_targets_stand_side_by_side():
    loading = reading(examples(), ImagePreprocessor(2, 3), encode)
    inputs, targets = loading.load(0, np.array([4, 1]))[:2]
    assert loading.count == 6
    assert list(inputs) == ["pixels"]
    pixels = inputs["pixels"]
    assert pixels[:, 0, 0, 0].tolist() == [4, 1]
    assert targets.tolist() == [[1, 0], [0, 1]]
    assert (pixels.dtype, targets.dtype) == (np.uint8, np.float32)


def test_what_is_drawn_is_that_of_epoch_and_example():
    loading = reading_at_random(examples(), drawn, unchanging(examples()), encode, keep, 0, plain())
    first = shades(loading, 3, [5, 2])
    assert first == shades(loading, 3, [2, 5])[::-1]
    assert first != shades(loading, 4, [5, 2])
    other = reading_at_random(examples(), drawn, unchanging(examples()), encode, keep, 1, plain())
    assert first != shades(other, 3, [5, 2])


def test_a_mixer_gets_the_batch_and_its_own_draw():
    seen = []

    def mix(inputs, targets, random):
        seen.append(random.random())
        return {"pixels": inputs["pixels"] // 2}, targets / 2

    def read(items, randoms):
        return {"pixels": np.stack(items)}

    loading = reading_at_random(examples(), read, unchanging(examples()), encode, mix, 0, plain())
    inputs, targets = loading.load(0, np.array([4, 2]))[:2]
    loading.load(0, np.array([4, 2]))
    loading.load(1, np.array([4, 2]))
    assert inputs["pixels"][:, 0, 0, 0].tolist() == [2, 1]
    assert targets.sum() == 1
    assert seen[0] == seen[1] != seen[2]


def test_images_are_all_alike():
    loading = reading(examples(), ImagePreprocessor(2, 3), encode)
    assert loading.lengths is None
    assert loading.shapes == {"pixels": (2, 3, 3)}
    assert lengths_of(examples()) is None


def test_texts_become_the_inputs_of_the_net_padded_to_the_longest_of_their_batch(letters):
    loading = reading(prepared(letters, texts()).examples, letters, encode)
    assert loading.count == len(TEXTS)
    assert loading.shapes == {"token_ids": (None,), "segment_ids": (None,), "padding_mask": (None,)}
    # one token before and one after the text; spaces are not tokens
    assert loading.lengths.tolist() == [2 + len(text.replace(" ", "")) for text in TEXTS]
    for chosen in ([0, 4], [1, 0, 2], [3], [2]):
        inputs, targets = loading.load(0, np.array(chosen))[:2]
        assert list(inputs) == ["token_ids", "segment_ids", "padding_mask"]
        ids, segments, mask = inputs.values()
        assert ids.shape == segments.shape == mask.shape == (len(chosen), padded(loading.lengths[chosen].max()))
        np.testing.assert_array_equal(mask.sum(axis=1), loading.lengths[chosen])
        assert ((ids == letters.tokenizer.made.pad_token_id) == (mask == 0)).all()
        assert not segments.any()
        assert targets.tolist() == encode(np.array(chosen) % 2)[0].tolist()
        assert [array.dtype for array in (ids, segments, mask, targets)] == [*[np.int32] * 3, np.float32]


def test_texts_that_were_tokenized_before_are_read_as_those_that_were_not(letters):
    before, now = (reading(some, letters, encode) for some in (prepared(letters, texts()).examples, texts()))
    assert_same(before.load(0, np.array([3, 1])), now.load(0, np.array([3, 1])))


def test_lengths_are_those_of_rows_that_stand_end_to_end():
    rows = Ragged.of([np.zeros((length, 2), np.int32) for length in (4, 1, 3)])
    some = Examples(rows, np.array([0, 1, 0]), LabelSpace(("a", "b")), ("1", "2", "3"))
    assert lengths_of(some).tolist() == [4, 1, 3]


def test_what_is_drawn_for_texts_that_are_read_together_is_that_of_epoch_and_example(letters):
    some = prepared(letters, texts()).examples
    unchanged = reading(some, letters, encode)
    seen = {}

    def read(items, randoms):
        assert [item.tolist() for item in items] == [some.inputs[index].tolist() for index in seen["chosen"]]
        seen["draws"] = [int(random.integers(1 << 30)) for random in randoms]
        return letters.collate(items)

    def drawn(epoch, chosen, seed=0):
        seen["chosen"] = chosen
        found = reading_at_random(some, read, unchanging(some), encode, keep, seed, unchanged).load(
            epoch, np.array(chosen)
        )
        assert_same(found, unchanged.load(epoch, np.array(chosen)))
        return seen["draws"]

    assert drawn(3, [4, 2]) == drawn(3, [2, 4])[::-1]
    assert drawn(3, [4]) == drawn(3, [4, 2])[:1]
    assert len({*drawn(3, [4, 2]), *drawn(4, [4, 2]), *drawn(3, [4, 2], seed=1)}) == 6
    together = reading_at_random(some, read, unchanging(some), encode, keep, 0, unchanged)
    assert (together.count, together.shapes) == (unchanged.count, unchanged.shapes)
    np.testing.assert_array_equal(together.lengths, unchanged.lengths)


def test_draws_differ_by_seed_epoch_and_position_and_repeat():
    def value(*numbers):
        return int(draw(*numbers).integers(1 << 60))

    several = [(seed, epoch, position) for seed in range(3) for epoch in range(3) for position in range(3)]
    assert len({value(*numbers) for numbers in several}) == len(several)
    assert value(1, 2, 0) == value(1, 2, 0)
