"""RunContext: the model, the prepared examples and the seed of a run, and how it speaks to the user."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tfft.cache.sharing import ALONE
from tfft.data.examples import Splits, joined
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
        train, validation: The parts, prepared once: texts are tokens of shape (tokens, 2). In a refit, ``train`` holds the
            examples of both.
        seed: The seed of the order of examples and of random views.
        progress: A function that is called with a description, the number of finished examples, and the number of all examples.
        note: A function that is called with a sentence for the user.
        share: The number of this worker and of all workers that share the cache folder.
        soft_targets: The answers of a teacher to the training examples; None without a teacher.
        parts: In a refit, the two parts that ``train`` consists of, whose features were computed one by one; empty otherwise.
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
    parts: tuple[Prepared, ...] = ()
    kept: Tables | None = None

    @property
    def validates(self) -> bool:
        """Whether epochs are validated; those of a refit are not."""
        return not self.parts

    @property
    def training_parts(self) -> tuple[Prepared, ...]:
        """The training examples, in the parts whose features are kept together."""
        return self.parts or (self.train,)

    def of_both(self, soft_targets: SoftTargets | None) -> "RunContext":
        """Return the context of a training on training and validation examples together.

        Args:
            soft_targets: The answers of the teacher to both, in this order; None without a teacher.
        """
        both = self.train, self.validation
        owner = np.concatenate([self.train.owner, len(self.train.raw) + self.validation.owner])
        examples, raw = joined([part.examples for part in both]), joined([part.raw for part in both])
        train = Prepared(examples, raw, owner, self.train.statistics)
        return replace(self, train=train, soft_targets=soft_targets, parts=both)


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
