"""Features may be kept, and computed ahead, exactly where nothing before their cut moves until they are read."""

import numpy as np
import pytest

import tfft
from tfft.data.cache import Cache
from tfft.data.tables import NotKeptError
from tfft.models.cuts import cut
from tfft.plans import augmentation
from tfft.trainable import everything, last_blocks, nothing
from tfft.training.turns import Turn, ahead, chain, draws, legal

KEPT = Cache("memory")


def turn(model, policy, augment=(), first_epoch=0):
    overview = model.apply(policy)
    return Turn(tfft.Phase("any", policy, 3, 1e-3, augment=augment), overview, first_epoch, cut(model, overview))


def test_a_frozen_beginning_is_legal_and_what_has_none_mixes_or_is_switched_off_says_why(model):
    frozen = turn(model, nothing())
    assert legal(frozen, KEPT) is frozen.at
    for found, cache, reason in [
        (frozen, Cache("off"), "cache='off'"),
        (turn(model, everything()), KEPT, "nothing with a kernel lies before it"),
        (turn(model, nothing(), (augmentation.mixup(),)), KEPT, "mixup.* mixes pixels"),
    ]:
        with pytest.raises(NotKeptError, match=reason):
            legal(found, cache)


def test_later_cuts_are_computed_ahead_unless_something_before_them_moves(model):
    head, one, two = (turn(model, policy) for policy in (nothing(), last_blocks(1), last_blocks(2)))
    assert chain([head, one, two], KEPT) == [two.at, one.at, head.at]
    assert ahead([one, head], head, KEPT) is None, "the last block moves before the head is trained alone"
    assert ahead([one, two], two, KEPT) is two.at
    assert ahead([head, one], one, Cache("off")) is None
    assert chain([one, head], KEPT) == [one.at]


def test_every_view_is_drawn_from_seed_and_epoch(model):
    flips = (augmentation.flips(),)
    assert draws(turn(model, nothing()), KEPT, 1, 10**15) == [{}]
    found = draws(turn(model, nothing(), flips, first_epoch=5), KEPT, 1, 100)
    assert [draw["epoch"] for draw in found] == [5, 6, 7]
    assert len({draw["seed"] for draw in found}) == 1
    assert len(draws(turn(model, nothing(), flips), Cache("memory", views=2), 1, 100)) == 2
    others = draws(turn(model, nothing(), flips, 5), KEPT, 2, 100)
    assert np.all([a != b for a, b in zip(found, others, strict=True)])


@pytest.mark.parametrize("where", ["memory", "disk", "auto"])
def test_as_many_views_are_kept_as_fit_into_half_of_the_bytes(model, where):
    flipped = turn(model, nothing(), (augmentation.flips(),))
    counts = [len(draws(flipped, Cache(where, max_bytes=most), 1, 100)) for most in (10_000, 599, 400)]
    assert counts == [3, 2, 2]
    with pytest.raises(NotKeptError, match="two do not fit"):
        draws(flipped, Cache(where, max_bytes=399), 1, 100)
    assert len(draws(flipped, Cache(where, max_bytes=100, views=1), 1, 100)) == 1, (
        "the user's own number is taken as it is"
    )
