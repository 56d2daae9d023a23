"""Mean IoU on the test parts of CamVid and of ISBI's membranes (MobileNetV2), beside the U-Net of TensorFlow's tutorial.

    python -m benchmarks.segmentation --material ../shared --seeds 3 --out segmentation.json

Three kinds train for the same epochs, with the same size, weights, batches and ignored pixels. The fourth shows what tfft reaches
with larger images, more epochs, the Dice loss, flips and crops, as chosen on the validation part of CamVid. Seconds are those of
the training with its validation; ``first`` is the run that fills the cache of features, ``again`` a second run of the same call,
for one seed.
"""

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks.rows import machine, measured
from benchmarks.segmentation_peers import unet
from tfft.measures.masks import MEASURES, MaskScores

WEIGHTS = "mobilenet_v2_1.0_224_imagenet_dequantised_uint8_no_top.h5"
SIZES = {"camvid_small": (192, 256), "isbi_membrane_small": (256, 256)}
OPTIONS: dict[str, dict[str, int]] = {
    "camvid_small": {},
    "isbi_membrane_small": {"finest": 2},
}  # chosen on validation parts
NET, EPOCHS, BATCH = "mobilenet_v2", 20, 16
HEAD, PHASES, UNET = "tfft, the head alone", "tfft, two phases", "U-Net of TensorFlow's tutorial"
LARGE = "tfft, two phases, 288x384 pixels, 30 epochs, Dice, flips and crops"
KINDS = (PHASES, HEAD, UNET, LARGE)
LARGER = (288, 384)


def read(material: Path, data: str, seed: int) -> tfft.data.Splits:
    """The data; of ISBI's 30 images, a random sixth is for validation and another for the test."""
    home = material / "data" / "segmentation" / data
    if data == "camvid_small":
        names = (home / "classes.txt").read_text().split()
        return tfft.data.from_masks(home, names, ignore="unlabelled", seed=seed)
    return tfft.data.from_masks(home, ["membrane", "inside"], holdout=(1 / 6, 1 / 6), seed=seed)


def plan(kind: str, epochs: int) -> tfft.Plan:
    """The plan of tfft, with as many epochs as the tutorial's U-Net has."""
    if kind == HEAD:
        return tfft.plans.head_only(epochs)
    if kind == LARGE:
        head, tune = tfft.plans.segmenter(10, 20)
        augment = (tfft.plans.augmentation.flips(), tfft.plans.augmentation.crops(scale=(0.3, 1.0)))
        return tfft.Plan(head, replace(tune, augment=augment))
    return tfft.plans.segmenter(epochs // 2, epochs - epochs // 2)


def measure(material: Path, epochs: int, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    splits, size = read(material, data, seed), LARGER if kind == LARGE else SIZES[data]
    options: dict[str, Any] = {**OPTIONS[data], **({"loss": "dice"} if kind == LARGE else {})}
    backbone = tfft.load_backbone(net, weights=material / "weights" / WEIGHTS, size=size)
    if kind == UNET:
        begun = time.perf_counter()
        answer = unet(backbone, splits, epochs, BATCH, seed)
        seconds = [time.perf_counter() - begun]
        found = {}
        for part in ("validation", "test"):
            examples = splits.part(part)
            scores = MaskScores(splits.labels, examples.targets, [answer(item) for item in examples.inputs])
            found[part] = {name: each.of(scores)(np.ones(len(examples))) for name, each in MEASURES.items()}
    else:
        cache, seconds = tfft.data.Cache("disk", folder=tempfile.mkdtemp()), []
        for _ in range(1 if seed or kind == LARGE else 2):
            begun = time.perf_counter()
            model = tfft.build(backbone, tfft.tasks.segmentation(splits.labels, **options), seed=seed, cache=cache)
            tfft.fit(model, splits, plan(kind, epochs), seed=seed, batch_size=BATCH, progress=False)
            seconds.append(time.perf_counter() - begun)
        found = {}
        for part in ("validation", "test"):
            report = tfft.evaluate(model, splits.part(part))
            found[part] = {name: row["value"] for name, row in report.metrics.items()}
        shutil.rmtree(cache.folder)
    val = found["validation"]["mean_iou"]
    again = {"again": round(seconds[1], 1)} if len(seconds) > 1 else {}
    return {"seconds": round(seconds[0], 1), **again, **found["test"], "val_mean_iou": val}


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set and kind."""
    lines = []
    for data, kind in dict.fromkeys((row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["data"], row["kind"]) == (data, kind)]
        cells = []
        for name in ("mean_iou", "pixel_accuracy"):
            found = [row[name] for row in some]
            cells.append(f"{np.mean(found):.3f}" + (f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""))
        for name in ("seconds", "again"):
            found = [row[name] for row in some if name in row]
            cells.append(f"{np.median(found):.0f}" if found else "")
        lines.append([data, kind, str(len(some)), *cells])
    header = ["data", "what trains", "seeds", "test mean IoU", "test pixel accuracy", "seconds, first", "again"]
    return tfft.evaluation.render.table(header, lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("segmentation.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="fewer epochs, with another --out, are a trial")
    parser.add_argument("--sets", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    arguments = parser.parse_args()
    keys = [
        (NET, name, kind, seed)
        for seed in range(arguments.seeds)
        for name in arguments.sets
        for kind in arguments.kinds
        if kind != LARGE or name == "camvid_small"
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material, arguments.epochs))))
    print(machine())


if __name__ == "__main__":
    main()
