"""Find the features of the backbone in the net of a bundle, which does not say where the backbone ends."""

from typing import Any

_HEAD = "head"


def features_net(net: Any) -> Any:
    """Return the part of a net before its head. It shares the layers of the net.

    Args:
        net: A net that ``build`` made: inputs -> logits.

    Returns:
        A ``keras.Model``: the inputs -> the arguments of the head by name, such as ``features`` of shape (batch, width), (batch,
        tokens, width) or (batch, height, width, channels), and ``mask`` of shape (batch, tokens).

    Example:
        >>> import tfft
        >>> net = tfft.build("toy", tfft.tasks.classification(["ants", "bees"])).net
        >>> {name: tuple(each.shape) for name, each in features_net(net).output.items()}
        {'features': (None, 2, 2, 8)}
    """
    import keras

    head = net.get_layer(_HEAD)
    # the head may have been called in other nets as well; its output here is that of the net
    call = head._inbound_nodes[net.outputs[0]._keras_history.node_index]
    names = [tensor.name for tensor in head.inputs]
    return keras.Model(net.inputs, dict(zip(names, call.input_tensors, strict=True)))
