"""How the cost of a first head phase grows with the number of pictures, and how much memory many cached feature maps take.

    python -m benchmarks.scaling --material ../shared
    python -m benchmarks.scaling --material ../shared --nets VGG16 --images 20000 --blocks 1

Pictures are crops of the flowers, each another one. Every size is measured in a process of its own, with an empty cache.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import tfft
from benchmarks.feeding import peak_gigabytes
from benchmarks.image import BATCH, NETS, backbone
from benchmarks.rows import machine
from tfft.evaluation.render import table

SIZES = (250, 500, 1000, 2000, 4000)
EPOCHS = 10


def draw(material: Path, folder: Path, images: int) -> None:
    """Crops of the training photos, in folders of their classes."""
    random = np.random.default_rng(0)
    photos = sorted((material / "data" / "image_classification" / "flowers5" / "train").glob("*/*"))
    for index in range(images):
        path = photos[index % len(photos)]
        with Image.open(path) as photo:
            width, height = (round(side * random.uniform(0.8, 1)) for side in photo.size)
            left, top = (
                int(random.integers(0, whole - part + 1))
                for whole, part in zip(photo.size, (width, height), strict=True)
            )
            crop = photo.crop((left, top, left + width, top + height))
        target = folder / path.parent.name / f"{index}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        crop.save(target, quality=90)


def child(material: Path, net: str, images: int, blocks: int) -> dict[str, Any]:
    """One training, in this process; with blocks, the last ones train on cached maps for an epoch."""
    with tempfile.TemporaryDirectory() as name:
        draw(material, Path(name) / "photos", images)
        os.environ["TFFT_CACHE_DIR"] = str(Path(name) / "cache")
        data = tfft.data.from_folder(Path(name) / "photos", holdout=(0.2, 0), seed=0)
        model = tfft.build(backbone(material, net), tfft.tasks.classification(data.labels))
        last = tfft.Plan(tfft.Phase("last", tfft.trainable.last_blocks(max(1, blocks)), 1, 1e-4))
        begun = time.perf_counter()
        run = tfft.fit(model, data, last if blocks else tfft.plans.head_only(EPOCHS), batch_size=BATCH, progress=False)
        row = {"seconds": time.perf_counter() - begun, "reads": run.phases[0].reads, "peak_gb": peak_gigabytes()}
        kept = sum(path.stat().st_size for path in (Path(name) / "cache").rglob("*.npy"))
    return row | {"kept_gb": kept / 1e9}


def main() -> None:
    """Print a line for each net and size, and the seconds that one more picture takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--nets", nargs="*", default=["MobileNetV2-0.35"], choices=list(NETS))
    parser.add_argument("--images", nargs="*", type=int, default=SIZES)
    parser.add_argument("--blocks", type=int, default=0, help="last blocks to train; 0 for the head alone")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        net, images = arguments.child
        print(json.dumps(child(arguments.material, net, int(images), arguments.blocks)))
        return
    lines = []
    for net in arguments.nets:
        before: tuple[int, float] | None = None
        for images in arguments.images:
            options = [
                "--material",
                str(arguments.material),
                "--blocks",
                str(arguments.blocks),
                "--child",
                net,
                str(images),
            ]
            command = [sys.executable, "-m", "benchmarks.scaling", *options]
            row = json.loads(
                subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
            )
            more = "-" if before is None else f"{1000 * (row['seconds'] - before[1]) / (images - before[0]):.2f}"
            before = images, row["seconds"]
            numbers = [f"{row['seconds']:.1f}", more, f"{row['peak_gb']:.2f}", f"{row['kept_gb']:.2f}"]
            lines.append([net, str(images), row["reads"], *numbers])
            print(lines[-1], flush=True)
    print(table(["net", "photos", "reads", "seconds", "ms for one more", "peak GB", "kept GB"], lines))
    print(machine())


if __name__ == "__main__":
    main()
