"""Linear heads are solved as scikit-learn solves them, with the penalty that held-out examples choose."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from tfft.heads import solving
from tfft.heads.solving import solve_classes, solve_labels, solve_quantities

ONES = np.ones(120)


def made(classes=3, count=120, width=5, noise=1.5):
    random = np.random.default_rng(0)
    ids = np.arange(count) % classes
    features = random.normal(size=(classes, width))[ids] + noise * random.normal(size=(count, width))
    return (7 + 3 * features).astype("float32"), ids


def probabilities(features, found):
    logits = features.astype("float64") @ found.kernel + found.bias
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_classes_are_those_of_logistic_regression_on_standardised_features(classes):
    features, ids = made(classes)
    found = solve_classes(features, np.eye(classes)[ids], ONES, seed=0)
    rows = (features - features.mean(axis=0, dtype="float64")) / features.std(axis=0, dtype="float64")
    wanted = LogisticRegression(C=1 / (found.penalty * 120), tol=1e-8, max_iter=1000).fit(rows, ids)
    np.testing.assert_allclose(probabilities(features, found), wanted.predict_proba(rows), atol=2e-3)
    assert found.kernel.dtype == found.bias.dtype == np.float32


@pytest.mark.parametrize("classes", [2, 3])
def test_the_penalty_is_that_of_solutions_that_start_from_zero(classes):
    features, ids = made(classes, noise=3.0)
    rows = (features - features.mean(axis=0, dtype="float64")) / features.std(axis=0, dtype="float64")
    losses = []
    for penalty in solving._PENALTIES:
        losses.append(0.0)
        for train, held_out in solving._folds(np.arange(120), ids, 0):
            cold = LogisticRegression(C=1 / (penalty * len(train)), tol=1e-8, max_iter=1000).fit(
                rows[train], ids[train]
            )
            losses[-1] -= np.log(cold.predict_proba(rows[held_out])[np.arange(len(held_out)), ids[held_out]]).sum()
    assert solve_classes(features, np.eye(classes)[ids], ONES, seed=0).penalty == solving._PENALTIES[np.argmin(losses)]


def test_the_penalty_is_strong_for_noise_and_weak_for_clear_classes():
    random = np.random.default_rng(1)
    ids = np.arange(120) % 2
    noise = solve_classes(random.normal(size=(120, 40)), np.eye(2)[ids], ONES, seed=0)
    clear = solve_classes(ids[:, None] + 0.1 * random.normal(size=(120, 1)), np.eye(2)[ids], ONES, seed=0)
    assert noise.penalty >= 1 > 0.01 >= clear.penalty
    assert probabilities(np.zeros((1, 40)), noise)[0] == pytest.approx([0.5, 0.5], abs=0.1)


def test_weights_count_as_repeated_examples_and_zero_weights_as_none():
    features, ids = made(2)
    targets = np.eye(2)[ids]
    spoilt = np.vstack([features, 1e6 + features[:30]]), np.vstack([targets, 1 - targets[:30]])
    without = solve_classes(*spoilt, np.append(ONES, np.zeros(30)), seed=0)
    plain = solve_classes(features, targets, ONES, seed=0)
    np.testing.assert_allclose(without.kernel, plain.kernel, atol=1e-5)
    heavy = solve_classes(features, targets, np.where(ids == 1, 9.0, 1.0), seed=0)
    assert (probabilities(features, heavy)[:, 1] > probabilities(features, plain)[:, 1]).all()


def test_a_class_without_examples_and_a_class_alone():
    features, ids = made(2)
    found = solve_classes(features, np.eye(4)[ids + 1], ONES, seed=0)
    shares = probabilities(features, found)
    assert shares[:, [0, 3]].max() < 1e-3
    assert (shares.argmax(axis=1) == ids + 1).mean() > 0.7
    alone = solve_classes(features, np.eye(3)[np.ones(120, int)], ONES, seed=0)
    assert (probabilities(features, alone).argmax(axis=1) == 1).all()
    assert np.isfinite(alone.kernel).all()


@pytest.mark.parametrize("rare", [1, 2, 4])
def test_a_rare_class_is_in_no_fold_that_does_not_train_on_it(rare):
    features, ids = made(3, 60)
    ids = np.where(np.arange(60) < rare, 3, ids)
    folds = list(solving._folds(np.arange(60), ids, 0))
    assert folds
    for train, held_out in folds:
        assert set(ids[held_out]) <= set(ids[train])
        assert not set(train) & set(held_out)
    found = solve_classes(features, np.eye(4)[ids], np.ones(60), seed=0)
    assert np.isfinite(found.kernel).all()


def test_a_constant_feature_has_no_weight():
    features, ids = made(2)
    features = np.hstack([features, np.full((120, 1), 3.0, "float32"), np.zeros((120, 1), "float32")])
    found = solve_classes(features, np.eye(2)[ids], ONES, seed=0)
    assert not found.kernel[-2:].any()
    assert np.isfinite(found.bias).all()


def test_each_label_is_a_logistic_regression_of_its_own():
    features, ids = made(3)
    targets = np.stack([ids == 0, ids > 0, np.zeros(120)], axis=1).astype("float32")
    found = solve_labels(features, targets, ONES, seed=0)
    shares = 1 / (1 + np.exp(-(features @ found.kernel + found.bias)))
    alone = solve_classes(features, np.stack([1 - targets[:, 0], targets[:, 0]], axis=1), ONES, seed=0)
    np.testing.assert_allclose(shares[:, 0], probabilities(features, alone)[:, 1], atol=1e-4)
    np.testing.assert_allclose(shares[:, 0] + shares[:, 1], 1, atol=0.02)
    assert shares[:, 2].max() < 1e-3


def test_quantities_are_those_of_ridge_regression():
    features, _ = made()
    random = np.random.default_rng(2)
    targets = features @ random.normal(size=(5, 2)) / 10 + 0.3 * random.normal(size=(120, 2))
    found = solve_quantities(features, targets, ONES, seed=0)
    rows = (features - features.mean(axis=0, dtype="float64")) / features.std(axis=0, dtype="float64")
    wanted = Ridge(alpha=found.penalty * 120).fit(rows, targets).predict(rows)
    np.testing.assert_allclose(features @ found.kernel + found.bias, wanted, atol=1e-4)
    single = solve_quantities(features, targets[:, :1], ONES, seed=0)
    assert single.kernel.shape == (5, 1)


def test_many_examples_take_one_fold():
    ids = np.arange(2_500) % 2
    assert len(list(solving._folds(np.arange(2_499), ids[:-1], 0))) == 5
    assert len(list(solving._folds(np.arange(2_500), ids, 0))) == 1


def test_the_same_seed_gives_the_same_solution():
    features, ids = made()
    one, same = (solve_classes(features, np.eye(3)[ids], ONES, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.kernel, same.kernel)


@pytest.mark.parametrize("solve", [solve_classes, solve_labels, solve_quantities])
def test_copies_of_an_example_and_its_group_are_in_one_fold(solve):
    random = np.random.default_rng(2)
    rows, targets = random.normal(size=(40, 30)), np.eye(2)[random.permutation(np.arange(40) % 2)]
    targets = targets if solve is not solve_quantities else random.normal(size=(40, 1))
    copies, together = np.repeat(rows, 5, axis=0), np.repeat(np.arange(40), 5)
    given = copies, np.repeat(targets, 5, axis=0), np.ones(200), 0
    assert solve(*given).penalty <= 0.01  # each copy knows the target of the others
    assert solve(*given, together).penalty >= 1  # noise has no use for weights
    assert solve(rows, targets, np.ones(40), 0).penalty >= 1


def test_folds_never_divide_a_set_and_one_set_has_no_folds():
    together = np.repeat(np.arange(12), 5)
    for classes in (None, np.arange(60) % 3):
        folds = list(solving._folds(together, classes, seed=0))
        assert len(folds) == 5
        assert not [1 for train, held_out in folds if set(together[train]) & set(together[held_out])]
        assert sorted(np.concatenate([held_out for _, held_out in folds]).tolist()) == list(range(60))
    assert list(solving._folds(np.zeros(60, int), None, seed=0)) == []


def test_a_solution_says_whether_it_converged(monkeypatch):
    features, ids = made(2)
    given = features, np.eye(2)[ids], ONES, 0
    assert solve_classes(*given).converged
    assert solve_labels(*given).converged
    assert solve_quantities(*given).converged
    monkeypatch.setattr(solving, "_ITERATIONS", 2)
    assert not solve_classes(*given).converged
    assert not solve_labels(*given).converged
