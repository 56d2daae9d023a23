"""The budget is shared between rungs, and the time of a trial is estimated from trials that ran."""

import pytest

import tfft
from tfft.tuning.search_budget import Budget, expected_seconds
from tfft.tuning.search_trials import SearchTrial

HEAD, LONG = tfft.plans.head_only(epochs=4), tfft.plans.head_only(epochs=8)
TWO = tfft.plans.two_phase(head_epochs=4, tune_epochs=4)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def done(plan, seconds, backbone="toy", around=1.0):
    epochs = tuple(phase.epochs for phase in plan)
    about = {"epochs": epochs, "kept": epochs, "phase_seconds": seconds, "seconds": sum(seconds) + around}
    return SearchTrial(backbone, "", 1, plan, "val_loss", 0.5, 0.5, **about)


def test_time_of_earlier_calls_counts_and_rungs_share_what_is_left():
    clock = Clock()
    budget = Budget(2, spent=30.0, clock=clock)
    assert (budget.elapsed, budget.until(3)) == (30.0, 60.0)
    clock.now += 50
    assert (budget.elapsed, budget.until(1)) == (80.0, 120.0)
    clock.now += 100
    assert budget.until(2) == budget.elapsed == 180.0


def test_more_epochs_of_the_same_work_take_longer_in_proportion_and_fewer_keep_half_of_the_time():
    assert expected_seconds(LONG, "toy", [done(HEAD, (6.0,))]) == 1 + 12
    assert expected_seconds(HEAD, "toy", [done(LONG, (12.0,))]) == 1 + 12 * (0.5 + 0.5 * 0.5)
    # the learning rate does not change how long an epoch takes
    assert expected_seconds(tfft.plans.head_only(8, 0.1), "toy", [done(HEAD, (6.0,))]) == 13


def test_the_nearest_number_of_epochs_decides():
    assert expected_seconds(LONG, "toy", [done(HEAD, (6.0,)), done(LONG, (7.0,))]) == 1 + 7
    assert expected_seconds(LONG, "toy", [done(LONG, (7.0,)), done(LONG, (9.0,))]) == 1 + 9


def test_work_that_was_not_measured_takes_the_longest_phase_for_each_epoch():
    trials = [done(HEAD, (6.0,)), done(TWO, (3.0, 8.0))]
    deeper = tfft.plans.two_phase(head_epochs=4, tune_epochs=2, blocks=2)
    assert expected_seconds(deeper, "toy", trials) == 1 + 6 + 2 * 8
    augmented = tfft.plans.head_only(2, augment=tfft.plans.augmentation.named("flips"))
    assert expected_seconds(augmented, "toy", trials) == 1 + 2 * 8


def test_a_backbone_without_a_trial_is_compared_by_its_probe():
    trials = [done(HEAD, (6.0,))]
    assert expected_seconds(HEAD, "other", trials) == 14
    probes = [
        SearchTrial(name, "", 0, None, "accuracy", 0.5, seconds=took) for name, took in (("toy", 2.0), ("other", 10.0))
    ]
    assert expected_seconds(HEAD, "other", [*probes, *trials]) == 35
    assert expected_seconds(HEAD, "toy", [*probes, *trials]) == 7


def test_nothing_is_expected_before_anything_was_measured():
    failed = SearchTrial("toy", "", 1, HEAD).failed("no", 3.0)
    assert expected_seconds(HEAD, "toy", []) is None
    assert expected_seconds(HEAD, "toy", [failed]) is None


@pytest.mark.parametrize("plan", [tfft.plans.linear_probe(), tfft.plans.encoder(), tfft.plans.segmenter()])
def test_every_plan_has_an_expectation(plan):
    assert expected_seconds(plan, "toy", [done(HEAD, (6.0,))]) >= 7
