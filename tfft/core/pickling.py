"""Refuse to pickle objects that contain a net, because their losses and heads are local functions. Copying them works."""

import copy
from dataclasses import fields
from typing import Any, TypeVar

from tfft.core.errors import TfftError

Value = TypeVar("Value")


def refusal(value: Any, instead: str) -> TfftError:
    """Make the error for ``pickle.dumps(value)``, which ``multiprocessing`` and ``joblib`` also call.

    Args:
        value: Any object.
        instead: One sentence that says how to pass the object to another process.

    Returns:
        The error to raise.

    Example:
        >>> str(refusal(Ellipsis, "Pass the path."))
        'An object of class ellipsis cannot be pickled. Pass the path.'
    """
    return TfftError(f"An object of class {type(value).__name__} cannot be pickled.", fix=instead)


def deep_copy(value: Value, memo: dict[int, Any]) -> Value:
    """Copy a dataclass that refuses to be pickled, for ``copy.deepcopy``.

    Args:
        value: The dataclass to copy.
        memo: The memo of ``copy.deepcopy``.

    Returns:
        A new value whose fields are copies.
    """
    names = [field.name for field in fields(value)]  # type: ignore[arg-type]
    return type(value)(**{name: copy.deepcopy(getattr(value, name), memo) for name in names})
