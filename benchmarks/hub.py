"""The same weights as a net of Keras and as a module of TensorFlow Hub: the accuracy that both reach, and what moved.

    python -m benchmarks.hub --material ../shared --out hub.json

The modules are made of the real weights first: a MobileNetV2 feature vector that can be told to train, and MiniLM with its own
string preprocessing. Blocks of the modules are those of the nets. Test examples are looked at once, after training.
"""

import argparse
import tempfile
import time
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks.rows import machine, measured
from tests.real_modules import FLOWERS, NATIVE, SAVED, TREC, backbone_of
from tfft.core.errors import DataWarning


def measure(material: Path, folder: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training in two phases, as a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # TREC has the same question in both parts
        if data == FLOWERS:
            home = material / "data" / "image_classification" / FLOWERS
            splits = tfft.data.from_folder(home, seed=seed)
            plan = tfft.plans.two_phase(head_epochs=5, tune_epochs=2)
        else:
            home = material / "data" / "text_classification" / TREC
            paths = {part: home / f"{part}.tsv" for part in ("train", "test")}
            splits = tfft.data.from_csv(paths, text_column="text", seed=seed)
            plan = tfft.plans.two_phase(head_epochs=5, tune_epochs=2, blocks=2, tune_learning_rate=5e-5)
        begun = time.perf_counter()
        model = tfft.build(
            backbone_of(material, folder, data, kind), tfft.tasks.classification(splits.labels), seed=seed
        )
        run = tfft.fit(model, splits, plan, seed=seed, progress=False)
        accuracy = tfft.evaluate(model, splits.test).metrics["accuracy"]["value"]
    head, tune = (record.overview for record in run.phases)
    return {
        "accuracy": accuracy,
        "seconds": round(time.perf_counter() - begun, 1),
        "losses": [round(value, 4) for value in run.history()["val_loss"]],
        "moved": [sorted({row.block for row in part.rows if row.moved}) for part in (head, tune)],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each kind."""
    lines = []
    for data, kind in dict.fromkeys((row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["data"], row["kind"]) == (data, kind)]
        found = [row["accuracy"] for row in some]
        spread = f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
        moved = " then ".join(", ".join(part) for part in some[0]["moved"])
        lines.append([data, kind, str(len(found)), f"{np.mean(found):.3f}{spread}", moved])
    return tfft.evaluation.render.table(["data", "backbone", "seeds", "test accuracy", "moved"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("hub.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=[FLOWERS, TREC], choices=[FLOWERS, TREC])
    arguments = parser.parse_args()
    nets = {FLOWERS: "mobilenet_v2", TREC: "minilm_l6"}
    keys = [
        (nets[name], name, kind, seed)
        for name, seed, kind in product(arguments.sets, range(arguments.seeds), (NATIVE, SAVED))
    ]
    with tempfile.TemporaryDirectory() as folder:
        print(table(measured(arguments.out, keys, partial(measure, arguments.material, Path(folder)))))
    print(machine())


if __name__ == "__main__":
    main()
