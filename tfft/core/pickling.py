"""Values with a net inside: they are copied, but not pickled, since their losses and heads are functions made on the spot."""

import copy
from dataclasses import fields
from typing import Any, TypeVar

from tfft.core.errors import TfftError

Value = TypeVar("Value")


def refusal(value: Any, instead: str) -> TfftError:
    """The error of ``pickle.dumps(value)``, which ``multiprocessing`` and ``joblib`` call as well.

    Args:
        value: Any dataclass.
        instead: One sentence: the way to get it into another process.

    Returns:
        The error to raise.

    Example:
        >>> str(refusal(Ellipsis, "Pass the path."))
        'An object of class ellipsis cannot be pickled. Pass the path.'
    """
    return TfftError(f"An object of class {type(value).__name__} cannot be pickled.", fix=instead)


def deep_copy(value: Value, memo: dict[int, Any]) -> Value:
    """What ``copy.deepcopy`` returns for a dataclass that refuses to be pickled.

    Args:
        value: A dataclass.
        memo: Of ``copy.deepcopy``.

    Returns:
        A value whose fields are copies.
    """
    names = [field.name for field in fields(value)]  # type: ignore[arg-type]
    return type(value)(**{name: copy.deepcopy(getattr(value, name), memo) for name in names})
