"""Check numbers that a user passes against their allowed ranges."""

from numbers import Real
from typing import Any

from tfft.core.errors import DataError


def within(name: str, value: Any, highest: float, lowest: float = 0.0) -> float:
    """Check that a number is in a range.

    Args:
        name: Name of the argument, for the message.
        value: The number that the user passed.
        highest: Upper bound, inclusive.
        lowest: Lower bound, inclusive; 0 is exclusive.

    Returns:
        The number as a float.

    Raises:
        DataError: When the value is not a number, or is out of range.

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
    """Check the two ends of a range.

    Args:
        name: Name of the argument, for the message.
        values: The two numbers that the user passed.
        lowest: Lower bound, exclusive.
        highest: Upper bound, inclusive.

    Returns:
        Both numbers, the lower one first.

    Raises:
        DataError: When the values are not two numbers in order, or are out of range.

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
