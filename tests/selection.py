"""Choose the cases of tests with several parameters that a shorter run of the tests takes."""

import re
import zlib
from collections.abc import Collection, Sequence


def first_cases(names: Sequence[str]) -> list[bool]:
    """Take the first case of each test.

    Args:
        names: The ids of all cases, such as ``tests/test_a.py::test_b[case]``.

    Returns:
        Whether each case is taken.

    Example:
        >>> first_cases(["t.py::a[1]", "t.py::a[2]", "t.py::b"])
        [True, False, True]
    """
    return [number == 0 for number in _numbers(names)]


def share(text: str) -> tuple[int, int]:
    """Read the name of a share.

    Args:
        text: Such as ``"0/6"``.

    Returns:
        The number of the share, from 0, and the number of shares.

    Raises:
        ValueError: When the text is no such name.

    Example:
        >>> share("5/6")
        (5, 6)
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise ValueError(f"This share of the tests does not exist. Got: {text!r}. Shares are '0/6', '1/6', ... '5/6'.")
    return int(found[1]), int(found[2])


def a_share(names: Sequence[str], slow: Collection[str], turn: int, turns: int) -> list[bool]:
    """Take all tests, but of slow ones the first case and a share of the others.

    The shares 0 to ``turns - 1`` together take all cases.

    Args:
        names: The ids of all cases, in an order that is the same for all shares.
        slow: The ids of slow cases. A test is slow when one of its cases is.
        turn: The number of the share, from 0.
        turns: The number of shares.

    Returns:
        Whether each case is taken.

    Example:
        >>> names = ["t.py::a[1]", "t.py::a[2]", "t.py::a[3]", "t.py::b[1]", "t.py::b[2]", "t.py::c"]
        >>> a_share(names, {"t.py::a[2]", "t.py::c"}, 1, 2)
        [True, True, False, True, True, True]
    """
    tests = {_test(name) for name in slow}
    return [
        # the name of the test spreads its cases over the shares, so that all shares take about the same time
        _test(name) not in tests or number == 0 or (number + zlib.crc32(_test(name).encode())) % turns == turn
        for name, number in zip(names, _numbers(names), strict=True)
    ]


def _numbers(names: Sequence[str]) -> list[int]:
    """The number of each case among those of its test, from 0."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        found.append(seen.get(_test(name), 0))
        seen[_test(name)] = found[-1] + 1
    return found


def _test(name: str) -> str:
    return name.partition("[")[0]
