"""Features are what the trunk computes, whatever way they took and however large the batches were."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.cache.shards import Shards
from tfft.core.errors import DataError
from tfft.core.ragged import padded
from tfft.core.values import Loaded
from tfft.inputs.text import TextPreprocessor
from tfft.models import extraction
from tfft.models.cuts import cut
from tfft.models.extraction import Extraction, Wanted
from tfft.models.features import row_of, unpacked
from tfft.models.prepared import prepared
from tfft.models.trunk import trunk_net
from tfft.trainable import last_blocks, nothing


def wanted(model, policy, count, folder=None, dtype="float32", per_shard=16):
    at = cut(model, model.apply(policy))
    return Wanted(at, Shards(count, row_of(at, dtype), folder, per_shard))


def filled(model, each, examples, dtype="float32", reads=None):
    done = []

    def read(index):
        if reads is not None:
            reads.append(index)
        return model.preprocessor(examples.inputs[index])

    Extraction(model, dtype).fill(each, read, lambda now, count: done.append((now, count)))
    return done


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_rows_hold_what_the_trunk_computes(model, data, tmp_path, dtype):
    each = wanted(model, last_blocks(1), len(data.train), tmp_path, dtype)
    done = filled(model, [each], data.train, dtype)
    assert done[-1] == (len(data.train),) * 2
    some = np.array([5, 0, 41])
    found = unpacked(each.table.take(some), each.at, dtype)
    assert list(found) == ["features_0"]
    found = found["features_0"]
    pixels = np.stack([data.train.inputs[int(index)] for index in some])
    expected = np.asarray(trunk_net(model, each.at, dtype)({"pixels": pixels}))
    assert found.dtype == expected.dtype == dtype
    np.testing.assert_allclose(
        found.astype("float32"), expected.astype("float32"), rtol=1e-2 if dtype != "float32" else 1e-5
    )


def test_several_cuts_take_one_pass_over_the_images(model, data):
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
        found, expected = (unpacked(w.table.take(everything), w.at, "float32") for w in (each, alone))
        assert list(found) == list(expected)
        for name, array in found.items():
            np.testing.assert_allclose(array, expected[name], atol=1e-6)


def test_a_later_cut_is_computed_from_an_earlier_one_without_an_image(model, data):
    early, late = (wanted(model, policy, len(data.train)) for policy in (last_blocks(1), nothing()))
    filled(model, [early], data.train)
    reads = []
    filled(model, [early, late], data.train, reads=reads)
    assert reads == []
    pixels = np.stack([data.train.inputs[index] for index in range(4)])
    expected = trunk_net(model, late.at)({"pixels": pixels})
    found = unpacked(late.table.take(np.arange(4)), late.at, "float32")["features_0"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_only_missing_shards_are_computed(model, data, tmp_path):
    first = wanted(model, nothing(), len(data.train), tmp_path)
    filled(model, [first], data.train)
    whole = unpacked(first.table.take(np.arange(42)), first.at, "float32")["features_0"]
    sorted(tmp_path.glob("*.npy"))[1].unlink()
    reads = []
    again = wanted(model, nothing(), len(data.train), tmp_path)
    filled(model, [again], data.train, reads=reads)
    assert set(reads) <= set(range(16, 32)) | {0}
    found = unpacked(again.table.take(np.arange(42)), again.at, "float32")["features_0"]
    np.testing.assert_array_equal(np.delete(found, range(16, 32), axis=0), np.delete(whole, range(16, 32), axis=0))
    # sums are rounded as in a batch of these images, which is smaller than the first one was
    some = data.train.take(np.arange(16, 32))
    alone = wanted(model, nothing(), 16)
    filled(model, [alone], some)
    np.testing.assert_array_equal(
        found[16:32], unpacked(alone.table.take(np.arange(16)), alone.at, "float32")["features_0"]
    )
    np.testing.assert_allclose(found, whole, atol=1e-6)
    assert filled(model, [again], data.train) == []


def test_an_image_that_cannot_be_read_any_more_is_named(model, data):
    each = wanted(model, nothing(), len(data.train))

    def read(index):
        if index == 20:
            raise DataError("'x.png' cannot be read as an image: no such file.")
        return model.preprocessor(data.train.inputs[index])

    with pytest.raises(DataError, match=r"'x\.png' cannot be read"):
        Extraction(model, "float32").fill([each], read, lambda *_: None)


def test_one_extraction_is_traced_once_for_all_parts(model, data, monkeypatch):
    made = []
    monkeypatch.setattr(extraction, "trunk_net", lambda *args: made.append(args) or trunk_net(*args))
    several = Extraction(model, "float32")
    at = cut(model, model.apply(nothing()))
    for part in (data.train, data.validation):
        each = Wanted(at, Shards(len(part), row_of(at, "float32")))
        several.fill([each], lambda index, part=part: model.preprocessor(part.inputs[index]), lambda *_: None)
        expected = trunk_net(model, at)({"pixels": np.stack([part.inputs[0]])})
        found = unpacked(each.table.take(np.array([0])), at, "float32")["features_0"]
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(made) == 1


class Clock:
    """Passes by what each example of a batch costs."""

    def __init__(self, costs):
        self.costs, self.now, self.sizes = costs, 0.0, []

    def __call__(self):
        return self.now

    def work(self, size):
        self.sizes.append(size)
        self.now += size * self.costs.get(size, 1.0)


@pytest.mark.parametrize(
    ("costs", "most", "expected"),
    [
        ({4: 1.0, 8: 0.9, 16: 0.89, 32: 0.5}, 512, 8),
        ({4: 1.0, 8: 0.9, 16: 0.8, 32: 0.7}, 16, 16),
        ({4: 1.0, 8: 1.5}, 512, 4),
    ],
)
def test_batches_grow_as_long_as_it_pays_and_memory_allows(model, monkeypatch, costs, most, expected):
    clock = Clock(costs)
    monkeypatch.setattr(extraction, "_SMALLEST", 4)
    monkeypatch.setattr(extraction.time, "perf_counter", clock)
    monkeypatch.setattr(Extraction, "_most", lambda self: most)

    def compute(batches):
        for _, positions in batches.as_numpy_iterator():
            clock.work(len(positions))
            yield [positions]

    working = Extraction(model, "float32")
    loading = extraction.Loading(1000, lambda _, chosen: Loaded({"x": chosen}, chosen))
    found = [positions for (positions,) in working._batches(compute, loading, np.arange(1000))]
    assert np.concatenate(found).tolist() == list(range(1000))
    assert working.batch_size == expected
    assert max(clock.sizes[-50:]) == expected


def test_few_images_are_not_worth_a_measurement(model, data):
    at = cut(model, model.apply(nothing()))
    working = Extraction(model, "float32")
    each = Wanted(at, Shards(len(data.train), row_of(at, "float32")))
    working.fill([each], lambda index: model.preprocessor(data.train.inputs[index]), lambda *_: None)
    assert working.batch_size is None


@pytest.fixture(scope="module")
def texts():
    """Ninety texts of four to fifty tokens, more than go through a net at once."""
    words = [f"film {index} " + "a b " * (index * 7 % 11) for index in range(130)]
    frame = pd.DataFrame({"text": words, "label": ["x", "y"] * 65})
    return tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)


@pytest.fixture(scope="module")
def of_texts(texts):
    return tfft.build("toy_text", tfft.tasks.classification(texts.labels), seed=1)


def filled_with_texts(model, policies, examples):
    """Tables of the cuts of some policies, and the positions that were read, in order."""
    lengths, reads = examples.inputs.lengths, []

    def read(index):
        reads.append(index)
        return model.preprocessor(examples.inputs[index])

    cuts = [cut(model, model.apply(policy)) for policy in policies]
    room = padded(int(lengths.max()))
    each = [Wanted(at, Shards(len(examples), row_of(at, "float32", room))) for at in cuts]
    Extraction(model, "float32").fill(each, read, lambda *_: None, lengths)
    return each, reads


def test_rows_of_texts_hold_what_the_trunk_computes_of_each_alone(of_texts, texts):
    examples = prepared(of_texts.preprocessor, texts.train).examples
    each, reads = filled_with_texts(of_texts, [last_blocks(1), nothing()], examples)
    assert sorted(set(reads)) == list(range(len(examples)))
    for wanted_here in each:
        trunk = trunk_net(of_texts, wanted_here.at)
        for index in (0, 7, 50, len(examples) - 1):
            row = examples.inputs[index]
            arrays = of_texts.preprocessor.collate([row])
            expected = trunk({name: array[:, : len(row)] for name, array in arrays.items()})
            expected = expected if isinstance(expected, (list, tuple)) else [expected]
            kept = unpacked(wanted_here.table.take(np.array([index])), wanted_here.at, "float32", len(row))
            assert list(kept) == [f"features_{number}" for number in range(len(expected))]
            for one, other in zip(kept.values(), expected, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5)


def test_texts_of_like_length_go_through_the_trunk_together(of_texts, texts, monkeypatch):
    collate, batches = TextPreprocessor.collate, []

    def noting(self, rows):
        batches.append(sorted(map(len, rows)))
        return collate(self, rows)

    monkeypatch.setattr(TextPreprocessor, "collate", noting)
    monkeypatch.setattr(extraction, "_TEXTS", 16)
    examples = prepared(of_texts.preprocessor, texts.train).examples
    filled_with_texts(of_texts, [nothing()], examples)
    whole = sorted((batch for batch in batches if len(batch) > 1), key=max)
    assert sum(map(len, whole)) >= len(examples)
    assert all(max(shorter) <= min(longer) for shorter, longer in pairwise(whole))


def test_a_later_cut_of_texts_is_computed_from_an_earlier_one(of_texts, texts):
    examples = prepared(of_texts.preprocessor, texts.train).examples
    (early,), _ = filled_with_texts(of_texts, [last_blocks(1)], examples)
    (alone,), _ = filled_with_texts(of_texts, [nothing()], examples)
    late = Wanted(alone.at, Shards(len(examples), row_of(alone.at, "float32")))
    Extraction(of_texts, "float32").fill([early, late], pytest.fail, lambda *_: None, examples.inputs.lengths)
    everything = np.arange(len(examples))
    found, expected = (unpacked(w.table.take(everything), w.at, "float32") for w in (late, alone))
    assert list(found) == list(expected)
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], atol=1e-5)


def test_two_workers_with_a_common_folder_compute_each_row_once(model, data, tmp_path, monkeypatch):
    """As threads, each with tables of its own in the same folder."""
    import threading

    count, reads = len(data.train), [[], []]
    each = [wanted(model, nothing(), count, tmp_path, per_shard=8) for _ in range(2)]

    def work(index):
        def read(position):
            reads[index].append(position)
            return model.preprocessor(data.train.inputs[position])

        Extraction(model, "float32", share=(index, 2)).fill([each[index]], read, lambda *_: None)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    alone = wanted(model, nothing(), count)
    filled(model, [alone], data.train)
    for found in each:
        assert found.table.missing() == []
        both = (unpacked(t.take(np.arange(count)), alone.at, "float32") for t in (found.table, alone.table))
        np.testing.assert_allclose(*(arrays["features_0"] for arrays in both), atol=1e-6)
    # each reads the first of its rows once more to learn the shape
    assert not (set(reads[0]) & set(reads[1])) - {0}
    assert len(reads[0]) + len(reads[1]) <= count + 2


def test_rows_that_no_other_worker_writes_are_computed_after_all(model, data, tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "_PATIENCE", 0.3)
    each = wanted(model, nothing(), len(data.train), tmp_path, per_shard=8)
    Extraction(model, "float32", share=(1, 2)).fill(
        [each], lambda position: model.preprocessor(data.train.inputs[position]), lambda *_: None
    )
    assert each.table.missing() == []
