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


def publish(net: keras.Model, folder: Path, training: bool = True, lists: bool = True) -> Path:
    """Save a net with ``__call__``, perhaps with ``training``, and perhaps without the lists of its variables."""
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
        module.regularization_losses = []
    tf.saved_model.save(module, str(folder))
    return folder


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
