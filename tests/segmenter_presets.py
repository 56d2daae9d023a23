"""Tiny presets of KerasHub's nets for segmentation, with random weights."""

import numpy as np


def mit(side):
    import keras_hub

    return keras_hub.models.MiTBackbone(
        layerwise_depths=[1, 2], num_layers=2, image_shape=(side, side, 3), layerwise_num_heads=[1, 2], layerwise_sr_ratios=[2, 1],
        layerwise_patch_sizes=[7, 3], layerwise_strides=[4, 2], max_drop_path_rate=0.1, hidden_dims=[8, 16],
    )  # fmt: skip


def segformer(side):
    import keras_hub

    return keras_hub.models.SegFormerBackbone(image_encoder=mit(side), projection_filters=8)


def deeplab(side):
    import keras_hub

    encoder = keras_hub.models.ResNetBackbone(
        [64], [3], [64, 8, 16, 16], [1, 1, 1, 1], [1, 2, 2, 2], "basic_block", image_shape=(None, None, 3)
    )
    return keras_hub.models.DeepLabV3Backbone(
        encoder, "P5", 8, [2, 3], low_level_feature_key="P2", projection_filters=8, image_shape=(None, None, 3)
    )


NETS = {"mit": mit, "segformer": segformer, "deeplab": deeplab}


def saved(name, folder, side=64):
    """A preset with random weights, also of the norms, and the net that it was made from."""
    import keras_hub

    net = NETS[name](side)
    draw = np.random.default_rng(0)
    for variable in net.variables:
        if len(variable.shape) == 1 and "seed" not in variable.path:
            variable.assign(draw.uniform(0.5, 1.5, variable.shape))
    net.save_to_preset(str(folder))
    converter = "ResNetImageConverter" if name == "deeplab" else "MiTImageConverter"
    getattr(keras_hub.layers, converter)(image_size=(side, side), scale=1 / 255).save_to_preset(str(folder))
    return net
