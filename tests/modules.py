"""SavedModels as TensorFlow Hub publishes them, made here: the reusable interface, a plain signature, a module of TF1."""

import io
import tarfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf


def tiny(size: int = 16) -> keras.Model:
    """Pixels 0..1 -> a vector of 8: three blocks with batch normalisation, and dropout."""
    keras.utils.set_random_seed(1)
    x = pixels = keras.Input((size, size, 3))
    for number, width in enumerate((4, 8, 8)):
        x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"block_{number}_conv")(x)
        x = keras.layers.BatchNormalization(name=f"block_{number}_BN")(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, x)


def publish(net: keras.Model, folder: Path, training: bool = True, lists: bool = True, decay: float = 0.0) -> Path:
    """Save a net with ``__call__``, perhaps with ``training``, without lists of its variables, or with a loss."""
    module = tf.__internal__.tracking.AutoTrackable()
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in net.inputs]

    def call(inputs: Any, training: bool = False) -> Any:
        return net(inputs, training=training)

    function = tf.function(call if training else lambda inputs: net(inputs, training=False))
    for mode in (True, False) if training else ():
        function.get_concrete_function(*specs, training=mode)
    if not training:
        function.get_concrete_function(*specs)
    module.__call__ = function
    module.everything = [variable.value for variable in net.variables]
    if lists:
        module.variables = [variable.value for variable in net.variables]
        module.trainable_variables = [variable.value for variable in net.trainable_variables]
        kernels = [variable.value for variable in net.trainable_variables if variable.name == "kernel"]
        module.regularization_losses = [_loss(kernel, decay) for kernel in kernels if decay]
    tf.saved_model.save(module, str(folder))
    return folder


def _loss(kernel: tf.Variable, decay: float) -> Any:
    return tf.function(lambda: decay * tf.reduce_sum(kernel**2), input_signature=[])


def signed(net: keras.Model, folder: Path) -> Path:
    """Save a net that can only be called by its signature."""
    module = tf.Module()
    module.everything = [variable.value for variable in net.variables]
    spec = tf.TensorSpec(net.inputs[0].shape, "float32", name="images")
    function = tf.function(lambda images: {"features": net(images, training=False)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": function})
    return folder


def tf1(folder: Path) -> Path:
    """Save a module of TF1: a graph and a session."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, (None, 16, 16, 3), name="images")
        kernel = tf.compat.v1.get_variable("kernel", (3, 4), initializer=tf.compat.v1.ones_initializer())
        features = tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, str(folder), {"images": images}, {"default": features})
    return folder


def archived(folder: Path, path: Path) -> Path:
    """The same as an archive."""
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, ".")
    return path


def climbing(path: Path) -> Path:
    """An archive that writes beside the folder it is unpacked into."""
    with tarfile.open(path, "w:gz") as archive:
        row = tarfile.TarInfo("../outside.txt")
        row.size = 3
        archive.addfile(row, io.BytesIO(b"out"))
    return path


WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "very", "a", "was", "the", "it")


def encoder(folder: Path) -> Path:
    """Save a BERT of two layers as TensorFlow Hub publishes encoders: dicts in, dicts out."""
    import keras_hub

    keras.utils.set_random_seed(2)
    net = keras_hub.models.BertBackbone(len(WORDS), 2, 2, 16, 32, max_sequence_length=32)
    module = tf.__internal__.tracking.AutoTrackable()

    def call(inputs: Any, training: bool = False) -> Any:
        ids, mask, types = (inputs[key] for key in ("input_word_ids", "input_mask", "input_type_ids"))
        found = net({"token_ids": ids, "padding_mask": mask, "segment_ids": types}, training=training)
        return {"pooled_output": found["pooled_output"], "sequence_output": found["sequence_output"]}

    function = tf.function(call)
    names = ("input_word_ids", "input_mask", "input_type_ids")
    specs = {name: tf.TensorSpec((None, None), "int32", name=name) for name in names}
    for mode in (True, False):
        function.get_concrete_function(specs, training=mode)
    module.__call__ = function
    module.everything = [variable.value for variable in net.variables]
    module.variables = [variable.value for variable in net.variables]
    module.trainable_variables = [variable.value for variable in net.trainable_variables]
    module.regularization_losses = []
    tf.saved_model.save(module, str(folder))
    return folder


def reader(folder: Path, length: int = 16) -> Path:
    """Save what turns strings into tokens for ``encoder``."""
    import keras_hub

    module = tf.Module()
    module.tokenizer = keras_hub.tokenizers.BertTokenizer(vocabulary=list(WORDS), lowercase=True)
    packer = keras_hub.layers.MultiSegmentPacker(length, 2, 3, pad_value=0)

    def call(texts: Any) -> Any:
        ids, types = packer(module.tokenizer(texts))
        mask = tf.cast(tf.not_equal(ids, 0), tf.int32)
        return {"input_word_ids": ids, "input_mask": mask, "input_type_ids": types}

    module.__call__ = tf.function(call, input_signature=[tf.TensorSpec((None,), tf.string)])
    tf.saved_model.save(module, str(folder))
    return folder
