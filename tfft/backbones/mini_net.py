"""The small image backbone `tfft_mini` that ships inside the package: its net and its pretrained weights.

    net = mini_net(size=96)      # random weights, made from the seed alone
    load_weights_into(net)       # the pretrained weights, in place

It is made for demonstrations, tests and machines without a network. It has 0.45 million parameters, needs about 27 million
multiply-adds at 96 pixels, and uses only standard Keras layers. `scripts/pretrain_mini.py` trains it again; `docs/tfft_mini.md`
names its training data, its accuracy and its limits.
"""

import importlib.resources
import io
from typing import Any

import keras
import numpy as np

from tfft.core.errors import WeightsError, shortlist

WEIGHTS_FILE = "tfft_mini.npz"

# (block, channels, stride of its first unit, units). With the two strided convolutions before them the strides multiply
# to 16: a 96-pixel image gives a 6 x 6 map, and a 32-pixel one still 2 x 2.
_SEPARABLE_BLOCKS = (("block3", 128, 2, 3), ("block4", 288, 2, 2), ("block5", 288, 1, 3))

# Keras' default of 0.99 needs hundreds of steps to follow the data. A net that is trained from random weights on a small dataset
# would be evaluated with statistics close to its initial ones.
_MOMENTUM = 0.9


def mini_net(size: int | None, seed: int = 0, name: str = "backbone") -> keras.Model:
    """Build the net of ``tfft_mini`` with random weights.

    The same seed gives the same weights in every session: each layer has a seed of its own, and Keras' global generator is not
    used. The weights do not depend on ``size``, so one weights file fits every size. Every block ends in a bottleneck,
    ``block1_out`` to ``block5_out``: all later layers are computed from the output of this layer alone.

    Args:
        size: Height and width of the images in pixels; None accepts images of any size, batch by batch.
        seed: The seed of the random weights.
        name: The name of the model.

    Returns:
        A functional ``keras.Model`` from RGB pixels 0..255, float32, shape (batch, size, size, 3), to a feature map that is never
        below 0, float32, shape (batch, ceil(size / 16), ceil(size / 16), 288).

    Example:
        >>> net = mini_net(size=64)
        >>> keras.Model(net.get_layer("block4_out").output, net.output).output.shape
        (None, 4, 4, 288)

    Source:
        Depthwise-separable units of MobileNet (Howard et al. 2017, section 3.1), with the skip connection of ResNet
        (He et al. 2016) in units that keep their shape. The first two layers are full convolutions: on a CPU they train faster
        than the depthwise pairs that they replace (35 % more images per second, measured on 2 x86-64 cores).
    """
    image = keras.Input((size, size, 3), dtype="float32", name="image")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling")(image)
    x = _convolution(x, 16, "block1_conv", "block1_out", seed * 1000)
    x = _convolution(x, 48, "block2_conv", "block2_conv_relu", seed * 1000 + 1)
    x = _separable_unit(x, 64, 1, "block2_unit1", "block2_out", seed * 1000 + 2)
    layer_seed = seed * 1000 + 4
    for block, channels, stride, units in _SEPARABLE_BLOCKS:
        for unit in range(1, units + 1):
            prefix = f"{block}_unit{unit}"
            end = f"{block}_out" if unit == units else f"{prefix}_out"
            x = _separable_unit(x, channels, stride if unit == 1 else 1, prefix, end, layer_seed)
            layer_seed += 2
    return keras.Model(image, x, name=name)


def load_weights_into(net: keras.Model) -> keras.Model:
    """Put the pretrained weights of ``tfft_mini`` into a net made by ``mini_net``.

    All names and shapes are checked before the first weight is assigned, so a refused net keeps its weights.

    Args:
        net: A model made by ``mini_net``, of any size.

    Returns:
        The same model with new weights. The file holds float16; the variables keep their own dtype and shape.

    Raises:
        WeightsError: When the names or shapes of the net's variables differ from those in the file.

    Example:
        >>> load_weights_into(mini_net(size=32)).count_params()
        449248
    """
    arrays = packaged_arrays()
    shapes = {weight_name(weight): tuple(weight.shape) for weight in net.weights}
    packaged = {name: array.shape for name, array in arrays.items()}
    if list(shapes.items()) != list(packaged.items()):
        differing = sorted(set(shapes.items()) ^ set(packaged.items()))
        raise WeightsError(
            "The weights of tfft_mini do not fit this net.",
            f"{len(shapes)} variables for {len(packaged)} arrays, differing {shortlist(differing)}",
            "Build it with mini_net() of this version, and load the weights before changing it.",
        )
    net.set_weights([array.astype("float32") for array in arrays.values()])
    return net


def packaged_arrays() -> dict[str, np.ndarray]:
    """Read the pretrained weights that ship with the package.

    Returns:
        Name (``"block1_conv/kernel"``) -> float16 array in the shape of its variable, in the order of the net.

    Example:
        >>> packaged_arrays()["block1_conv/kernel"].shape
        (3, 3, 3, 16)
    """
    content = importlib.resources.files(__package__).joinpath(WEIGHTS_FILE).read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def weight_name(weight: keras.Variable) -> str:
    """Return the name of a variable in the weights file.

    It consists of layer and variable, without the scopes before them, which depend on where the net was built.

    Args:
        weight: A variable of a net made by ``mini_net``.

    Returns:
        The last two parts of the variable's path.

    Example:
        >>> weight_name(mini_net(size=32).weights[0])
        'block1_conv/kernel'
    """
    return "/".join(weight.path.split("/")[-2:])


def _convolution(x: Any, channels: int, name: str, end: str, layer_seed: int) -> Any:
    """Add a 3x3 convolution of stride 2 -> BN -> ReLU; the ReLU is named ``end``."""
    x = keras.layers.Conv2D(
        channels,
        3,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(layer_seed),
        name=name,
    )(x)
    x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=end)(x)


def _separable_unit(x: Any, channels: int, stride: int, prefix: str, end: str, layer_seed: int) -> Any:
    """Add depthwise 3x3 -> BN -> ReLU -> 1x1 -> BN (-> + input, if shapes allow) -> ReLU; the last ReLU is named ``end``."""
    shortcut = x
    x = keras.layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        # He-normal for the 9 inputs of each channel. Keras' HeNormal counts 9 x channels inputs, and the signal would vanish.
        depthwise_initializer=keras.initializers.TruncatedNormal(stddev=(2 / 9) ** 0.5, seed=layer_seed),
        name=f"{prefix}_dw",
    )(x)
    x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{prefix}_dw_bn")(x)
    x = keras.layers.ReLU(name=f"{prefix}_dw_relu")(x)
    x = keras.layers.Conv2D(
        channels,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(layer_seed + 1),
        name=f"{prefix}_pw",
    )(x)
    x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{prefix}_pw_bn")(x)
    if stride == 1 and shortcut.shape[-1] == channels:
        x = keras.layers.Add(name=f"{prefix}_add")([shortcut, x])
    return keras.layers.ReLU(name=end)(x)
