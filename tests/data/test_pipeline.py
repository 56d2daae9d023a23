"""Batches hold every example exactly once per epoch, in an order that depends only on seed and epoch."""

import time
from itertools import chain, zip_longest

import numpy as np
import pytest
import tensorflow as tf

from tfft.core.errors import DataError
from tfft.core.ragged import Ragged, padded
from tfft.core.specs import LabelSpace
from tfft.core.values import Loaded
from tfft.data.examples import Examples
from tfft.data.loading import Loading, reading, reading_at_random, unchanging
from tfft.data.pipeline import evaluation_batches, order, steps, training_batches, validation_batches


def _examples(count):
    images = [np.full((2, 3, 3), index % 256, np.uint8) for index in range(count)]
    return Examples(images, np.arange(count) % 2, LabelSpace(("a", "b")), tuple(map(str, range(count))))


def _encode(ids, inputs=None):
    return np.eye(2, dtype=np.float32)[ids], None


def _read(item, random):
    return item


def _keep(inputs, targets, random):
    return inputs, targets


def _each(read):
    """Read all images of a batch with a function for one."""
    return lambda items, randoms: {"pixels": np.stack([read(*pair) for pair in zip(items, randoms, strict=True)])}


def _changing(count, read=_read, mix=_keep, seed=0):
    return reading_at_random(
        _examples(count), _each(read), unchanging(_examples(count)), _encode, mix, seed, _plain(count)
    )


class _Images:
    """A stand-in for a preprocessor of images."""

    inputs = (("pixels", (2, 3, 3), "float32"),)

    def __init__(self, read=lambda item: item):
        self.read = read

    def __call__(self, item):
        return self.read(item)

    def collate(self, rows):
        return {"pixels": np.stack(rows)}


class _Tokens:
    """A stand-in for a preprocessor of texts: rows of different lengths become two inputs, padded with -1."""

    inputs = (("ids", (None,), "int32"), ("mask", (None,), "int32"))

    def __call__(self, item):
        return item

    def collate(self, rows):
        ids = np.full((len(rows), padded(max(map(len, rows)))), -1, np.int32)
        for line, row in zip(ids, rows, strict=True):
            line[: len(row)] = row
        return {"ids": ids, "mask": (ids >= 0).astype(np.int32)}


def _plain(count, read=lambda item: item):
    return reading(_examples(count), _Images(read), _encode)


LENGTHS = np.random.default_rng(0).integers(1, 60, 83)


def _ragged():
    """Examples with ``LENGTHS`` tokens; each token is the position of its example."""
    rows = Ragged.of(np.full(length, index, np.int32) for index, length in enumerate(LENGTHS))
    digests = tuple(map(str, range(len(rows))))
    return reading(Examples(rows, np.arange(len(rows)) % 2, LabelSpace(("a", "b")), digests), _Tokens(), _encode)


def _read_out(dataset):
    """Check the content of each row, and return the positions of each batch."""
    found = []
    for inputs, targets, *_ in dataset.as_numpy_iterator():
        assert set(inputs) == {"ids", "mask"}
        ids, mask = inputs["ids"], inputs["mask"]
        positions = ids[:, 0]
        np.testing.assert_array_equal(mask.sum(axis=1), LENGTHS[positions])
        np.testing.assert_array_equal(ids, np.where(mask, positions[:, None], -1))
        np.testing.assert_array_equal(targets.argmax(axis=1), positions % 2)
        assert ids.shape[1] == padded(LENGTHS[positions].max()), "padded to the longest of its own batch"
        found.append(positions.tolist())
    return found


def _run(dataset):
    """Run a dataset, and return (positions, targets, batch sizes)."""
    pairs = [(inputs["pixels"], targets) for inputs, targets, *_ in dataset.as_numpy_iterator()]
    positions = [int(image[0, 0, 0]) for images, _ in pairs for image in images]
    targets = [int(row.argmax()) for _, rows in pairs for row in rows]
    return positions, targets, [len(images) for images, _ in pairs]


def _train(count, batch_size, epochs, seed=0):
    return _run(training_batches(_changing(count, seed=seed), batch_size, epochs, seed))


@pytest.mark.parametrize(("count", "batch_size"), [(10, 3), (9, 3), (5, 8), (1, 1)])
def test_each_example_stands_exactly_once_in_each_epoch_in_the_documented_order(count, batch_size):
    positions, targets, sizes = _train(count, batch_size, range(3))
    for epoch in range(3):
        found = positions[epoch * count : (epoch + 1) * count]
        assert found == order(count, 0, epoch).tolist()
        assert sorted(found) == list(range(count))
    assert targets == [position % 2 for position in positions]
    assert len(sizes) == 3 * steps(count, batch_size)
    assert sum(sizes[: steps(count, batch_size)]) == count


def test_a_run_entered_later_goes_on_as_if_it_had_never_stopped():
    whole, later = _train(7, 2, range(4))[0], _train(7, 2, range(2, 4))[0]
    assert whole[14:] == later


def test_what_is_drawn_depends_on_seed_epoch_and_example_and_not_on_threads_or_batches():
    def read(item, random):
        return np.full_like(item, random.integers(256))

    def drawn(batch_size, epochs, seed=0):
        batches = training_batches(_changing(40, read, seed=seed), batch_size, epochs, seed)
        values = [int(image[0, 0, 0]) for batch in batches.as_numpy_iterator() for image in batch.inputs["pixels"]]
        orders = np.concatenate([order(40, seed, epoch) for epoch in epochs])
        return dict(zip([(e, i) for e in epochs for i in order(40, seed, e).tolist()], values, strict=True)), orders

    first, again, other_batches = drawn(4, range(2))[0], drawn(4, range(2))[0], drawn(7, range(2))[0]
    assert first == again == other_batches
    assert drawn(4, range(1, 2))[0] == {key: value for key, value in first.items() if key[0] == 1}
    assert sum(first[0, i] == first[1, i] for i in range(40)) < 10
    assert drawn(4, range(2), seed=1)[0] != first


def test_a_mixer_sees_whole_batches_with_their_encoded_targets():
    def mix(inputs, targets, random):
        assert targets.dtype == np.float32
        return {"pixels": inputs["pixels"][::-1].copy()}, targets / 2

    batches = list(training_batches(_changing(5, mix=mix), 5, range(1), 0).as_numpy_iterator())
    assert [int(image[0, 0, 0]) for image in batches[0].inputs["pixels"]] == order(5, 0, 0).tolist()[::-1]
    assert batches[0].targets.sum() == 2.5


def test_orders_differ_by_epoch_and_seed_and_repeat():
    orders = {tuple(order(30, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25
    assert tuple(order(30, 1, 1)) in orders


def test_evaluation_keeps_the_order_and_can_be_repeated():
    dataset = evaluation_batches(_plain(7), 3)
    assert int(dataset.cardinality()) == 3
    for _ in range(2):
        assert _run(dataset) == (list(range(7)), [0, 1, 0, 1, 0, 1, 0], [3, 2, 2])


@pytest.mark.parametrize(("count", "batch_size", "expected"), [(0, 4, 0), (1, 4, 1), (4, 4, 1), (5, 4, 2)])
def test_steps_round_up(count, batch_size, expected):
    assert steps(count, batch_size) == expected


def test_batches_are_uint8_pixels_and_float32_targets_of_known_shape():
    dataset = training_batches(_changing(4), 2, range(1), 0)
    inputs, targets, weights, counted, _ = dataset.element_spec
    assert list(inputs) == ["pixels"]
    pixels = inputs["pixels"]
    assert (pixels.shape.as_list(), pixels.dtype.name) == ([None, 2, 3, 3], "uint8")
    assert (targets.shape.as_list(), targets.dtype.name) == ([None, 2], "float32")
    for each in (weights, counted):
        assert (each.shape.as_list(), each.dtype.name) == ([None], "float32")


def test_the_autotuner_is_off():
    """It can stall the end of an iterator for seconds (TensorFlow 2.21)."""
    for dataset in (
        training_batches(_changing(4), 2, range(1), 0),
        training_batches(_changing(4), 2, range(1), 0, replicas=2),
        validation_batches(_plain(4), 2),
        evaluation_batches(_plain(4), 2),
    ):
        assert dataset.options().autotune.enabled is False
        assert dataset.options().deterministic is True


def test_only_a_few_batches_are_read_ahead():
    read = []

    class Inputs(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    examples = _examples(400)
    watched = Examples(Inputs(examples.inputs), examples.targets, examples.labels, examples.digests)
    loading = reading_at_random(watched, _each(_read), unchanging(watched), _encode, _keep, 0, _plain(400))
    iterator = iter(training_batches(loading, 2, range(1), 0))
    next(iterator)
    assert len(read) < 200


def test_an_image_that_is_gone_says_so_in_the_pipelines_error(tmp_path):
    def read(item):
        if item[0, 0, 0] == 3:
            raise DataError("'x.png' cannot be read as an image: no such file.")
        return item

    dataset = evaluation_batches(_plain(5, read), 2)
    with pytest.raises(Exception, match=r"DataError: 'x\.png' cannot be read"):
        list(dataset)


@pytest.mark.parametrize(
    ("count", "batch_size", "replicas"),
    [(11, 4, 2), (12, 4, 2), (9, 4, 4), (13, 6, 3), (10, 3, 1), (7, 5, 2), (5, 2, 3)],
)
def test_the_shares_of_the_replicas_together_are_the_batches_of_one_device(count, batch_size, replicas):
    whole = list(training_batches(_changing(count), batch_size, range(3), 0).as_numpy_iterator())
    shares = list(training_batches(_changing(count), batch_size, range(3), 0, replicas).as_numpy_iterator())
    assert len(shares) == len(whole) * replicas
    for number, batch in enumerate(whole):
        for replica, share in enumerate(shares[number * replicas : (number + 1) * replicas]):
            mine = slice(replica, None, replicas)
            if replica < len(batch.targets):
                np.testing.assert_array_equal(share.inputs["pixels"], batch.inputs["pixels"][mine])
                np.testing.assert_array_equal(share.targets, batch.targets[mine])
                assert share.counted.tolist() == share.weights.tolist() == [1.0] * len(batch.targets[mine])
            else:
                np.testing.assert_array_equal(share.inputs["pixels"], batch.inputs["pixels"][:1])
                assert share.counted.tolist() == share.weights.tolist() == [0.0]


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_the_shares_of_validation_count_every_example_once_each_time(replicas):
    dataset = validation_batches(_plain(7), 3, replicas=replicas)
    for _ in range(2):
        found = list(dataset.as_numpy_iterator())
        assert len(found) == 3 * replicas
        counted = [
            int(image[0, 0, 0])
            for batch in found
            for image, one in zip(batch.inputs["pixels"], batch.counted, strict=True)
            if one
        ]
        assert sorted(counted) == list(range(7))


@pytest.mark.parametrize(("count", "batch_size"), [(33, 32), (65, 32), (7, 3), (5, 8)])
def test_batches_to_evaluate_differ_by_one_example_at_most(count, batch_size):
    _, _, sizes = _run(evaluation_batches(_plain(count), batch_size))
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= batch_size


def test_what_is_held_in_memory_gives_the_batches_that_loading_gives():
    values = Loaded({"x": np.arange(23, dtype=np.float32).reshape(-1, 1)}, np.eye(23, dtype=np.float32))

    def load(_, chosen):
        return Loaded({"x": values.inputs["x"][chosen]}, values.targets[chosen])

    for batches in (
        lambda loading: training_batches(loading, 4, range(1, 3), seed=5, replicas=2),
        lambda loading: validation_batches(loading, 4),
        lambda loading: evaluation_batches(loading, 4, copies=2),
    ):
        loaded, held = (batches(Loading(23, load, held=kept)) for kept in (None, values))
        assert held.options().autotune.enabled is False
        for one, other in zip(loaded.as_numpy_iterator(), held.as_numpy_iterator(), strict=True):
            tf.nest.assert_same_structure(one, other)
            assert list(one[0]) == ["x"]
            for first, second in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
                np.testing.assert_array_equal(first, second)


def test_closing_many_iterators_never_waits():
    """With tf.data's autotuner on, closing one of them may wait for its next wake-up, up to a minute (TensorFlow 2.21)."""
    dataset = training_batches(_changing(8), 2, range(1000), 0)
    longest = 0.0
    for _ in range(60):
        iterator = iter(dataset)
        next(iterator)
        begun = time.perf_counter()
        del iterator
        longest = max(longest, time.perf_counter() - begun)
    assert longest < 5


@pytest.mark.parametrize("batch_size", [4, 16, 100, 6])
def test_texts_stand_once_in_each_epoch_padded_to_the_longest_of_their_batch(batch_size):
    count = len(LENGTHS)
    found = _read_out(training_batches(_ragged(), batch_size, range(3), 5))
    each = steps(count, batch_size)
    assert len(found) == 3 * each
    for epoch in range(3):
        positions = list(chain(*found[epoch * each : (epoch + 1) * each]))
        assert sorted(positions) == sorted(order(count, 5, epoch).tolist())
        assert len(set(positions)) == count


def test_the_texts_of_each_replica_are_those_of_one_device():
    whole, shares = (list(training_batches(_ragged(), 6, range(2), 5, replicas)) for replicas in (1, 3))
    for number, batch in enumerate(whole):
        for replica, share in enumerate(shares[3 * number : 3 * number + 3]):
            if replica < len(batch.targets):
                np.testing.assert_array_equal(share.inputs["ids"], batch.inputs["ids"][replica::3])
                np.testing.assert_array_equal(share.targets, batch.targets[replica::3])


def test_texts_of_like_length_share_a_batch():
    """Such batches have fewer steps than batches in the original order."""
    found = _read_out(training_batches(_ragged(), 8, range(1), 0))
    chosen = order(len(LENGTHS), 0, 0)
    plain = sum(len(part) * padded(LENGTHS[part].max()) for part in np.split(chosen, range(8, len(chosen), 8)))
    assert sum(len(batch) * padded(LENGTHS[batch].max()) for batch in found) < 0.75 * plain


def test_the_same_seed_gives_the_same_batches_of_texts_and_another_seed_or_epoch_others():
    def run(seed, epochs=range(1)):
        return _read_out(training_batches(_ragged(), 8, epochs, seed))

    assert run(3) == run(3)
    assert run(3) != run(4)
    assert run(3) != run(3, range(1, 2))


def test_a_run_on_texts_entered_later_goes_on_as_if_it_had_never_stopped():
    whole, later = (_read_out(training_batches(_ragged(), 8, epochs, 0)) for epochs in (range(3), range(1, 3)))
    assert whole[steps(len(LENGTHS), 8) :] == later


def test_several_inputs_have_names_and_their_unknown_lengths_are_left_open():
    for dataset in (training_batches(_ragged(), 8, range(1), 0), evaluation_batches(_ragged(), 8)):
        inputs, targets, *_ = dataset.element_spec
        assert isinstance(inputs, dict)
        found = {name: (spec.shape.as_list(), spec.dtype.name) for name, spec in inputs.items()}
        assert found == dict.fromkeys(("ids", "mask"), ([None, None], "int32"))
        assert targets.shape.as_list() == [None, 2]


class _Both:
    """A preprocessor of pairs with two inputs, tokens and images; sorted by name, they would stand the other way round."""

    inputs = (("right", (None,), "int32"), ("left", (2, 3, 3), "uint8"))

    def __call__(self, item):
        return item

    def collate(self, rows):
        images, tokens = zip(*rows, strict=True)
        return {"right": _Tokens().collate(tokens)["ids"], "left": np.stack(images)}


def _pairs(count):
    """Pairs of an image and tokens, one more than the position of the example; the position is in every pixel and token."""
    items = [(np.full((2, 3, 3), index, np.uint8), np.full(index + 1, index, np.int32)) for index in range(count)]
    return Examples(items, np.arange(count) % 2, LabelSpace(("a", "b")), tuple(map(str, range(count))))


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("replicas", [1, 2])
def test_two_inputs_of_other_shapes_and_dtypes_are_delivered_by_name_with_the_right_rows(replicas, kept):
    count, loading = 11, reading(_pairs(11), _Both(), _encode)
    if kept:
        loading = Loading(count, loading.load, held=loading.load(0, np.arange(count)))
    shuffled = order(count, 3, 0)
    for dataset, positions in (
        (training_batches(loading, 4, range(1), 3, replicas), shuffled.tolist()),
        (validation_batches(loading, 4, replicas=replicas), list(range(count))),
        (evaluation_batches(loading, 4, shuffled), shuffled.tolist()),
    ):
        specs = dataset.element_spec[0]
        assert {name: (spec.shape.as_list(), spec.dtype.name) for name, spec in specs.items()} == {
            "left": ([None, 2, 3, 3], "uint8"),
            "right": ([None, padded(count) if kept else None], "int32"),
        }
        shares = []
        for arrays, encoded, *rest in dataset.as_numpy_iterator():
            left, right = arrays["left"], arrays["right"]
            own = left[:, 0, 0, 0].astype(int)
            np.testing.assert_array_equal(left, np.broadcast_to(own[:, None, None, None], (len(own), 2, 3, 3)))
            there = np.arange(right.shape[1]) <= own[:, None]
            np.testing.assert_array_equal(right, np.where(there, own[:, None], -1))
            np.testing.assert_array_equal(encoded, _encode(own % 2)[0])
            shares.append(own[rest[1] > 0].tolist() if rest else own.tolist())
        each = replicas if rest else 1
        dealt = [zip_longest(*shares[first : first + each]) for first in range(0, len(shares), each)]
        assert [one for batch in dealt for some in batch for one in some if one is not None] == positions


def test_texts_are_evaluated_in_the_order_that_is_asked_for():
    chosen = np.argsort(-LENGTHS, kind="stable")
    for positions, expected in ((None, np.arange(len(LENGTHS))), (chosen, chosen)):
        dataset = evaluation_batches(_ragged(), 8, positions)
        for _ in range(2):
            assert list(chain(*_read_out(dataset))) == expected.tolist()
    widths = [inputs["ids"].shape[1] for inputs, _ in dataset.as_numpy_iterator()]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("lengths", [None, np.arange(40) % 7 + 1])
def test_beginning_at_a_step_reads_no_earlier_batch_and_gives_the_same_ones(lengths):
    read = []

    def load(epoch, chosen):
        read.append((epoch, chosen.tolist()))
        return Loaded({"x": chosen * 1.0}, chosen[:, None] * 10.0)

    def batches(first):
        loading = Loading(40, load, lengths=lengths)
        return [
            batch.inputs["x"].tolist()
            for batch in training_batches(loading, 8, range(2, 5), 0, first_step=first).as_numpy_iterator()
        ]

    whole = batches(0)
    assert len(whole) == 15
    for first in (1, 5, 12, 14):
        read.clear()
        assert batches(first) == whole[first:]
        # one example tells the shapes
        assert len(read) == 1 + 15 - first
