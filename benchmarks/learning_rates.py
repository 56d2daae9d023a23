"""Test accuracy with the learning rates that ``find_learning_rate`` suggests, beside the default learning rates.

    python -m benchmarks.learning_rates --material ../shared --seeds 3 --out learning_rates.json

Each phase is searched in turn, after the phases before it were trained with their suggestions. Then the plan with all suggestions,
used as they are, is trained from the beginning, as is the default plan. Each result is appended to the JSON file as it comes. Test
examples are looked at once, after training; nothing is chosen by them.
"""

import argparse
import time
import warnings
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks import accuracy, text_accuracy
from benchmarks.rows import machine, measured
from tfft.core.errors import DataWarning
from tfft.plans.defaults import default_plan

SETS = {"flowers5": "MobileNetV2-0.35", "hymenoptera": "MobileNetV2-0.35", "trec6": "minilm_l6"}
DEFAULT, SUGGESTED = "default learning rates", "suggested learning rates"


def suggested(build: Any, splits: tfft.data.Splits, plan: tfft.Plan, seed: int) -> tfft.Plan:
    """The plan with the suggestion for each phase; a phase without one keeps its default."""
    model, phases = build(), []
    for phase in plan:
        curve = tfft.find_learning_rate(model, splits, phase, seed=seed)
        phases.append(phase if curve.suggestion is None else replace(phase, learning_rate=curve.suggestion))
        if len(phases) < len(plan):
            tfft.fit(model, splits, tfft.Plan(phases[-1]), seed=seed, progress=False)
    return tfft.Plan(*phases)


def measure(material: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # TREC has the same question in both parts
        photos = data in accuracy.DATA
        splits = (accuracy if photos else text_accuracy).read(material, data, seed)
        backbone = accuracy.backbone_of(material, net) if photos else tfft.load_backbone(net)
        build = partial(tfft.build, backbone, tfft.tasks.classification(splits.labels), seed=seed)
        begun, model = time.perf_counter(), build()
        about = model.backbone.features, len(splits.train), model.backbone.can_finetune, model.task.name
        plan = default_plan(*about)
        if kind == SUGGESTED:
            plan = suggested(build, splits, plan, seed)
        run = tfft.fit(model, splits, plan, seed=seed, progress=False)
        found, chosen = (tfft.evaluate(run.model, part) for part in (splits.test, splits.validation))
    return {
        "accuracy": found.metrics["accuracy"]["value"],
        "val_accuracy": chosen.metrics["accuracy"]["value"],
        "rates": [phase.learning_rate for phase in plan],
        "seconds": round(time.perf_counter() - begun, 1),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set and kind."""
    lines = []
    for data, kind in product(SETS, (DEFAULT, SUGGESTED)):
        some = [row for row in rows if (row["data"], row["kind"]) == (data, kind)]
        cells = []
        for name in ("val_accuracy", "accuracy"):
            values = [row[name] for row in some]
            spread = f" +- {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.3f}{spread}" if values else "-")
        rates = ["/".join(f"{rate:.1e}" for rate in row["rates"]) for row in some]
        lines.append([data, SETS[data], kind, str(len(some)), *cells, " ".join(dict.fromkeys(rates))])
    return tfft.evaluation.render.table(["data", "net", "rates", "seeds", "validation", "test", "phases"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("learning_rates.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    arguments = parser.parse_args()
    keys = [
        (SETS[name], name, kind, seed)
        for seed, name, kind in product(range(arguments.seeds), arguments.sets, (DEFAULT, SUGGESTED))
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material))))
    print(machine())


if __name__ == "__main__":
    main()
