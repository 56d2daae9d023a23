"""Numbers that a user passes, checked against what they may be."""

from numbers import Real
from typing import Any

from tfft.core.errors import DataError


def within(name: str, value: Any, highest: float, lowest: float = 0.0) -> float:
    """A number in a range.

    Args:
        name: Of the argument, for the message.
        value: What was passed.
        highest: May be reached.
        lowest: May be reached as well, unless it is 0.

    Returns:
        The number.

    Raises:
        DataError: When it is none, or out of range.

    Example:
        >>> within("degrees", 15, highest=180)
        15.0
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not lowest <= float(value) <= highest or not float(value) > 0:
        edge = f"[{lowest:g}" if lowest else "(0"
        raise DataError(
            f"{name}={value!r} must be a number in {edge}, {highest:g}].", fix="Leave it out for the default."
        )
    return float(value)


def pair(name: str, values: Any, lowest: float, highest: float) -> tuple[float, float]:
    """The two ends of a range.

    Args:
        name: Of the argument, for the message.
        values: What was passed.
        lowest: Must be exceeded.
        highest: May be reached.

    Returns:
        Both, the lower one first.

    Raises:
        DataError: When they are no two numbers in order, or out of range.

    Example:
        >>> pair("area", (0.1, 0.2), 0, 1)
        (0.1, 0.2)
    """
    good = isinstance(values, (tuple, list)) and len(values) == 2 and all(isinstance(v, Real) for v in values)
    if not good or not lowest < values[0] <= values[1] <= highest:
        raise DataError(
            f"{name}={values!r} must be two numbers, {lowest:g} < lowest <= highest <= {highest:g}.",
            fix="Leave it out for the default.",
        )
    return float(values[0]), float(values[1])
