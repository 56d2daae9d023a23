"""How near a training step of MiniLM comes to what the machine can compute: GFLOP/s beside those of a plain matrix product.

    python -m benchmarks.text_limits

The times between the ends of a run's epochs, as its log has them, tell what a step takes, all of it included: reading, forward,
backward, clipping and Adam, the average of the weights, and a share of a validation of 32 texts. Floating point operations are two
for each multiplication by a kernel or in attention, three times that for a step; look-ups, norms and activations are left out.
Embeddings are frozen, as by default.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas

import tfft
from benchmarks.limits import SIDE, seconds
from benchmarks.rows import machine
from tfft.core.errors import DataWarning
from tfft.evaluation.render import table

BATCH, STEPS, LAYERS, WIDTH, INNER = 32, 24, 6, 384, 1536
EPOCHS = 4
WORDS = ("the", "a", "of", "and", "to", "in", "is", "it", "you", "that", "he", "was", "for", "on", "are", "with")


def data(tokens: int) -> tfft.data.Splits:
    """Texts of so many tokens each, the special ones included, and classes by chance."""
    draw = np.random.default_rng(0)

    def frame(count: int) -> pandas.DataFrame:
        texts = [" ".join(draw.choice(WORDS, tokens - 2)) for _ in range(count)]
        return pandas.DataFrame({"text": texts, "label": draw.choice(["up", "down"], count)})

    return tfft.data.from_dataframe({"train": frame(BATCH * STEPS), "validation": frame(BATCH)}, text_column="text")


def step_seconds(tokens: int, precision: str) -> float:
    """What a step takes: the median over all epochs but the first, which traces."""
    texts = data(tokens)
    model = tfft.build("minilm_l6", tfft.tasks.classification(texts.labels), cache="off", precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        tfft.fit(model, texts, tfft.plans.encoder(EPOCHS), batch_size=BATCH, run_folder=folder, progress=False)
        events = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    ends = [event["unix_seconds"] for event in events if event["event"] == "epoch"]
    return float(np.median(np.diff(ends))) / STEPS


def work(tokens: int) -> float:
    """Floating point operations of one step, in thousand millions."""
    kernels = 4 * WIDTH**2 + 2 * WIDTH * INNER
    attention = 2 * tokens * WIDTH
    return 3 * 2 * BATCH * tokens * LAYERS * (kernels + attention) / 1e9


def peak(dtype: str) -> float:
    """GFLOP/s of a plain matrix product."""
    import tensorflow as tf

    square = tf.cast(tf.random.normal((SIDE, SIDE)), dtype)
    product = tf.function(lambda: tf.matmul(square, square)).get_concrete_function()
    return 2 * SIDE**3 / 1e9 / seconds(lambda: product().numpy(), 7)


def measure(tokens: Sequence[int]) -> list[list[str]]:
    """A line for each length and precision."""
    lines = []
    for dtype in ("float32", "bfloat16"):
        limit = peak(dtype)
        for length in tokens:
            took = step_seconds(length, dtype)
            reached = work(length) / took
            lines.append(
                [str(length), dtype, f"{1000 * took:.0f}", f"{reached:.0f}", f"{limit:.0f}", f"{reached / limit:.2f}"]
            )
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", nargs="*", type=int, default=[16, 32, 128])
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # short texts of few words are alike
        lines = measure(arguments.tokens)
    print(table(["tokens", "dtype", "ms a step of 32", "GFLOP/s", "matrix product, GFLOP/s", "share"], lines))
    print(machine())


if __name__ == "__main__":
    main()
