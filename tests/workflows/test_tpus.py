"""What a TPU would run, without a TPU: static shapes, steps that XLA compiles, and a whole fit under TensorFlow's TPUStrategy."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests import forked
from tests.tpu_strategy import directly
from tfft.accelerate.precision import Precision
from tfft.cache.settings import Cache
from tfft.models.cuts import cut
from tfft.plans import augmentation
from tfft.trainable import last_blocks, nothing
from tfft.training.context import RunContext, parts_of
from tfft.training.feature_schedule import Turn
from tfft.training.optimizer import optimizer_for
from tfft.training.phase_inputs import Step, prepare
from tfft.training.steps import Steps
from tfft.training.trunk_cache import TrunkCache

BATCH, EPOCHS = 8, 2
WORDS = ("a", "bee", "sees", "the", "red", "flower", "far", "away")


def images(size=16, count=61):
    random, targets = np.random.default_rng(0), np.arange(count) % 3
    pixels = random.integers(0, 120, (count, size, size, 3)).astype(np.uint8)
    for index, target in enumerate(targets):
        pixels[index, ..., target] += 130
    return tfft.data.from_arrays(pixels, targets)


def texts(count=61):
    random, targets = np.random.default_rng(0), np.arange(count) % 2
    found = [" ".join(random.choice(WORDS, random.integers(1, 25))) + f" {number}" for number in range(count)]
    return tfft.data.from_arrays(
        [text + " good" * int(target) for text, target in zip(found, targets, strict=True)], targets
    )


@dataclass
class Phase:
    """A phase of ``EPOCHS`` epochs on one device."""

    model: Any
    step: Step
    steps: Steps

    def run(self, train: Any = None, validate: Any = None) -> list[dict[str, float]]:
        """Loss and metrics of all epochs, by these functions of a batch, or by those of the phase."""
        logs = []
        batches, held_out = (self.steps.iterate(make) for make in (lambda own: self.step.train(0, own), self.held_out))
        for _ in range(EPOCHS):
            for name, several, count, function in (
                ("", self.steps.train, self.step.train_steps, train),
                ("val_", self.steps.validate, self.step.validation_steps, validate),
            ):
                self.steps.reset()
                iterator = held_out if name else batches
                if function is None:
                    found = several(iterator, count)
                else:
                    for _ in range(count):
                        function(next(iterator))
                    found = self.steps.validate(held_out, 0)
                logs.append({f"{name}{key}": value for key, value in found.items()})
        return logs

    def held_out(self, own):
        return self.step.validation(own).repeat()

    @property
    def weights(self):
        return self.model.net.get_weights()


def phase(backbone, data, policy, fixed, **options):
    """The options of a case: cache, augment, parts, task, dtype."""
    model = tfft.build(backbone, getattr(tfft.tasks, options.get("task", "classification"))(data.labels), seed=3)
    dtype = options.get("dtype", "float32")
    for layer in model.net._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # its random numbers depend on the shape of a batch
    turned = tfft.Phase("tune", policy, EPOCHS, 1e-2, augment=options.get("augment", ()))
    overview = model.apply(turned.trainable)
    turn = Turn(turned, overview, 0, cut(model, overview))
    cached = replace(model, cache=Cache(options.get("cache", "off")))
    context = RunContext(cached, *parts_of(model, data), 0, lambda *_: None)
    weights = {0: 1.0, 1: 2.0, 2: 0.5} if len(data.labels.names) == 3 else None
    step = prepare(context, TrunkCache(context), [turn], BATCH, weights, Precision(dtype, dtype), fixed)
    optimizer = optimizer_for(turned, overview, EPOCHS * step.train_steps)
    optimizer.build(step.net.trainable_variables)
    loss, metrics = model.task.loss(), model.task.metrics()
    return Phase(model, step, Steps(step.net, loss, metrics, optimizer, None, options.get("parts", 1)))


def compiled_by_xla(steps):
    """The training and the validation step, as functions of a batch."""
    both = steps._training_step, steps._validation_step
    return [tf.function(each, jit_compile=True, autograph=False) for each in both]


def assert_close(first, second, tolerance):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one == pytest.approx(other, abs=tolerance)


def several(data, task):
    """The same images with several labels, or a quantity, in place of classes."""
    if task == "classification":
        return data
    pixels = np.stack([data.train.inputs[index] for index in range(len(data.train))])
    numbers = np.random.default_rng(1).integers(0, 2, (len(pixels), 2))
    if task == "multi_label":
        return tfft.data.from_arrays(pixels, numbers, class_names=["one", "two"])
    return tfft.data.from_arrays(pixels, np.linspace(-1.0, 2.0, len(pixels)))


CASES = [
    ("toy", images, last_blocks(1), {}),
    ("toy", images, last_blocks(1), {"cache": "memory", "parts": 3}),
    ("toy_text", texts, last_blocks(1), {"cache": "memory"}),
]
MORE = [
    ("toy_text", texts, last_blocks(1), {}),
    ("toy", images, nothing(), {"cache": "memory"}),
    ("toy", images, last_blocks(1), {"augment": augmentation.mixup(1.0)}),
    ("toy", images, last_blocks(1), {"task": "multi_label"}),
    ("toy", images, last_blocks(1), {"task": "regression"}),
    ("tfft_mini", lambda: images(96), last_blocks(1), {}),
    ("mobilenet_v2", lambda: images(32), last_blocks(1), {}),
]


def load(name):
    return tfft.load_backbone("mobilenet_v2", weights=None, size=32) if name == "mobilenet_v2" else name


@pytest.mark.parametrize(
    ("backbone", "make", "policy", "options"),
    [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE)],
)
def test_fixed_batches_train_what_smaller_ones_train_and_xla_compiles_their_steps_once(backbone, make, policy, options):
    data = several(make(), options.get("task", "classification"))
    smaller, fixed, compiled = (phase(load(backbone), data, policy, each, **options) for each in (False, True, True))
    for batches in (fixed.step.train(0, range(1)), fixed.held_out(range(1))):
        for spec in tf.nest.flatten(batches.element_spec):
            assert spec.shape.is_fully_defined(), spec
    sizes = [len(batch.targets) for batch in smaller.step.train(0, range(1))]
    assert min(sizes) < max(sizes), "the last batch is smaller"
    counted = sum(float(tf.reduce_sum(batch.counted)) for batch in fixed.step.train(0, range(1)))
    assert counted == EPOCHS * len(data.train)

    before, expected = smaller.weights, smaller.run()
    assert_close(fixed.run(), expected, 1e-5)
    functions = compiled_by_xla(compiled.steps)
    assert_close(compiled.run(*functions), expected, 1e-4)
    assert [each.experimental_get_tracing_count() for each in functions] == [1, 1]
    for one, other, xla in zip(smaller.weights, fixed.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
        np.testing.assert_allclose(xla, one, atol=1e-3)
    assert any(np.abs(one - first).max() > 1e-2 for one, first in zip(smaller.weights, before, strict=True))


@pytest.mark.parametrize(
    ("backbone", "make", "tolerance"),
    [
        ("toy", images, 0.01),
        pytest.param("toy_text", texts, 0.01, marks=pytest.mark.slow),
        pytest.param("mobilenet_v2", lambda: images(32), 0.1, marks=pytest.mark.slow),
    ],
)
def test_xla_compiles_the_faster_gradients_in_bfloat16(backbone, make, tolerance):
    data = make()
    exact, short = (phase(load(backbone), data, last_blocks(1), True, dtype=dtype) for dtype in ("float32", "bfloat16"))
    functions = compiled_by_xla(short.steps)
    assert_close(
        [{name: logs[name] for name in logs if "loss" in name} for logs in short.run(*functions)],
        [{name: logs[name] for name in logs if "loss" in name} for logs in exact.run()],
        tolerance,
    )
    assert [each.experimental_get_tracing_count() for each in functions] == [1, 1]
    assert {variable.dtype for variable in short.step.net.trainable_variables} == {"float32"}


def fitted(strategy, backbone, data, folder, **options):
    model = tfft.build(
        backbone, tfft.tasks.classification(data.labels), strategy=strategy, precision="float32", **options
    )
    plan = tfft.plans.two_phase(2, 2).with_phases(averaging=0.3)
    run = tfft.fit(model, data, plan, batch_size=BATCH, run_folder=folder, progress=False)
    return run, tfft.evaluate(model, data.test)


@pytest.mark.parametrize(
    ("backbone", "make", "cache"),
    [
        ("toy", images, "auto"),
        pytest.param("toy_text", texts, "auto", marks=pytest.mark.slow),
        pytest.param("toy_text", texts, "off", marks=pytest.mark.slow),
    ],
)
def test_a_whole_fit_and_evaluation_under_a_tpu_strategy_equal_those_of_one_device(backbone, make, cache, tmp_path):
    data = make()
    expected, report = fitted(None, backbone, data, tmp_path / "one", cache=cache)
    with directly() as strategy:
        run, same_report = fitted(strategy, backbone, data, tmp_path / "tpu", cache=cache)
        assert 'strategy="tpu"' in run.to_code()
        tfft.load(tfft.export(run.model, tmp_path / "model.tfft"))
        weights = run.model.net.get_weights()
    for name, values in expected.history().items():
        np.testing.assert_allclose(run.history()[name], values, atol=1e-5, err_msg=name)
    for one, other in zip(expected.model.net.get_weights(), weights, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
    assert same_report.metrics["log_loss"]["value"] == pytest.approx(report.metrics["log_loss"]["value"], abs=1e-5)


def test_on_tpus_bfloat16_is_used_without_a_trial(monkeypatch):
    monkeypatch.setattr("tfft.training.precision_search.tried", lambda *_: pytest.fail("a trial"))
    data = images()
    with directly() as strategy:
        model = tfft.build("toy", tfft.tasks.classification(data.labels), strategy=strategy)
        run = tfft.fit(model, data, tfft.plans.head_only(epochs=1), batch_size=BATCH, progress=False)
        assert run.precision == Precision("bfloat16", "bfloat16")
        assert {weight.dtype for weight in model.net.weights} >= {"float32"}
        assert "bfloat16" not in {weight.dtype for weight in model.net.weights}


TRACED = """
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.tpu_strategy import on_cpus
from tfft.core.strategy import in_replica, on_each, resolve, synchronized
from tfft.core.values import Batch
from tfft.training.adam import Adam
from tfft.training.checkpoint_files import Snapshot
from tfft.training.state import ReplicaVariables
from tfft.training.steps import Steps

strategy = resolve(on_cpus(2))
with strategy.scope():
    inputs = keras.Input((6, 6, 3), name="pixels")
    hidden = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(inputs))
    hidden = keras.layers.Dropout(0.5)(keras.layers.GlobalAveragePooling2D()(hidden))
    net = keras.Model({"pixels": inputs}, keras.layers.Dense(3)(hidden))
    loss, metric = keras.losses.CategoricalCrossentropy(from_logits=True), keras.metrics.CategoricalAccuracy("accuracy")
    given = {"pixels": tf.ones((4, 6, 6, 3))}
    data = tf.data.Dataset.from_tensors(Batch(given, tf.ones((4, 3)), tf.ones(4), tf.ones(4)))
    for parts in (1, 2):
        optimizer = Adam(0.1, {}, clip_norm=1.0)
        optimizer.build(net.trainable_variables)
        steps = Steps(net, loss, [metric], optimizer, strategy, parts)
        iterator = steps.iterate(lambda own: data.repeat())
        with synchronized(net.layers, 2):
            for function in (steps._train, steps._validate):
                traced = function.get_concrete_function(iterator, tf.constant(1), tf.zeros(4))
        assert len(optimizer.reached) == len(net.trainable_variables), optimizer.reached
        assert steps.alone
    steps.reset()
    pairs = tf.data.Dataset.from_tensors((tf.ones((4, 6, 6, 3)), tf.range(4)))
    sums = ReplicaVariables(steps.variables, strategy)
    zeros = Snapshot({str(index): np.zeros((2, *each.shape), "float32") for index, each in enumerate(steps.variables)}, {})
    for call in (
        lambda: next(on_each(strategy, lambda pixels, numbers: [numbers, net(pixels, training=False)])(pairs)),
        lambda: in_replica(strategy, lambda: net(tf.ones((1, 6, 6, 3)), training=False)),
        sums.snapshot,
        lambda: sums.continue_from(zeros),
        lambda: steps.train(iterator, 1),
    ):
        try:
            call()
        except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:  # traced, but a CPU cannot run it
            assert "No OpKernel was registered to support Op 'TPU" in str(error), error
        else:
            raise AssertionError("it ran")
print("traced")
"""


@pytest.mark.slow
def test_steps_of_two_replicas_are_traced_by_a_tpu_strategy():
    done = forked.run(TRACED, timeout=300)
    assert done.stdout == "traced\n", done.stderr
