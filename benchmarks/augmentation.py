"""What changing the training pictures is worth: validation and test accuracy of the default plan with each kind of augmentation.

    python -m benchmarks.augmentation --material ../shared --seeds 3 --out augmentation.json

The default is chosen by the validation columns alone; the test columns say what the choice is worth. Each result is appended to the
JSON file as it comes, so an interrupted benchmark goes on where it stopped.
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
from benchmarks.accuracy import BATCH, DATA, EPOCHS, NETS, backbone_of, read
from benchmarks.rows import machine, measured
from tfft.evaluation.render import table
from tfft.plans import augmentation

KINDS = {
    "none": (),
    "flips + crops": (augmentation.crops(), augmentation.flips()),
    "RandAugment": (augmentation.flips(), augmentation.rand_augment()),
    "MixUp": (augmentation.flips(), augmentation.mixup()),
    "CutMix": (augmentation.flips(), augmentation.cutmix()),
}


def measure(material: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    splits = read(material, data, seed)
    model = tfft.build(backbone_of(material, net), tfft.tasks.classification(splits.labels), seed=seed)
    plan = tfft.plans.two_phase(EPOCHS, EPOCHS, augment=KINDS[kind])
    begun = time.perf_counter()
    run = tfft.fit(model, splits, plan, seed=seed, batch_size=BATCH, progress=False)
    row = {"seconds": round(time.perf_counter() - begun, 1)}
    for part in ("validation", "test"):
        found = tfft.evaluate(run.model, splits.part(part)).metrics
        row |= {part: found["accuracy"]["value"], f"{part}_loss": found["log_loss"]["value"]}
    return row


def summary(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each kind and net and data set."""
    lines = []
    for data in DATA:
        for net in NETS:
            for kind in KINDS:
                found = [row for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
                if not found:
                    continue
                cells = []
                for column in ("validation", "validation_loss", "test"):
                    values = [row[column] for row in found]
                    spread = f" +- {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
                    cells.append(f"{np.mean(values):.3f}{spread}")
                lines.append(
                    [data, net, kind, *cells, f"{np.mean([row['seconds'] for row in found]):.0f}", str(len(found))]
                )
    header = [
        "data",
        "net",
        "augmentation",
        "validation accuracy",
        "validation loss",
        "test accuracy",
        "seconds",
        "seeds",
    ]
    return table(header, lines)


def paired(rows: list[dict[str, Any]]) -> str:
    """What each kind changes beside none on the same net, data and seed: mean of all pairs, 95 % interval (Student's t)."""
    found = {(row["kind"], row["net"], row["data"], row["seed"]): row for row in rows}
    lines = []
    for kind in list(KINDS)[1:]:
        both = [(row, found.get(("none", *key[1:]))) for key, row in found.items() if key[0] == kind]
        cells = []
        for column in ("validation", "test"):
            changes = np.array([row[column] - plain[column] for row, plain in both if plain is not None])
            if len(changes) < 2:
                continue
            half = stats.t.ppf(0.975, len(changes) - 1) * changes.std(ddof=1) / len(changes) ** 0.5
            cells.append(f"{changes.mean():+.3f} [{changes.mean() - half:+.3f}, {changes.mean() + half:+.3f}]")
        lines.append([kind, *(cells or ["-", "-"]), str(len(both))])
    return table(["beside none", "validation accuracy", "test accuracy", "pairs"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("augmentation.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nets", nargs="*", default=["MobileNetV2-0.35", "MobileNetV2-1.0"], choices=list(NETS))
    parser.add_argument("--data", nargs="*", default=list(DATA), choices=list(DATA))
    arguments = parser.parse_args()
    keys = product(arguments.nets, arguments.data, range(arguments.seeds), KINDS)
    rows = measured(
        arguments.out,
        ((net, data, kind, seed) for net, data, seed, kind in keys),
        partial(measure, arguments.material),
    )
    print(summary(rows), paired(rows), sep="\n\n")
    print(machine())


if __name__ == "__main__":
    main()
