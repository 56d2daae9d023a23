"""What each acceleration of ``tfft.accelerate.switches`` gains on this machine's device, and how far it changes results.

    python -m benchmarks.accelerations

Each piece of work alternates with the acceleration on and off. A gain below 1 says to turn it off on this device, for example with
``TFFT_ACCELERATE_OFF=folding``. The difference is relative to the norm of the result without acceleration.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import machine
from tfft.accelerate import folding, fusing
from tfft.accelerate.precision import computing
from tfft.accelerate.switches import ACCELERATIONS, VARIABLE
from tfft.evaluation.render import table

BATCH, PIXELS, TOKENS, WIDTH = 32, 224, 512, 384


def folded() -> Callable[[], Any]:
    """Features of MobileNetV2 in inference."""
    import keras
    import tensorflow as tf

    net = keras.applications.MobileNetV2((PIXELS, PIXELS, 3), alpha=0.35, include_top=False, weights=None)
    pixels = np.random.default_rng(0).uniform(-1, 1, (BATCH, PIXELS, PIXELS, 3)).astype("float32")
    call = tf.function(lambda batch: folding.run(net, batch, training=False))
    return lambda: call(pixels).numpy()


def _gradient(net: Any, batch: np.ndarray, call: Callable[[Any], Any]) -> Callable[[], Any]:
    import tensorflow as tf

    @tf.function
    def slopes(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.cast(call(batch), "float32")))
        return tf.concat([tf.reshape(each, [-1]) for each in tape.gradient(loss, net.trainable_weights)], 0)

    return lambda: slopes(batch).numpy()


def fused() -> Callable[[], Any]:
    """The gradient of three blocks of layer norm, Dense and GELU."""
    import keras

    found = inputs = keras.Input((TOKENS, WIDTH))
    for seed in range(3):
        start = keras.initializers.GlorotUniform(seed)
        found = keras.layers.LayerNormalization()(found)
        found = keras.layers.Dense(4 * WIDTH, activation="gelu", kernel_initializer=start)(found)
        found = keras.layers.Dense(WIDTH, kernel_initializer=start)(found)
    net = keras.Model(inputs, found)

    def call(batch: Any) -> Any:
        with fusing.fused(net):
            return net(batch, training=True)

    return _gradient(net, np.random.default_rng(0).normal(size=(4, TOKENS, WIDTH)).astype("float32"), call)


def convolved() -> Callable[[], Any]:
    """The gradient of three convolutions in bfloat16."""
    import keras

    found = inputs = keras.Input((7, 7, 512))
    for seed, size in enumerate((1, 3, 1)):
        start = keras.initializers.HeNormal(seed)
        found = keras.layers.Conv2D(512, size, padding="same", activation="relu", kernel_initializer=start)(found)
    net = keras.Model(inputs, found)

    def call(batch: Any) -> Any:
        with computing(net, "bfloat16"):
            return folding.run(net, batch, training=True)

    return _gradient(net, np.random.default_rng(0).normal(size=(BATCH, 7, 7, 512)).astype("float32"), call)


def stepped() -> Callable[[], Any]:
    """One step of Adam on ten million weights, from the same start each time."""
    import keras
    import tensorflow as tf

    from tfft.training.adam import Adam

    start = np.random.default_rng(0).normal(size=(10, 1000, 1000)).astype("float32")
    variables = [keras.Variable(each) for each in start]
    optimizer = Adam(1e-3, {}, clip_norm=1.0)
    optimizer.build(variables)
    gradients = [tf.constant(each[::-1]) for each in start]
    kept = [*variables, *optimizer.variables]
    before = [variable.numpy() for variable in kept]
    step = tf.function(lambda: optimizer.apply(gradients, variables))

    def work() -> Any:
        for variable, value in zip(kept, before, strict=True):
            variable.assign(value)
        step()
        return variables[0].numpy()

    return work


WORK = {"folding": folded, "fusing": fused, "convolutions": convolved, "adam": stepped}


def main() -> None:
    """Alternate both settings for each acceleration and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    import tensorflow as tf

    rows = []
    for name in ACCELERATIONS:
        works, results, seconds = {}, {}, {"": [], name: []}
        for off in seconds:
            os.environ[VARIABLE] = off
            # the first call traces the work, which reads the switch
            works[off] = WORK[name]()
            results[off] = np.asarray(works[off](), "float64").ravel()
        for _ in range(rounds):
            for off, work in works.items():
                begun = time.perf_counter()
                work()
                seconds[off].append(time.perf_counter() - begun)
        on, plain = statistics.median(seconds[""]), statistics.median(seconds[name])
        difference = np.linalg.norm(results[""] - results[name]) / np.linalg.norm(results[name])
        rows.append([name, f"{plain:.3f}", f"{on:.3f}", f"{plain / on:.2f}", f"{difference:.1e}"])
    print(machine(), ", ".join(device.device_type for device in tf.config.get_visible_devices()))
    print(table(["acceleration", "off, seconds", "on, seconds", "gain", "difference"], rows))


if __name__ == "__main__":
    main()
