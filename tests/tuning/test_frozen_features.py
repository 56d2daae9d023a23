"""Features are those that the head of a model gets; the examples are chosen fairly, and the same way each time."""

import numpy as np
import pytest

import tfft
from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.models import extraction
from tfft.models.prepared import prepared
from tfft.tuning.frozen_features import frozen_features, sample


def nobody(*_):
    """Progress that nobody watches."""


def classes(counts):
    ids = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    labels = LabelSpace(tuple(f"class {number}" for number in range(len(counts))))
    return Examples(range(len(ids)), ids, labels, tuple(map(str, range(len(ids)))))


def test_the_sample_has_the_same_fraction_of_each_class_in_order():
    examples = classes([600, 300, 100])
    found = sample(examples, 200, seed=0)
    assert len(found) == 200
    np.testing.assert_allclose(np.bincount(found.targets), [120, 60, 20], atol=1)
    assert list(found.inputs) == sorted(set(found.inputs))
    assert list(sample(examples, 200, seed=0).inputs) == list(found.inputs)
    other = sample(examples, 200, seed=1)
    assert list(other.inputs) != list(found.inputs)
    np.testing.assert_allclose(np.bincount(other.targets), [120, 60, 20], atol=1)


def test_every_example_can_be_chosen():
    examples = classes([30, 10])
    chosen = {index for seed in range(60) for index in sample(examples, 10, seed).inputs}
    assert chosen == set(range(40))


def test_quantities_and_several_labels_are_chosen_too():
    values = np.arange(50, dtype=np.float32)[:, None]
    quantities = Examples(range(50), values, LabelSpace(("age",), "real", (25.0,), (15.0,)), tuple(map(str, range(50))))
    assert len(sample(quantities, 20, 0)) == 20
    labels = (np.arange(50)[:, None] % np.array([2, 25]) == 0).astype(np.float32)
    several = Examples(range(50), labels, LabelSpace(("even", "rare"), "multi"), tuple(map(str, range(50))))
    assert len(sample(several, 25, 0)) == 25
    assert sample(several, 25, 0).targets[:, 1].sum() == 1


def test_no_more_examples_than_wanted_are_all_taken(data):
    assert sample(data.train, len(data.train), 0) is data.train


@pytest.mark.parametrize("cache", ["memory", "disk", "off"])
def test_features_are_what_the_head_gets(data, cache):
    model = tfft.build("toy", tfft.tasks.classification(data.labels), cache=cache)
    found = frozen_features(model, prepared(model.preprocessor, data.train), nobody)
    pixels = np.stack([model.preprocessor(item) for item in data.train.inputs]).astype("float32")
    logits = np.asarray(model.net(pixels, training=False))
    kernel, bias = (np.asarray(weight) for weight in model.head_net.get_layer("logits").weights)
    assert found.shape == (len(data.train), 8)
    np.testing.assert_allclose(found @ kernel + bias, logits, atol=1e-5)


@pytest.mark.parametrize("cache", ["memory", "off"])
def test_features_of_texts_do_not_depend_on_padding(cache):
    texts = [f"text {'long ' * (number % 7)}{number}" for number in range(30)]
    data = tfft.data.from_arrays(texts, [0, 1] * 15)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), cache=cache)
    found = frozen_features(model, prepared(model.preprocessor, data.train), nobody)
    predicted = tfft.evaluate(model, data.train)
    kernel, bias = (np.asarray(weight) for weight in model.head_net.get_layer("logits").weights)
    logits = found @ kernel + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(shares[np.arange(len(shares)), data.train.targets]).mean()
    assert predicted.metrics["log_loss"]["value"] == pytest.approx(loss, rel=1e-5)


def test_a_fit_of_the_head_finds_the_features(data, monkeypatch):
    task = tfft.tasks.classification(data.labels)
    model = tfft.build("toy", task, cache="disk")
    frozen_features(model, prepared(model.preprocessor, data.train), nobody)
    computed = []
    fill = extraction.Extraction.fill

    def counted(self, wanted, *rest):
        computed.extend(len(each.table.missing()) and each.table.count for each in wanted)
        return fill(self, wanted, *rest)

    monkeypatch.setattr(extraction.Extraction, "fill", counted)
    fresh = tfft.build("toy", task, cache="disk")
    tfft.fit(fresh, data, tfft.plans.head_only(1), progress=False)
    assert computed == [0, len(data.validation)]
