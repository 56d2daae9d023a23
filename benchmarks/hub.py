"""The same weights as a net of Keras and as a module of TensorFlow Hub: the accuracy that both reach, and what moved.

    python -m benchmarks.hub --material ../shared --out hub.json

The modules are made of the real weights first: a MobileNetV2 feature vector that can be told to train, and MiniLM with its own
string preprocessing. Blocks of the modules are those of the nets. Test examples are looked at once, after training.
"""

import argparse
import tempfile
import time
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks.rows import machine, measured
from tfft.core.errors import DataWarning

WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
FLOWERS, TREC = "flowers5", "trec6"
NATIVE, SAVED = "net of Keras", "module of TensorFlow Hub"
# where the blocks of the native net end
MOBILENET_BLOCKS = (
    "Conv1|bn_Conv1|expanded_conv", "block_[12]_", "block_[345]_", "block_([6-9]|1[0-2])_", "block_1[3-6]_|Conv_1",
)  # fmt: skip
BERT_BLOCKS = (".*embedding", *(f"transformer_layer_{number}/" for number in range(6)), "pooled_dense")


def mobilenet(material: Path, folder: Path) -> Path:
    """A feature vector with ``training`` and batch normalisation, of real ImageNet weights; pixels are in 0..1."""
    import keras
    import tensorflow as tf

    pixels = keras.Input((224, 224, 3), name="inputs")
    base = keras.applications.MobileNetV2(
        input_tensor=keras.layers.Rescaling(2.0, -1.0)(pixels), alpha=0.35, include_top=False,
        weights=str(material / "weights" / WEIGHTS), pooling="avg",
    )  # fmt: skip
    spec = tf.TensorSpec((None, 224, 224, 3), tf.float32, name="inputs")
    return _published(folder, base, tf.function(lambda inputs, training=False: base(inputs, training=training)), spec)


def minilm(folder: Path) -> Path:
    """A text encoder with dicts in and out, of the weights of all-MiniLM-L6-v2."""
    import keras_hub
    import tensorflow as tf

    import tfft.backbones.keras_hub

    net = keras_hub.models.BertBackbone.from_preset(tfft.backbones.keras_hub.installed("minilm_l6"))

    def call(inputs: Any, training: bool = False) -> Any:
        names = {"token_ids": "input_word_ids", "segment_ids": "input_type_ids", "padding_mask": "input_mask"}
        return dict(net({own: inputs[theirs] for own, theirs in names.items()}, training=training))

    keys = ("input_word_ids", "input_mask", "input_type_ids")
    return _published(
        folder, net, tf.function(call), {key: tf.TensorSpec((None, None), tf.int32, name=key) for key in keys}
    )


def reader(folder: Path, length: int = 128) -> Path:
    """The string preprocessing of MiniLM."""
    import keras_hub
    import tensorflow as tf

    import tfft.backbones.keras_hub

    module = tf.Module()
    module.tokenizer = keras_hub.models.BertTokenizer.from_preset(tfft.backbones.keras_hub.installed("minilm_l6"))
    tokenizer = module.tokenizer
    packer = keras_hub.layers.MultiSegmentPacker(length, tokenizer.start_token_id, tokenizer.end_token_id, pad_value=0)

    def call(texts: Any) -> Any:
        ids, types = packer(tokenizer(texts))
        return {"input_word_ids": ids, "input_mask": tf.cast(ids != 0, tf.int32), "input_type_ids": types}

    module.__call__ = tf.function(call, input_signature=[tf.TensorSpec((None,), tf.string)])
    tf.saved_model.save(module, str(folder))
    return folder


def _published(folder: Path, net: Any, function: Any, spec: Any) -> Path:
    """By the reusable interface."""
    import tensorflow as tf

    module = tf.__internal__.tracking.AutoTrackable()
    for training in (True, False):
        function.get_concrete_function(spec, training=training)
    module.__call__ = function
    module.variables = [variable.value for variable in net.variables]
    module.trainable_variables = [variable.value for variable in net.trainable_variables]
    module.regularization_losses = []
    tf.saved_model.save(module, str(folder))
    return folder


def backbone_of(material: Path, folder: Path, data: str, kind: str) -> Any:
    """Of one row of the table; modules are made when they are first needed."""
    if data == FLOWERS:
        if kind == NATIVE:
            return tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=str(material / "weights" / WEIGHTS))
        made = folder / "mobilenet"
        return tfft.load_backbone(
            str(made if made.is_dir() else mobilenet(material, made)), blocks=list(MOBILENET_BLOCKS)
        )
    if kind == NATIVE:
        return tfft.load_backbone("minilm_l6", length=128)
    made, words = folder / "minilm", folder / "reader"
    for path, make in ((made, minilm), (words, reader)):
        if not path.is_dir():
            make(path)
    return tfft.load_backbone(str(made), preprocessor=str(words), blocks=list(BERT_BLOCKS))


def measure(material: Path, folder: Path, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training in two phases, as a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # TREC has the same question in both parts
        if data == FLOWERS:
            home = material / "data" / "image_classification" / FLOWERS
            splits = tfft.data.from_folder(home, seed=seed)
            plan = tfft.plans.two_phase(head_epochs=5, tune_epochs=2)
        else:
            home = material / "data" / "text_classification" / TREC
            paths = {part: home / f"{part}.tsv" for part in ("train", "test")}
            splits = tfft.data.from_csv(paths, text_column="text", seed=seed)
            plan = tfft.plans.two_phase(head_epochs=5, tune_epochs=2, blocks=2, tune_learning_rate=5e-5)
        begun = time.perf_counter()
        model = tfft.build(
            backbone_of(material, folder, data, kind), tfft.tasks.classification(splits.labels), seed=seed
        )
        run = tfft.fit(model, splits, plan, seed=seed, progress=False)
        accuracy = tfft.evaluate(model, splits.test).metrics["accuracy"]["value"]
    head, tune = (record.overview for record in run.phases)
    return {
        "accuracy": accuracy,
        "seconds": round(time.perf_counter() - begun, 1),
        "losses": [round(value, 4) for value in run.history()["val_loss"]],
        "moved": [sorted({row.block for row in part.rows if row.moved}) for part in (head, tune)],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each kind."""
    lines = []
    for data, kind in dict.fromkeys((row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["data"], row["kind"]) == (data, kind)]
        found = [row["accuracy"] for row in some]
        spread = f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
        moved = " then ".join(", ".join(part) for part in some[0]["moved"])
        lines.append([data, kind, str(len(found)), f"{np.mean(found):.3f}{spread}", moved])
    return tfft.evaluation.render.table(["data", "backbone", "seeds", "test accuracy", "moved"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("hub.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=[FLOWERS, TREC], choices=[FLOWERS, TREC])
    arguments = parser.parse_args()
    nets = {FLOWERS: "mobilenet_v2", TREC: "minilm_l6"}
    keys = [
        (nets[name], name, kind, seed)
        for name, seed, kind in product(arguments.sets, range(arguments.seeds), (NATIVE, SAVED))
    ]
    with tempfile.TemporaryDirectory() as folder:
        print(table(measured(arguments.out, keys, partial(measure, arguments.material, Path(folder)))))
    print(machine())


if __name__ == "__main__":
    main()
