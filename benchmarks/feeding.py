"""Whether decoding and feeding keep the cores busy: steps on photos from disk beside steps on one batch that is in memory already.

    python -m benchmarks.feeding --material ../shared

Both kinds alternate in one process. ``busy`` is CPU time over wall time, of all cores; what the net alone reaches on a batch in
memory is the limit that no feeding can pass. Peak memory is that of the whole process.
"""

import argparse
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import tfft
from benchmarks.accuracy import BATCH, backbone_of, read
from benchmarks.rows import machine
from tfft.accelerate.precision import Precision
from tfft.core.values import Arrays
from tfft.data.pipeline import steps
from tfft.evaluation.render import table
from tfft.models.cuts import cut
from tfft.training.context import RunContext, parts_of
from tfft.training.feature_schedule import Turn
from tfft.training.phase_inputs import prepare
from tfft.training.trunk_cache import TrunkCache

EPOCHS = 2


def in_memory(inputs: Arrays, targets: np.ndarray) -> Any:
    """One batch, over and over."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensors((inputs, targets)).repeat().with_options(options)


def timed(net: Any, batches: Any, count: int) -> tuple[float, float]:
    """Seconds of wall and of CPU that ``count`` steps took."""
    begun, before = time.perf_counter(), os.times()
    net.fit(batches, steps_per_epoch=count, shuffle=False, verbose=0)
    after = os.times()
    return time.perf_counter() - begun, after.user + after.system - before.user - before.system


def peak_gigabytes() -> float:
    """The most memory that this process has held."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def main() -> None:
    """Alternate both kinds for each phase and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    data = read(arguments.material, "flowers5", seed=0)
    backbone = backbone_of(arguments.material, "MobileNetV2-0.35")
    model = tfft.build(backbone, tfft.tasks.classification(data.labels), cache="off")
    count = EPOCHS * steps(len(data.train), BATCH)
    context = RunContext(model, *parts_of(model, data), 0, lambda *_: None)
    cache = TrunkCache(context)
    lines = []
    for phase in tfft.plans.two_phase():
        overview = model.apply(phase.trainable)
        turn = Turn(replace(phase, epochs=EPOCHS), overview, 0, cut(model, overview))
        step = prepare(context, cache, [turn], BATCH, None, Precision())
        net, from_disk = step.net, step.train(0, range(1)).map(lambda batch: (batch.inputs, batch.targets))
        net.compile("adam", model.task.loss(), metrics=model.task.metrics())
        batch = next(iter(from_disk.as_numpy_iterator()))
        measured: dict[str, list[tuple[float, float]]] = {"memory": [], "disk": []}
        timed(net, in_memory(*batch), 3)
        for _ in range(arguments.rounds):
            measured["memory"].append(timed(net, in_memory(*batch), count))
            measured["disk"].append(timed(net, from_disk, count))
        wall = {kind: statistics.median(seconds for seconds, _ in rows) for kind, rows in measured.items()}
        busy = {kind: statistics.median(cpu / seconds for seconds, cpu in rows) for kind, rows in measured.items()}
        images = count * BATCH
        lines.append(
            [
                phase.name,
                *(f"{1000 * wall[kind] / images:.2f}" for kind in wall),
                f"{wall['disk'] / wall['memory']:.2f}",
                *(f"{busy[kind]:.2f}" for kind in busy),
            ]
        )
    header = [
        "phase",
        "ms an image, in memory",
        "ms an image, from disk",
        "ratio",
        "busy, in memory",
        "busy, from disk",
    ]
    print(table(header, lines))
    print(f"peak {peak_gigabytes():.2f} GB; {machine()}")


if __name__ == "__main__":
    main()
