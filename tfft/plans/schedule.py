"""Learning rate schedules of a phase."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfft.core.errors import PlanError

_SHAPES = ("cosine", "constant", "slanted")


@dataclass(frozen=True)
class Schedule:
    """A linear warm-up to the learning rate of the phase, followed by a cosine, a line or a constant.

    Attributes:
        shape: ``"cosine"`` decays to 0 at the end of the phase, ``"slanted"`` falls linearly to a 32nd, and ``"constant"`` does not
            change.
        warmup: The fraction of the phase's steps for the warm-up, in [0, 1).

    Raises:
        PlanError: When one of them is out of range.
    """

    shape: str = "cosine"
    warmup: float = 0.1

    def __post_init__(self) -> None:
        if self.shape not in _SHAPES:
            raise PlanError(
                f"The schedule {self.shape!r} does not exist.",
                fix="Use plans.cosine(), plans.slanted() or plans.constant().",
            )
        number = isinstance(self.warmup, (int, float)) and not isinstance(self.warmup, bool)
        if not number or not 0 <= self.warmup < 1:
            raise PlanError(f"warmup={self.warmup!r} must be a fraction of the phase in [0, 1).", fix="0.1 is common.")

    def to_dict(self) -> dict[str, Any]:
        """Return the schedule as plain JSON values.

        Example:
            >>> cosine(warmup=0.2).to_dict()
            {'shape': 'cosine', 'warmup': 0.2}
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Schedule":
        """Make a schedule from JSON values.

        Args:
            values: The result of ``to_dict``.

        Returns:
            An equal Schedule.

        Raises:
            PlanError: When a value is out of range.
            KeyError: When one is missing.
        """
        return cls(values["shape"], values["warmup"])


def cosine(warmup: float = 0.1) -> Schedule:
    """Make a schedule with a linear warm-up and a cosine decay to 0.

    Args:
        warmup: The fraction of the phase's steps for the warm-up, in [0, 1).

    Returns:
        A Schedule.

    Raises:
        PlanError: When ``warmup`` is out of range.

    Source:
        Loshchilov and Hutter 2017, "SGDR", without restarts; linear warm-up: Goyal et al. 2017, section 2.2.
    """
    return Schedule("cosine", warmup)


def slanted(warmup: float = 0.1) -> Schedule:
    """Make the slanted triangular schedule: from a 32nd of the learning rate linearly to all of it, and linearly back.

    Args:
        warmup: The fraction of the phase's steps for the rise, in [0, 1).

    Returns:
        A Schedule.

    Raises:
        PlanError: When ``warmup`` is out of range.

    Source:
        Howard and Ruder 2018, "Universal Language Model Fine-tuning", section 3.2: ``cut_frac`` 0.1, ``ratio`` 32.
    """
    return Schedule("slanted", warmup)


def constant(warmup: float = 0.0) -> Schedule:
    """Make a schedule with a linear warm-up and a constant learning rate.

    Args:
        warmup: The fraction of the phase's steps for the warm-up, in [0, 1).

    Returns:
        A Schedule.

    Raises:
        PlanError: When ``warmup`` is out of range.
    """
    return Schedule("constant", warmup)
