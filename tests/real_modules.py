"""Modules of TensorFlow Hub made of real weights, and the nets they were made of; ``benchmarks/hub.py`` trains both as well."""

from pathlib import Path
from typing import Any

import tfft

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

    import tfft.backbones.packages

    net = keras_hub.models.BertBackbone.from_preset(tfft.backbones.packages.installed("minilm_l6"))

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

    import tfft.backbones.packages

    module = tf.Module()
    module.tokenizer = keras_hub.models.BertTokenizer.from_preset(tfft.backbones.packages.installed("minilm_l6"))
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
