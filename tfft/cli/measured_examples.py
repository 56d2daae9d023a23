"""Choose the examples that `tfft evaluate` measures."""

from enum import StrEnum
from typing import TYPE_CHECKING

from tfft.cli.data_forms import check_form
from tfft.cli.sources import TypedData
from tfft.core.errors import DataError, quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfft.bundles.predictor import Predictor
    from tfft.data.examples import Examples, Splits


class Part(StrEnum):
    """The examples that `tfft evaluate` can measure.

    Attributes:
        auto: All examples that the model has not seen: the test part of the data it was trained on, or all of new data.
        train: The training part.
        validation: The validation part, by which the best weights were chosen.
        test: The test part, which training never uses.
        all: All examples.
    """

    auto = "auto"
    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


def examples_of(
    source: TypedData, part: Part, seed: int, predictor: "Predictor", read: "Callable[..., Splits] | None" = None
) -> "tuple[Examples, tuple[str, ...], str]":
    """Choose the examples that ``tfft evaluate`` measures.

    Args:
        source: The images or texts, and their labels.
        part: The value of ``--part``.
        seed: The seed of the parts.
        predictor: The model, with its labels and the examples that it has seen.
        read: ``source.splits``, or a function that remembers its result where several parts are chosen.

    Returns:
        Examples with targets of shape (n,) or (n, k), a sentence for each skipped image, and a name for the examples.

    Raises:
        DataError: When the part does not exist, or the model has seen all examples.
    """
    check_form(source.form, predictor.task.name)
    if part not in (Part.auto, Part.all):
        try:
            splits = (read or source.splits)(seed, predictor.task.labels)
        except DataError:
            alone = source.only(part.value, predictor.task.labels, predictor.preprocessor)
            if alone is None:
                raise
            return *alone, f"{part.value} part"
        return splits.part(part.value), splits.skipped, f"{part.value} part"
    examples, skipped = source.everything(predictor.task.labels, predictor.preprocessor)
    if part is Part.all:
        return examples, skipped, "all examples"
    import numpy as np

    unseen = np.ones(len(examples), bool) if predictor.seen is None else ~predictor.seen.among(examples)
    if not unseen.any():
        raise DataError(
            "The model has seen all of these examples in training.",
            quantity(len(examples), "example"),
            "Pass other data; or --part validation, but metrics are optimistic there, because it chose the best weights.",
        )
    return examples.take(unseen), skipped, "all examples" if unseen.all() else "examples that the model has not seen"
