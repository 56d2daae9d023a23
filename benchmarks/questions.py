"""F1 and exact match on the test parts of XQuAD in English (MiniLM) and of a slice of CMRC 2018 (multilingual-e5-small).

    python -m benchmarks.questions --material ../shared --seeds 3 --out questions.json --peers ../peers/bin/python

All layers train for the same epochs with batches of 32, in tfft and in Hugging Face's Trainer. The files have two parts, so a part
for validation is split off by article, the same for both. ``--peers`` is the Python of another environment, with ``torch`` and
``transformers accelerate`` and no tfft. The Trainer has no multilingual-e5-small here, so it is measured on XQuAD alone.
"""

import argparse
import json
import subprocess
import tempfile
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

FILES = {
    "xquad_en": ("minilm_l6", "xquad/xquad.en.train.json", "xquad/xquad.en.dev.json"),
    "cmrc_slice": ("multilingual_e5_small", "cmrc2018_slice/train.json", "cmrc2018_slice/dev.json"),
}
EPOCHS, RATE, LENGTH = 6, 2e-4, 384
TFFT, HEAD, TRAINER = "tfft, all layers", "tfft, the head alone", "Trainer, all layers, bfloat16"


def parts_of(material: Path, data: str, folder: Path) -> dict[str, Path]:
    """The files of three parts: every sixth article of training is for validation."""
    _, train, test = FILES[data]
    found = material / "data" / "question_answering"
    articles = json.loads((found / train).read_text(encoding="utf-8"))["data"]
    paths = {"test": found / test}
    for part, chosen in (
        ("train", [each for number, each in enumerate(articles) if number % 6]),
        ("validation", articles[::6]),
    ):
        paths[part] = folder / f"{part}.json"
        paths[part].write_text(json.dumps({"data": chosen}, ensure_ascii=False), encoding="utf-8")
    return paths


def measure(material: Path, peers: Path | None, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    with tempfile.TemporaryDirectory() as folder:
        paths = parts_of(material, data, Path(folder))
        if kind == TRAINER:
            script = Path(__file__).with_name("question_peers.py")
            files = [str(paths[part]) for part in ("train", "validation", "test")]
            given = [str(peers), str(script), *files, tfft.backbones.packages.installed(net)]
            given += [str(LENGTH), str(EPOCHS), str(RATE), str(seed)]
            answer = subprocess.run(given, check=True, stdout=subprocess.PIPE, text=True).stdout
            result: dict[str, Any] = json.loads(answer.splitlines()[-1])
            return result
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # questions with two answers
            begun = time.perf_counter()
            splits = tfft.data.from_squad(paths, seed=seed, on_corrupt="skip")
            backbone = tfft.load_backbone(net, length=LENGTH)
            model = tfft.build(backbone, tfft.tasks.question_answering(splits.labels), seed=seed)
            whole = tfft.plans.encoder(EPOCHS, learning_rate=RATE, augment=())
            run = tfft.fit(
                model, splits, whole if kind == TFFT else tfft.plans.head_only(10), seed=seed, progress=False
            )
            seconds = time.perf_counter() - begun
            report, chosen = tfft.evaluate(model, splits.test), tfft.evaluate(model, splits.validation)
    found = {name: row["value"] for name, row in report.metrics.items()}
    interval = [report.metrics["f1"]["low"], report.metrics["f1"]["high"]]
    val_f1 = chosen.metrics["f1"]["value"]
    return {
        "seconds": round(seconds, 1),
        **found,
        "interval": interval,
        "val_f1": val_f1,
        "val_loss": run.history()["val_loss"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set and kind."""
    lines = []
    for net, data, kind in dict.fromkeys((row["net"], row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
        cells = []
        for name in ("f1", "exact_match"):
            found = [row[name] for row in some]
            cells.append(f"{np.mean(found):.3f}" + (f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""))
        seconds = f"{np.median([row['seconds'] for row in some]):.0f}"
        lines.append([data, net, kind, str(len(some)), *cells, seconds])
    header = ["data", "net", "what trains", "seeds", "test F1", "test exact match", "seconds"]
    return tfft.evaluation.render.table(header, lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("questions.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=list(FILES), choices=list(FILES))
    parser.add_argument("--peers", type=Path)
    arguments = parser.parse_args()
    keys = [
        (FILES[name][0], name, kind, seed)
        for seed in range(arguments.seeds)
        for name in arguments.sets
        for kind in (TFFT, HEAD, *([TRAINER] if arguments.peers and name == "xquad_en" else []))
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material, arguments.peers))))
    print(machine())


if __name__ == "__main__":
    main()
