"""Learning rates of head and blocks relative to the learning rate of a phase."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

import numpy as np

from tfft.core.errors import PlanError


@dataclass(frozen=True)
class Rates:
    """Ratios of the learning rates of head and blocks to the learning rate of a phase, which the backbone's last block has.

    Attributes:
        layer_decay: The ratio of each block's learning rate to that of the next block, in (0, 1]; 1 for equal learning rates.
        head: The ratio of the head's learning rate to that of the phase, in (0, 1e4]. New layers often need higher learning rates
            than pretrained ones.

    Raises:
        PlanError: When one of them is out of range.

    Source:
        Layer decay: Howard and Ruder 2018, "Universal Language Model Fine-tuning", section 3.2 (a factor of 1 / 2.6), and
        Clark et al. 2020, "ELECTRA", appendix (0.8).
    """

    layer_decay: float = 1.0
    head: float = 1.0

    def __post_init__(self) -> None:
        for name, most in (("layer_decay", 1), ("head", 1e4)):
            value = getattr(self, name)
            if isinstance(value, np.generic):
                object.__setattr__(self, name, value := value.item())  # JSON does not accept NumPy numbers
            if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) <= most:
                raise PlanError(
                    f"{name}={value!r} must be a number in (0, {most:g}].", fix="1 leaves the learning rate as it is."
                )

    def of_block(self, block: str, blocks: Sequence[str]) -> float:
        """Return the ratio of a block's learning rate to that of the phase.

        Args:
            block: The name of the block; a name that is not in ``blocks`` stands for the head.
            blocks: The names of the backbone's blocks, from input to output.

        Returns:
            A number above 0.

        Example:
            >>> [Rates(layer_decay=0.5, head=10).of_block(name, ["first", "second"]) for name in ("first", "second", "head")]
            [0.5, 1.0, 10]
        """
        if block not in blocks:
            return self.head
        return float(self.layer_decay ** (len(blocks) - 1 - blocks.index(block)))

    def describe(self) -> str:
        """Return a text such as ``"head x 20, layer decay 0.8"``; empty when all learning rates are equal."""
        parts = [f"head x {self.head:g}"] if self.head != 1 else []
        return ", ".join([*parts, *([f"layer decay {self.layer_decay:g}"] if self.layer_decay != 1 else [])])

    def to_dict(self) -> dict[str, Any]:
        """Return the rates as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Rates":
        """Make rates from JSON values.

        Args:
            values: The result of ``to_dict``.

        Returns:
            Equal Rates.

        Raises:
            PlanError: When a value is out of range.
            KeyError: When one is missing.
        """
        return cls(values["layer_decay"], values["head"])
