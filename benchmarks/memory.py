"""The peak memory of training steps, with each batch computed in 1, 2, 4 and 8 parts.

    python -m benchmarks.memory

Each row is measured in a process of its own: its peak resident memory, less its memory after the net was built. The difference
includes moments, gradients, activations and the batches. The weights are random.
"""

import argparse
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks.rows import machine
from tfft.core.values import Batch
from tfft.evaluation.render import table
from tfft.training.adam import Adam
from tfft.training.steps import Steps

STEPS = 5
CASES = {"BERT of MiniLM's size, 64 texts of 128 tokens": 64, "ResNet50, 32 images of 224 pixels": 32}
PARTS = (1, 2, 4, 8)


def bert(size: int) -> tuple[Any, Any]:
    """A net of the size of MiniLM, and inputs of a batch."""
    import keras
    import keras_hub

    body = keras_hub.models.BertBackbone(30522, 6, 12, 384, 1536, max_sequence_length=512)
    tokens = np.random.default_rng(0).integers(1000, 20000, (size, 128)).astype("int32")
    given = {"token_ids": tokens, "segment_ids": np.zeros_like(tokens), "padding_mask": np.ones_like(tokens)}
    return keras.Model(body.input, keras.layers.Dense(6)(body.output["pooled_output"])), given


def resnet(size: int) -> tuple[Any, Any]:
    """ResNet50 with its norms frozen, and inputs of a batch."""
    import keras

    body = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
    for layer in body.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    images = np.random.default_rng(0).normal(size=(size, 224, 224, 3)).astype("float32")
    pixels = body.input
    return keras.Model({pixels.name: pixels}, keras.layers.Dense(6)(body.output)), {pixels.name: images}


def one(case: str, parts: int) -> None:
    """Print the MB of memory and the seconds of a step."""
    import keras
    import tensorflow as tf

    size = CASES[case]
    net, inputs = bert(size) if case.startswith("BERT") else resnet(size)
    ones = np.ones(size, "float32")
    batch = Batch(inputs, np.eye(6, dtype="float32")[np.arange(size) % 6], ones, ones)
    batches = tf.data.Dataset.from_tensor_slices(batch).batch(size).cache().repeat()
    before = resident()
    optimizer = Adam(1e-5, {}, clip_norm=1.0)
    optimizer.build(net.trainable_variables)
    steps = Steps(net, keras.losses.CategoricalCrossentropy(from_logits=True), [], optimizer, parts=parts)
    iterator = steps.iterate(lambda own: batches)
    steps.train(iterator, 1)  # traces
    begun = time.perf_counter()
    steps.train(iterator, STEPS)
    seconds = (time.perf_counter() - begun) / STEPS
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before:.0f} {seconds:.2f}")


def resident() -> float:
    """The MB of memory that this process has now (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    """Measure, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--parts", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        one(arguments.case, arguments.parts)
        return
    lines = []
    for case in CASES:
        for parts in PARTS:
            command = [sys.executable, "-m", "benchmarks.memory", "--case", case, "--parts", str(parts)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            megabytes, seconds = printed.split()[-2:]
            lines.append([case, str(parts), megabytes, seconds])
            print(lines[-1], flush=True)
    print(table(["net", "parts", "peak memory, MB", "step, s"], lines))
    print(machine())


if __name__ == "__main__":
    main()
