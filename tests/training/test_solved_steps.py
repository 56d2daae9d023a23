"""A phase that solves the head is a phase like any other: proof, record, resume, replicas, bundle."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tests import forked
from tfft.core.errors import PlanError
from tfft.heads.solving import solve_classes
from tfft.plans.phase import LBFGS

PROBE = tfft.plans.linear_probe()
THEN_TUNE = tfft.Plan(*PROBE, tfft.Phase("tune", tfft.trainable.last_blocks(1), 2, 1e-3))


def trained(data, cache="memory", plan=PROBE, task=None, **options):
    model = tfft.build("toy", task or tfft.tasks.classification(data.labels), seed=1, cache=cache)
    return model, tfft.fit(model, data, plan, seed=3, batch_size=16, progress=False, **options)


def features_of(model, examples):
    pixels = np.stack([model.preprocessor(examples.inputs[index]) for index in range(len(examples))]).astype("float32")
    maps = model.backbone_net((pixels / 127.5) - 1, training=False)
    return np.asarray(keras.ops.mean(maps, axis=(1, 2)))


def test_the_weights_are_the_solution_for_the_features_of_all_training_examples(data):
    model, run = trained(data)
    found = solve_classes(
        features_of(model, data.train), np.eye(3)[data.train.targets], np.ones(len(data.train)), seed=0
    )
    logits = features_of(model, data.test) @ found.kernel + found.bias
    pixels = np.stack([model.preprocessor(data.test.inputs[i]) for i in range(len(data.test))]).astype("float32")
    ours = model.net.predict(pixels, verbose=0)
    # other folds may choose the next penalty
    assert (ours.argmax(axis=1) == logits.argmax(axis=1)).mean() > 0.8
    train = tfft.evaluate(model, data.train).metrics
    assert run.history()["loss"][0] == pytest.approx(train["log_loss"]["value"], abs=1e-4)
    assert run.history()["accuracy"][0] == pytest.approx(train["accuracy"]["value"])
    assert [row.path for row in run.phases[0].overview.rows if row.moved] == ["head/logits/kernel", "head/logits/bias"]


def test_features_in_memory_and_pixels_give_the_same_head(data):
    kernels = [np.asarray(trained(data, cache)[0].head_net.get_layer("logits").kernel) for cache in ("memory", "off")]
    np.testing.assert_allclose(*kernels, rtol=1e-3, atol=1e-4)


TWO = """
import json
from dataclasses import replace
from tfft.heads.solving import solve_classes
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft
ids = np.arange(61) % 3
images = np.random.default_rng(0).integers(0, 120, (61, 16, 16, 3), np.uint8)
images[np.arange(61), ..., ids] += 60
data = tfft.data.from_arrays(images, ids)
data = replace(data, train=replace(data.train, groups=(np.arange(len(data.train)) // 3).astype(str)))

def solve(features, targets, weights, seed, together):
    rows.append([features.tolist(), targets.argmax(axis=1).tolist(), together.tolist()])
    return solve_classes(features, targets, weights, seed, together)

rows = []
task = replace(tfft.tasks.classification(data.labels), solve=solve)
for strategy in (None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    model = tfft.build("toy", task, seed=1, strategy=strategy, cache="memory")
    run = tfft.fit(model, data, tfft.plans.linear_probe(), seed=3, batch_size=16, progress=False)
    kernel = np.asarray(model.head_net.get_layer("logits").kernel)
    assert rows[-1][1:] == [data.train.targets.tolist(), (np.arange(len(data.train)) // 3).tolist()]
    print(json.dumps([run.history(), kernel.tolist(), rows[-1][0], run.phases[0].reads]))
"""


def test_two_replicas_give_the_head_of_one_device():
    done = forked.run(TWO, timeout=600)
    assert done.returncode == 0, done.stderr
    one, two = map(json.loads, done.stdout.splitlines())
    np.testing.assert_allclose(one[1], two[1], atol=1e-3)
    np.testing.assert_allclose(one[2], two[2], atol=1e-5)  # the features of the examples, in their order
    assert one[3] == two[3]  # with the penalty
    assert sorted(one[0]) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    for name, values in one[0].items():
        assert two[0][name] == pytest.approx(values, abs=1e-4)


@pytest.mark.parametrize("kind", ["multi", "real"])
def test_labels_and_quantities_are_solved_as_well(toy_arrays, kind):
    images, ids = toy_arrays
    targets = {
        "multi": np.stack([ids == 0, ids > 0, ids < 2], axis=1).astype("float32"),
        "real": images.mean(axis=(1, 2)),
    }[kind]
    data = tfft.data.from_arrays(images, targets)
    _, run = trained(data, task=tfft.tasks.for_labels(data.labels))
    _, trained_by_steps = trained(data, plan=tfft.plans.head_only(3), task=tfft.tasks.for_labels(data.labels))
    assert run.phases[0].best_epoch == 1
    assert run.history()["loss"][0] < min(trained_by_steps.history()["loss"])


def test_class_weights_are_weights_of_the_solution(data):
    few = data.train.take([*np.flatnonzero(data.train.targets != 2), *np.flatnonzero(data.train.targets == 2)[:3]])
    some = replace(data, train=few)
    recalls = []
    for weights in (None, "balanced"):
        model, _ = trained(some, task=tfft.tasks.classification(data.labels, class_weights=weights))
        pixels = np.stack([model.preprocessor(data.test.inputs[i]) for i in range(len(data.test))]).astype("float32")
        recalls.append(model.net.predict(pixels, verbose=0)[:, 2].mean())
    assert recalls[1] > recalls[0]


def test_a_later_phase_goes_on_and_a_stopped_run_is_resumed(data, tmp_path):
    model, whole = trained(data, plan=THEN_TUNE, run_folder=tmp_path / "whole")

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if len(self.model.trainable_variables) > 2 and epoch == 1:
                raise KeyboardInterrupt

    folder = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        trained(data, plan=THEN_TUNE, run_folder=folder, callbacks=[Stop()], save_minutes=1e-9)
    again, resumed = trained(data, plan=THEN_TUNE, run_folder=folder, resume=True)
    assert resumed.history() == whole.history()
    for one, other in zip(model.net.weights, again.net.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_plan_and_run_are_written_and_read(data, tmp_path):
    assert tfft.Plan.from_dict(THEN_TUNE.to_dict()) == THEN_TUNE
    _, run = trained(data, run_folder=tmp_path)
    assert "optimizer='lbfgs'" in run.to_code()
    assert "the head solved exactly" in run.plan.describe()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"epochs": 2}, r"epochs=2 .* It must be 1 with optimizer='lbfgs'"),
        ({"averaging": 0.1}, "averaging=0.1"),
        ({"augment": (tfft.plans.augmentation.flips(),)}, "augment="),
        ({"train_norms": True}, "train_norms=True"),
        ({"optimizer": "lbfg"}, "Did you mean 'lbfgs'"),
    ],
)
def test_phases_that_cannot_be_solved_are_refused(changes, match):
    with pytest.raises(PlanError, match=match):
        PROBE.with_phases(**changes)


@pytest.mark.parametrize(
    ("task", "policy", "match"),
    [
        ({"hidden": (4,)}, tfft.trainable.nothing(), "needs a single Dense layer"),
        ({"label_smoothing": 0.1}, tfft.trainable.nothing(), "needs a single Dense layer"),
        ({}, tfft.trainable.last_blocks(1), "so nothing else can train"),
    ],
)
def test_models_whose_head_cannot_be_solved_are_refused(data, task, policy, match):
    model = tfft.build("toy", tfft.tasks.classification(data.labels, **task))
    with pytest.raises(PlanError, match=match):
        tfft.fit(model, data, tfft.Plan(tfft.Phase("probe", policy, 1, 1e-3, optimizer=LBFGS)), progress=False)


def test_a_teacher_is_refused(data):
    teacher, _ = trained(data)
    with pytest.raises(PlanError, match=r"for the labels alone\. Got: a teacher"):
        trained(data, teacher=teacher)


def test_a_head_that_is_solved_again_stays_as_it_is(data):
    model, run = trained(data)
    before = [np.asarray(weight) for weight in model.head_net.weights]
    again = tfft.fit(model, data, PROBE, seed=3, batch_size=16, progress=False)
    for one, other in zip(before, model.head_net.weights, strict=True):
        np.testing.assert_array_equal(one, np.asarray(other))
    assert again.phases[0].best_epoch == 0
    assert run.phases[0].best_epoch == 1


def test_the_record_has_the_penalty_that_groups_have_chosen(data, monkeypatch):
    seen = []

    def solve(*given):
        seen.append(given[4])
        return solve_classes(*given)

    task = replace(tfft.tasks.classification(data.labels), solve=solve)
    groups = (np.arange(len(data.train)) // 4).astype(str)
    grouped = replace(data, train=replace(data.train, groups=groups))
    _, run = trained(grouped, task=task)
    np.testing.assert_array_equal(seen[0], np.arange(len(groups)) // 4)
    assert ", penalty 0." in run.phases[0].reads or ", penalty 1" in run.phases[0].reads


@pytest.mark.parametrize("changes", [{"weight_decay": 0.1}, {"rates": tfft.plans.Rates(head=2.0)}])
def test_options_without_effect_are_refused(changes):
    with pytest.raises(PlanError, match=f"{next(iter(changes))}=.*optimizer='lbfgs'"):
        PROBE.with_phases(**changes)


def test_dropout_is_refused(data):
    with pytest.raises(PlanError, match="dropout=0"):
        trained(data, task=tfft.tasks.classification(data.labels, dropout=0.5))


def test_many_logits_are_measured_in_parts(data, monkeypatch):
    losses = [trained(data)[1].history()]
    monkeypatch.setattr("tfft.training.solved_steps._MOST_LOGITS", 20)
    losses.append(trained(data)[1].history())
    for name in ("loss", "accuracy"):
        assert losses[0][name] == pytest.approx(losses[1][name], rel=1e-5)


def test_the_record_says_when_a_head_has_not_converged(data):
    def solve(*given):
        return solve_classes(*given)._replace(converged=False)

    _, run = trained(data, task=replace(tfft.tasks.classification(data.labels), solve=solve))
    assert run.phases[0].reads.endswith(", not converged")
