"""Decide which cached features each phase reads, and which features of later phases can be computed in the same pass.

::

    Turn, turns_of  a phase, its intended changes, and its cut; those of a plan
    legal           the cut of a phase, if its features may be cached
    ahead, chain    cuts of later phases whose features one pass can compute
    views, draws    the number of random views of the images, and the changes of each view
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.cache.settings import Cache
from tfft.core.seed import derive
from tfft.data.feature_tables import NotKeptError
from tfft.models.assembly import TransferModel
from tfft.models.cuts import Cut, cut
from tfft.plans.phase import Phase, Plan
from tfft.trainable.overview import Overview, survey
from tfft.trainable.policy import plan_rows


@dataclass(frozen=True)
class Turn:
    """What the cache must know about one phase of a run.

    Attributes:
        phase: The phase.
        overview: The intended change of each variable.
        first_epoch: The number of its first epoch within the run, from 0.
        at: The deepest cut before which no variable changes.
    """

    phase: Phase
    overview: Overview
    first_epoch: int
    at: Cut


def turns_of(model: TransferModel, plan: Plan) -> list[Turn]:
    """Return one Turn for each phase of a plan.

    Args:
        model: The model.
        plan: A plan whose policies fit the net.

    Returns:
        The phases in order, each with its intended changes, its first epoch and its cut.

    Raises:
        PlanError: When a policy does not fit the net.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> [(turn.phase.name, turn.first_epoch) for turn in turns_of(model, tfft.plans.two_phase(3, 2))]
        [('head', 0), ('tune', 3)]
    """
    rows = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    begins = np.cumsum([0, *(phase.epochs for phase in plan)]).tolist()
    overviews = [plan_rows(phase.trainable, rows, phase.train_norms) for phase in plan]
    cuts = [cut(model, overview) for overview in overviews]
    return [Turn(*turn) for turn in zip(plan, overviews, begins, cuts, strict=False)]


def legal(turn: Turn, cache: Cache) -> Cut:
    """Return the cut of a phase, if the features of its trunk may be cached.

    Args:
        turn: The phase.
        cache: The cache settings.

    Returns:
        The cut, through tensors of shape (batch, ...).

    Raises:
        NotKeptError: When the phase must read pixels or tokens; the message says why.
    """
    mixing = [f"{step.describe()} mixes pixels of a batch" for step in turn.phase.augment if step.mixes]
    changing = [f"{step.describe()} changes texts in every epoch" for step in turn.phase.augment if step.noun == "text"]
    if not cache.on:
        raise NotKeptError("cache='off'")
    if turn.at.reason or mixing or changing:
        raise NotKeptError(turn.at.reason or (mixing + changing)[0])
    return turn.at


def ahead(turns: Sequence[Turn], later: Turn, cache: Cache) -> Cut | None:
    """Return the cut of a later phase, if no variable before this cut changes until then.

    Args:
        turns: The current phase and all later ones.
        later: One of these phases.
        cache: The cache settings.

    Returns:
        The cut, through tensors of shape (batch, ...). None when its features cannot be computed in the current phase.
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
    """Return the cuts whose features one pass over unaugmented examples computes.

    Args:
        turns: The current phase and all later ones.
        cache: The cache settings.
        training: Whether the pass reads training examples. Later phases may augment these, but never validation examples.

    Returns:
        Cuts through tensors of shape (batch, ...), from the earliest to the deepest. Of several cuts with the same depth only the
        first is returned.
    """
    found = {turns[0].at.depth: turns[0].at}
    for turn in turns[1:]:
        at = ahead(turns, turn, cache)
        if at is not None and not (training and turn.phase.augment):
            found.setdefault(at.depth, at)
    return [found[depth] for depth in sorted(found)]


def views(turn: Turn, cache: Cache, view_bytes: int) -> int:
    """Return how many random views of each training image the epochs of a phase use in turn.

    The number depends only on the settings and not on the free space, so that the same call always trains the same.

    Args:
        turn: The phase.
        cache: The cache settings. Without a number of views in them, each epoch has its own view, as long as all views fit into
            half of the cache; the other half is for validation and other phases. When not even two fit, each epoch has its own.
        view_bytes: The size of the features of one view of all training images.

    Returns:
        1 without augmentation; else at most the number of epochs.
    """
    epochs = turn.phase.epochs
    if not turn.phase.augment:
        return 1
    fitting = cache.most_bytes // 2 // view_bytes
    count = min(cache.views or (fitting if fitting > 1 else epochs), epochs)
    return min(count, turn.phase.end)  # a phase that ends early does not come to the others


def draws(turn: Turn, count: int, seed: int) -> list[dict[str, Any]]:
    """Return the augmentation and the random seed of each view of the training images.

    Args:
        turn: The phase.
        count: The number of views, from ``views``.
        seed: The seed of the run.

    Returns:
        A dict of JSON values for each view; one empty dict without augmentation.
    """
    if not turn.phase.augment:
        return [{}]
    draw = {"changes": [step.to_dict() for step in turn.phase.augment], "seed": derive(seed, "augment")}
    return [draw | {"epoch": turn.first_epoch + view} for view in range(count)]
