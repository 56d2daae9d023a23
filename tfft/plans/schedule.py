"""How the learning rate moves within one phase."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfft.core.errors import PlanError

_SHAPES = ("cosine", "constant")


@dataclass(frozen=True)
class Schedule:
    """A linear rise to the phase's learning rate, then a shape.

    Attributes:
        shape: ``"cosine"`` falls to 0 at the end of the phase, ``"constant"`` stays.
        warmup: Share of the phase's steps in which the rate rises, in [0, 1).

    Raises:
        PlanError: When one of them is out of range.
    """

    shape: str = "cosine"
    warmup: float = 0.1

    def __post_init__(self) -> None:
        if self.shape not in _SHAPES:
            raise PlanError(f"There is no schedule {self.shape!r}.", fix="Use plans.cosine() or plans.constant().")
        number = isinstance(self.warmup, (int, float)) and not isinstance(self.warmup, bool)
        if not number or not 0 <= self.warmup < 1:
            raise PlanError(f"warmup={self.warmup!r} must be a share of the phase in [0, 1).", fix="0.1 is common.")

    def to_dict(self) -> dict[str, Any]:
        """The schedule as plain JSON values.

        Example:
            >>> cosine(warmup=0.2).to_dict()
            {'shape': 'cosine', 'warmup': 0.2}
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Schedule":
        """Undo ``to_dict``.

        Args:
            values: What ``to_dict`` returned.

        Returns:
            An equal Schedule.

        Raises:
            PlanError: When a value is out of range.
            KeyError: When one is missing.
        """
        return cls(values["shape"], values["warmup"])


def cosine(warmup: float = 0.1) -> Schedule:
    """Rise, then fall along half a cosine to 0.

    Args:
        warmup: Share of the phase's steps in which the rate rises, in [0, 1).

    Returns:
        A Schedule.

    Raises:
        PlanError: When ``warmup`` is out of range.

    Source:
        Loshchilov and Hutter 2017, "SGDR", without restarts; linear warm-up: Goyal et al. 2017, section 2.2.
    """
    return Schedule("cosine", warmup)


def constant(warmup: float = 0.0) -> Schedule:
    """Rise, then stay.

    Args:
        warmup: Share of the phase's steps in which the rate rises, in [0, 1).

    Returns:
        A Schedule.

    Raises:
        PlanError: When ``warmup`` is out of range.
    """
    return Schedule("constant", warmup)
