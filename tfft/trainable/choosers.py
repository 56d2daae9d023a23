"""Define which variables each policy chooses, and check its arguments."""

import re
from collections.abc import Callable
from typing import Any

from tfft.core.errors import PlanError, nearest, quantity, shortlist
from tfft.trainable.overview import HEAD, Overview, Row

Chooser = Callable[[Row], bool]


def check_none(*arguments: Any) -> None:
    """Refuse arguments of a policy that takes none.

    Args:
        *arguments: The arguments of the policy.

    Raises:
        PlanError: When there are any.
    """
    if arguments:
        raise PlanError("This policy takes no arguments.", repr(arguments), "Leave them out.")


def _check_last_blocks(*arguments: Any) -> None:
    _check_count("last_blocks", "nothing()", *arguments)


def _check_all_but(*arguments: Any) -> None:
    _check_count("all_but_first_blocks", "everything()", *arguments)


def _check_count(name: str, instead: str, *arguments: Any) -> None:
    count = arguments[0] if len(arguments) == 1 else arguments
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise PlanError(
            f"{name}({count!r}) needs a number of blocks of at least 1.", fix=f"For 0 blocks, write {instead}."
        )


def _check_match(*patterns: Any) -> None:
    if not patterns:
        raise PlanError("match() needs at least one pattern.", fix="To train only the head, write nothing().")
    for pattern in patterns:
        try:
            re.compile(pattern).match("")
        except (re.error, TypeError) as error:
            raise PlanError(
                f"{pattern!r} is not a regular expression: {error}.", fix="Escape special characters."
            ) from None


def _choose_all_but(overview: Overview, count: int) -> Chooser:
    names = _blocks(overview)
    if count >= len(names):
        raise PlanError(
            f"all_but_first_blocks({count}) leaves no block that trains.",
            f"{quantity(len(names), 'block')} with variables: {shortlist(names)}",
            f"Use at most {len(names) - 1}, or nothing()." if len(names) > 1 else "Use everything() or nothing().",
        )
    chosen = set(names[count:])
    return lambda row: row.block in chosen


def _blocks(overview: Overview) -> list[str]:
    return [name for name in dict.fromkeys(row.block for row in overview.rows) if name != HEAD]


def _choose_last_blocks(overview: Overview, count: int) -> Chooser:
    names = _blocks(overview)
    # a block that has only norms, which are usually frozen, is counted together with the block before it
    counted = [name for name in names if any(not row.norm for row in overview.rows if row.block == name)] or names
    if count > len(counted):
        raise PlanError(
            f"last_blocks({count}) asks for more blocks than the backbone has.",
            f"{quantity(len(counted), 'block')} with variables: {shortlist(counted)}",
            f"Use at most {len(counted)}, or everything().",
        )
    chosen = set(names[names.index(counted[-count]) :])
    return lambda row: row.block in chosen


def _choose_match(overview: Overview, *patterns: str) -> Chooser:
    paths = [row.path for row in overview.rows if row.block != HEAD]
    for pattern in patterns:
        if not any(re.fullmatch(pattern, path) for path in paths):
            raise PlanError(
                f"{pattern!r} matches no variable of the backbone.",
                quantity(len(paths), "variable"),
                f"The whole path must match. {nearest(pattern, paths)}",
            )
    return lambda row: any(re.fullmatch(pattern, row.path) for pattern in patterns)


CHOOSERS: dict[str, Callable[..., Chooser]] = {
    "everything": lambda overview: lambda row: True,
    "nothing": lambda overview: lambda row: False,
    "last_blocks": _choose_last_blocks,
    "all_but_first_blocks": _choose_all_but,
    "match": _choose_match,
    "bias_only": lambda overview: lambda row: row.path.endswith("/bias"),
}


CHECKS: dict[str, Callable[..., None]] = {
    "last_blocks": _check_last_blocks,
    "all_but_first_blocks": _check_all_but,
    "match": _check_match,
}
