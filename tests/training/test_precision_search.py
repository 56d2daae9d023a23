"""The precision of a run: what was asked for, or what trials on its own images say, remembered, and written into the record."""

import json

import numpy as np
import pytest

import tfft
from tfft.accelerate.precision import DtypeTrial, Precision
from tfft.core import machine
from tfft.core.errors import RunWarning
from tfft.training import precision_search


def built(data, **options):
    return tfft.build("toy", tfft.tasks.classification(data.labels), **options)


PLAN = tfft.plans.two_phase(head_epochs=1, tune_epochs=1)


@pytest.fixture
def asked(monkeypatch):
    """Trials that say which work was asked for, and which times we like; however little work there is."""
    asked = []

    def tried(work, dtypes):
        answers = {dtype: work(dtype) for dtype in ("float32", *dtypes)}
        exact = answers["float32"]
        errors = {name: float(np.linalg.norm(found - exact) / np.linalg.norm(exact)) for name, found in answers.items()}
        asked.append((exact.size, errors))
        return [DtypeTrial(dtype, FAST[dtype], errors[dtype]) for dtype in answers]

    monkeypatch.setattr(precision_search, "tried", tried)
    monkeypatch.setattr(precision_search, "_WORTH_SECONDS", 0)
    monkeypatch.setattr(precision_search, "_SHORT", 0)
    monkeypatch.setattr(machine, "may_gain_from_half_precision", lambda: True)
    return asked


FAST = {"float32": 1.0, "bfloat16": 0.1, "float16": 0.5}


@pytest.mark.slow
def test_forward_and_training_are_tried_apart_on_the_runs_own_images(asked, data):
    run = tfft.fit(built(data), data, PLAN)
    assert run.precision == Precision("bfloat16", "bfloat16")
    (values, forward_errors), (gradients, errors) = asked
    model = built(data)
    assert values == 8 * model.backbone_net.output.shape[-1]
    assert gradients == model.apply(PLAN.phases[1].trainable).totals()[0]
    assert 0 < forward_errors["float16"] < forward_errors["bfloat16"] < 0.02
    assert 0 < errors["bfloat16"] < 0.02


@pytest.mark.slow
def test_a_second_run_remembers(asked, data):
    for _ in range(2):
        run = tfft.fit(built(data), data, PLAN)
        assert run.precision.trunk == "bfloat16"
    assert len(asked) == 2


@pytest.mark.slow
def test_other_weights_are_tried_anew(asked, data):
    for seed in range(2):
        tfft.fit(built(data, seed=seed), data, PLAN)
    assert len(asked) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda images: tfft.plans.full(1, train_norms=True),
        lambda images: tfft.Plan(tfft.Phase("some", tfft.trainable.match("block1_conv/.*"), 1, 1e-3)),
    ],
)
def test_another_policy_is_tried_anew_even_where_the_cut_is_the_same(asked, data, change):
    tfft.fit(built(data), data, tfft.plans.full(1))
    tfft.fit(built(data), data, tfft.plans.full(1))
    assert len(asked) == 1
    tfft.fit(built(data), data, change(data))
    assert len(asked) == 2


@pytest.mark.slow
def test_another_net_is_tried_anew_though_nothing_of_it_is_frozen(asked, data):
    task = tfft.tasks.classification(data.labels)
    for options in ({}, {"size": 32}):
        tfft.fit(tfft.build(tfft.load_backbone("toy", **options), task), data, tfft.plans.full(1))
    assert len(asked) == 2


@pytest.mark.slow
def test_a_head_alone_needs_no_trial_of_training_and_a_whole_net_none_of_a_trunk(asked, data):
    assert tfft.fit(built(data), data, tfft.plans.head_only(1)).precision == Precision("bfloat16", "float32")
    assert tfft.fit(built(data), data, tfft.plans.full(1)).precision == Precision("float32", "bfloat16")
    assert len(asked) == 2


def test_a_short_run_stays_in_float32(monkeypatch, data):
    monkeypatch.setattr(precision_search, "tried", pytest.fail)
    monkeypatch.setattr(machine, "may_gain_from_half_precision", lambda: True)
    monkeypatch.setattr(machine, "multiplications_a_second", pytest.fail)
    assert tfft.fit(built(data), data, PLAN).precision == Precision()


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "trials"), [(1e7, 2), (1e15, 0)])
def test_the_speed_of_the_machine_decides_whether_a_run_is_long_enough_for_a_trial(
    asked, monkeypatch, data, rate, trials
):
    monkeypatch.setattr(precision_search, "_WORTH_SECONDS", 0.01)
    monkeypatch.setattr(machine, "multiplications_a_second", lambda: rate)
    tfft.fit(built(data), data, PLAN)
    assert len(asked) == trials


@pytest.mark.slow
def test_the_speed_is_measured_once_so_that_equal_runs_have_equal_trials(asked, monkeypatch, data):
    monkeypatch.setattr(precision_search, "_WORTH_SECONDS", 0.01)
    rates = iter([1e15])  # a run on a busy machine would measure less
    monkeypatch.setattr(machine, "multiplications_a_second", lambda: next(rates))
    for _ in range(2):
        tfft.fit(built(data), data, PLAN)
    assert not asked


def test_a_cpu_without_instructions_for_half_precision_tries_nothing(asked, monkeypatch, data):
    monkeypatch.setattr(machine, "may_gain_from_half_precision", lambda: False)
    assert tfft.fit(built(data), data, tfft.plans.head_only(1)).precision == Precision()
    assert not asked


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float16", ("float16", "float32"), ("float32", "float16")])
def test_what_was_asked_for_is_computed_and_close_to_float32(monkeypatch, data, precision):
    monkeypatch.setattr(precision_search, "tried", pytest.fail)
    exact = tfft.fit(built(data, precision="float32"), data, PLAN)
    near = tfft.fit(built(data, precision=precision), data, PLAN)
    losses = np.array([exact.history()["val_loss"], near.history()["val_loss"]])
    assert 0 < np.abs(losses[0] - losses[1]).max() < 0.01
    assert near.precision == Precision.of(precision)
    assert f"precision={(near.precision.trunk, near.precision.tail)!r}" in near.to_code()
    assert near.to_dict()["precision"] == {"trunk": near.precision.trunk, "tail": near.precision.tail}
    assert {variable.dtype for variable in near.model.net.variables} == {"float32"}


def test_features_too_large_for_float16_are_computed_in_float32(data):
    model = built(data, precision=("float16", "float32"))
    last = [variable for variable in model.backbone_net.weights if "beta" in variable.path][-1]
    last.assign(np.asarray(last) + 1e6)
    with pytest.warns(RunWarning, match="toy in float16 are NaN or infinite.*float32"):
        run = tfft.fit(model, data, tfft.plans.head_only(1))
    assert run.precision == Precision()
    assert np.isfinite(run.history()["val_loss"]).all()


def test_the_record_on_disk_says_it(data, tmp_path):
    run = tfft.fit(built(data, precision="bfloat16"), data, PLAN, run_folder=tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["precision"] == {"trunk": "bfloat16", "tail": "bfloat16"}
    assert "bfloat16" in run.phases[0].reads
