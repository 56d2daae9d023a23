"""Arguments of a search are checked before anything is loaded, and say what the search consists of."""

import json

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError, PlanError, TfftError
from tfft.tuning.search_arguments import Options, check_arguments, check_home, contents_of
from tfft.tuning.trial_training import Setting


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"plan": 1}, TypeError, r"search\(\) has no argument 'plan'\. Did you mean 'plans'"),
        ({"epochs": 5}, TypeError, "has no argument 'epochs'"),
        ({"task": "classification"}, DataError, r"task must come from tfft\.tasks\. Got: a str"),
        ({"plans": tfft.plans.head_only()}, PlanError, r"plans must be a list of plans\. Got: a Plan"),
        ({"plans": ["full"]}, PlanError, "plans must be a list of plans"),
        ({"examples": 9}, DataError, "examples=9 must be a whole number of at least 10"),
        ({"examples": True}, DataError, "examples=True"),
        ({"precision": "float8"}, PlanError, "float8"),
    ],
)
def test_wrong_options_are_refused(data, options, error, match):
    with pytest.raises(error, match=match):
        check_arguments(data, 10, 32, options)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf"), "10", True, None])
def test_a_budget_is_a_number_of_minutes(data, minutes):
    with pytest.raises(DataError, match=r"budget_minutes=.* must be a number of minutes above 0"):
        check_arguments(data, minutes, 32, {})


def test_good_options_keep_the_defaults_of_the_others(data):
    assert check_arguments(data, 0.5, "auto", {}) == Options(None, None, 500, "auto", "auto")
    with pytest.raises(TfftError, match="batch_size"):
        check_arguments(data, 0.5, 0, {})


def test_several_workers_are_refused(data, monkeypatch):
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(PlanError, match=r"not with several workers\. Got: 2 workers"):
        check_arguments(data, 10, 32, {})


def test_a_folder_may_be_new_but_must_be_writable(tmp_path):
    assert check_home(None) is None
    assert check_home(str(tmp_path / "new")) == tmp_path / "new"
    (tmp_path / "file").write_text("")
    with pytest.raises(TfftError, match="it is a file"):
        check_home(tmp_path / "file")
    with pytest.raises(TfftError, match="does not expand '~'"):
        check_home("~/searches")
    with pytest.raises(TfftError, match="must be the path of a folder"):
        check_home("")


def setting(data, backbone="toy", **changes):
    described = tfft.load_backbone(backbone) if isinstance(backbone, str) else backbone
    about = {"seed": 0, "batch_size": 8, "examples": 500, "cache": tfft.data.Cache(), "precision": "auto"} | changes
    task = tfft.tasks.classification(data.labels)
    return Setting(data, {"net": described}, task, **about, progress=False, note=print)


def net(value, **options):
    pixels = keras.Input((16, 16, 3))
    layer = keras.layers.Conv2D(4, 1, name="mixed", **options)
    features = layer(pixels)
    layer.set_weights([np.full((1, 1, 3, 4), value, np.float32), np.ones(4)])
    return tfft.load_backbone(keras.Model(pixels, features, name="own"), pixel_range="zero_to_one")


def test_what_changes_the_trials_changes_the_contents(data):
    same = contents_of(setting(data), None)
    assert same == contents_of(setting(data), None)
    assert json.loads(json.dumps(same)) == json.loads(json.dumps(contents_of(setting(data), None)))
    fewer = tfft.data.Splits(data.train.take(range(20)), data.validation, data.test, data.labels)
    others = [
        contents_of(setting(fewer), None),
        contents_of(setting(data, "tfft_mini"), None),
        contents_of(setting(data, seed=1), None),
        contents_of(setting(data, batch_size="auto"), None),
        contents_of(setting(data, precision="float32"), None),
        contents_of(setting(data), [tfft.plans.full()]),
    ]
    assert all(other != same for other in others)


def test_the_test_part_is_no_content_because_no_trial_has_it(data):
    without = tfft.data.Splits(data.train, data.validation, None, data.labels)
    assert contents_of(setting(without), None) == contents_of(setting(data), None)


def test_models_in_memory_are_told_apart_by_their_weights_and_their_layers(data):
    one, same, other = (contents_of(setting(data, net(value)), None) for value in (0.5, 0.5, 0.25))
    assert one == same != other
    assert contents_of(setting(data, net(0.5, activation="tanh")), None) not in (one, other)
