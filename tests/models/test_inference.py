"""Answers are those of the whole net, and what is frozen is computed once for them."""

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.cache.settings import Cache
from tfft.cache.shards import Shards
from tfft.core.errors import RunWarning
from tfft.core.values import argument_of
from tfft.models import extraction, inference
from tfft.models.inference import answered
from tfft.models.prepared import prepared


def logits(model, examples, batch_size):
    """The logits of all examples, float32, shape (n, outputs)."""
    ready = prepared(model.preprocessor, examples)
    return np.stack(answered(model, ready, batch_size)[0].logits)


def built(data, **options):
    return tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, **options)


def expected(model, examples):
    return model.net(np.stack([model.preprocessor(item) for item in examples.inputs]))


@pytest.mark.parametrize("cache", ["auto", "disk", "memory", "off"])
@pytest.mark.parametrize(
    "policy", [tfft.trainable.nothing(), tfft.trainable.last_blocks(1), tfft.trainable.everything()]
)
def test_they_are_those_of_the_whole_net(data, cache, policy):
    model = built(data, cache=cache)
    model.apply(policy)
    found = logits(model, data.train, batch_size=16)
    assert (found.shape, found.dtype) == ((len(data.train), 3), np.float32)
    np.testing.assert_allclose(found, expected(model, data.train), rtol=1e-4, atol=1e-7)


@pytest.fixture
def computed(monkeypatch):
    """How many images went through a trunk."""
    passed = []
    fill = extraction.Extraction.fill

    def counting(self, wanted, read, progress, *lengths):
        fill(self, wanted, read, lambda done, count: passed.append(done), *lengths)

    monkeypatch.setattr(extraction.Extraction, "fill", counting)
    return passed


@pytest.mark.slow
def test_a_second_evaluation_costs_the_tail_only_also_after_training_it(data, computed):
    model = built(data)
    tfft.fit(model, data, tfft.plans.two_phase(1, 1))
    computed.clear()
    logits(model, data.test, 4)
    assert computed[-1] == len(data.test)
    computed.clear()
    first = logits(model, data.test, 4)
    tfft.fit(model, data, tfft.Plan(tfft.Phase("more", tfft.trainable.last_blocks(1), 3, 0.05)))
    computed.clear()
    second = logits(model, data.test, 4)
    assert computed == []
    assert not np.allclose(first, second, atol=1e-3)
    np.testing.assert_allclose(second, expected(model, data.test), rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_they_are_float32_whatever_was_trained_in(data):
    model = built(data, precision="bfloat16")
    tfft.fit(model, data, tfft.plans.two_phase(1, 1))
    np.testing.assert_allclose(logits(model, data.test, 4), expected(model, data.test), rtol=1e-4, atol=1e-6)


def test_what_cannot_be_kept_is_answered_from_pixels(data, tmp_path, monkeypatch):
    monkeypatch.setattr(inference, "tail_net", pytest.fail)
    model = built(data, cache=Cache("disk", tmp_path, max_bytes=10))
    np.testing.assert_allclose(logits(model, data.test, 4), expected(model, data.test), rtol=1e-4, atol=1e-7)


@pytest.mark.slow
def test_a_net_that_is_cut_through_several_tensors_answers_as_well(data):
    """Keras takes the second of a pair for targets."""
    backbone = tfft.load_backbone("nasnet_mobile", weights=None, size=32)
    model = tfft.build(backbone, tfft.tasks.classification(data.labels))
    model.apply(tfft.trainable.last_blocks(1))
    examples = data.test.take(np.arange(4))
    np.testing.assert_allclose(logits(model, examples, 4), expected(model, examples), rtol=1e-3, atol=1e-6)


@pytest.fixture(scope="module")
def texts():
    """Sixty texts of one to thirty words."""
    words = [f"{'fine' if index % 3 else 'bad'} film {index} " + "a b c " * (index * 7 % 10) for index in range(60)]
    frame = pd.DataFrame({"text": words, "label": ["x", "y", "z"] * 20})
    return tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)


def of_texts(texts, **options):
    """A net whose answers differ from text to text."""
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels), seed=1, **options)
    kernel = model.head_net.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return model


def one_by_one(model, examples):
    """Each text alone through the whole net, without padding."""
    found = []
    for item in examples.inputs:
        row = model.preprocessor(item)
        arrays = {name: array[:, : len(row)] for name, array in model.preprocessor.collate([row]).items()}
        found.append(model.net(argument_of(arrays))[0])
    return np.stack(found)


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["auto", "disk", "memory", "off"])
@pytest.mark.parametrize(
    "policy", [tfft.trainable.nothing(), tfft.trainable.last_blocks(1), tfft.trainable.everything()]
)
def test_those_of_texts_come_in_the_order_of_the_examples(texts, cache, policy):
    model = of_texts(texts, cache=cache)
    model.apply(policy)
    found = logits(model, texts.train, batch_size=8)
    assert (found.shape, found.dtype) == ((len(texts.train), 3), np.float32)
    alone = one_by_one(model, texts.train)
    np.testing.assert_allclose(found, alone, atol=1e-5)
    gaps = np.abs(alone[:, None] - alone[None]).max(axis=-1)[~np.eye(len(alone), dtype=bool)]
    assert gaps.min() > 1e-4, "another order would be seen"


def test_a_second_evaluation_of_texts_costs_the_tail_only(texts, computed):
    model = of_texts(texts, cache="disk")
    model.apply(tfft.trainable.last_blocks(1))
    first = logits(model, texts.test, 4)
    assert computed[-1] == len(texts.test)
    computed.clear()
    np.testing.assert_array_equal(logits(model, texts.test, 4), first)
    assert computed == []


def test_the_same_encoder_built_again_costs_the_tail_only(texts, computed):
    first = logits(of_texts(texts, cache="disk"), texts.test, 4)
    computed.clear()
    np.testing.assert_array_equal(logits(of_texts(texts, cache="disk"), texts.test, 4), first)
    assert computed == []


def test_those_of_pairs_of_texts_are_answered_as_well(texts):
    frame = pd.DataFrame(
        {
            "q": [f"who is it {index}" for index in range(20)],
            "a": ["x " * (index % 5) for index in range(20)],
            "label": ["x", "y"] * 10,
        }
    )
    data = tfft.data.from_dataframe(frame, text_column=["q", "a"], label_column="label", seed=0)
    model = of_texts(data)
    np.testing.assert_allclose(logits(model, data.train, 4), one_by_one(model, data.train), atol=1e-5)


def test_wrong_kept_features_are_reported_and_deleted_and_the_net_answers(data, tmp_path, monkeypatch):
    cache = Cache("disk", tmp_path)
    with monkeypatch.context() as patch:
        write = Shards.write

        def wrong(self, number, rows):
            for name in rows.dtype.names:
                rows[name] = rows[name][::-1] + 1
            write(self, number, rows)

        patch.setattr(Shards, "write", wrong)
        with pytest.warns(RunWarning, match=r"differ from those of the whole net: logits of '.*' are off by"):
            first = logits(built(data, cache=cache), data.test, 4)
    model = built(data, cache=cache)
    np.testing.assert_allclose(first, expected(model, data.test), rtol=1e-4, atol=1e-6)
    assert list(tmp_path.rglob("0*.npy")) == []
    np.testing.assert_allclose(logits(model, data.test, 4), first, rtol=1e-4, atol=1e-6)
