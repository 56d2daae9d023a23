"""The search for a learning rate leaves no trace, and its suggestion trains."""

from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError, PlanError
from tfft.tuning import learning_rate
from tfft.tuning.learning_rate import LearningRateCurve, find_learning_rate

PLAN = tfft.plans.two_phase(head_epochs=2, tune_epochs=2)
FULL = tfft.plans.full(epochs=2, train_norms=True)


def state_of(model):
    """All values and flags of a net."""
    return [np.array(v.numpy()) for v in model.net.variables], [
        (v.trainable, layer.trainable)
        for net in (model.backbone_net, model.head_net)
        for layer in net.layers
        for v in layer.variables
    ]


def assert_same(one, other):
    for before, after in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(before, after)
    assert one[1] == other[1]


@pytest.mark.parametrize("cache", ["memory", "off"])
def test_a_fit_gives_the_same_run_with_and_without_a_search_before(data, cache):
    found = {}
    for searched in (False, True):
        model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.3), seed=1, cache=cache)
        before = state_of(model)
        if searched:
            for phase in (None, PLAN.phases[1], FULL.phases[0]):
                find_learning_rate(model, data, phase, batch_size=8, steps=20)
                assert_same(before, state_of(model))
                assert model.seen is None
        run = tfft.fit(model, data, PLAN, seed=3, batch_size=8, progress=False)
        found[searched] = run.history(), [np.array(weight.numpy()) for weight in model.net.weights]
    assert found[False][0] == found[True][0]
    for one, other in zip(found[False][1], found[True][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_search_gives_the_same_curve_and_another_seed_another(model, data):
    curves = [find_learning_rate(model, data, FULL.phases[0], seed=seed, batch_size=8, steps=25) for seed in (0, 0, 1)]
    assert curves[0] == curves[1] != curves[2]
    assert len(curves[0].losses) == len(curves[0].rates)
    np.testing.assert_allclose(curves[0].rates, np.geomspace(1e-6, 1, 25)[: len(curves[0].rates)])


def test_the_first_loss_is_that_of_the_model_and_the_rates_are_used(model, data):
    whole = {"batch_size": len(data.train), "steps": 20, "between": (1e-9, 1e-8)}
    curve = find_learning_rate(model, data, tfft.plans.full().phases[0], **whole)
    start = tfft.evaluate(model, data.train).metrics["log_loss"]["value"]
    np.testing.assert_allclose(curve.losses, start, rtol=1e-4)  # such rates change nothing
    assert curve.suggestion is None
    assert "did not fall at any learning rate from 1e-09 to 1e-08" in curve.describe()


def test_a_training_that_leaves_stops_early_and_the_model_comes_back(model, data):
    before = state_of(model)
    curve = find_learning_rate(model, data, FULL.phases[0], batch_size=8, steps=40, between=(1e-4, 10.0))
    assert len(curve.losses) < 40
    assert np.isfinite(curve.losses).all()
    assert_same(before, state_of(model))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_after_an_error_or_ctrl_c_the_model_is_as_before(model, data, monkeypatch, stop):
    class Stopping(learning_rate.Steps):
        calls = 0

        def train(self, iterator, count):
            Stopping.calls += 1
            if Stopping.calls == 7:
                raise stop
            return super().train(iterator, count)

    monkeypatch.setattr(learning_rate, "Steps", Stopping)
    before = state_of(model)
    with pytest.raises(stop):
        find_learning_rate(model, data, FULL.phases[0], batch_size=8, steps=20)
    assert_same(before, state_of(model))


def test_the_suggestion_is_a_tenth_of_the_rate_with_the_lowest_smoothed_loss():
    rates = np.geomspace(1e-6, 1.0, 61)  # ten steps for each power of ten
    losses = 1 + (np.log10(rates) + 2) ** 2 / 10 + 0.01 * np.cos(np.arange(61) * np.pi)
    found = learning_rate._suggested(rates, losses.tolist())
    assert found == pytest.approx(1e-3, rel=0.3)
    curve = LearningRateCurve("tune", tuple(rates.tolist()), tuple(losses.tolist()), found)
    assert "learning_rate=0.001" in curve.describe()
    assert curve.to_dict()["suggestion"] == found
    assert [axes.get_xscale() for axes in curve.plot().axes] == ["log"]
    assert "<svg" in curve._repr_html_()
    assert learning_rate._suggested(rates, np.full(61, 0.7).tolist()) is None


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"phase": PLAN}, r"takes one phase of a plan\. Got: a Plan"),
        ({"phase": tfft.plans.linear_probe().phases[0]}, r"has no learning rate\. Got: optimizer='lbfgs'"),
        ({"steps": 5}, "at least 20"),
        ({"steps": True}, "at least 20"),
        ({"between": (1.0, 1e-3)}, "the lower one first"),
        ({"between": (0.0, 1.0)}, "the lower one first"),
        ({"between": 1e-3}, "the lower one first"),
        ({"between": (True, "1")}, "the lower one first"),
    ],
)
def test_wrong_arguments_are_refused(model, data, options, match):
    with pytest.raises(PlanError, match=match):
        find_learning_rate(model, data, **options)


def test_a_part_of_the_data_is_refused(model, data):
    with pytest.raises(DataError, match=r"not data\.train"):
        find_learning_rate(model, data.train)


def test_a_phase_of_a_refit_can_be_searched(model, data):
    phase = tfft.plans.full(epochs=60, train_norms=True).phases[0]
    cut = replace(phase, last_epoch=55)
    assert find_learning_rate(model, data, cut, steps=20) == find_learning_rate(model, data, phase, steps=20)


@pytest.mark.parametrize(
    ("losses", "left"),
    [
        ([1.1, 1.0, 0.03, 0.9, 0.8, 0.13, 0.5], False),  # one easy batch
        ([0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.81], True),
        ([0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.79], False),
        ([0.1, 9.0], False),  # too few
        ([1.1, float("nan")], True),
        ([1.1, float("inf")], True),
        ([1.1], False),
    ],
)
def test_a_training_has_left_when_its_mean_loss_is_high_not_after_one_easy_batch(losses, left):
    assert learning_rate._diverged(losses) == left


def test_several_workers_are_refused(model, data, monkeypatch):
    monkeypatch.setattr(learning_rate, "cluster_of", lambda _: object())
    with pytest.raises(PlanError, match=r"works in one process\. Got: several workers\. Search on one machine"):
        find_learning_rate(model, data)
