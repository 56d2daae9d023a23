"""What a refit is worth: accuracy of a model that has not trained on its validation part, and of one that has at the end.

    python -m benchmarks.refit --material ../shared --folds 5 --seeds 3 --out refit.json

Only photos of the training folders are used, never those of the test folders. They are divided into outer folds. In turn, each fold
is measured, and the rest is divided by chance into a training and a validation part, with which the default plan is trained without
and with ``refit=True``, from the same initial weights. Each result is appended to the JSON file as it comes, so an interrupted
benchmark goes on where it stopped.
"""

import argparse
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import tfft
from benchmarks.accuracy import BATCH, DATA, NETS, backbone_of, read
from benchmarks.rows import machine, measured
from tfft.data.examples import Examples, joined
from tfft.evaluation.render import table

_VALIDATION = 0.15


def dealt(examples: Examples, parts: int, random: np.random.Generator) -> np.ndarray:
    """The part of each example, int64, shape (n,); each class is dealt evenly."""
    found, begin = np.zeros(len(examples), np.int64), 0
    for label in np.unique(examples.targets):
        own = random.permutation(np.flatnonzero(examples.targets == label))
        found[own] = (begin + np.arange(len(own))) % parts
        begin += len(own)
    return found


def folded(pool: Examples, fold: int, folds: int, seed: int) -> tfft.data.Splits:
    """The pool without a fold as training and validation part, and the fold as what is measured."""
    random = np.random.default_rng([seed, folds])
    held_out = dealt(pool, folds, random) == fold
    rest = pool.take(~held_out)
    twentieths = dealt(rest, 20, np.random.default_rng([seed, folds, fold]))
    validation = twentieths < round(20 * _VALIDATION)
    return tfft.data.Splits(rest.take(~validation), rest.take(validation), pool.take(held_out), pool.labels, seed)


def measure(material: Path, folds: int, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """Both trainings of one fold, as a row; ``kind`` names the fold."""
    parts = read(material, data, 0)
    splits = folded(joined([parts.train, parts.validation]), int(kind.split()[1]) - 1, folds, seed)
    row: dict[str, Any] = {"train": len(splits.train), "validation": len(splits.validation)}
    for name in ("plain", "refit"):
        model = tfft.build(backbone_of(material, net), tfft.tasks.classification(splits.labels), seed=seed)
        begun = time.perf_counter()
        run = tfft.fit(model, splits, seed=seed, batch_size=BATCH, progress=False, refit=name == "refit")
        seconds = round(time.perf_counter() - begun, 1)
        found = tfft.evaluate(run.model, splits.part("test")).metrics
        row |= {
            name: found["accuracy"]["value"],
            f"{name}_loss": found["log_loss"]["value"],
            f"{name}_seconds": seconds,
        }
    return row


def summary(rows: list[dict[str, Any]]) -> str:
    """Both accuracies and losses, and the mean, standard deviation and 95 % interval of their differences over folds and seeds.

    The interval treats the folds as independent. They share training photos, so it is somewhat too narrow (Bengio and Grandvalet
    2004).
    """
    lines = []
    for net, data in dict.fromkeys((row["net"], row["data"]) for row in rows):
        found = [row for row in rows if (row["net"], row["data"]) == (net, data)]
        for end in ("", "_loss"):
            plain, refit = (np.array([row[f"{name}{end}"] for row in found]) for name in ("plain", "refit"))
            changes = refit - plain
            cells = [f"{np.mean(values):.4f}" for values in (plain, refit)]
            if len(changes) > 1:
                spread = changes.std(ddof=1)
                half = stats.t.ppf(0.975, len(changes) - 1) * spread / len(changes) ** 0.5
                cells += [
                    f"{changes.mean():+.4f} [{changes.mean() - half:+.4f}, {changes.mean() + half:+.4f}]",
                    f"{spread:.4f}",
                ]
            else:
                cells += [f"{changes.mean():+.4f}", "-"]
            better = f"{(changes > 0).sum()} / {(changes == 0).sum()} / {(changes < 0).sum()}"
            lines.append([data, net, "loss" if end else "accuracy", *cells, better, str(len(found))])
    header = [
        "data",
        "net",
        "metric",
        "without",
        "refit",
        "difference",
        "its spread",
        "higher / equal / lower",
        "folds",
    ]
    return table(header, lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("refit.json"))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--first", type=int, help="measure only so many of the folds", default=None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nets", nargs="*", default=["MobileNetV2-0.35"], choices=list(NETS))
    parser.add_argument("--data", nargs="*", default=list(DATA), choices=list(DATA))
    arguments = parser.parse_args()
    kinds = [f"fold {number} of {arguments.folds}" for number in range(1, arguments.folds + 1)][: arguments.first]
    keys = product(arguments.nets, arguments.data, kinds, range(arguments.seeds))
    rows = measured(arguments.out, keys, partial(measure, arguments.material, arguments.folds))
    print(summary(rows))
    print(machine())


if __name__ == "__main__":
    main()
