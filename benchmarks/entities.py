"""Entity F1 on the test parts of WNUT-17 (MiniLM) and of a slice of MSRA (multilingual-e5-small), beside Hugging Face's Trainer.

    python -m benchmarks.entities --material ../shared --seeds 3 --out entities.json --peers ../peers/bin/python

Both train all layers for the same epochs with batches of 32, each with the learning rate that was best on the validation part.
``--peers`` is the Python of another environment, with ``torch transformers accelerate seqeval`` and no tfft. The Trainer has no
multilingual-e5-small here, so it is measured on WNUT-17 alone.
"""

import argparse
import json
import subprocess
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.backbones.packages
import tfft.evaluation.render
from benchmarks.rows import machine, measured
from tfft.core.errors import DataWarning

SETS = {"wnut17": "minilm_l6", "msra_zh_slice": "multilingual_e5_small"}
EPOCHS = 5
TFFT, HEAD, TRAINER = "tfft, all layers", "tfft, the head alone", "Trainer, all layers, bfloat16"
FROZEN = "tfft, all layers but the embeddings"
# the best of 5e-5, 1e-4 and 2e-4 on the validation part of WNUT-17, one seed
RATES = {TFFT: 1e-4, TRAINER: 1e-4}


def measure(material: Path, peers: Path | None, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    folder = material / "data" / "token_classification" / data
    if kind == TRAINER:
        preset = tfft.backbones.packages.installed(net)
        script = Path(__file__).with_name("entity_peers.py")
        given = [str(peers), str(script), str(folder), preset, str(EPOCHS), str(RATES[kind]), "bfloat16", str(seed)]
        answer = subprocess.run(given, check=True, stdout=subprocess.PIPE, text=True).stdout
        result: dict[str, Any] = json.loads(answer.splitlines()[-1])
        return result
    paths = {"train": folder / "train.conll", "validation": folder / "dev.conll", "test": folder / "test.conll"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # sentences that stand in two parts
        begun = time.perf_counter()
        splits = tfft.data.from_conll(paths, seed=seed)
        model = tfft.build(net, tfft.tasks.token_classification(splits.labels), seed=seed)
        whole = tfft.plans.encoder(EPOCHS, learning_rate=RATES[TFFT], embeddings=kind == TFFT)
        run = tfft.fit(model, splits, tfft.plans.head_only(10) if kind == HEAD else whole, seed=seed, progress=False)
        seconds = time.perf_counter() - begun
        report, chosen = tfft.evaluate(model, splits.test), tfft.evaluate(model, splits.validation)
    found = {name: row["value"] for name, row in report.metrics.items()}
    val_f1 = chosen.metrics["entity_f1"]["value"]
    return {"seconds": round(seconds, 1), **found, "val_f1": val_f1, "val_loss": run.history()["val_loss"]}


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set and kind."""
    lines = []
    for net, data, kind in dict.fromkeys((row["net"], row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
        found = [row["entity_f1"] for row in some]
        spread = f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
        seconds = f"{np.median([row['seconds'] for row in some]):.0f}"
        lines.append([data, net, kind, str(len(found)), f"{np.mean(found):.3f}{spread}", seconds])
    return tfft.evaluation.render.table(["data", "net", "what trains", "seeds", "test entity F1", "seconds"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("entities.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--peers", type=Path)
    arguments = parser.parse_args()
    keys = [
        (SETS[name], name, kind, seed)
        for seed in range(arguments.seeds)
        for name in arguments.sets
        for kind in (TFFT, FROZEN, HEAD, *([TRAINER] if arguments.peers and SETS[name] == "minilm_l6" else []))
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material, arguments.peers))))
    print(machine())


if __name__ == "__main__":
    main()
