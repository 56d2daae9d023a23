"""The U-Net of TensorFlow's tutorial on image segmentation, in plain Keras.

Source: https://www.tensorflow.org/tutorials/images/segmentation and ``pix2pix.upsample`` of tensorflow_examples. The encoder is a
frozen MobileNetV2, and the decoder consists of transposed convolutions with batch normalisation and ReLU. It trains with Adam and
sparse cross-entropy on logits.
"""

import tempfile
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfft
from tfft.backbones.base import Backbone
from tfft.core.label_values import IGNORED
from tfft.inputs.alignment import Alignment
from tfft.inputs.image import ImagePreprocessor

SKIPS = (
    "block_1_expand_relu",
    "block_3_expand_relu",
    "block_6_expand_relu",
    "block_13_expand_relu",
    "block_16_project",
)
WIDTHS = (512, 256, 128, 64)


def net_of(backbone: Backbone, classes: int, seed: int) -> keras.Model:
    """The net of the tutorial, from pixels in -1..1 to logits of the same size."""
    encoder = backbone.load(seed)
    down = keras.Model(encoder.input, [encoder.get_layer(name).output for name in SKIPS])
    down.trainable = False
    inputs = keras.Input(encoder.input.shape[1:])
    *skips, x = down(inputs, training=False)
    start = keras.initializers.RandomNormal(0.0, 0.02, seed=seed)
    for width, skip in zip(WIDTHS, reversed(skips), strict=True):
        made = {"strides": 2, "padding": "same", "kernel_initializer": start, "use_bias": False}
        x = keras.layers.Conv2DTranspose(width, 3, **made)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
        x = keras.layers.Concatenate()([x, skip])
    return keras.Model(inputs, keras.layers.Conv2DTranspose(classes, 3, strides=2, padding="same")(x))


def unet(
    backbone: Backbone, splits: "tfft.data.Splits", epochs: int, batch: int, seed: int
) -> Callable[[Any], np.ndarray]:
    """Train it, and return a function: image -> class ids of the size of the image, uint8, shape (height, width, 1)."""
    size = backbone.preprocessor.inputs[0][1]
    sides = int(size[0] or 0), int(size[1] or 0)
    geometry, alignment = ImagePreprocessor(*sides, "squash"), Alignment(*sides)
    parts = []
    for part in (splits.train, splits.validation):
        pixels = np.stack([geometry(item) for item in part.inputs])
        masks = np.stack([alignment.place(part.targets[index]) for index in range(len(part))])
        parts.append(tf.data.Dataset.from_tensor_slices((pixels, masks)))

    def ready(pixels: Any, mask: Any) -> Any:
        return tf.cast(pixels, tf.float32) / 127.5 - 1, tf.cast(mask, tf.int32)

    keras.utils.set_random_seed(seed)
    net = net_of(backbone, len(splits.labels), seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    net.compile("adam", loss)
    train = parts[0].map(ready).cache().shuffle(len(splits.train), seed=seed).batch(batch).prefetch(2)
    with tempfile.TemporaryDirectory() as folder:
        kept = f"{folder}/best.weights.h5"
        best = keras.callbacks.ModelCheckpoint(kept, save_best_only=True, save_weights_only=True)
        net.fit(train, validation_data=parts[1].map(ready).batch(batch), epochs=epochs, callbacks=[best], verbose=0)
        net.load_weights(kept)

    def answer(item: Any) -> np.ndarray:
        logits = net.predict_on_batch(geometry(item)[None].astype(np.float32) / 127.5 - 1)
        ids = np.asarray(logits)[0].argmax(axis=-1).astype(np.uint8)
        return alignment.restore(ids[..., None], item)

    return answer
