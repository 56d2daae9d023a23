"""Forms of labelled data on the command line besides class folders and tables: masks, tags, places of entities, questions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.cli.typed_masks import TaskName, TypedMasks
from tfft.core.errors import DataError, shortlist

if TYPE_CHECKING:
    from tfft.core.specs import LabelSpace
    from tfft.data.examples import Splits
    from tfft.data.raw_examples import OnCorrupt, Pool


@dataclass(frozen=True)
class Form:
    """A form of data that its files show, or that ``--task`` names.

    Attributes:
        task: The name of the task that learns from it.
        shown: What the data is called in messages, such as ``"files with questions"``.
        texts: Whether inputs are texts; else they are images.
        splits: Seed, and the label space of a model or None -> training, validation and test part.
        pools: The label space of a model -> all examples, by part.
    """

    task: str
    shown: str
    texts: bool
    splits: "Callable[[int, LabelSpace | None], Splits]"
    pools: "Callable[[LabelSpace], dict[str, Pool]]"


TASKS = ("segmentation", "token_classification", "question_answering")
"""The tasks whose data has a form of its own."""


def check_form(form: Form | None, task: str) -> None:
    """Check that data is for the task of a model.

    Args:
        form: The form of the data; None for class folders and tables.
        task: The name of the task.

    Raises:
        DataError: When it is for another task.

    Example:
        >>> check_form(None, "classification")
        >>> check_form(None, "question_answering")
        Traceback (most recent call last):
        tfft.core.errors.DataError: The data is not for the task of the model. Got: class folders or a table for \
'question_answering'. Pass data like that of its training.
    """
    if (form is None and task in TASKS) or (form is not None and form.task != task):
        shown = "class folders or a table" if form is None else form.shown
        raise DataError(
            "The data is not for the task of the model.",
            f"{shown} for {task!r}",
            "Pass data like that of its training.",
        )


def form_of(path: Path, masks: TypedMasks, on_corrupt: "OnCorrupt") -> Form | None:
    """Recognise the form of data.

    Args:
        path: The value of ``--data``.
        masks: How masks are read, and what is learned.
        on_corrupt: ``"error"`` or ``"skip"``.

    Returns:
        The form; None for class folders and tables.

    Raises:
        DataError: When folders may be classes or images and masks, the files of a folder do not name their parts, or an option of
            masks has no effect.

    Example:
        >>> form_of(Path("train.conll"), TypedMasks(), "error").shown
        'files with a tag for each word'
        >>> form_of(Path("train.jsonl"), TypedMasks(), "error") is None
        True
    """
    from tfft.data.files.conll_files import tagged_files
    from tfft.data.files.squad_files import squad_files

    folder = path.is_dir()
    if folder and masks.are_in(path):
        return _masks(path, masks, on_corrupt)
    if masks.classes_file is not None or masks.ignore is not None:
        raise DataError(
            "--classes-file and --ignore are for folders of images and masks.", repr(str(path)), "Leave them out."
        )
    if masks.task is TaskName.token_classification and path.suffix.lower() == ".jsonl":
        return _entities(path)
    if masks.task is TaskName.question_answering and path.suffix.lower() == ".jsonl":
        return _questions(path, on_corrupt)
    if files := tagged_files(path, masks.task is TaskName.token_classification):
        return _tags(files if folder else path)
    if files := squad_files(path):
        return _questions(files if folder else path, on_corrupt)
    return None


def _masks(path: Path, masks: TypedMasks, on_corrupt: "OnCorrupt") -> Form:
    from tfft.data.sources.masks import from_masks, mask_pools

    def classes(labels: "LabelSpace | None") -> Any:
        given = masks.arguments()["classes"]
        return given if given or labels is None else labels if labels.values else _numbered(labels.names)

    def pools(labels: "LabelSpace") -> "dict[str, Pool]":
        return mask_pools(path, classes(labels), masks.arguments()["ignore"], on_corrupt)

    def splits(seed: int, labels: "LabelSpace | None" = None) -> "Splits":
        return from_masks(path, classes(labels), masks.arguments()["ignore"], seed=seed, on_corrupt=on_corrupt)

    return Form("segmentation", "images and masks", False, splits, pools)


def _numbered(names: "Sequence[str]") -> dict[int, str]:
    """The values of masks by the names of a model: names that are numbers, as they are without ``--classes-file``."""
    strange = [name for name in names if not (name.isascii() and name.isdigit() and str(int(name)) == name)]
    if strange:
        raise DataError(
            "The model does not say which values of masks its classes have.",
            shortlist(strange),
            "Pass --classes-file with the file that `tfft fit` was given, or one for the values of these masks.",
        )
    return {int(name): name for name in names}


def _entities(path: Path) -> Form:
    from tfft.data.sources.spans import from_spans, span_pools

    return Form(
        "token_classification",
        "entities as places in texts",
        True,
        partial(_seeded, from_spans, path),
        lambda labels: span_pools(path),
    )


def _tags(path: Any) -> Form:
    from tfft.data.sources.conll import conll_pools, from_conll

    return Form(
        "token_classification",
        "files with a tag for each word",
        True,
        partial(_seeded, from_conll, path),
        lambda labels: conll_pools(path),
    )


def _questions(path: Any, on_corrupt: "OnCorrupt") -> Form:
    from tfft.data.sources.squad import from_squad, squad_pools

    def splits(seed: int, labels: "LabelSpace | None" = None) -> "Splits":
        return from_squad(path, seed=seed, on_corrupt=on_corrupt)

    return Form(
        "question_answering", "files with questions", True, splits, lambda labels: squad_pools(path, on_corrupt)
    )


def _seeded(source: "Callable[..., Splits]", path: Any, seed: int, labels: "LabelSpace | None" = None) -> "Splits":
    return source(path, seed=seed)
