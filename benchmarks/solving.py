"""Accuracy and time of a head that is solved exactly, beside epochs of Adam on the same features.

    python -m benchmarks.solving --material ../shared

The first table has pooled features of training photos alone, four nets and two sets: accuracy and log loss on held-out photos, as
mean over five folds. The second one has random features with a mean for each class, from small to large problems. It shows where
solving no longer takes seconds; ``tfft/training/plan_choice.py`` has its limit from there.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks import accuracy
from benchmarks.rows import machine
from tfft.data.examples import joined
from tfft.heads.solving import solve_classes
from tfft.models.prepared import prepared
from tfft.tuning.frozen_features import frozen_features

# examples, width, classes
SIZES = (
    (208, 1280, 2), (850, 1280, 5), (400, 1280, 100), (2_000, 1280, 20), (5_000, 1280, 10), (20_000, 1280, 2), (10_000, 512, 10),
    (5_000, 1280, 50), (20_000, 1280, 10),
)  # fmt: skip
EPOCHS, RATE, BATCH, SPREAD, HELD_OUT = 5, 5e-3, 32, 0.06, 1_000


def drawn(examples: int, width: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features as after a ReLU, their classes, and which of them are held out."""
    random = np.random.default_rng(0)
    means = random.normal(size=(classes, width)) * SPREAD
    ids = random.permutation(np.arange(examples + HELD_OUT) % classes)
    rows = np.maximum(0, means[ids] + random.normal(size=(len(ids), width)))
    return rows.astype(np.float32), ids, np.arange(len(ids)) >= examples


def with_adam(rows: np.ndarray, ids: np.ndarray, classes: int, epochs: int = EPOCHS) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias after epochs as in ``two_phase``."""
    import keras

    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input(rows.shape[1:]), keras.layers.Dense(classes)])
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * -(-len(rows) // BATCH))
    net.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    net.fit(rows, ids, BATCH, epochs, verbose=0)
    kernel, bias = net.get_weights()
    return kernel, bias


def measured(examples: int, width: int, classes: int) -> list[str]:
    """A line of the table."""
    rows, ids, held_out = drawn(examples, width, classes)
    cells = [f"{examples:,}", f"{width:,}", str(classes), f"{examples * width * classes / 1e6:,.0f}"]
    for kind in ("solved", "adam"):
        begun = time.perf_counter()
        if kind == "solved":
            found = solve_classes(rows[~held_out], np.eye(classes)[ids[~held_out]], np.ones(examples), seed=0)
            kernel, bias = found.kernel, found.bias
        else:
            kernel, bias = with_adam(rows[~held_out], ids[~held_out], classes)
        seconds = time.perf_counter() - begun
        right = (rows[held_out] @ kernel + bias).argmax(axis=1) == ids[held_out]
        cells += [f"{seconds:.1f}", f"{right.mean():.3f}"]
    return cells


def of_photos(material: Path, net: str, data: str) -> list[str]:
    """A line of the table of photos."""
    from sklearn.model_selection import StratifiedKFold

    splits = accuracy.read(material, data, 0)
    examples = joined([splits.train, splits.validation])
    model = tfft.build(accuracy.backbone_of(material, net), tfft.tasks.classification(splits.labels))
    rows = frozen_features(model, prepared(model.preprocessor, examples), lambda *_: None)
    ids, classes, found = np.asarray(examples.targets), len(splits.labels), []
    for train, held_out in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, ids):
        solved = solve_classes(rows[train], np.eye(classes)[ids[train]], np.ones(len(train)), seed=0)
        trained = [with_adam(rows[train], ids[train], classes, epochs) for epochs in (EPOCHS, 4 * EPOCHS)]
        for kernel, bias in ((solved.kernel, solved.bias), *trained):
            logits = rows[held_out] @ kernel + bias
            logits = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
            right = logits.argmax(axis=1) == ids[held_out]
            found.append((right.mean(), -logits[np.arange(len(right)), ids[held_out]].mean()))
    means = np.mean(np.reshape(found, (5, 3, 2)), axis=0)
    return [data, net, *(f"{right:.3f}, {loss:.3f}" for right, loss in means)]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="number of sizes, from the first on")
    arguments = parser.parse_args()
    photos = [of_photos(arguments.material, net, data) for data in accuracy.DATA for net in accuracy.NETS]
    kinds = ["solved", f"Adam, {EPOCHS} epochs", f"Adam, {4 * EPOCHS} epochs"]
    print(tfft.evaluation.render.table(["photos", "net", *kinds], photos))
    lines = [measured(*size) for size in SIZES[: arguments.sizes]]
    header = ["examples", "width", "classes", "product, millions", "solved, s", "accuracy", "Adam, s", "accuracy"]
    print(tfft.evaluation.render.table(header, lines))
    print(machine())


if __name__ == "__main__":
    main()
