"""Pool: raw examples of one part. Every input is inspected once; unreadable ones are refused or left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tfft.core.errors import DataError, quantity, shortlist
from tfft.core.specs import LabelSpace
from tfft.data import inspection
from tfft.data.examples import Examples, joined
from tfft.data.strings import refuse_swapped
from tfft.data.targets import target_of

OnCorrupt = Literal["error", "skip"]


@dataclass(frozen=True, eq=False)
class Pool:
    """Raw examples of one part, before labels are encoded.

    Attributes:
        inputs: Paths, bytes, or arrays of shape (height, width[, channels]); length n.
        targets: Raw targets, as ``label_space`` takes them; length n.
        groups: The group of each example, such as a patient, a camera or an author, shape (n,). All examples of a group belong
            to the same part. None when examples are independent.
        left_out: File extension -> the number of files with it that lie in the same folders but are not inputs.
        skipped: A sentence for each example that was left out before, because it has no input.
        start: The folder from which relative paths start, for messages; empty for the working folder.
    """

    inputs: Sequence[Any]
    targets: Any
    groups: Sequence[Any] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    start: str = ""


def examine(
    pool: Pool,
    encoded: np.ndarray,
    labels: LabelSpace,
    on_corrupt: OnCorrupt,
    part: str = "",
    skippable: bool = True,
) -> tuple[Examples, np.ndarray, tuple[str, ...]]:
    """Inspect every input of a pool.

    Args:
        pool: n raw examples.
        encoded: Their targets as ``Examples`` carries them, shape (n,) or (n, k).
        labels: The label space of the targets.
        on_corrupt: ``"error"`` or ``"skip"``.
        part: The name of the part, which needs at least one readable input; empty when it may be left without any.
        skippable: Whether the user can pass ``on_corrupt=``, so that errors may advise it.

    Returns:
        The readable examples, their positions in the pool, int64 of shape (m,), and a sentence for each
        input that was left out.

    Raises:
        DataError: When an input cannot be read, and ``on_corrupt`` is ``"error"``; or when a part is left without any.
    """
    seen = inspection.inspect_inputs(pool.inputs)
    if on_corrupt == "error":
        inspection.refuse_faults(pool.inputs, seen, pool.start, skippable)
    elif part and len(seen.faults) == len(pool.inputs):
        try:
            inspection.refuse_faults(pool.inputs, seen, pool.start, skippable=False)
        except DataError as error:
            what = f"The {part} part is empty, because all of its inputs were skipped."
            raise DataError(what, "; ".join(filter(None, (error.what.rstrip("."), error.got))), error.fix) from None
    inspection.warn_doubts(pool.inputs, seen)
    good = np.setdiff1d(np.arange(len(pool.inputs)), [index for index, _ in seen.faults])
    faults = (*pool.skipped, *inspection.named_faults(pool.inputs, seen))
    return Examples(pool.inputs, encoded, labels, seen.digests).take(good), good, faults


def unsplit(
    pools: Mapping[str, Pool], labels: LabelSpace, on_corrupt: OnCorrupt = "error"
) -> tuple[Examples, tuple[str, ...]]:
    """Read all examples of a source with the label space of a model, for an evaluation; any number and any classes are enough.

    Args:
        pools: The pools by part.
        labels: The label space of the model.
        on_corrupt: ``"error"`` or ``"skip"``.

    Returns:
        Examples with targets of shape (n,) or (n, k), and a sentence for each input that was left out.

    Raises:
        DataError: When a label is unknown to the model, an input cannot be read, or there are no examples.

    Example:
        >>> image = np.zeros((1, 8, 8, 3), np.uint8)
        >>> examples, _ = unsplit({"train": Pool(image, ["bees"])}, LabelSpace(("ants", "bees")))
        >>> examples.targets.tolist()
        [1]
    """
    found: list[Examples] = []
    skipped: tuple[str, ...] = ()
    for pool in pools.values():
        refuse_swapped(pool.inputs, pool.targets)
        examples, _, faults = examine(pool, target_of(labels).read(pool.targets, "evaluated"), labels, on_corrupt)
        found.append(examples)
        skipped += faults
    if not any(map(len, found)):
        unreadable = quantity(len(skipped), "unreadable input")
        raise DataError(
            "There are no examples.",
            f"{unreadable}: {shortlist(skipped, 3)}" if skipped else unreadable,
            "Check the path.",
        )
    return joined(found), skipped
