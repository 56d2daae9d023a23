"""The exception tree of tfft; every message says what was wrong, what we got, and how to fix it.

::

    TfftError
    ├── DataError        examples, labels, files, splits           (also a ValueError)
    ├── BackboneError    unknown handle, impossible size           (also a ValueError)
    │   └── WeightsError weights that cannot be found or do not fit
    ├── TaskError        labels, targets or options of a task      (also a ValueError)
    ├── PlanError        phases, policies and their numbers        (also a ValueError)
    ├── MovementError    what moved is not what was meant to move; carries the finished run
    └── BundleError      saved artefacts that cannot be written or read

    DataWarning          something in the data that is legal and probably not meant
    RunWarning           something beside the training that failed; the training goes on
"""

import difflib
from collections.abc import Iterable
from typing import Any


class TfftError(Exception):
    """Base of every error that tfft raises on purpose.

    Args:
        what: One sentence: what was wrong.
        got: The offending value in words, of an array dtype and shape, or an empty string when ``what`` already shows it.
        fix: One sentence: what to do about it.

    Attributes:
        what, got, fix: The three parts, for programs that show them apart.

    Example:
        >>> str(TfftError("A plan needs at least one phase.", "Plan()", "Pass one Phase or more."))
        'A plan needs at least one phase. Got: Plan(). Pass one Phase or more.'
    """

    def __init__(self, what: str, got: str = "", fix: str = "") -> None:
        self.what, self.got, self.fix = what, got, fix
        super().__init__(" ".join(part for part in (what, f"Got: {got}." if got else "", fix) if part))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.got, self.fix)


class DataError(TfftError, ValueError):
    """Examples, labels, files or splits that cannot be trained on.

    Attributes:
        got: The rows, files or names at fault, at most ten of them; or dtype and shape of the array.

    Example:
        >>> import numpy as np
        >>> from tfft.data.sources.arrays import to_pixels
        >>> try:
        ...     to_pixels(np.zeros((3, 8, 8)))
        ... except DataError as error:
        ...     error.got
        'shape (3, 8, 8), dtype float64'
    """


class BackboneError(TfftError, ValueError):
    """A handle nobody knows, or an option that its backbone does not take.

    Attributes:
        got: The size, option or layers at fault; empty when ``what`` already shows them.

    Example:
        >>> import tfft
        >>> try:
        ...     tfft.load_backbone("MobilNet-V3 small")
        ... except BackboneError as error:
        ...     error.fix
        "Did you mean 'mobilenet_v3_small'...?"
    """


class WeightsError(BackboneError):
    """Weights that cannot be found, read, or fitted to the net without a remainder.

    Attributes:
        got: How many variables the file and the net have, by shape; or where the file was looked for.
    """


class TaskError(TfftError, ValueError):
    """Labels, targets or options that do not make a task.

    Attributes:
        got: The labels or numbers at fault; empty when ``what`` already shows them.

    Example:
        >>> import tfft
        >>> tfft.tasks.classification(["ants", "bees", "ants"])
        Traceback (most recent call last):
        tfft.core.errors.TaskError: Label names must be unique; 'ants' stand twice. Rename or merge them.
    """


class PlanError(TfftError, ValueError):
    """A phase, plan or policy that cannot be carried out.

    Attributes:
        got: What the net or the plan has instead; empty when ``what`` already shows the value.

    Example:
        >>> import tfft
        >>> tfft.plans.head_only(epochs=0)
        Traceback (most recent call last):
        tfft.core.errors.PlanError: epochs=0 of phase 'head' cannot be used. It must be a whole number of at least 1.
    """


class MovementError(TfftError):
    """After a phase, the variables that moved are not the ones that were meant to.

    Attributes:
        run: The run so far, with its model: nothing that was trained is lost.
    """

    run: Any = None


class BundleError(TfftError):
    """A bundle that cannot be written or read.

    Attributes:
        got: What stands at the path instead of a bundle, or which version of tfft wrote the one there.
    """


class DataWarning(UserWarning):
    """Something in the data that is legal and probably not meant, such as one photo in two splits."""


class RunWarning(UserWarning):
    """Something beside the training that failed, such as its log on a full disk; the training goes on."""


def shortlist(names: Iterable[Any], limit: int = 10) -> str:
    """Names for an error message, cut at ``limit`` with a count of the rest.

    Args:
        names: Anything with a ``repr``; shown in the order given.
        limit: How many to show.

    Returns:
        ``"'a', 'b', ... (12 in all)"``.

    Example:
        >>> shortlist("abc", limit=2)
        "'a', 'b', ... (3 in all)"
    """
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown}, ... ({len(names)} in all)"


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names come closest to a misspelt one.

    Args:
        name: What the user wrote.
        known: The names that exist.

    Returns:
        ``"Did you mean 'vgg16'?"``, or a list of what there is when nothing is close.

    Example:
        >>> nearest("vgg-16", ["vgg16", "resnet50"])
        "Did you mean 'vgg16'?"
    """
    known = sorted(known)
    close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(repr(c) for c in close)}?" if close else f"There are: {shortlist(known, 40)}."


def kind_of(value: Any) -> str:
    """Name the type of a value, with its article.

    Args:
        value: Anything.

    Returns:
        ``"None"`` for None, else such as ``"a str"`` or ``"an int"``.

    Example:
        >>> kind_of(3), kind_of("x"), kind_of(None)
        ('an int', 'a str', 'None')
    """
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"
