"""Fine-tuning of MiniLM on TREC-6 by KerasHub, by Hugging Face's Trainer and by tfft: the same texts, weights and epochs.

    python -m benchmarks.text --material ../shared --out text.json --peers /path/to/venv/bin/python

Every row is measured in a process of its own, the kinds in turn, several times. The clock runs from the file on disk to the
trained net; Python and the framework are imported before, in all of them. 500 of the training questions validate after every
epoch. tfft begins with an empty cache, so its first use is included; "tfft, head again" trains a head in a new process with what
another one has left in the cache, and is compared with KerasHub's frozen encoder at 128 tokens.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.backbones.packages
import tfft.evaluation.render
from benchmarks.image import stolen_seconds
from benchmarks.rows import machine, measured
from benchmarks.text_peers import BATCH, EPOCHS, RATE, rows_of

AGAIN, FULL, FROZEN = "tfft, head again", "tfft, full plan", "keras_hub, frozen, 128 tokens"
PEERS = ("trainer, float32", "trainer, bfloat16")
KINDS = ("keras_hub, 128 tokens", "keras_hub, 32 tokens", FROZEN, *PEERS, "tfft", FULL, "tfft, float32", AGAIN)
VALIDATION = 500
# a new head on a frozen encoder learns nothing at the rate of the encoder
HEAD_RATE = 5e-3


def draw(material: Path, folder: Path, seed: int) -> None:
    """The training file in two, and the test file."""
    source = material / "data" / "text_classification" / "trec6"
    header, *lines = (source / "train.tsv").read_text(encoding="utf-8").splitlines()
    order = np.random.default_rng(seed).permutation(len(lines))
    for part, chosen in {"train": order[VALIDATION:], "validation": order[:VALIDATION]}.items():
        rows = [header, *(lines[index] for index in chosen)]
        (folder / f"{part}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "test.tsv").write_bytes((source / "test.tsv").read_bytes())


def with_keras_hub(folder: Path, kind: str, seed: int) -> dict[str, Any]:
    """KerasHub's own classifier and ``fit``."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(seed)
    begun = time.perf_counter()
    parts = {part: rows_of(folder / f"{part}.tsv") for part in ("train", "validation", "test")}
    names = sorted(set(parts["train"][1]))
    sets = {
        part: (texts, np.array([names.index(label) for label in labels])) for part, (texts, labels) in parts.items()
    }
    preset = tfft.backbones.packages.installed("minilm_l6")
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor.from_preset(
        preset, sequence_length=32 if "32" in kind else 128
    )
    model = keras_hub.models.BertTextClassifier.from_preset(preset, num_classes=len(names), preprocessor=preprocessor)
    model.backbone.trainable = kind != FROZEN
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = HEAD_RATE if kind == FROZEN else RATE
    model.compile(keras.optimizers.AdamW(rate), loss, metrics=["accuracy"])
    model.fit(*sets["train"], batch_size=BATCH, epochs=EPOCHS, validation_data=sets["validation"], verbose=0)
    total = time.perf_counter() - begun
    return {"seconds": total, "accuracy": model.evaluate(*sets["test"], verbose=0, return_dict=True)["accuracy"]}


def with_tfft(folder: Path, kind: str, seed: int) -> dict[str, Any]:
    """Everything trains but the table of embeddings; or all weights; or the head alone."""
    head = kind == AGAIN
    plan = tfft.plans.head_only(EPOCHS) if head else tfft.plans.encoder(EPOCHS, learning_rate=RATE)
    plan = tfft.plans.full(EPOCHS, learning_rate=RATE) if kind == FULL else plan
    begun = time.perf_counter()
    paths = {part: folder / f"{part}.tsv" for part in ("train", "validation", "test")}
    data = tfft.data.from_csv(paths, text_column="text", label_column="label", seed=seed)
    task = tfft.tasks.classification(data.labels)
    model = tfft.build("minilm_l6", task, seed=seed, precision="float32" if "float32" in kind else "auto")
    run = tfft.fit(model, data, plan, seed=seed, batch_size=BATCH, progress=False)
    total = time.perf_counter() - begun
    accuracy = tfft.evaluate(model, data.test).metrics["accuracy"]["value"]
    row = {"seconds": total, "accuracy": accuracy, "precision": [run.precision.trunk, run.precision.tail]}
    return row | {"reads": [record.reads for record in run.phases]}


def child(folder: Path, kind: str, seed: int) -> dict[str, Any]:
    """One row, in this process."""
    os.environ["TFFT_CACHE_DIR"] = str(folder / "cache")
    import tensorflow as tf

    tf.constant(0.0)  # the runtime starts before the clock
    return with_keras_hub(folder, kind, seed) if kind.startswith("keras_hub") else with_tfft(folder, kind, seed)


def measure(material: Path, peers: Path | None, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One row, in a process of its own; of peers by another Python."""

    def run(kind: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.text", "--child", name, kind]
        if kind in PEERS:
            preset = tfft.backbones.packages.installed("minilm_l6")
            command = [str(peers), str(Path(__file__).with_name("text_peers.py")), name, preset, kind]
        before = stolen_seconds()
        answer = subprocess.run([*command, str(seed)], check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(answer.splitlines()[-1]) | {"stolen": stolen_seconds() - before}

    with tempfile.TemporaryDirectory() as name:
        draw(material, Path(name), seed)
        if kind == AGAIN:
            run(kind)
        return run(kind)


def table(rows: list[dict[str, Any]]) -> str:
    """Medians over the runs, and how many times longer than tfft each takes."""

    def seconds(kind: str) -> float:
        found = [row["seconds"] for row in rows if row["kind"] == kind]
        return float(np.median(found)) if found else float("nan")

    lines = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row["accuracy"] for row in rows if row["kind"] == kind]
        mine = AGAIN if kind in (AGAIN, FROZEN) else "tfft"
        stolen = np.median([row["stolen"] for row in rows if row["kind"] == kind])
        lines.append([
            kind, str(len(own)), f"{seconds(kind):.1f}", f"{seconds(kind) / seconds(mine):.1f}",
            f"{np.mean(own):.3f} +- {np.std(own):.3f}", f"{stolen:.0f}",
        ])  # fmt: skip
    titles = ["kind", "runs", "seconds", "tfft is faster", "test accuracy", "stolen, s"]
    return tfft.evaluation.render.table(titles, lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("text.json"))
    parser.add_argument(
        "--kinds", nargs="*", default=[kind for kind in KINDS if kind not in PEERS], choices=list(KINDS)
    )
    parser.add_argument("--runs", type=int, default=3, help="of each kind, each with its own seed")
    parser.add_argument("--peers", type=Path, help="Python of an environment with transformers, see text_peers.py")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("seed", nargs="?", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, kind = arguments.child
        print(json.dumps(child(Path(folder), kind, arguments.seed)))
        return
    if arguments.peers is None and set(PEERS) & set(arguments.kinds):
        parser.error("the Trainer needs --peers, the Python of its environment")
    keys = product(["minilm_l6"], ["trec6"], range(arguments.runs), arguments.kinds)
    rows = measured(
        arguments.out,
        ((net, data, kind, seed) for net, data, seed, kind in keys),
        partial(measure, arguments.material, arguments.peers),
    )
    print(table(rows))
    print(machine())


if __name__ == "__main__":
    main()
