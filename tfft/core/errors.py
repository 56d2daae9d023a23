"""The exceptions of tfft. Every message says what was wrong, what tfft got, and how to fix it.

::

    TfftError
    ├── DataError        invalid examples, labels, files or splits (also a ValueError)
    ├── BackboneError    unknown handle or invalid option          (also a ValueError)
    │   └── WeightsError weights that cannot be found or do not fit
    ├── TaskError        invalid labels, targets or task options   (also a ValueError)
    ├── PlanError        invalid phases, policies or their numbers (also a ValueError)
    ├── ClusterError     workers, addresses or ports that do not fit together (also a ValueError)
    ├── MovementError    a frozen variable changed, or a trained one did not; holds the run
    └── BundleError      bundles that cannot be written or read

    DataWarning          the data is valid, but probably not as intended
    RunWarning           a step around the training failed, or an export is less exact; the work continues
"""

import difflib
from collections.abc import Iterable
from typing import Any


class TfftError(Exception):
    """Base of every error that tfft raises on purpose.

    Args:
        what: One sentence that says what was wrong.
        got: The invalid value in words (dtype and shape for an array); empty when ``what`` already shows it.
        fix: One sentence that says what to do.

    Attributes:
        what, got, fix: The three parts, for programs that show them separately.

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
        got: The invalid rows, files or names, at most ten of them; or dtype and shape of the array.

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
    """An unknown handle, or an option that the backbone does not support.

    Attributes:
        got: The invalid size, option or layers; empty when ``what`` already shows them.

    Example:
        >>> import tfft
        >>> try:
        ...     tfft.load_backbone("MobilNet-V3 small")
        ... except BackboneError as error:
        ...     error.fix
        "Did you mean 'mobilenet_v3_small'...?"
    """


class WeightsError(BackboneError):
    """Weights that cannot be found or read, or do not fit the net exactly.

    Attributes:
        got: The numbers of variables of the file and of the net, by shape; or the places where tfft looked for the file.
    """


class TaskError(TfftError, ValueError):
    """Labels, targets or options from which no task can be made.

    Attributes:
        got: The invalid labels or numbers; empty when ``what`` already shows them.

    Example:
        >>> import tfft
        >>> tfft.tasks.classification(["ants", "bees", "ants"])
        Traceback (most recent call last):
        tfft.core.errors.TaskError: Label names must be unique; repeated: 'ants'. Rename or merge them.
    """


class PlanError(TfftError, ValueError):
    """A phase, plan or policy that cannot be carried out.

    Attributes:
        got: The value that the net or the plan has instead; empty when ``what`` already shows it.

    Example:
        >>> import tfft
        >>> tfft.plans.head_only(epochs=0)
        Traceback (most recent call last):
        tfft.core.errors.PlanError: epochs=0 of phase 'head' cannot be used. It must be a whole number of at least 1.
    """


class ClusterError(TfftError, ValueError):
    """Workers of a distributed training that cannot start or cannot reach each other, or an invalid ``TF_CONFIG``.

    Attributes:
        got: The invalid part of ``TF_CONFIG``, or the addresses that cannot be used.

    Example:
        >>> from tfft.core.cluster import read_cluster
        >>> read_cluster({"TF_CONFIG": "[]"})
        Traceback (most recent call last):
        tfft.core.errors.ClusterError: TF_CONFIG must be a JSON object. Got: a list. Write it as ...
    """


class MovementError(TfftError):
    """After a phase, a frozen variable has changed, or a trained variable has not.

    Attributes:
        run: The run so far, with its model, so that no training is lost.
    """

    run: Any = None


class BundleError(TfftError):
    """A bundle that cannot be written or read.

    Attributes:
        got: What was found at the path instead of a bundle, or the version of tfft that wrote the bundle.
    """


class DataWarning(UserWarning):
    """The data is valid, but probably not as intended: for example, two splits contain the same photo."""


class RunWarning(UserWarning):
    """Something beside the main work went wrong: a full disk took no log, or rounding changed the labels of an export."""


def shortlist(names: Iterable[Any], limit: int = 10) -> str:
    """List names for an error message: at most ``limit`` of them, then the total number.

    Args:
        names: Values with a ``repr``; they are shown in the given order.
        limit: The largest number of names to show.

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
    """Suggest the known names that are most similar to a misspelt one.

    Args:
        name: The name that the user wrote.
        known: All valid names.

    Returns:
        ``"Did you mean 'vgg16'?"``, or a list of the valid names when none is similar.

    Example:
        >>> nearest("vgg-16", ["vgg16", "resnet50"])
        "Did you mean 'vgg16'?"
    """
    known = sorted(known)
    return similar(name, known) or f"There are: {shortlist(known, 40)}."


def similar(name: str, known: Iterable[str]) -> str:
    """Suggest the known names that are most similar to a misspelt one, for a message that lists the known names elsewhere.

    Args:
        name: The name that the user wrote.
        known: All valid names.

    Returns:
        ``"Did you mean 'vgg16'?"``, or an empty string when none is similar.

    Example:
        >>> similar("vgg-16", ["vgg16", "resnet50"]), similar("label", ["path", "species"])
        ("Did you mean 'vgg16'?", '')
    """
    close = difflib.get_close_matches(name.lower(), sorted(set(known)), n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def quantity(count: int, noun: str, plural: str = "") -> str:
    """Write a number before a noun.

    Args:
        count: The number, at least 0.
        noun: The noun in the singular.
        plural: The plural; by default the noun with an ``s``.

    Returns:
        The number with commas between thousands, and the noun in the singular for 1, otherwise in the plural.

    Example:
        >>> quantity(1, "row"), quantity(1200, "image"), quantity(0, "entry", "entries")
        ('1 row', '1,200 images', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def kind_of(value: Any) -> str:
    """Return the name of a value's type with an article.

    Args:
        value: Any object.

    Returns:
        ``"None"`` for None, otherwise for example ``"a str"`` or ``"an int"``.

    Example:
        >>> import numpy as np
        >>> kind_of(3), kind_of("x"), kind_of(None), kind_of(np.zeros(2))
        ('an int', 'a str', 'None', 'an ndarray')
    """
    name = type(value).__name__
    # "ndarray" and capitals such as those of "NAType" are spelt out: "an en-dee-array"
    spelt = name.startswith("nd") or (name[:2].isupper() and name[0] in "FHLMNRSX")
    return "None" if value is None else f"{'an' if name[0] in 'aeioAEIO' or spelt else 'a'} {name}"
