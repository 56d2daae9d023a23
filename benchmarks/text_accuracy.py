"""Test accuracy of the default call on texts: MiniLM for English, multilingual-e5-small for Chinese.

    python -m benchmarks.text_accuracy --material ../shared --seeds 3 --out text_accuracy.json

Each result is appended to the JSON file as it comes, so an interrupted benchmark goes on where it stopped. Test texts are looked
at once, after training; nothing is chosen by them.
"""

import argparse
import csv
import time
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas

import tfft
import tfft.evaluation.render
from benchmarks.rows import machine, measured
from tfft.core.errors import DataWarning

SETS = ("trec6", "sst2", "imdb_slice", "ag_news_slice", "chnsenticorp_htl")
NETS = {"chnsenticorp_htl": "multilingual_e5_small"}
DEFAULT, HEAD = "default call", "the head alone"


def read(material: Path, name: str, seed: int) -> tfft.data.Splits:
    """The texts of one set; where it has no validation part, the seed draws one."""
    folder = material / "data" / "text_classification" / name
    if name == "imdb_slice":
        return tfft.data.from_folder(folder, seed=seed)
    parts = {"train": "train", "validation": "dev", "test": "test"}
    if name == "ag_news_slice":
        frames = {
            part: pandas.read_csv(folder / f"{file}.csv", names=["label", "title", "description"], dtype=str)
            for part, file in parts.items()
        }
        return tfft.data.from_dataframe(frames, text_column=["title", "description"], seed=seed)
    paths = {part: folder / f"{file}.tsv" for part, file in parts.items() if (folder / f"{file}.tsv").is_file()}
    with paths["train"].open(encoding="utf-8") as file:
        columns = next(csv.reader(file, delimiter="\t"))
    text = "sentence" if "sentence" in columns else "text"
    return tfft.data.from_csv(paths, text_column=text, seed=seed)


def measure(material: Path, accumulate: int, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # TREC has the same question in both parts
        splits = read(material, data, seed)
        begun = time.perf_counter()
        plan = tfft.plans.head_only(epochs=10) if kind == HEAD else None
        model = tfft.build(net, tfft.tasks.classification(splits.labels), seed=seed)
        run = tfft.fit(model, splits, plan, seed=seed, progress=False, accumulate=accumulate)
        accuracy = tfft.evaluate(model, splits.test).metrics["accuracy"]["value"]
    return {
        "accuracy": accuracy,
        "seconds": round(time.perf_counter() - begun, 1),
        "history": run.history()["val_accuracy"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set."""
    lines = []
    for net, data, kind in dict.fromkeys((row["net"], row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
        found = [row["accuracy"] for row in some]
        spread = f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
        lines.append([
            data, net, kind, str(len(found)), f"{np.mean(found):.3f}{spread}", f"{np.median([row['seconds'] for row in some]):.0f}",
        ])  # fmt: skip
    return tfft.evaluation.render.table(["data", "net", "plan", "seeds", "test accuracy", "seconds"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("text_accuracy.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument(
        "--accumulate", type=int, default=1, help="parts of a batch, for less memory; the results are the same"
    )
    parser.add_argument("--kinds", nargs="*", default=[DEFAULT, HEAD], choices=[DEFAULT, HEAD])
    arguments = parser.parse_args()
    keys = [
        (NETS.get(name, "minilm_l6"), name, kind, seed)
        for seed, name, kind in product(range(arguments.seeds), arguments.sets, arguments.kinds)
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material, arguments.accumulate))))
    print(machine())


if __name__ == "__main__":
    main()
