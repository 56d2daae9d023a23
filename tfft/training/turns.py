"""Turns: the phases of a run as the cache sees them, and which features may be computed ahead of the phase that reads them.

::

    Turn            a phase, what is meant to move in it, and its cut
    legal           its cut, where features may be kept
    ahead, chain    cuts of later phases whose features the same pass may fill
    views, draws    how many random views of its pictures there are, and how each is changed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tfft.core.seed import derive
from tfft.data.cache import Cache
from tfft.data.tables import NotKeptError
from tfft.models.cuts import Cut
from tfft.plans.phase import Phase
from tfft.trainable.overview import Overview


@dataclass(frozen=True)
class Turn:
    """One phase of a run, as far as the cache is concerned.

    Attributes:
        phase: Which one.
        overview: What is meant to happen to each variable.
        first_epoch: Its number within the run.
        at: The deepest place before which nothing moves.
    """

    phase: Phase
    overview: Overview
    first_epoch: int
    at: Cut


def legal(turn: Turn, cache: Cache) -> Cut:
    """The cut of a phase, where its trunk may be computed once.

    Args:
        turn: Which.
        cache: What may be kept.

    Returns:
        Its cut, through tensors of shape (batch, ...).

    Raises:
        NotKeptError: When the phase has to read pixels.
    """
    mixing = [f"{step.describe()} mixes pixels of a batch" for step in turn.phase.augment if step.mixes]
    changing = [f"{step.describe()} changes texts in every epoch" for step in turn.phase.augment if step.of_texts]
    if not cache.on:
        raise NotKeptError("cache='off'")
    if turn.at.reason or mixing or changing:
        raise NotKeptError(turn.at.reason or (mixing + changing)[0])
    return turn.at


def ahead(turns: Sequence[Turn], later: Turn, cache: Cache) -> Cut | None:
    """The cut of a later phase, if nothing before it moves until then.

    Args:
        turns: The present phase and those after it.
        later: One of them.
        cache: What may be kept.

    Returns:
        Its cut, through tensors of shape (batch, ...); None where its features cannot be computed with those of the present phase.
    """
    try:
        found, at = legal(later, cache), turns[0].at
    except NotKeptError:
        return None
    until = turns[: turns.index(later)]
    rows = [row for turn in until for row in zip(turn.overview.rows, turn.overview.variables, strict=True)]
    moving = {id(variable) for row, variable in rows if row.intent != "frozen"}
    still = not any(id(variable) in moving for variable in found.weights)
    return found if still and (at.contains(found) or found.contains(at)) else None


def chain(turns: Sequence[Turn], cache: Cache, training: bool = False) -> list[Cut]:
    """The cuts whose features one pass over pictures that are not changed will fill.

    Args:
        turns: The present phase and those after it.
        cache: What may be kept.
        training: Whether it is for training pictures, which later phases may change; validation pictures are the same in all.

    Returns:
        Cuts through tensors of shape (batch, ...), from the earliest to the latest; of equally deep ones the first.
    """
    found = {turns[0].at.depth: turns[0].at}
    for turn in turns[1:]:
        at = ahead(turns, turn, cache)
        if at is not None and not (training and turn.phase.augment):
            found.setdefault(at.depth, at)
    return [found[depth] for depth in sorted(found)]


def views(turn: Turn, cache: Cache, view_bytes: int) -> int:
    """How many random views of each training picture the epochs of a phase take in turn.

    It depends on what was asked for and not on the room there happens to be, so that the same call trains the same.

    Args:
        turn: A phase.
        cache: Says how many; where it does not, there is one for each epoch, as far as they fit into half of its bytes: validation
            and other phases need room as well. Where not even two fit, every epoch has its own.
        view_bytes: What one view of all training pictures takes.

    Returns:
        1 where pictures are not changed, else at most as many as there are epochs.
    """
    epochs = turn.phase.epochs
    if not turn.phase.augment:
        return 1
    fitting = cache.most_bytes // 2 // view_bytes
    return min(cache.views or (fitting if fitting > 1 else epochs), epochs)


def draws(turn: Turn, count: int, seed: int) -> list[dict[str, Any]]:
    """What is drawn for each view of the training pictures.

    Args:
        turn: A phase.
        count: From ``views``.
        seed: Of the run.

    Returns:
        One for each view, as JSON values; one empty dict where pictures are not changed.
    """
    if not turn.phase.augment:
        return [{}]
    draw = {"changes": [step.to_dict() for step in turn.phase.augment], "seed": derive(seed, "augment")}
    return [draw | {"epoch": turn.first_epoch + view} for view in range(count)]
