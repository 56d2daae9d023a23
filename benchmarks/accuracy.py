"""Accuracy of the default call beside a linear probe and the plain Keras guide recipe, on the same photos, splits and weights.

    python -m benchmarks.accuracy --material ../shared --seeds 3 --out accuracy.json

For every net and data set: the default ``tfft.fit``; scikit-learn's logistic regression on the frozen features of training and
validation photos together, with its penalty by cross-validation; the recipe of Keras' transfer-learning guide written out by hand;
and the default call from random weights. Each result is appended to the JSON file as it comes, so an interrupted benchmark goes on
where it stopped. Test images are looked at once, after training; nothing is chosen by them.
"""

import argparse
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.backbones.base
import tfft.backbones.keras_applications
import tfft.evaluation.render
from benchmarks.rows import machine, measured

NETS: dict[str, tuple[str, dict[str, Any], str]] = {
    "MobileNetV2-0.35": (
        "mobilenet_v2", {"alpha": 0.35}, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5",
    ),
    "MobileNet-0.25": ("mobilenet", {"alpha": 0.25}, "mobilenet_v1_0.25_224_imagenet_from_tflite_no_top.h5"),
    "MobileNetV3Small-0.75": (
        "mobilenet_v3_small", {"alpha": 0.75}, "mobilenet_v3_small_0.75_224_imagenet_from_tflite_no_top.h5",
    ),
    "MobileNetV2-1.0": ("mobilenet_v2", {"alpha": 1.0}, "mobilenet_v2_1.0_224_imagenet_dequantised_uint8_no_top.h5"),
}  # fmt: skip
DATA = {"flowers5": {"train": "train", "test": "test"}, "hymenoptera": {"train": "train", "test": "val"}}
KINDS = ("tfft", "probe", "keras guide", "tfft, random weights")
EPOCHS = 5
BATCH = 32


def read(material: Path, data: str, seed: int) -> tfft.data.Splits:
    """The photos of one data set; the seed draws the validation part."""
    return tfft.data.from_folder(material / "data" / "image_classification" / data, parts=DATA[data], seed=seed)


def backbone_of(material: Path, net: str) -> tfft.backbones.base.Backbone:
    """One of the nets with its real weights."""
    name, options, file = NETS[net]
    return tfft.load_backbone(name, weights=material / "weights" / file, **options)


def with_tfft(splits: tfft.data.Splits, net: str, weights: str | None, seed: int) -> float:
    """Test accuracy of the default call."""
    name, options, _ = NETS[net]
    backbone = tfft.load_backbone(name, weights=weights, **options)
    model = tfft.build(backbone, tfft.tasks.classification(splits.labels), seed=seed)
    run = tfft.fit(model, splits, seed=seed, batch_size=BATCH, progress=False)
    return tfft.evaluate(run.model, splits.test).metrics["accuracy"]["value"]


def with_probe(splits: tfft.data.Splits, net: str, weights: str) -> float:
    """Test accuracy of a logistic regression on average-pooled features, which all photos but those of the test part train."""
    import keras
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    name, options, _ = NETS[net]
    row = tfft.backbones.keras_applications.ARCHITECTURES[name]
    make = getattr(keras.applications, row.function)
    base = make(input_shape=(row.size, row.size, 3), include_top=False, pooling="avg", weights=weights, **options)
    read = tfft.load_backbone(name, weights=weights, **options).preprocessor

    def features(*parts: tfft.data.Examples) -> tuple[np.ndarray, np.ndarray]:
        images = [np.asarray(read(path), np.float32) for part in parts for path in part.inputs]
        images = [image / 127.5 - 1 if row.pixel_range == "minus_one_to_one" else image for image in images]
        rows = [base(np.stack(images[at : at + BATCH]), training=False) for at in range(0, len(images), BATCH)]
        return np.concatenate(rows), np.concatenate([part.targets for part in parts])

    search = LogisticRegressionCV(Cs=np.logspace(-5, 1, 13), cv=5, scoring="neg_log_loss", max_iter=1000)
    probe = make_pipeline(StandardScaler(), search).fit(*features(splits.train, splits.validation))
    rows, targets = features(splits.test)
    return float((probe.predict(rows) == targets).mean())


def with_keras_guide(splits: tfft.data.Splits, net: str, weights: str, seed: int) -> float:
    """Test accuracy of the guide's recipe: frozen backbone with Adam 1e-3, then everything unfrozen with Adam 1e-5.

    Images are stretched by ``tf.image`` as ``image_dataset_from_directory`` does, the backbone is called with ``training=False``,
    and the last epoch's weights are kept.
    """
    import keras
    import tensorflow as tf

    name, options, _ = NETS[net]
    row = tfft.backbones.keras_applications.ARCHITECTURES[name]
    keras.utils.set_random_seed(seed)

    def dataset(examples: tfft.data.Examples, shuffle: bool) -> tf.data.Dataset:
        paths = [str(path) for path in examples.inputs]
        rows = tf.data.Dataset.from_tensor_slices((paths, examples.targets))

        def load(path: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
            return tf.ensure_shape(tf.image.resize(image, (row.size, row.size)), (row.size, row.size, 3)), target

        rows = rows.shuffle(len(paths), seed=seed) if shuffle else rows
        return rows.map(load, tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)

    make = getattr(keras.applications, row.function)
    base = make(input_shape=(row.size, row.size, 3), include_top=False, weights=weights, **options)
    base.trainable = False
    inputs = keras.Input((row.size, row.size, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs) if row.pixel_range == "minus_one_to_one" else inputs
    x = keras.layers.GlobalAveragePooling2D()(base(x, training=False))
    outputs = keras.layers.Dense(len(splits.labels))(keras.layers.Dropout(0.2)(x))
    model = keras.Model(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    train, validation = dataset(splits.train, True), dataset(splits.validation, False)
    for trainable, rate in ((False, 1e-3), (True, 1e-5)):
        base.trainable = trainable
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        model.fit(train, epochs=EPOCHS, validation_data=validation, verbose=0)
    logits = model.predict(dataset(splits.test, False), verbose=0)
    return float((logits.argmax(axis=1) == splits.test.targets).mean())


def measure(material: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    splits = read(material, data, seed)
    weights = str(material / "weights" / NETS[net][2])
    begun = time.perf_counter()
    if kind == "keras guide":
        accuracy = with_keras_guide(splits, net, weights, seed)
    elif kind == "probe":
        accuracy = with_probe(splits, net, weights)
    else:
        accuracy = with_tfft(splits, net, weights if kind == "tfft" else None, seed)
    seconds = round(time.perf_counter() - begun, 1)
    return {"accuracy": accuracy, "seconds": seconds}


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each net and data set."""
    lines = []
    for data in DATA:
        for net in NETS:
            cells = []
            for kind in KINDS:
                found = [row["accuracy"] for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
                spread = f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
                cells.append(f"{np.mean(found):.3f}{spread} ({len(found)})" if found else "-")
            lines.append([data, net, *cells])
    return tfft.evaluation.render.table(["data", "net", *KINDS], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("accuracy.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nets", nargs="*", default=list(NETS), choices=list(NETS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    arguments = parser.parse_args()
    keys = product(arguments.nets, DATA, range(arguments.seeds), arguments.kinds)
    rows = measured(
        arguments.out,
        ((net, data, kind, seed) for net, data, seed, kind in keys),
        partial(measure, arguments.material),
    )
    print(table(rows))
    print(machine())


if __name__ == "__main__":
    main()
