"""Accuracy of a small net that learns from the labels alone, and of the same net that also learns from a larger one.

    python -m benchmarks.distillation --material ../shared --seeds 3 --out distillation.json

The teacher is trained first, on the same parts as the student. Each result is appended to the JSON file as it comes, so an
interrupted benchmark goes on where it stopped. ``--sweep`` tries temperatures and weights; their choice looks at the validation
columns alone.
"""

import argparse
import tempfile
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
import tfft.models.assembly
from benchmarks.accuracy import BATCH, DATA, backbone_of, read
from benchmarks.rows import machine, measured

TEACHER = "MobileNetV2-1.0"
STUDENTS = ("MobileNet-0.25", "MobileNetV2-0.35")
PLANS = {
    "two_phase": lambda: tfft.plans.two_phase(head_epochs=5, tune_epochs=5),
    "full": lambda: tfft.plans.full(epochs=10, learning_rate=1e-4),
}
ALONE, OWN = "labels alone", "teacher"
SWEEP = [f"T={temperature} w={weight}" for temperature in (1, 2, 4) for weight in (0.3, 0.5, 0.9)]
DEFAULT = "T={temperature:g} w={weight:g}".format(**vars(tfft.plans.Teacher(None)))


def trained(
    material: Path, net: str, splits: tfft.data.Splits, plan: str, seed: int, **options: Any
) -> tfft.models.assembly.TransferModel:
    """A net with real weights, trained with one of the plans."""
    model = tfft.build(backbone_of(material, net), tfft.tasks.classification(splits.labels), seed=seed)
    return tfft.fit(model, splits, PLANS[plan](), seed=seed, batch_size=BATCH, progress=False, **options).model


def taught_by(material: Path, splits: tfft.data.Splits, seed: int, kept: Path, data: str) -> Path:
    """The bundle of the teacher, which is trained once for each data set and seed."""
    path = kept / f"{data}-{seed}.tfft"
    if not path.exists():
        tfft.export(trained(material, TEACHER, splits, "two_phase", seed), path)
    return path


def measure(material: Path, kept: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row; ``kind`` is the plan, and what teaches."""
    splits = read(material, data, seed)
    plan, _, what = kind.partition(", ")
    begun = time.perf_counter()
    model: Any
    if what == OWN:
        model = tfft.load(taught_by(material, splits, seed, kept, data))
    elif what == ALONE:
        model = trained(material, net, splits, plan, seed)
    else:
        temperature, weight = (float(part.partition("=")[2]) for part in what.split())
        path = taught_by(material, splits, seed, kept, data)
        begun = time.perf_counter()
        model = trained(
            material, net, splits, plan, seed, teacher=tfft.plans.Teacher(tfft.load(path), temperature, weight)
        )
    seconds = round(time.perf_counter() - begun, 1)
    found: dict[str, Any] = {"seconds": seconds}
    for part, examples in (("validation", splits.validation), ("test", splits.test)):
        metrics = tfft.evaluate(model, examples).metrics
        found |= {f"{part}_{name}": metrics[name]["value"] for name in ("accuracy", "log_loss")}
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each net, data set and kind."""
    lines = []
    names = ("validation_accuracy", "validation_log_loss", "test_accuracy", "test_log_loss")
    for net, data, kind in dict.fromkeys((row["net"], row["data"], row["kind"]) for row in rows):
        found = [row for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
        cells = []
        for name in names:
            values = [row[name] for row in found]
            spread = f" +- {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.3f}{spread}")
        lines.append([data, net, kind, *cells, str(len(found))])
    return tfft.evaluation.render.table(
        ["data", "net", "learns from", *(n.replace("_", " ") for n in names), "seeds"], lines
    )


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("distillation.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--students", nargs="*", default=list(STUDENTS), choices=list(STUDENTS))
    parser.add_argument("--sets", nargs="*", default=list(DATA), choices=list(DATA))
    parser.add_argument("--plans", nargs="*", default=["two_phase", "full"], choices=list(PLANS))
    parser.add_argument("--sweep", action="store_true", help="try temperatures and weights")
    parser.add_argument("--teachers", type=Path, default=Path(tempfile.gettempdir()) / "tfft_teachers")
    arguments = parser.parse_args()
    arguments.teachers.mkdir(parents=True, exist_ok=True)
    kinds = [
        f"{plan}, {what}" for plan in arguments.plans for what in (ALONE, *(SWEEP if arguments.sweep else (DEFAULT,)))
    ]
    keys = [
        (TEACHER, data, f"two_phase, {OWN}", seed) for data, seed in product(arguments.sets, range(arguments.seeds))
    ]
    keys += [
        (net, data, kind, seed)
        for net, data, kind, seed in product(arguments.students, arguments.sets, kinds, range(arguments.seeds))
    ]
    rows = measured(arguments.out, keys, partial(measure, arguments.material, arguments.teachers))
    print(table(rows))
    print(machine())


if __name__ == "__main__":
    main()
