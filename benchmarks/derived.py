"""Several labels and a quantity on real photos: two sets derived from the flowers, and what the default call makes of them.

    python -m benchmarks.derived --material ../shared --seeds 3

Several labels: a picture is a 2 x 2 collage of one to four photos (empty quarters are grey); its labels are the flowers in it.
Quantity: a picture is the middle of a photo; the share of its width that is left, 0.2 to 1, is to be told. Photos of the test
part go into test pictures only.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

import tfft
from benchmarks.accuracy import backbone_of, read
from benchmarks.rows import machine
from tfft.data.examples import Examples
from tfft.evaluation.render import table
from tfft.inputs.image import ImagePreprocessor

SIDE = 224
COUNTS = {"train": 850, "validation": 150, "test": 300}


def collages(photos: Examples, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 (count, side, side, 3), and zeros and ones, (count, classes)."""
    half = ImagePreprocessor(SIDE // 2, SIDE // 2)
    images = np.full((count, SIDE, SIDE, 3), 127, np.uint8)
    labels = np.zeros((count, len(photos.labels)), int)
    for index in range(count):
        for place in random.permutation(4)[: random.integers(1, 5)]:
            chosen = int(random.integers(len(photos)))
            top, left = SIDE // 2 * (place // 2), SIDE // 2 * (place % 2)
            images[index, top : top + SIDE // 2, left : left + SIDE // 2] = half(photos.inputs[chosen])
            labels[index, photos.targets[chosen]] = 1
    return images, labels


def middles(photos: Examples, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 (count, side, side, 3), and the share of the width that they show, float (count,)."""
    images, shares = np.empty((count, SIDE, SIDE, 3), np.uint8), random.uniform(0.2, 1, count)
    for index, share in enumerate(shares):
        image = Image.open(photos.inputs[int(random.integers(len(photos)))]).convert("RGB")
        side = min(image.size) * share
        left, top = (image.width - side) / 2, (image.height - side) / 2
        box = (left, top, left + side, top + side)
        images[index] = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box))
    return images, shares


def main() -> None:
    """Train both tasks for every seed and print test metrics with their spread."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(arguments.seeds):
        photos = read(arguments.material, "flowers5", seed)
        for title, make in (("several labels", collages), ("quantity", middles)):
            random, begun = np.random.default_rng(seed), time.perf_counter()
            parts = {part: make(photos.part(part), count, random) for part, count in COUNTS.items()}
            data = tfft.data.from_arrays(parts, seed=seed)
            model = tfft.build(
                backbone_of(arguments.material, "MobileNetV2-0.35"), tfft.tasks.for_labels(data.labels), seed=seed
            )
            tfft.fit(model, data, seed=seed, progress=False)
            metrics = tfft.evaluate(model, data.test).metrics
            print(
                title,
                seed,
                {k: round(v["value"], 4) for k, v in metrics.items()},
                f"{time.perf_counter() - begun:.0f} s",
            )
            for metric, value in metrics.items():
                found.setdefault((title, metric), []).append(value["value"])
    rows = [
        [*key, f"{np.mean(v):.3f} +- {np.std(v, ddof=1):.3f}" if len(v) > 1 else f"{v[0]:.3f}"]
        for key, v in found.items()
    ]
    print(table(["data", "metric", "test"], rows))
    print(machine())


if __name__ == "__main__":
    main()
