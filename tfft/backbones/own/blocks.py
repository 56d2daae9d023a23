"""Blocks of a user's own net: between layers that the user names, or where the maps become smaller."""

import re
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from tfft.core.errors import BackboneError, nearest, shortlist
from tfft.core.graph import nodes
from tfft.core.specs import Block


def blocks_of(net: Any, ends: Sequence[str], channels: int) -> tuple[Block, ...]:
    """Find the blocks of a net, from input to output.

    Args:
        net: A flat functional model; its features are of shape (batch, ...).
        ends: Names of layers or other operations at which blocks end. Without names, a block ends where the maps become smaller; in
            a net without maps, each layer with weights ends a block.
        channels: The channel axis of the maps, 1 or 3.

    Returns:
        At least one Block.

    Raises:
        BackboneError: When a name is unknown.

    Example:
        >>> import tfft
        >>> net = tfft.load_backbone("toy").load()
        >>> [block.pattern for block in blocks_of(net, (), 3)]
        ['block1_relu$', 'block2_relu$', '']
    """
    return _said(net, ends) if ends else tuple(_found(net, channels))


def _said(net: Any, ends: Sequence[str]) -> tuple[Block, ...]:
    known = [operation.name for operation in net.operations]
    unknown = [name for name in ends if name not in known]
    if isinstance(ends, str) or unknown:
        raise BackboneError(
            "blocks= takes names of layers at which blocks end.",
            repr(ends) if isinstance(ends, str) else shortlist(unknown),
            nearest(str(unknown[0]) if unknown and not isinstance(ends, str) else "", known),
        )
    layers = [layer.name for layer in net.layers]
    # blocks consist of layers: when a block ends at another operation, it ends at the last layer before it
    behind = [[name for name in known[: known.index(end) + 1] if name in layers][-1] for end in ends]
    behind = [name for name in dict.fromkeys(behind) if name != layers[-1]]
    return (
        *(Block(f"block{n + 1}", f"{re.escape(e)}$") for n, e in enumerate(behind)),
        Block(f"block{len(behind) + 1}"),
    )


def _found(net: Any, channels: int) -> Iterator[Block]:
    smallest, number, pending, last = float("inf"), 1, False, ""
    areas: dict[int, float] = {}
    for node in nodes(net):
        shape = node.outputs[0].shape
        if len(shape) == 4 and id(node.operation) not in areas:
            areas[id(node.operation)] = prod(side or 1 for axis, side in enumerate(shape) if axis not in (0, channels))
    of_maps = len(net.output.shape) == 4
    for layer in net.layers[1:]:
        area = areas.get(id(layer), smallest)
        ends = area < smallest if of_maps else bool(layer.weights)
        if ends and pending:
            yield Block(f"block{number}", f"{re.escape(last)}$")
            number, pending = number + 1, False
        smallest, pending, last = min(smallest, area), pending or bool(layer.weights), layer.name
    yield Block(f"block{number}")
