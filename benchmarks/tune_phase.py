"""What training the last blocks adds to a head that was solved exactly, on held-out folds of training and validation photos.

    python -m benchmarks.tune_phase --material ../shared --seeds 1 --out tune_phase.json

Every kind is cross-validated with the same five folds, and compared with the probe on the same network, data and seed.
The test photos are never read. EfficientNet-Lite0 comes from a folder of timm. Features of frozen layers are shared by all kinds.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
from benchmarks import accuracy
from benchmarks.rows import machine, measured
from tfft.core.errors import RunWarning
from tfft.evaluation.render import table
from tfft.plans import Phase, Plan, augmentation
from tfft.trainable import everything, last_blocks, nothing

LITE, FOLDS, PROBE = "EfficientNet-Lite0", 5, "probe"
NETS = [*accuracy.NETS, LITE]


def tuned(rate: float, epochs: int = 5, blocks: int = 1, **options: Any) -> Plan:
    """A solved head, then the last blocks."""
    head = Phase("head", nothing(), 1, 1e-3, optimizer="lbfgs")
    return Plan(head, Phase("tune", last_blocks(blocks), epochs, rate, **options))


def after_training(rate: float, epochs: int = 5, **options: Any) -> Plan:
    """A head trained for some epochs, then the last block."""
    return Plan(tfft.plans.two_phase().phases[0], Phase("tune", last_blocks(1), epochs, rate, **options))


def all_layers(rate: float, epochs: int = 10, **options: Any) -> Plan:
    """A solved head, then all layers, on flipped and cropped photos, with averaged weights."""
    changes = (augmentation.flips(), augmentation.crops())
    tune = Phase("tune", everything(), epochs, rate, averaging=0.5, augment=changes, **options)
    return Plan(tuned(rate).phases[0], tune)


KINDS: dict[str, Callable[[], Plan]] = {
    PROBE: tfft.plans.linear_probe,
    "two_phase, head trained": tfft.plans.two_phase,
    "head trained, 1e-4, average": lambda: after_training(1e-4, averaging=0.5),
    "head trained, 3e-4, 10 epochs, average": lambda: after_training(3e-4, 10, averaging=0.5),
    "1e-5, the default": lambda: tfft.plans.two_phase(head_epochs=None),
    "1e-4": lambda: tuned(1e-4),
    "1e-4, average": lambda: tuned(1e-4, averaging=0.5),
    "1e-4, 10 epochs, average": lambda: tuned(1e-4, 10, averaging=0.5),
    "3e-4, average, decay 0.1": lambda: tuned(3e-4, averaging=0.5, weight_decay=0.1),
    "1e-4, 2 blocks, average": lambda: tuned(1e-4, blocks=2, averaging=0.5),
    "1e-4, norms, average": lambda: tuned(1e-4, averaging=0.5, train_norms=True),
    "sgd 3e-3, average": lambda: tuned(3e-3, averaging=0.5, optimizer="sgd"),
    "muon 1e-3, average": lambda: tuned(1e-3, averaging=0.5, optimizer="muon"),
    "1e-4, 10 epochs, average, flips, crops": lambda: tuned(
        1e-4, 10, averaging=0.5, augment=(augmentation.flips(), augmentation.crops())
    ),
    "all layers, 3e-4": lambda: all_layers(3e-4),
    "all layers, 1e-3": lambda: all_layers(1e-3),
    "all layers and norms, 3e-4": lambda: all_layers(3e-4, train_norms=True),
}


def measure(material: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One cross-validation, as a row."""
    splits, begun = accuracy.read(material, data, seed), time.perf_counter()
    if net == LITE:
        backbone = tfft.load_backbone(str(material / "weights" / "timm_efficientnet_lite0"))
    else:
        backbone = accuracy.backbone_of(material, net)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunWarning)  # weights that a good head leaves without a gradient
        model = tfft.build(backbone, tfft.tasks.classification(splits.labels), seed=seed)
        found = tfft.cross_validate(model, splits, KINDS[kind](), folds=FOLDS, seed=seed, progress=False)
    return {
        "accuracy": found.report.metrics["accuracy"]["value"],
        "log_loss": found.report.metrics["log_loss"]["value"],
        "epochs": [dict(fold.epochs) for fold in found.folds],
        "seconds": round(time.perf_counter() - begun, 1),
    }


def summary(rows: list[dict[str, Any]]) -> str:
    """For each kind the difference to the probe on the same net, data and seed: mean, standard error, how often it is better."""
    probes = {(row["net"], row["data"], row["seed"]): row for row in rows if row["kind"] == PROBE}
    lines = []
    for kind in KINDS:
        both = [
            (row, probes[key])
            for row in rows
            if row["kind"] == kind and (key := (row["net"], row["data"], row["seed"])) in probes
        ]
        if not both:
            continue
        right = np.array([row["accuracy"] - probe["accuracy"] for row, probe in both])
        loss = np.array([row["log_loss"] - probe["log_loss"] for row, probe in both])
        error = f" +- {right.std(ddof=1) / len(right) ** 0.5:.4f}" if len(right) > 1 else ""
        wins = f"{(right > 0).sum()} of {len(right)}"
        seconds = f"{np.median([row['seconds'] for row, _ in both]):.0f}"
        lines.append([kind, f"{right.mean():+.4f}{error}", wins, f"{loss.mean():+.4f}", seconds])
    return table(["last blocks", "accuracy beside the probe", "better", "log loss", "seconds"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("tune_phase.json"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--nets", nargs="*", default=NETS, choices=NETS)
    parser.add_argument("--data", nargs="*", default=list(accuracy.DATA), choices=list(accuracy.DATA))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    arguments = parser.parse_args()
    keys = product(range(arguments.seeds), arguments.nets, arguments.data, arguments.kinds)
    rows = measured(
        arguments.out,
        ((net, data, kind, seed) for seed, net, data, kind in keys),
        partial(measure, arguments.material),
    )
    print(summary(rows))
    print(machine())


if __name__ == "__main__":
    main()
