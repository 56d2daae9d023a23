"""Assign the layers of a net to named blocks, in order from input to output."""

import re
from collections.abc import Sequence
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.core.specs import Block


def units(net: Any) -> list[Any]:
    """List the layers that blocks consist of.

    Args:
        net: A functional ``keras.Model``.

    Returns:
        The layers in topological order. A layer with ``block_layers``, such as a SavedModel, is replaced by these.

    Example:
        >>> import tfft
        >>> net = tfft.load_backbone("toy").load()
        >>> units(net) == net.layers
        True
    """
    return [unit for layer in net.layers for unit in getattr(layer, "block_layers", [layer])]


def is_whole(net: Any) -> bool:
    """Return whether a net contains a layer with blocks that can only be called as a whole, such as a SavedModel.

    Args:
        net: A functional ``keras.Model``.

    Returns:
        True when the net cannot be cut between the blocks of such a layer.

    Example:
        >>> import tfft
        >>> is_whole(tfft.load_backbone("toy").load())
        False
    """
    return any(hasattr(layer, "block_layers") for layer in net.layers)


def assign_blocks(net: Any, blocks: Sequence[Block]) -> dict[str, str]:
    """Assign every layer of a functional net to exactly one block.

    Args:
        net: A ``keras.Model`` whose ``layers`` are in topological order (functional models are).
        blocks: Blocks in order from input to output; the last block has no pattern.

    Returns:
        Layer name -> block name, in the order of the layers.

    Raises:
        BackboneError: When a pattern matches nothing or blocks overlap.

    Example:
        >>> import tfft
        >>> described = tfft.load_backbone("toy")
        >>> assign_blocks(described.load(), described.blocks)["block2_conv"]
        'block2'
    """
    names = [layer.name for layer in units(net)]
    result: dict[str, str] = {}
    start = 0
    for block in blocks:
        end = len(names)
        if block is not blocks[-1]:
            hits = [index for index, name in enumerate(names) if re.match(block.pattern, name)]
            end = hits[-1] + 1 if hits else start
        if end <= start:
            raise BackboneError(
                f"Block {block.name!r} is empty: {block.pattern!r} matches no layer after the block before it.",
                f"layers {shortlist(names[start:])}",
                "List the blocks from input to output, each with a pattern for its last layer.",
            )
        result |= dict.fromkeys(names[start:end], block.name)
        start = end
    return result
