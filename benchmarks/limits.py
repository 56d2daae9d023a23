"""How near a trunk comes to what the machine can compute: its GFLOP/s beside those of a plain matrix product, in one process.

    python -m benchmarks.limits --material ../shared

Floating point operations are two for each multiplication with a kernel; those of norms, activations and pooling are left out. The
median of the rounds counts.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.core.graph
import tfft.models.cuts
import tfft.models.trunk
from benchmarks.image import NETS, SIZE, backbone
from benchmarks.rows import machine
from tfft.evaluation.render import table

BATCH = 32
SIDE = 4096


def seconds(work: Callable[[], Any], rounds: int) -> float:
    """The median time of a piece of work that has been done once before."""
    work()
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def measure(material: Path, net: str, dtype: str, rounds: int) -> list[str]:
    """One line: GFLOP/s of the frozen part of a two-phase run, and of a matrix product in the same precision."""
    import tensorflow as tf

    model = tfft.build(backbone(material, net), tfft.tasks.classification(["a", "b"]), cache="off")
    at = tfft.models.cuts.cut(model, model.apply(tfft.trainable.last_blocks(1)))
    trunk = tfft.models.trunk.trunk_net(model, at, dtype)
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3)).astype("float32")
    given = {"pixels": tf.constant(pixels)}
    forward = tf.function(lambda batch: trunk(batch, training=False)).get_concrete_function(given)
    parts = tfft.models.cuts.segments(model, None, at.place)
    work = 2 * BATCH * sum(tfft.core.graph.multiplications(part) for part, _ in parts) / 1e9
    square = tf.cast(tf.random.normal((SIDE, SIDE)), dtype)
    product = tf.function(lambda: tf.matmul(square, square)).get_concrete_function()

    took = seconds(lambda: tf.nest.map_structure(lambda tensor: tensor.numpy(), forward(given)), rounds)
    reached, limit = work / took, 2 * SIDE**3 / 1e9 / seconds(lambda: product().numpy(), rounds)
    return [
        net,
        at.describe(),
        dtype,
        f"{1000 * took / BATCH:.2f}",
        f"{reached:.0f}",
        f"{limit:.0f}",
        f"{reached / limit:.2f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--nets", nargs="*", default=list(NETS), choices=list(NETS))
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    lines = [
        measure(arguments.material, net, dtype, arguments.rounds)
        for net in arguments.nets
        for dtype in ("float32", "bfloat16")
    ]
    print(table(["net", "trunk", "dtype", "ms a picture", "GFLOP/s", "matrix product, GFLOP/s", "share"], lines))
    print(machine())


if __name__ == "__main__":
    main()
