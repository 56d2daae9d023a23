"""Two replicas train what one device trains: losses and weights agree over a whole two-phase run."""

import pytest

from tests import forked
from tests.modules import publish, tiny

CODE = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft
from tfft.core.errors import PlanError

random = np.random.default_rng(0)
targets = np.arange(96) % 2
images = random.integers(0, 120, (96, 16, 16, 3)).astype(np.uint8)
images[targets == 1, ..., 0] += 130
data = tfft.data.from_arrays(images, targets, holdout=(0.16, 0.2))  # 62 train, 15 or 16 validation: uneven last batches
plan = tfft.plans.two_phase(3, 3, blocks=2, learning_rate=0.05, tune_learning_rate=0.01)
# Keras by itself clips each replica's share of the gradient: with so low a limit that would be twice the step
plan = plan.with_phases(clip_norm=0.01, weight_decay=0.1, averaging=0.3)
runs, reports = [], []
for strategy in (None, "mirrored"):
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, strategy=strategy)
    runs.append(tfft.fit(model, data, plan, batch_size=8, seed=2))
    reports.append(tfft.evaluate(model, data.test).metrics["log_loss"]["value"])
    tfft.load(tfft.export(model, f"{{{folder!r}}}/{strategy}.tfft"))
one, two = runs
for name, values in one.history().items():
    np.testing.assert_allclose(two.history()[name], values, atol=1e-5, err_msg=name)
for a, b in zip(one.model.net.get_weights(), two.model.net.get_weights(), strict=True):
    np.testing.assert_allclose(a, b, atol=1e-5)
np.testing.assert_allclose(*reports, atol=1e-5)
assert two.model.strategy.num_replicas_in_sync == 2
assert [[row.moved for row in record.overview.rows] for record in one.phases] == [
    [row.moved for row in record.overview.rows] for record in two.phases
]
assert two.to_dict()["replicas"] == 2
assert 'strategy="mirrored"' in two.to_code()
try:
    tfft.fit(two.model, data, plan, batch_size=1)
    raise AssertionError("1 example for 2 replicas")
except PlanError as found:
    assert "Use 2 or more" in str(found), found
with two.model.strategy.scope():
    try:
        tfft.fit(one.model, data, plan)
        raise AssertionError("one device in a scope")
    except PlanError as found:
        assert "Pass strategy= to build()" in str(found), found
print("equal")
"""


@pytest.mark.slow
def test_two_replicas_equal_one_device_over_a_two_phase_run(tmp_path):
    code = CODE.replace("{{{folder!r}}}", str(tmp_path))
    done = forked.run(code, timeout=600)
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr[-3000:]


TRIALS = """
import os, sys, numpy as np, tensorflow as tf
from dataclasses import replace
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft
from tfft.core import machine
from tfft.training import precision_search

precision_search._WORTH_SECONDS = precision_search._SHORT = 0
machine.may_gain_from_half_precision = lambda: True
tried, errors = precision_search.tried, []

def noticed(work, dtypes):
    trials = tried(work, dtypes[:1])
    errors.append([trial.error for trial in trials])
    return [replace(trial, seconds=1.0) for trial in trials]  # the features of the frozen part are float32 whatever is faster

precision_search.tried = noticed
random = np.random.default_rng(0)
images = random.integers(0, 255, (40, 16, 16, 3)).astype(np.uint8)
data = tfft.data.from_arrays(images, np.arange(40) % 2)
for strategy in (None, "mirrored"):
    os.environ["TFFT_CACHE_DIR"] = os.path.join(sys.argv[1], str(strategy))  # nothing is remembered
    for plan in (tfft.plans.two_phase(1, 1), tfft.plans.full(1)):
        model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, strategy=strategy, cache="memory")
        tfft.fit(model, data, plan, batch_size=8)
one, two = np.array(errors[:3]), np.array(errors[3:])
assert one.shape == two.shape == (3, 2), errors
assert (one[:, 0] == 0).all() and (0 < one[:, 1]).all() and (one[:, 1] < 0.05).all(), errors
np.testing.assert_allclose(one, two, rtol=0.05)
print("equal")
"""


TAUGHT = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft

random = np.random.default_rng(0)
targets = np.arange(62) % 2
images = random.integers(0, 120, (62, 16, 16, 3)).astype(np.uint8)
images[targets == 1, ..., 0] += 130
data = tfft.data.from_arrays(images, targets)
task = tfft.tasks.classification(data.labels)
augment = (tfft.plans.augmentation.mixup(),)
plan = tfft.Plan(
    tfft.Phase("head", tfft.trainable.nothing(), 2, 0.05),
    tfft.Phase("tune", tfft.trainable.last_blocks(2), 2, 0.01, augment=augment),
)
histories, weights = [], []
for strategy, of_teacher in ((None, None), ("mirrored", None), (None, "mirrored"), ("mirrored", "mirrored")):
    teacher = tfft.build("toy", task, seed=7, strategy=of_teacher, cache="off")
    teacher.net.weights[-1].assign([1.5, -1.5])
    model = tfft.build("toy", task, seed=1, strategy=strategy, cache="off")
    run = tfft.fit(model, data, plan, batch_size=8, seed=2, teacher=tfft.plans.Teacher(teacher, 3.0, 0.8))
    histories.append(run.history())
    weights.append(run.model.net.get_weights())
for history, own in zip(histories[1:], weights[1:]):
    for name, values in histories[0].items():
        np.testing.assert_allclose(history[name], values, atol=1e-5, err_msg=name)
    for a, b in zip(own, weights[0], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
print("equal")
"""


@pytest.mark.slow
def test_two_replicas_learn_from_a_teacher_as_one_device_does():
    done = forked.run(TAUGHT, timeout=600)
    assert done.stdout.splitlines()[-1:] == ["equal"], done.stderr[-3000:]


@pytest.mark.slow
def test_two_replicas_try_each_precision_as_one_device_does(tmp_path):
    done = forked.run(TRIALS, str(tmp_path), timeout=600)
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr[-3000:]


REAL = """
import sys, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft
from tfft.data.examples import Splits
material = sys.argv[1]
photos = material + "/data/image_classification/hymenoptera"
bees = tfft.data.from_folder(photos, parts={"train": "train", "test": "val"}, seed=0)
few = Splits(bees.train.take(np.arange(0, 192, 3)), bees.validation, bees.test, bees.labels)
file = material + "/weights/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
runs = []
for strategy in (None, "mirrored"):
    backbone = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=file, size=96)
    model = tfft.build(backbone, tfft.tasks.classification(few.labels), seed=1, strategy=strategy)
    runs.append(tfft.fit(model, few, tfft.plans.two_phase(2, 2, tune_learning_rate=1e-4), batch_size=16, seed=2))
one, two = runs
for name, values in one.history().items():
    np.testing.assert_allclose(two.history()[name], values, atol=1e-5, err_msg=name)
for a, b in zip(one.model.net.get_weights(), two.model.net.get_weights(), strict=True):
    np.testing.assert_allclose(a, b, atol=1e-5)
print("equal")
"""


@pytest.mark.real
@pytest.mark.slow
def test_two_replicas_equal_one_device_with_real_weights(material):
    done = forked.run(REAL, str(material), timeout=900)
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr[-3000:]


CASES = """
import sys
import numpy as np, tensorflow as tf
copies = int(sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * copies)
import tfft
from tfft.core.errors import PlanError
from tfft.plans import augmentation, full, two_phase

def data(train, validation, test=6):
    random = np.random.default_rng(0)
    parts = {}
    for name, count in (("train", train), ("validation", validation), ("test", test)):
        targets = np.arange(count) % 3 % 2
        images = random.integers(0, 120, (count, 16, 16, 3)).astype(np.uint8)
        images[targets == 1, ..., 0] += 130
        parts[name] = (images, targets)
    return tfft.data.from_arrays(parts)

plain, norms = two_phase(1, 1, learning_rate=0.02), full(2, 1e-2).with_phases(train_norms=True)
cases = {
    "uneven first batch of validation": (plain, data(32, 9), {}, {}),
    "fewer to validate on than a batch has replicas for": (plain, data(16, 3 if copies == 2 else 5), {"batch_size": copies}, {}),
    "norms that train": (norms, data(32, 13), {}, {}),
    "class weights and mixed pictures": (
        plain.with_phases(augment=(augmentation.mixup(), augmentation.crops())), data(40, 11), {}, {"class_weights": "balanced"},
    ),
    "batches that cannot be dealt out evenly": (plain.with_phases(clip_norm=0.01), data(37, 9), {"batch_size": 7}, {}),
    "a last batch with fewer examples than replicas": (norms, data(33, 9), {}, {}),
    "class weights and uneven shares": (plain, data(39, 11), {"batch_size": 7}, {"class_weights": "balanced"}),
    "features that are kept": (plain.with_phases(weight_decay=0.1), data(36, 10), {"cache": "memory"}, {}),
}
few = ("fewer to validate on than a batch has replicas for", "a last batch with fewer examples than replicas",
       "class weights and uneven shares")
for name, (plan, splits, options, task_options) in cases.items():
    if copies == 4 and name not in few:  # the others know one replica from several, and not two from four
        continue
    options = {"batch_size": 8} | options
    cache = options.pop("cache", "off")
    runs, losses = [], []
    for strategy in (None, "mirrored"):
        task = tfft.tasks.classification(splits.labels, **task_options)
        model = tfft.build("toy", task, seed=1, strategy=strategy, cache=cache)
        runs.append(tfft.fit(model, splits, plan, seed=2, **options))
        losses.append([
            tfft.evaluate(model, part, batch_size=size).metrics["log_loss"]["value"]
            for part, size in ((splits.test, 4), (splits.test.take([0]), 4), (splits.test, 1))
        ])
    for metric, values in runs[0].history().items():
        np.testing.assert_allclose(runs[1].history()[metric], values, atol=2e-5, err_msg=f"{name}: {metric}")
    for a, b in zip(runs[0].model.net.get_weights(), runs[1].model.net.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3 if plan is norms else 1e-5, err_msg=name)
    np.testing.assert_allclose(*losses, atol=1e-4, err_msg=name)
    assert not any(getattr(layer, "synchronized", False) for layer in model.backbone_net.layers)
devices = [device.name for device in tf.config.list_logical_devices("CPU")]
try:
    tfft.build("toy", task, strategy=tf.distribute.experimental.CentralStorageStrategy(devices))
    raise AssertionError("central storage")
except PlanError as found:
    assert "CentralStorageStrategy" in str(found) and "Use MirroredStrategy" in str(found), found
with model.strategy.scope():
    assert tfft.build("toy", task, strategy="mirrored").strategy is model.strategy
print("equal")
"""


@pytest.mark.slow
@pytest.mark.parametrize("copies", [2, 4])
def test_replicas_equal_one_device_whatever_is_trained_and_validated_on(copies):
    done = forked.run(CASES, str(copies), timeout=900)
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr[-3000:]


SAVED = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tfft

targets = np.arange(96) % 2
images = np.random.default_rng(0).integers(0, 120, (96, 16, 16, 3)).astype(np.uint8)
images[targets == 1, ..., 0] += 130
data = tfft.data.from_arrays(images, targets)
runs = []
for strategy in (None, "mirrored"):
    model = tfft.build("FOLDER", tfft.tasks.classification(data.labels), seed=1, strategy=strategy)
    runs.append(tfft.fit(model, data, tfft.plans.two_phase(2, 2, tune_learning_rate=1e-3), batch_size=8, seed=2))
one, two = runs
for name, values in one.history().items():
    np.testing.assert_allclose(two.history()[name], values, atol=1e-5, err_msg=name)
assert {row.block for row in two.phases[1].overview.rows if row.moved} == {"block_2", "head"}
predictor = tfft.load(tfft.export(two.model, "FOLDER.tfft"))
np.testing.assert_allclose(
    predictor.net.predict(images[:8], verbose=0), one.model.net.predict(images[:8], verbose=0), atol=1e-4
)
print("equal")
"""


@pytest.mark.slow
def test_two_replicas_train_a_saved_model_as_one_device_does(tmp_path):
    folder = publish(tiny(), tmp_path / "hub")
    done = forked.run(SAVED.replace("FOLDER", str(folder)), timeout=600)
    assert done.stdout.endswith("equal\n"), done.stdout + done.stderr[-3000:]
