"""How well scores of frozen features predict which backbone is best after fine-tuning: Kendall's tau on four sets of photos.

    python -m benchmarks.ranking --material ../shared --seeds 3 --out ranking.json

For every net, set and seed: the scores of ``tfft.rank_backbones`` on the training part, and the test metric of the default
``tfft.fit``. Two of the sets are derived from the flowers (``benchmarks.derived``): several labels, and a quantity. Each result is
appended to the JSON file as it comes; ``--kinds rank`` leaves the trainings out. A score is compared with the mean over seeds.
"""

import argparse
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

import tfft
import tfft.backbones.base
from benchmarks import accuracy, derived
from benchmarks.rows import machine, measured
from tfft.evaluation.render import number, table

LITE = "EfficientNet-Lite0"
NETS = (*accuracy.NETS, LITE, "tfft_mini")
MADE = {"collages": derived.collages, "middles": derived.middles}
SETS = (*accuracy.DATA, *MADE)
RANK, FIT = "rank", "fit"
SCORES = ("probe", "logme", "hscore")
FEWEST = 3


def read(material: Path, data: str, seed: int) -> tfft.data.Splits:
    """Read a dataset; the seed draws its validation part, and makes the derived images."""
    if data not in MADE:
        return accuracy.read(material, data, seed)
    photos, random = accuracy.read(material, "flowers5", seed), np.random.default_rng(seed)
    parts = {part: MADE[data](photos.part(part), count, random) for part, count in derived.COUNTS.items()}
    return tfft.data.from_arrays(parts, seed=seed)


def backbone_of(material: Path, net: str) -> tfft.backbones.base.Backbone:
    """One of the nets with its real weights."""
    if net in accuracy.NETS:
        return accuracy.backbone_of(material, net)
    return tfft.load_backbone(str(material / "weights" / "timm_efficientnet_lite0") if net == LITE else net)


def measure(material: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """The scores of one net, or the test metric after fine-tuning."""
    splits, backbone = read(material, data, seed), backbone_of(material, net)
    if kind == RANK:
        # each net alone has the scores that it has beside others
        found = tfft.rank_backbones(splits, [backbone], seed=seed, cache="memory", progress=False)
        row = found.rows[0].to_dict()
        return {"measure": found.measure} | {name: row[name] for name in (*SCORES, "seconds", "megabytes", "width")}
    model = tfft.build(backbone, tfft.tasks.for_labels(splits.labels), seed=seed)
    run = tfft.fit(model, splits, seed=seed, progress=False)
    metrics = tfft.evaluate(run.model, splits.test).metrics
    name = next(name for name in ("accuracy", "r2", "macro_f1") if name in metrics)
    return {"measure": name, "fine_tuned": metrics[name]["value"]}


def means(rows: list[dict[str, Any]], data: str, column: str) -> dict[str, float]:
    """Net -> the mean of a column over seeds, for the nets that have it."""
    own = [row for row in rows if row["data"] == data and row.get(column) is not None]
    return {
        net: float(np.mean([row[column] for row in own if row["net"] == net])) for net in {row["net"] for row in own}
    }


def of_nets(rows: list[dict[str, Any]]) -> str:
    """A line for each set and net: scores, seconds, and the test metric after fine-tuning."""
    columns = (*SCORES, "seconds", "fine_tuned")
    found = {(data, column): means(rows, data, column) for data in SETS for column in columns}
    lines = [
        [data, net, *(number(found[data, column].get(net)) for column in columns)]
        for data, net in product(SETS, NETS)
        if any(net in found[data, column] for column in columns)
    ]
    return table(["data", "net", *columns], lines)


def correlations(rows: list[dict[str, Any]]) -> str:
    """A line for each set: Kendall's tau between each score and the test metric after fine-tuning."""
    lines = []
    for data in SETS:
        tuned, cells, nets = means(rows, data, "fine_tuned"), [], 0
        for column in SCORES:
            own = means(rows, data, column)
            both = sorted(set(own) & set(tuned))
            nets = max(nets, len(both))
            tau = kendalltau([own[net] for net in both], [tuned[net] for net in both]) if len(both) >= FEWEST else None
            cells.append("-" if tau is None else f"{tau.statistic:.2f}")
        lines.append([data, str(nets), *cells])
    return table(["data", "nets", *(f"tau of {column}" for column in SCORES)], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("ranking.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nets", nargs="*", default=list(NETS), choices=list(NETS))
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--kinds", nargs="*", default=[RANK, FIT], choices=[RANK, FIT])
    arguments = parser.parse_args()
    keys = product(arguments.nets, arguments.sets, arguments.kinds, range(arguments.seeds))
    rows = measured(arguments.out, keys, partial(measure, arguments.material))
    print(of_nets(rows))
    print(correlations(rows))
    print(machine())


if __name__ == "__main__":
    main()
