"""Folds are disjoint, complete, stratified and seeded; groups and duplicates stay together; what cannot be divided is refused."""

import numpy as np
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.data.folds import folds_of

CLASSES = LabelSpace(("ants", "bees", "cows"))
TARGETS = np.repeat([0, 1, 2], [100, 40, 20])
QUANTITY = LabelSpace(("age",), "real", (0.5,), (0.3,))
MANY = LabelSpace(("red", "blue"), "multi")


def pool_of(targets, labels=CLASSES, groups=None, digests=None):
    names = tuple(f"{index}.jpg" for index in range(len(targets)))
    return Examples(names, targets, labels, names if digests is None else tuple(digests), groups)


def parts(fold):
    return fold.train, fold.validation, fold.held_out


KINDS = {
    "classes": pool_of(TARGETS),
    "quantities": pool_of(np.random.default_rng(0).random((160, 1), np.float32), QUANTITY),
    "labels": pool_of(np.random.default_rng(0).integers(0, 2, (160, 2)).astype(np.float32), MANY),
    "groups": pool_of(TARGETS, groups=(np.arange(160) // 2).astype(str)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_each_example_is_held_out_once_and_no_fold_uses_one_twice(kind, count):
    folds = folds_of(KINDS[kind], count, seed=1)
    assert np.sort(np.concatenate([fold.held_out for fold in folds])).tolist() == list(range(160))
    for fold in folds:
        assert sorted(np.concatenate(parts(fold)).tolist()) == list(range(160))
        assert min(map(len, parts(fold))) > 0
        assert len(fold.validation) == pytest.approx(0.15 * (160 - len(fold.held_out)), abs=3)


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_every_fold_and_its_validation_have_the_shares_of_the_classes(count):
    for fold in folds_of(pool_of(TARGETS), count):
        assert abs(len(fold.held_out) - 160 / count) < 2
        for index, total in enumerate((100, 40, 20)):
            assert abs((TARGETS[fold.held_out] == index).sum() - total / count) < 1
            own = (TARGETS[fold.validation] == index).sum()
            assert abs(own - 0.15 * (total - total / count)) <= 1


def test_the_same_seed_gives_the_same_folds_and_another_seed_others():
    one, same, other = (folds_of(pool_of(TARGETS), 4, seed) for seed in (0, 0, 1))
    for first, second in zip(one, same, strict=True):
        for a, b in zip(parts(first), parts(second), strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0].held_out, other[0].held_out)
    assert not np.array_equal(one[0].validation, other[0].validation)


def keys(fold, names):
    return [set(names[positions]) for positions in parts(fold)]


@pytest.mark.parametrize("seed", range(5))
def test_groups_duplicates_and_chains_of_both_are_never_divided(seed):
    random = np.random.default_rng(seed)
    groups, contents = random.integers(0, 110, 160).astype(str), random.integers(0, 150, 160).astype(str)
    for given, digests in ((groups, None), (None, contents), (groups, contents)):
        for fold in folds_of(pool_of(random.permutation(TARGETS), groups=given, digests=digests), 4, seed):
            for names in (given, None if digests is None else digests):
                if names is not None:
                    train, validation, held_out = keys(fold, np.asarray(names))
                    assert not held_out & (train | validation)
                    assert not train & validation


def test_groups_of_different_sizes_give_folds_of_similar_sizes_and_classes():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), random.integers(1, 12, 80))
    targets = np.repeat(np.arange(80) % 2, np.bincount(groups))
    pool = pool_of(targets, LabelSpace(("ants", "bees")), groups.astype(str))
    for fold in folds_of(pool, 5):
        assert len(fold.held_out) == pytest.approx(len(pool) / 5, rel=0.1)
        assert targets[fold.held_out].mean() == pytest.approx(targets.mean(), abs=0.05)


def test_the_data_of_a_fold_has_the_held_out_examples_as_its_test_part():
    pool = pool_of(TARGETS)
    fold = folds_of(pool, 4, seed=3)[1]
    splits = fold.splits(pool, 3)
    for part, positions in zip((splits.train, splits.validation, splits.test), parts(fold), strict=True):
        assert list(part.inputs) == [pool.inputs[index] for index in positions]
        np.testing.assert_array_equal(part.targets, TARGETS[positions])
    assert splits.seed == 3


@pytest.mark.parametrize(
    ("sizes", "count", "match"),
    [
        ((30, 4, 3), 5, r"5 folds need 5 examples of every class.*Got: 'bees: 4', 'cows: 3'.*Use folds=3"),
        ((30, 8, 2), 4, r"4 folds need 4 examples of every class.*Got: 'cows: 2'.*leave out these classes"),
        ((30, 8, 3), 2, r"2 folds need 4 examples of every class.*Got: 'cows: 3'.*Use folds=3"),
        ((30, 8, 0), 5, r"Got: 'cows: 0'"),
    ],
)
def test_too_few_examples_of_a_class_are_refused_with_their_names(sizes, count, match):
    with pytest.raises(DataError, match=match):
        folds_of(pool_of(np.repeat([0, 1, 2], sizes)), count)


def test_the_advice_of_the_error_works():
    pool = pool_of(np.repeat([0, 1, 2], (30, 4, 3)))
    assert len(folds_of(pool, 3)) == 3


def test_duplicates_and_groups_count_once():
    targets = np.repeat([0, 1], 10)
    two = LabelSpace(("ants", "bees"))
    digests = [str(index) for index in range(10)] + ["same"] * 7 + ["a", "b", "c"]
    with pytest.raises(DataError, match=r"Duplicates count once.*'bees: 4'"):
        folds_of(pool_of(targets, two, digests=digests), 5)
    with pytest.raises(DataError, match=r"group count once.*'ants: 2', 'bees: 2'"):
        folds_of(pool_of(targets, two, groups=(np.arange(20) // 5).astype(str)), 3)


@pytest.mark.parametrize("kind", ["quantities", "labels"])
def test_too_few_examples_without_classes_are_refused(kind):
    pool = KINDS[kind].take([0, 1, 2])
    with pytest.raises(DataError, match=r"5 folds need at least 5 examples.*Got: 3.*Use folds=3"):
        folds_of(pool, 5)


@pytest.mark.parametrize("count", [1, 0, -3, 2.0, True, "5", None])
def test_an_invalid_number_of_folds_is_refused(count):
    with pytest.raises(DataError, match=r"folds must be a whole number of at least 2.*folds=5"):
        folds_of(KINDS["classes"], count)


def test_one_group_with_all_examples_of_a_class_is_refused():
    groups = np.array([*map(str, range(100)), *["farm"] * 60])
    with pytest.raises(DataError, match=r"need 5 examples of every class.*'bees: 1', 'cows: 1'"):
        folds_of(pool_of(TARGETS, groups=groups), 5)
