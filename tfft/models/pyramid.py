"""Find the maps of a pyramid in a backbone: one for each stride, from fine to coarse."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfft.core.blocks import assign_blocks, is_whole
from tfft.core.errors import TaskError, shortlist
from tfft.core.graph import nodes
from tfft.core.passages import passages
from tfft.core.specs import Block

if TYPE_CHECKING:
    import keras

_ADVICE = 'Choose a convolutional net, such as "mobilenet_v2", "resnet50" or "tfft_mini".'


def pyramid_net(net: "keras.Model", handle: str, blocks: Sequence[Block], strides: Sequence[int]) -> "keras.Model":
    """Make a net that outputs a map for each of several strides. It shares its layers with the given net.

    The map of a stride is the output of the last block that ends at this stride, if all data passes through it: it is narrow, and
    phases are cut there. Otherwise it is the last tensor of the stride that all data passes through. Strides that the net does not
    have are left out, and those that are no finer than its features. The last output is always that of the net; it is the only one
    of nets with a decoder of their own, such as SegFormer.

    Args:
        net: A backbone: a functional model from pixels of shape (batch, height, width, 3) to a map.
        handle: The name of the backbone, for messages.
        blocks: The blocks of the backbone.
        strides: The strides of the maps, powers of two, such as ``(4, 8, 16, 32)``.

    Returns:
        A model from pixels to maps of shape (batch, height, width, channels), from the finest to the coarsest.

    Raises:
        TaskError: When the net has no such maps.

    Example:
        >>> import tfft
        >>> described = tfft.load_backbone("toy", size=32)
        >>> [tuple(each.shape) for each in pyramid_net(described.load(), "toy", described.blocks, (4, 8, 16)).outputs]
        [(None, 8, 8, 8), (None, 4, 4, 8)]
    """
    import keras

    last = net.outputs[0]
    if len(last.shape) != 4 or None in last.shape[1:] or is_whole(net):
        raise TaskError(
            "This task needs the maps of several sizes inside of the backbone.",
            f"{handle!r}, which is called as a whole"
            if is_whole(net)
            else f"{handle!r} with features of shape {last.shape}",
            _ADVICE,
        )
    found = _levels(net, blocks)
    coarsest = _stride(net, last)
    chosen = [found[stride] for stride in sorted(strides) if stride in found and stride < coarsest]
    if not chosen and max(found) <= coarsest:  # a net with a decoder of its own has coarser maps inside
        raise TaskError(
            f"{handle!r} has no maps at the strides that this task reads.",
            f"strides {shortlist(sorted(found))}, read {shortlist(sorted(strides))}",
            _ADVICE,
        )
    return keras.Model(net.inputs, [*chosen, last], name=net.name)


def shapes_of(net: "keras.Model") -> tuple[tuple[int, int, int], ...]:
    """Return the shapes of the pixels and of all maps of a pyramid, for ``FeatureSpec.pyramid``.

    Args:
        net: From ``pyramid_net``.

    Returns:
        (height, width, channels) of each.
    """
    return tuple(tuple(int(side) for side in tensor.shape[1:]) for tensor in (net.inputs[0], *net.outputs))  # type: ignore[misc]


def _levels(net: "keras.Model", blocks: Sequence[Block]) -> dict[int, Any]:
    """Stride -> the tensor of this stride."""
    ends = {block: layer for layer, block in assign_blocks(net, blocks).items()}  # the last layer of each block
    of_blocks = set(ends.values())
    found: dict[int, Any] = {}
    for node in filter(_makes_map, nodes(net)):
        found[_stride(net, node.outputs[0])] = node.outputs[0]
    through = list(filter(_makes_map, passages(net, net.outputs[0])))
    for some in (through, [node for node in through if node.operation.name in of_blocks]):
        found |= {_stride(net, node.outputs[0]): node.outputs[0] for node in some}
    return found


def _makes_map(node: Any) -> bool:
    """Return whether a call makes a map that lies over the image as a whole."""
    tensor, kind = node.outputs[0], type(node.operation).__name__
    if len(tensor.shape) != 4 or None in tensor.shape[1:] or "float" not in tensor.dtype:
        return False
    # a map of one place comes from a global pooling; padding and cropping belong to the layer after them
    return max(tensor.shape[1:3]) > 1 and not any(word in kind for word in ("Pad", "Crop"))


def _stride(net: "keras.Model", tensor: Any) -> int:
    """The nearest power of two to the ratio of the sides of the pixels to those of a map."""
    _, height, width, _ = net.inputs[0].shape
    ratio = math.sqrt(height * width / (tensor.shape[1] * tensor.shape[2]))
    return int(2 ** max(0, round(math.log2(ratio))))
