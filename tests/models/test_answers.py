"""Answers are those of the whole net, and what is frozen is computed once for them."""

import numpy as np
import pytest

import tfft
from tfft.data.cache import Cache
from tfft.models import answers, extraction
from tfft.models.answers import logits


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
    """How many pictures went through a trunk."""
    passed = []
    fill = extraction.Extraction.fill

    def counting(self, wanted, read, progress):
        fill(self, wanted, read, lambda done, count: passed.append(done))

    monkeypatch.setattr(extraction.Extraction, "fill", counting)
    return passed


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


def test_they_are_float32_whatever_was_trained_in(data):
    model = built(data, precision="bfloat16")
    tfft.fit(model, data, tfft.plans.two_phase(1, 1))
    np.testing.assert_allclose(logits(model, data.test, 4), expected(model, data.test), rtol=1e-4, atol=1e-6)


def test_what_cannot_be_kept_is_answered_from_pixels(data, tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "tail_net", pytest.fail)
    model = built(data, cache=Cache("disk", tmp_path, max_bytes=10))
    np.testing.assert_allclose(logits(model, data.test, 4), expected(model, data.test), rtol=1e-4, atol=1e-7)


def test_a_net_that_is_cut_through_several_tensors_answers_as_well(data):
    """Keras takes the second of a pair for targets."""
    backbone = tfft.load_backbone("nasnet_mobile", weights=None, size=32)
    model = tfft.build(backbone, tfft.tasks.classification(data.labels))
    model.apply(tfft.trainable.last_blocks(1))
    examples = data.test.take(np.arange(4))
    np.testing.assert_allclose(logits(model, examples, 4), expected(model, examples), rtol=1e-3, atol=1e-6)
