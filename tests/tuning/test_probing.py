"""The probe measures heads on examples that they have not seen, in folds that are the same for all backbones."""

from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.core.specs import LabelSpace
from tfft.data.examples import Examples
from tfft.heads.solving import Solved
from tfft.tuning.probing import FOLDS, cross_validated


def examples_of(targets, labels):
    return Examples(range(len(targets)), targets, labels, tuple(map(str, range(len(targets)))))


def classes(counts):
    ids = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    return examples_of(ids, LabelSpace(tuple(f"class {number}" for number in range(len(counts)))))


def test_no_head_sees_the_examples_that_measure_it():
    examples = classes([30, 30])
    features = np.random.default_rng(1).normal(size=(60, 200))  # enough to learn all labels by heart
    task = tfft.tasks.classification(examples.labels)
    assert cross_validated(task, features, examples, "accuracy", 0) == pytest.approx(0.5, abs=0.2)
    known = np.eye(2)[examples.targets]
    assert cross_validated(task, known, examples, "accuracy", 0) == 1.0


def folds_of(task, features, examples, seed=0):
    seen = []

    def solve(rows, targets, weights, fold_seed, together):
        seen.append(set(rows[:, 0].astype(int).tolist()))
        return Solved(
            np.zeros((rows.shape[1], targets.shape[1]), np.float32), np.zeros(targets.shape[1], np.float32), 1.0
        )

    cross_validated(replace(task, solve=solve), features, examples, "accuracy", seed)
    everything = set(range(len(examples)))
    return [everything - train for train in seen]


def test_each_example_is_held_out_once_and_each_class_is_in_each_fold():
    examples = classes([50, 10, 5])
    task, positions = tfft.tasks.classification(examples.labels), np.arange(65)[:, None]
    held_out = folds_of(task, positions, examples)
    assert len(held_out) == FOLDS
    assert sorted(position for fold in held_out for position in fold) == list(range(65))
    for fold in held_out:
        assert np.bincount(examples.targets[sorted(fold)]).tolist() == [10, 2, 1]
    assert held_out == folds_of(task, positions, examples)
    assert held_out != folds_of(task, positions, examples, seed=1)


def test_a_class_with_one_example_is_counted_as_wrong():
    examples = classes([30, 30, 1])
    task = tfft.tasks.classification(examples.labels)
    assert cross_validated(task, np.eye(3)[examples.targets], examples, "accuracy", 0) == pytest.approx(60 / 61)


def test_several_labels_have_the_mean_f1_and_quantities_r2():
    random = np.random.default_rng(0)
    features = random.normal(size=(100, 6))
    labels = (features[:, :2] > 0).astype(np.float32)
    several = examples_of(labels, LabelSpace(("one", "two"), "multi"))
    task = tfft.tasks.multi_label(several.labels)
    assert cross_validated(task, features, several, "macro_f1", 0) > 0.9
    # one label that can be learned, one that cannot
    half = cross_validated(task, features * np.array([1, 0, 0, 0, 0, 0]), several, "macro_f1", 0)
    assert half == pytest.approx((1 + 2 / 3) / 2, abs=0.06)  # always saying yes has an F1 of 2/3
    values = (10 + 3 * features[:, :1] + random.normal(size=(100, 1))).astype(np.float32)
    space = LabelSpace(("age",), "real", mean=(float(values.mean()),), scale=(float(values.std()),))
    quantities = examples_of(values, space)
    found = cross_validated(tfft.tasks.regression(space), features, quantities, "r2", 0)
    assert found == pytest.approx(0.9, abs=0.05)  # nine tenths of the variance are in the first feature
    noise = cross_validated(tfft.tasks.regression(space), features[:, 1:], quantities, "r2", 0)
    assert noise == pytest.approx(0, abs=0.1)


def test_copies_and_groups_are_measured_by_heads_that_have_seen_none_of_them():
    rows = np.repeat(np.random.default_rng(3).normal(size=(40, 60)), 5, axis=0)
    ids = np.repeat(np.random.default_rng(4).permutation(np.arange(40) % 2), 5)
    alone = examples_of(ids, LabelSpace(("ants", "bees")))
    task, names = tfft.tasks.classification(alone.labels), np.repeat(np.arange(40), 5).astype(str)
    copies, grouped = replace(alone, digests=tuple(names.tolist())), replace(alone, groups=names)
    assert cross_validated(task, rows, alone, "accuracy", 0) == 1.0
    for examples in (copies, grouped):
        assert cross_validated(task, rows, examples, "accuracy", 0) == pytest.approx(0.5, abs=0.25)
