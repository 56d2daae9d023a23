"""Test accuracy of ``search`` with a budget, beside the default call.

    python -m benchmarks.search --material ../shared --seeds 3 --minutes 5 --out search.json

Both get the same photos, splits and seeds. The default call trains the default plan of one backbone; the search may also choose
among several backbones, or only among the plans of the same one. Each result is appended to the JSON file as it comes. The search
chooses by the validation part, and test examples are looked at once, at its end. Features are cached in a folder of each search,
so that none is faster because of an earlier one.
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
from benchmarks import accuracy
from benchmarks.rows import machine, measured

NET = "MobileNetV2-0.35"
DEFAULT, PLANS, BACKBONES = "default call", "search for a plan", "search for a backbone and a plan"
KINDS = (DEFAULT, PLANS, BACKBONES)


def nets(material: Path, kind: str) -> list[Any]:
    """The backbones among which a search chooses: one for its plans, or all nets whose weights are in the folder."""
    names = [NET] if kind != BACKBONES else [NET, *(name for name in accuracy.NETS if name != NET)]
    return [accuracy.backbone_of(material, name) for name in names]


def measure(material: Path, minutes: float, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One call, as a row."""
    splits = accuracy.read(material, data, seed)
    with tempfile.TemporaryDirectory() as folder:
        cache, begun = tfft.data.Cache(folder=folder), time.perf_counter()
        if kind == DEFAULT:
            task = tfft.tasks.classification(splits.labels)
            model = tfft.build(accuracy.backbone_of(material, net), task, seed, cache=cache)
            run = tfft.fit(model, splits, seed=seed, progress=False)
            report, about = (
                tfft.evaluate(run.model, splits.test),
                {"chosen": "default plan", "trials": 1, "not_started": 0},
            )
        else:
            backbones = nets(material, kind)
            found = tfft.search(splits, backbones, minutes, seed, progress=False, cache=cache)
            run, report = found.run, found.report
            chosen = f"{found.best.backbone}, {found.best.label}"
            about = {"chosen": chosen, "trials": len(found.trials), "not_started": len(found.not_started)}
        seconds = time.perf_counter() - begun
    return {
        "accuracy": report.metrics["accuracy"]["value"],
        "val_accuracy": tfft.evaluate(run.model, splits.validation).metrics["accuracy"]["value"],
        "val_loss": run.phases[-1].best_loss,
        "minutes": minutes,
        "seconds": round(seconds, 1),
        **about,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set and kind."""
    lines = []
    for data, kind in product(accuracy.DATA, KINDS):
        some = [row for row in rows if (row["data"], row["kind"]) == (data, kind)]
        if not some:
            continue
        cells = []
        for name in ("val_loss", "val_accuracy", "accuracy", "seconds"):
            values = [row[name] for row in some]
            spread = f" +- {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.3f}{spread}")
        trials = "/".join(str(row["trials"]) for row in some)
        lines.append(
            [data, kind, str(len(some)), *cells, trials, "; ".join(dict.fromkeys(row["chosen"] for row in some))]
        )
    heads = ["data", "kind", "seeds", "val loss", "validation", "test", "seconds", "trials", "chosen"]
    return tfft.evaluation.render.table(heads, lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("search.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--sets", nargs="*", default=list(accuracy.DATA), choices=list(accuracy.DATA))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    arguments = parser.parse_args()
    keys = [
        (NET, name, kind, seed) for seed, name, kind in product(range(arguments.seeds), arguments.sets, arguments.kinds)
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material, arguments.minutes))))
    print(machine())


if __name__ == "__main__":
    main()
