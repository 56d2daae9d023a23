"""RunContext: the model, the prepared examples and the seed of a run, and how it speaks to the user."""

from collections.abc import Callable
from dataclasses import dataclass

from tfft.cache.sharing import ALONE
from tfft.data.examples import Splits
from tfft.data.feature_tables import Tables
from tfft.models.assembly import TransferModel
from tfft.models.prepared import Prepared, prepared
from tfft.training.soft_targets import SoftTargets

Progress = Callable[[str, int, int], None]


def silent(text: str) -> None:
    """Discard a message to the user.

    Args:
        text: A sentence.
    """


@dataclass(frozen=True, eq=False)
class RunContext:
    """What all phases of a run read.

    Attributes:
        model: The model.
        train, validation: The parts, prepared once: texts are tokens of shape (tokens, 2).
        seed: The seed of the order of examples and of random views.
        progress: A function that is called with a description, the number of finished examples, and the number of all examples.
        note: A function that is called with a sentence for the user.
        share: The number of this worker and of all workers that share the cache folder.
        soft_targets: The answers of a teacher to the training examples; None without a teacher.
        kept: The tables of features that several runs share; None for tables of this run alone.
    """

    model: TransferModel
    train: Prepared
    validation: Prepared
    seed: int
    progress: Progress
    note: Callable[[str], None] = silent
    share: tuple[int, int] = ALONE
    soft_targets: SoftTargets | None = None
    kept: Tables | None = None


def parts_of(model: TransferModel, data: Splits) -> tuple[Prepared, Prepared]:
    """Prepare the training and the validation part of a run.

    Args:
        model: The model.
        data: The data; images of any shape, or texts.

    Returns:
        Both parts.

    Raises:
        DataError: When a text has changed since the data was read.
    """
    about = model.task.align, model.task.place
    return tuple(prepared(model.preprocessor, part, *about) for part in (data.train, data.validation))  # type: ignore[return-value]
