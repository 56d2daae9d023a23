"""LogME and the H-score are what their definitions say, for few and for many features."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.covariance import LedoitWolf

from tfft.tuning.transferability import h_score, logme


def made(count=40, width=6, classes=3, distance=2.0, seed=0):
    random = np.random.default_rng(seed)
    ids = np.arange(count) % classes
    return 1 + random.normal(size=(classes, width))[ids] * distance + random.normal(size=(count, width)), ids


def largest_evidence(features, target):
    """Maximise the density of the target over both precisions, from several starts."""
    count = len(features)

    def negative(logs):
        noise, weights = np.exp(logs)
        covariance = noise * np.eye(count) + weights * features @ features.T
        _, size = np.linalg.slogdet(2 * np.pi * covariance)
        return (size + target @ np.linalg.solve(covariance, target)) / 2 / count

    starts = product((-6.0, -2.0, 2.0), (-8.0, -4.0, 0.0, 4.0))
    found = [
        minimize(negative, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10}) for start in starts
    ]
    return -min(each.fun for each in found)


@pytest.mark.parametrize("width", [1, 6, 39, 90])
@pytest.mark.parametrize("distance", [0.0, 0.3, 3.0])
def test_logme_is_the_largest_evidence(width, distance):
    features, ids = made(width=width, distance=distance)
    targets = np.eye(3)[ids]
    wanted = np.mean([largest_evidence(features, target) for target in targets.T])
    assert logme(features, targets) == pytest.approx(wanted, abs=2e-4)


def test_logme_of_quantities_is_the_largest_evidence_of_each():
    features, _ = made()
    random = np.random.default_rng(3)
    targets = np.stack([features @ random.normal(size=6) + random.normal(size=40), random.normal(size=40)], axis=1)
    each = [largest_evidence(features, target) for target in targets.T]
    assert logme(features, targets) == pytest.approx(np.mean(each), abs=2e-4)
    assert each[0] != pytest.approx(each[1], abs=0.1)


@pytest.mark.parametrize("width", [6, 90])
def test_logme_does_not_depend_on_the_unit_rotation_or_repetition_of_features(width):
    features, ids = made(width=width)
    targets, random = np.eye(3)[ids], np.random.default_rng(1)
    rotation, _ = np.linalg.qr(random.normal(size=(width, width)))
    wanted = logme(features, targets)
    for changed in (
        features * 1e4,
        features / 1e4,
        features @ rotation,
        np.hstack([features, features]),
        features[::-1],
    ):
        own = targets[::-1] if changed.base is features else targets
        assert logme(changed, own) == pytest.approx(wanted, abs=1e-6)


def test_better_features_have_higher_scores():
    found = [made(count=120, width=20, distance=distance) for distance in (0.0, 0.3, 1.0, 3.0)]
    evidence = [logme(features, np.eye(3)[ids]) for features, ids in found]
    scores = [h_score(features, ids) for features, ids in found]
    assert evidence == sorted(evidence)
    assert scores == sorted(scores)


def test_targets_that_do_not_vary_are_left_out_of_logme():
    features, ids = made()
    targets = np.eye(3)[ids]
    wider = np.hstack([targets, np.zeros((40, 2)), np.ones((40, 1))])  # classes without examples, a label of all
    assert logme(features, wider) == logme(features, targets)
    assert np.isnan(logme(features, np.ones((40, 2))))


def test_features_that_say_nothing_give_the_evidence_of_noise():
    ids = np.arange(40) % 2
    targets = np.eye(2)[ids]
    noise = -0.5 * (np.log(2 * np.pi * 0.5) + 1)  # the mean square of a column is 1/2
    assert logme(np.zeros((40, 5)), targets) == pytest.approx(noise)
    assert h_score(np.zeros((40, 5)), ids) == h_score(np.full((40, 5), 3.3), ids) == 0.0
    constant = logme(np.full((40, 5), 3.3), targets)  # knows the mean, and nothing else
    assert constant == pytest.approx(largest_evidence(np.full((40, 5), 3.3), targets[:, 0]), abs=2e-4)


def test_features_that_hold_the_targets_give_large_but_finite_scores():
    ids = np.arange(40) % 2
    targets = np.eye(2)[ids]
    assert 5 < logme(targets, targets) < 50
    assert h_score(targets, ids) == pytest.approx(1, abs=0.05)


def direct(features, ids, shrinkage=None):
    """The trace in the definition, with the covariance of scikit-learn."""
    centered = features - features.mean(axis=0)
    means = np.stack([centered[ids == own].mean(axis=0) for own in range(3)])[ids]
    fitted = LedoitWolf(assume_centered=True).fit(centered)
    share = fitted.shrinkage_ if shrinkage is None else shrinkage
    covariance = fitted.covariance_ if shrinkage is None else centered.T @ centered / len(ids)
    return np.trace(np.linalg.solve(covariance, (1 - share) * means.T @ means / len(ids)))


@pytest.mark.parametrize("width", [1, 6, 39, 90])
@pytest.mark.parametrize("distance", [0.0, 3.0])
def test_the_h_score_is_its_definition_with_shrunk_covariance(width, distance):
    features, ids = made(width=width, distance=distance)
    assert h_score(features, ids) == pytest.approx(direct(features, ids), rel=1e-9, abs=1e-9)


def test_with_many_examples_the_h_score_is_that_of_the_plain_covariance():
    features, ids = made(count=30_000, width=6)
    assert h_score(features, ids) == pytest.approx(direct(features, ids, shrinkage=0.0), rel=5e-3)


def test_the_h_score_does_not_depend_on_unit_place_rotation_or_the_names_of_classes():
    features, ids = made(width=90)
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(90, 90)))
    wanted = h_score(features, ids)
    for changed in (features * 1e4, features + 7, features @ rotation):
        assert h_score(changed, ids) == pytest.approx(wanted, rel=1e-6)
    assert h_score(features, np.array([5, 9, 2])[ids]) == pytest.approx(wanted)
    assert 0 < wanted < 2
