"""In which numbers a net computes: float32, bfloat16 or float16; its variables stay float32."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

FLOAT32 = "float32"


@dataclass(frozen=True)
class Precision:
    """What the two parts of a net compute in; the head and the loss are always float32.

    Attributes:
        trunk: Of the frozen part of the backbone.
        tail: Of the part that trains.
    """

    trunk: str = FLOAT32
    tail: str = FLOAT32


@contextmanager
def computing(net: Any, dtype: str) -> Iterator[None]:
    """Let the layers of a net compute in another precision while they are called; their variables stay as they are.

    Args:
        net: A ``keras.Model``.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``.

    Yields:
        Nothing; what is called inside casts its inputs and variables.
    """
    layers = net._flatten_layers(include_self=True, recursive=True)
    before = [layer.dtype_policy for layer in layers]
    policy = dtype if dtype == FLOAT32 else f"mixed_{dtype}"
    try:
        for layer in layers:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, old in zip(layers, before, strict=True):
            layer.dtype_policy = old
