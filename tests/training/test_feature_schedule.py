"""Features may be kept, and computed ahead, exactly where nothing before their cut moves until they are read."""

import numpy as np
import pytest

import tfft
from tfft.cache.settings import Cache
from tfft.data.feature_tables import NotKeptError
from tfft.models.cuts import cut
from tfft.plans import augmentation
from tfft.trainable import everything, last_blocks, nothing
from tfft.training.feature_schedule import Turn, ahead, chain, draws, legal, turns_of, views

KEPT = Cache("memory")


def turn(model, policy, augment=(), first_epoch=0):
    overview = model.apply(policy)
    return Turn(tfft.Phase("any", policy, 3, 1e-3, augment=augment), overview, first_epoch, cut(model, overview))


def test_a_frozen_beginning_is_legal_and_what_has_none_mixes_or_is_switched_off_says_why(model):
    frozen = turn(model, nothing())
    assert legal(frozen, KEPT) is frozen.at
    for found, cache, reason in [
        (frozen, Cache("off"), "cache='off'"),
        (turn(model, everything()), KEPT, "no layer before it has a kernel"),
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
    assert draws(turn(model, nothing()), 1, 1) == [{}]
    found = draws(turn(model, nothing(), flips, first_epoch=5), 3, 1)
    assert [draw["epoch"] for draw in found] == [5, 6, 7]
    assert len({draw["seed"] for draw in found}) == 1
    others = draws(turn(model, nothing(), flips, 5), 3, 2)
    assert np.all([a != b for a, b in zip(found, others, strict=True)])


@pytest.mark.parametrize("where", ["memory", "disk", "auto"])
def test_there_are_as_many_views_as_fit_into_half_of_the_bytes_or_one_for_each_epoch(model, where):
    flipped = turn(model, nothing(), (augmentation.flips(),))
    counts = [views(flipped, Cache(where, max_bytes=most), 100) for most in (10_000, 599, 400, 399)]
    assert counts == [3, 2, 2, 3]
    assert [views(flipped, Cache(where, views=count), 100) for count in (1, 2, 9)] == [1, 2, 3]
    assert views(turn(model, nothing()), Cache(where), 100) == 1


def test_the_number_of_views_does_not_depend_on_the_room_there_is(model, monkeypatch, tmp_path):
    flipped = turn(model, nothing(), (augmentation.flips(),))
    counts = []
    for free in (10**3, 10**15):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        counts.append(views(flipped, Cache("disk", tmp_path), 7 * 10**9))
    assert counts == [2, 2]


def test_a_phase_that_ends_early_has_only_the_views_that_it_reads(model):
    flips = (tfft.plans.augmentation.flips(),)
    plan = tfft.plans.head_only(5, augment=flips)
    (whole,), (cut,) = (turns_of(model, each) for each in (plan, plan.with_phases(last_epoch=2)))
    settings = Cache("memory", max_bytes=10**9)
    assert [views(turn, settings, 100) for turn in (whole, cut)] == [5, 2]
    assert draws(whole, 5, 0)[:2] == draws(cut, 2, 0)
