"""Tasks: targets, head, loss and metrics, and the conversion of logits to answers."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from tfft.core.errors import BundleError, shortlist
from tfft.core.specs import LabelSpace
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task
from tfft.tasks.classification import classification
from tfft.tasks.multi_label import multi_label
from tfft.tasks.question_answering import question_answering
from tfft.tasks.regression import regression
from tfft.tasks.segmentation import segmentation
from tfft.tasks.token_classification import token_classification

__all__ = [
    "Answer",
    "Task",
    "classification",
    "for_labels",
    "from_dict",
    "multi_label",
    "options_for",
    "question_answering",
    "regression",
    "segmentation",
    "token_classification",
]

_TASKS: dict[str, Callable[..., Task]] = {
    "classification": classification,
    "multi_label": multi_label,
    "question_answering": question_answering,
    "regression": regression,
    "segmentation": segmentation,
    "token_classification": token_classification,
}
_BY_KIND: dict[str, Callable[..., Task]] = {
    "single": classification,
    "multi": multi_label,
    "real": regression,
    "tags": token_classification,
    "span": question_answering,
    "masks": segmentation,
}


def for_labels(labels: LabelSpace, **options: Any) -> Task:
    """Return the task for a label space.

    Args:
        labels: The label space of a dataset.
        **options: Options of this task; the others have their defaults.

    Returns:
        The task of their kind, such as ``classification`` with logits of shape (batch, len(labels)).

    Raises:
        TaskError: When an option is out of range, or there is one class only.
        TypeError: When the task has no such option.

    Example:
        >>> for_labels(LabelSpace(("ants", "bees"))).name
        'classification'
    """
    return _BY_KIND[labels.kind](labels, **options)


def options_for(labels: LabelSpace) -> tuple[str, ...]:
    """Return the names of the options that ``for_labels`` takes for a label space.

    Args:
        labels: The label space of a dataset.

    Returns:
        The names of the arguments of its task, without the labels.

    Example:
        >>> "class_weights" in options_for(LabelSpace(("ants", "bees")))
        True
    """
    return tuple(signature(_BY_KIND[labels.kind]).parameters)[1:]


def from_dict(values: Mapping[str, Any]) -> Task:
    """Make a task from JSON values.

    Args:
        values: The result of ``Task.to_dict``, possibly after a JSON round trip.

    Returns:
        A task that encodes and decodes in the same way, and whose head has the same layers and output shape.

    Raises:
        BundleError: When the task, or one of its options, is unknown to this version.
        TaskError: When its labels or options are out of range.

    Example:
        >>> task = multi_label(["dog", "indoor"], threshold=0.3)
        >>> from_dict(task.to_dict()).options["threshold"]
        0.3
    """
    if values["name"] not in _TASKS:
        raise BundleError(
            f"The task {values['name']!r} is unknown to this version of tfft.",
            fix=f"It knows {shortlist(_TASKS)}; upgrade tfft to a newer version.",
        )
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in values["options"].items()}
    known = signature(_TASKS[values["name"]]).parameters
    strange = sorted(set(options) - set(known))
    if strange:
        raise BundleError(
            f"The task {values['name']!r} has no option {shortlist(strange)} in this version of tfft.",
            fix="Upgrade tfft to a newer version.",
        )
    return _TASKS[values["name"]](LabelSpace.from_dict(values["labels"]), **options)
