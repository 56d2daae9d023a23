"""Trials begin with equal models, one model is in memory besides the best, and an interrupted trial continues in its epoch."""

import gc
import json
import shutil
import signal
import weakref

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import TfftError
from tfft.tuning import successive_halving, trial_training

PLANS = [tfft.plans.head_only(4, 0.05), tfft.plans.head_only(8, 0.1)]
QUICK = {"batch_size": 8, "progress": False}


@pytest.fixture(autouse=True)
def _a_short_default_plan(monkeypatch):
    listed = [("default plan", tfft.plans.head_only(2))]
    monkeypatch.setattr(successive_halving, "plans_around_default", lambda *_: listed)


def summary(found):
    """All that must not depend on interruptions."""
    rows = [(trial.label, trial.rung, trial.value, trial.kept, trial.epochs) for trial in found.trials]
    weights = [weight.tobytes() for weight in found.model.net.get_weights()]
    return rows, weights, found.report.to_dict()["metrics"]


class Stopping(keras.callbacks.Callback):
    """Press Ctrl-C after an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self._last = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self._last:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def _ctrl_c():
    """Set the handler of a new process: a shell ignores SIGINT for background processes."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a search without a folder found, and the folder of a finished one; each is searched once."""
    return {"home": tmp_path_factory.mktemp("searches") / "finished"}


@pytest.fixture
def whole(data, made):
    if "whole" not in made:
        made["whole"] = summary(tfft.search(data, ["toy"], plans=PLANS, **QUICK))
    return made["whole"]


@pytest.fixture
def finished(data, made, tmp_path):
    """A copy of the folder of a finished search."""
    if not made["home"].exists():
        tfft.search(data, ["toy"], plans=PLANS, folder=made["home"], **QUICK)
    return shutil.copytree(made["home"], tmp_path / "search")


@pytest.mark.usefixtures("_ctrl_c")
def test_a_search_that_ctrl_c_interrupts_within_a_trial_ends_as_one_that_was_not(
    data, tmp_path, monkeypatch, whole, capsys
):
    fit, count, home = trial_training.fit, [0], tmp_path / "search"

    def stopping(*arguments, **options):
        count[0] += 1
        callbacks = [Stopping(0)] if count[0] == 3 else []
        return fit(*arguments, **options, callbacks=callbacks)

    monkeypatch.setattr(trial_training, "fit", stopping)
    with pytest.raises(KeyboardInterrupt):
        tfft.search(data, ["toy"], plans=PLANS, folder=home, batch_size=8)
    assert "interrupted after 2 finished trainings" in capsys.readouterr().err
    record = json.loads((home / "search.json").read_text())
    assert len(record["trials"]) == 2
    best = min(record["trials"], key=lambda trial: trial["loss"])
    kept = [path.parent for path in (home / "trials").rglob("model.weights.h5")]
    assert any(json.loads((folder / "run.json").read_text())["plan"] == best["plan"] for folder in kept)
    monkeypatch.setattr(trial_training, "fit", fit)
    found = tfft.search(data, ["toy"], plans=PLANS, folder=home, **QUICK)
    assert summary(found) == whole
    events = [json.loads(line)["event"] for path in home.rglob("log.jsonl") for line in path.read_text().splitlines()]
    assert "resume" in events
    assert (home / "leaderboard.json").is_file()
    assert (home / "leaderboard.txt").read_text() == found.describe() + "\n"


def test_a_finished_search_is_read_and_not_trained_again(data, finished, monkeypatch, whole):
    monkeypatch.setattr(trial_training.Trials, "_train", lambda *_: pytest.fail("a trial was trained"))
    assert summary(tfft.search(data, ["toy"], plans=PLANS, folder=finished, **QUICK)) == whole


def test_lost_weights_of_the_best_trial_are_trained_again(data, finished, whole):
    for path in finished.rglob("checkpoints/*"):
        path.unlink()
    assert summary(tfft.search(data, ["toy"], plans=PLANS, folder=finished, **QUICK)) == whole


def test_another_search_in_the_folder_is_refused(data, tmp_path):
    tfft.search(data, ["toy"], plans=PLANS[:1], folder=tmp_path / "s", **QUICK)
    with pytest.raises(TfftError, match=r"started differently\. Got: 'seed: 0 then, 1 now'"):
        tfft.search(data, ["toy"], plans=PLANS[:1], folder=tmp_path / "s", seed=1, **QUICK)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("")
    with pytest.raises(TfftError, match="is not the folder of a search"):
        tfft.search(data, ["toy"], folder=tmp_path / "other")


def test_a_second_search_at_the_same_time_is_refused(data, tmp_path, monkeypatch):
    def nested(*_, **__):
        return tfft.search(data, ["toy"], plans=[], folder=tmp_path, **QUICK)

    monkeypatch.setattr(trial_training, "fit", nested)
    with pytest.raises(TfftError, match="Another training uses the folder"):
        tfft.search(data, ["toy"], plans=[], folder=tmp_path, **QUICK)


def test_each_trial_has_a_new_model_of_the_same_seed_and_only_the_best_stays(data, monkeypatch):
    fit, nets, begun, alive = trial_training.fit, [], [], []

    def watched(model, *arguments, **options):
        gc.collect()
        alive.append(sum(net() is not None for net in nets))
        nets.append(weakref.ref(model.net))
        begun.append([weight.tobytes() for weight in model.net.get_weights()])
        return fit(model, *arguments, **options)

    monkeypatch.setattr(trial_training, "fit", watched)
    found = tfft.search(data, ["toy"], plans=PLANS, **QUICK)
    assert len(begun) > 3
    assert all(weights == begun[0] for weights in begun)
    assert max(alive) == 1
    del watched
    gc.collect()
    assert [net() for net in nets if net() is not None] == [found.model.net]


def test_features_that_are_nan_fail_their_own_trials_alone(data):
    pixels = keras.Input((16, 16, 3))
    layer = keras.layers.Conv2D(8, 1, name="mixed")
    features = layer(pixels)
    layer.set_weights([np.full((1, 1, 3, 8), np.nan, np.float32), np.ones(8)])
    broken = tfft.load_backbone(keras.Model(pixels, features, name="broken"), pixel_range="zero_to_one")
    found = tfft.search(data, [broken, "toy"], 0.001, plans=[], **QUICK)
    assert "NaN or infinite" in found.trials[0].error
    assert found.best.backbone == "toy"
    with pytest.raises(
        TfftError, match=r"No trial of the search has finished\. Got: 1 failed; the first one: <broken>, default"
    ):
        tfft.search(data, [broken], 0.001, plans=[], **QUICK)
