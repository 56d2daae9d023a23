"""Choose the cases of tests with several parameters that a shorter run of the tests takes."""

from collections import Counter
from collections.abc import Collection, Sequence

THIRDS = 3


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


def a_third(names: Sequence[str], slow: Collection[str], turn: int) -> list[bool]:
    """Take all tests; of slow tests with at least three cases, the first case and a third of the others.

    The turns 0, 1 and 2 together take all cases.

    Args:
        names: The ids of all cases, in an order that is the same in all turns.
        slow: The ids of slow cases. A test is slow when one of its cases is.
        turn: 0, 1 or 2.

    Returns:
        Whether each case is taken.

    Example:
        >>> names = ["t.py::a[1]", "t.py::a[2]", "t.py::a[3]", "t.py::a[4]", "t.py::b[1]", "t.py::b[2]"]
        >>> a_third(names, {"t.py::a[2]", "t.py::b[1]"}, turn=1)
        [True, True, False, False, True, True]
    """
    if turn not in range(THIRDS):
        raise ValueError(f"There are the turns 0, 1 and 2. Got: {turn}.")
    tests = [name.partition("[")[0] for name in names]
    slow_tests = {name.partition("[")[0] for name in slow}
    shortened = {test for test, count in Counter(tests).items() if test in slow_tests and count >= THIRDS}
    return [
        test not in shortened or number == 0 or number % THIRDS == turn
        for test, number in zip(tests, _numbers(names), strict=True)
    ]


def _numbers(names: Sequence[str]) -> list[int]:
    """The number of each case among those of its test, from 0."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        test = name.partition("[")[0]
        found.append(seen.get(test, 0))
        seen[test] = found[-1] + 1
    return found
