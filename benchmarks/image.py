"""Two-phase fine-tuning by plain Keras, as its guide writes it, and by tfft: the same photos, split, weights and epochs.

    python -m benchmarks.image --material ../shared --out image.json

Every row is measured in a process of its own, the kinds in turn, several times. The clock runs from the folder on disk to the
trained net; Python and TensorFlow are imported before, in both. tfft begins with an empty cache, so its first use is included;
"tfft, head again" trains the same head phase in a new process with what another one has left in the cache, and is compared with
what plain Keras needs up to the end of its head phase. "stolen" is CPU time that other machines on the same host took meanwhile.
Rows are appended to the JSON file as they come, so an interrupted benchmark goes on where it stopped.
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
import tfft.core.blocks
import tfft.core.seed
import tfft.evaluation.render
import tfft.inputs.pixels
from benchmarks.accuracy import NETS as REAL
from benchmarks.accuracy import backbone_of
from benchmarks.feeding import peak_gigabytes
from benchmarks.rows import machine, measured

NETS = {"VGG16": "vgg16", "ResNet50": "resnet50", "MobileNetV2-0.35": "mobilenet_v2", "MobileNetV2-1.0": "mobilenet_v2"}
AGAIN = "tfft, head again"
PEERS = ("fastai", "hugging face")
KINDS = ("keras", "keras, autotuner off", "tfft", AGAIN, "tfft, pixels in float32", *PEERS)
EPOCHS = 10
BATCH = 32
SIZE = 224
RATES = (1e-3, 1e-5)


def backbone(material: Path, net: str) -> Any:
    """With its real weights where the material has them; random ones take the same time."""
    return backbone_of(material, net) if net in REAL else tfft.load_backbone(NETS[net], weights=None)


def draw(material: Path, folder: Path, images: int, seed: int) -> None:
    """Links to some photos of each class to train on, a quarter as many to validate on, and all of the test photos."""
    random = np.random.default_rng(seed)
    flowers = material.resolve() / "data" / "image_classification" / "flowers5"
    for of_class in sorted((flowers / "train").iterdir()):
        found = sorted(of_class.iterdir())
        chosen = [found[index] for index in random.permutation(len(found))]
        begin, end = images // 5, images // 5 + images // 20
        parts = {"train": chosen[:begin], "validation": chosen[begin:end]}
        for part, paths in {**parts, "test": sorted((flowers / "test" / of_class.name).iterdir())}.items():
            there = folder / part / of_class.name
            there.mkdir(parents=True)
            for path in paths:
                path.read_bytes()  # nobody pays for a cold disk
                (there / path.name).symlink_to(path)


def with_keras(material: Path, folder: Path, net: str, seed: int, epochs: int, autotune: bool) -> dict[str, Any]:
    """The guide's recipe: decoded batches cached in memory, a frozen backbone, then its last block; compiled for each phase."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    begun = time.perf_counter()

    def dataset(part: str, shuffle: bool) -> tf.data.Dataset:
        found = keras.utils.image_dataset_from_directory(
            folder / part, image_size=(SIZE, SIZE), batch_size=BATCH, shuffle=shuffle, seed=seed, verbose=False
        )
        options = tf.data.Options()
        options.autotune.enabled = autotune
        return found.prefetch(tf.data.AUTOTUNE).cache().with_options(options)

    train, validation = dataset("train", True), dataset("validation", False)
    described = backbone(material, net)
    base = described.load(tfft.core.seed.derive(seed, "backbone"))
    block_of = tfft.core.blocks.assign_blocks(base, described.blocks)
    base.trainable = False
    inputs = keras.Input((SIZE, SIZE, 3))
    x = tfft.inputs.pixels.PIXEL_RANGES[described.pixel_range](inputs)
    x = keras.layers.GlobalAveragePooling2D()(base(x, training=False))
    outputs = keras.layers.Dense(5)(keras.layers.Dropout(0.2)(x))
    model = keras.Model(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    seconds, losses = [], []
    for phase, rate in enumerate(RATES):
        start = time.perf_counter()
        if phase:
            base.trainable = True
            for layer in base.layers:
                layer.trainable = block_of[layer.name] == described.blocks[-1].name
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        losses += model.fit(train, epochs=epochs, validation_data=validation, verbose=0).history["val_loss"]
        seconds.append(time.perf_counter() - start)
    total = time.perf_counter() - begun
    accuracy = model.evaluate(dataset("test", False), verbose=0, return_dict=True)["accuracy"]
    return {"seconds": total, "head": seconds[0], "tune": seconds[1], "accuracy": accuracy, "val_loss": losses}


def with_tfft(material: Path, folder: Path, net: str, seed: int, epochs: int, kind: str) -> dict[str, Any]:
    """The same in tfft; kept features and the measured precision, or neither; or the head phase alone."""
    options: dict[str, Any] = {"cache": "off", "precision": "float32"} if "float32" in kind else {}
    plan = tfft.plans.head_only(epochs) if kind == AGAIN else tfft.plans.two_phase(epochs, epochs)
    begun = time.perf_counter()
    data = tfft.data.from_folder(folder, parts={part: part for part in ("train", "validation", "test")}, seed=seed)
    task = tfft.tasks.classification(data.labels)
    model = tfft.build(backbone(material, net), task, seed=seed, **options)
    run = tfft.fit(model, data, plan, seed=seed, batch_size=BATCH, progress=False)
    total = time.perf_counter() - begun
    accuracy = tfft.evaluate(model, data.test).metrics["accuracy"]["value"]
    row = {"seconds": total, "head": run.phases[0].seconds, "tune": sum(record.seconds for record in run.phases[1:])}
    row |= {"accuracy": accuracy, "precision": [run.precision.trunk, run.precision.tail]}
    return row | {"reads": [record.reads for record in run.phases], "val_loss": run.history()["val_loss"]}


def child(material: Path, folder: Path, net: str, kind: str, seed: int, epochs: int) -> dict[str, Any]:
    """One row, in this process."""
    os.environ["TFFT_CACHE_DIR"] = str(folder / "cache")
    import tensorflow as tf

    tf.constant(0.0)  # the runtime starts before the clock
    if kind.startswith("keras"):
        row = with_keras(material, folder / "photos", net, seed, epochs, autotune=kind == "keras")
    else:
        row = with_tfft(material, folder / "photos", net, seed, epochs, kind)
    return row | {"peak_gb": peak_gigabytes()}


def stolen_seconds() -> float:
    """What other machines on the same host took from this one so far."""
    return int(Path("/proc/stat").read_text().split()[8]) / os.sysconf("SC_CLK_TCK")


def measure(material: Path, peers: Path | None, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One row, in a process of its own; of peers by another Python."""

    def run(kind: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.image", "--material", str(material), "--child", name, net, kind]
        if kind in PEERS:
            command = [str(peers), str(Path(__file__).with_name("peers.py")), name, net, kind]
        before = stolen_seconds()
        ends = [str(seed)] if kind in PEERS else [str(seed), data.split()[3]]
        answer = subprocess.run([*command, *ends], check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(answer.splitlines()[-1]) | {"stolen": stolen_seconds() - before}

    with tempfile.TemporaryDirectory() as name:
        draw(material, Path(name) / "photos", int(data.split()[1]), seed)
        if kind == AGAIN:
            run("tfft")
        return run(kind)


def table(rows: list[dict[str, Any]]) -> str:
    """Medians over the runs, and ratios of the medians to plain Keras."""
    lines = []
    for net, data in dict.fromkeys((row["net"], row["data"]) for row in rows):
        of_net = [row for row in rows if (row["net"], row["data"]) == (net, data)]

        def median(kind: str, field: str, less: str = "", of_net: list[dict[str, Any]] = of_net) -> float:
            found = [row[field] - row.get(less, 0) for row in of_net if row["kind"] == kind]
            return float(np.median(found)) if found else float("nan")

        for kind in dict.fromkeys(row["kind"] for row in of_net):
            found = [row["accuracy"] for row in of_net if row["kind"] == kind]
            seconds, head = median(kind, "seconds"), median(kind, "head")
            lines.append([
                net, data, kind, str(len(found)), f"{seconds:.1f}",
                f"{median('keras', 'seconds', 'tune' if kind == AGAIN else '') / seconds:.1f}",
                f"{head:.2f}", f"{median('keras', 'head') / head:.1f}",
                f"{np.mean(found):.3f} +- {np.std(found):.3f}", f"{median(kind, 'peak_gb'):.2f}", f"{median(kind, 'stolen'):.0f}",
            ])  # fmt: skip
    titles = [
        "net",
        "photos",
        "kind",
        "runs",
        "seconds",
        "times faster",
        "head phase, s",
        "times faster",
        "test accuracy",
    ]
    return tfft.evaluation.render.table([*titles, "peak GB", "stolen, s"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("image.json"))
    parser.add_argument("--nets", nargs="*", default=list(NETS)[:3], choices=list(NETS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS)[:4], choices=list(KINDS))
    parser.add_argument("--images", type=int, default=800, help="to train on; a quarter as many validate")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of each of the two phases; not for peers")
    parser.add_argument("--runs", type=int, default=3, help="of each kind, each with its own seed")
    parser.add_argument("--peers", type=Path, help="Python of an environment with fastai or transformers, see peers.py")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, net, kind, seed, epochs = arguments.child
        print(json.dumps(child(arguments.material, Path(folder), net, kind, int(seed), int(epochs))))
        return
    if arguments.peers is None and set(PEERS) & set(arguments.kinds):
        parser.error("fastai and hugging face need --peers, the Python of their environment")
    if arguments.epochs != EPOCHS and set(PEERS) & set(arguments.kinds):
        parser.error(f"fastai and hugging face train {EPOCHS} epochs; --epochs does not change that")
    keys = product(
        arguments.nets,
        [f"flowers5 {arguments.images} photos, {arguments.epochs} epochs"],
        range(arguments.runs),
        arguments.kinds,
    )
    rows = measured(
        arguments.out,
        ((net, data, kind, seed) for net, data, seed, kind in keys),
        partial(measure, arguments.material, arguments.peers),
    )
    print(table(rows))
    print(machine())


if __name__ == "__main__":
    main()
