"""Parts are disjoint, complete, stratified, seeded and grouped, and what cannot be split is refused."""

import numpy as np
import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.data.raw_examples import Pool
from tfft.data.splits import Splitting, assemble

RANDOM = np.random.default_rng(0)


def _pool(targets, groups=None):
    inputs = [np.frombuffer(np.int64(RANDOM.integers(2**60)).tobytes(), np.uint8).reshape(2, 4) for _ in targets]
    return Pool(inputs, targets, groups)


def _positions(examples):
    return [examples.inputs.position(index) for index in range(len(examples))]


def _parts(splits):
    return [part for part in (splits.train, splits.validation, splits.test) if part is not None]


TARGETS = np.repeat(["a", "b", "c"], [100, 40, 20])


@pytest.mark.parametrize("holdout", [(0.15, 0.15), (0.2, 0.0), (0.5, 0.4), (0.01, 0.01)])
def test_parts_are_disjoint_and_together_everything(holdout):
    splits = assemble({"train": _pool(TARGETS)}, Splitting(holdout))
    positions = [position for part in _parts(splits) for position in _positions(part)]
    assert sorted(positions) == list(range(160))
    assert (splits.test is None) == (holdout[1] == 0)


@pytest.mark.parametrize("targets", [TARGETS, np.arange(160) * 0.1, [["x"], ["y", "x"]] * 80])
def test_inputs_and_targets_stay_together(targets):
    pool = _pool(targets)
    splits = assemble({"train": pool}, Splitting())
    encoded = assemble({"train": pool, "validation": _pool(targets)}, Splitting((0.15, 0.0))).train.targets
    for part in _parts(splits):
        np.testing.assert_array_equal(part.targets, encoded[_positions(part)])


@pytest.mark.parametrize("holdout", [(0.15, 0.15), (0.3, 0.2)])
def test_every_class_has_the_same_share_in_every_part(holdout):
    splits = assemble({"train": _pool(TARGETS)}, Splitting(holdout))
    for part, share in ((splits.validation, holdout[0]), (splits.test, holdout[1])):
        for name, total in (("a", 100), ("b", 40), ("c", 20)):
            assert abs(part.counts()[name] - total * share) <= 1


def test_the_same_seed_gives_the_same_parts_and_another_seed_others():
    pool = _pool(TARGETS)
    first, again, other = (assemble({"train": pool}, Splitting(seed=seed)) for seed in (0, 0, 1))
    assert first.test.digests == again.test.digests
    assert first.validation.digests == again.validation.digests
    assert first.test.digests != other.test.digests
    assert first.validation.digests != other.validation.digests


def test_given_parts_are_left_alone_and_missing_ones_are_split_off():
    all_classes = list("abc")
    splits = assemble({"train": _pool(TARGETS), "test": _pool(all_classes)}, Splitting())
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (136, 24, 3)
    splits = assemble({"train": _pool(TARGETS), "validation": _pool(all_classes)}, Splitting())
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (136, 3, 24)
    splits = assemble({"train": _pool(TARGETS), "validation": _pool(all_classes)}, Splitting((0.15, 0)))
    assert (len(splits.train), len(splits.validation), splits.test) == (160, 3, None)


def test_a_given_part_without_a_class_is_doubted():
    with pytest.warns(DataWarning, match=r"test part has no examples of the classes 'c'"):
        assemble({"train": _pool(TARGETS), "test": _pool(["a", "b"])}, Splitting())


@pytest.mark.parametrize("targets", [np.repeat(["a", "b"], 30), np.arange(60) * 0.5, [["x"], ["y", "x"]] * 30])
@pytest.mark.parametrize("group_count", [3, 12, 60])
def test_every_group_stays_in_one_part(targets, group_count):
    groups = np.arange(60) % group_count
    for seed in range(5):
        splits = assemble({"train": _pool(targets, groups)}, Splitting(seed=seed))
        members = [set(groups[_positions(part)]) for part in _parts(splits)]
        assert sum(map(len, members)) == len(set.union(*members)) == group_count


def test_grouped_parts_are_stratified_as_far_as_groups_allow():
    groups = np.repeat(np.arange(80), 2)
    splits = assemble({"train": _pool(np.repeat(["a", "b"], 80), groups)}, Splitting((0.25, 0.0)))
    assert splits.validation.counts() == {"a": 20, "b": 20}


@pytest.mark.parametrize("fraction", [0.05, 0.15, 0.3, 0.4, 0.6, 0.7])
def test_grouped_parts_have_the_fraction_that_was_asked_for(fraction):
    groups = np.repeat(np.arange(200), 3)
    splits = assemble({"train": _pool(np.repeat(["a", "b"], 300), groups)}, Splitting((fraction, 0.0)))
    assert len(splits.validation) / 600 == pytest.approx(fraction, abs=0.02)


def test_of_several_labels_the_rare_ones_reach_every_part():
    common = np.random.default_rng(0).random((200, 2)) < 0.5
    rare = np.arange(200) % 20 == 0
    for seed in range(5):
        splits = assemble({"train": _pool(np.c_[common, rare].astype(int))}, Splitting((0.2, 0.2), seed))
        assert [int(part.targets[:, 2].sum()) for part in _parts(splits)] == [6, 2, 2]


@pytest.mark.parametrize("groups_a_class", [3, 4, 6])
def test_grouped_parts_hold_every_class_where_the_groups_allow_it(groups_a_class):
    targets = np.repeat(["a", "b", "c"], 4 * groups_a_class)
    groups = np.repeat(np.arange(3 * groups_a_class), 4)
    for seed in range(10):
        splits = assemble({"train": _pool(targets, groups)}, Splitting((0.3, 0.3), seed))
        assert all(min(part.counts().values()) >= 4 for part in _parts(splits))


def test_a_part_without_one_of_the_classes_is_doubted():
    groups = np.repeat(np.arange(4), 4)
    with pytest.warns(DataWarning, match=r"part has no examples of the classes"):
        assemble({"train": _pool(np.repeat(["a", "a", "b", "b"], 4), groups)}, Splitting((0.2, 0.2)))


def test_few_members_in_many_groups_can_be_split():
    splits = assemble({"train": _pool(["a", "b"] * 4, list("abcdefgh"))}, Splitting((0.15, 0.0), seed=1))
    assert splits.validation.counts() == {"a": 1, "b": 1}


@pytest.mark.parametrize("groups", [[None, "x"] * 4, [float("nan"), 1] * 4])
def test_missing_groups_are_refused_with_their_rows(groups):
    with pytest.raises(DataError, match=r"4 examples of the train part have no group.*rows 0, 2, 4, 6.*Fill"):
        assemble({"train": _pool(["a", "b"] * 4, groups)}, Splitting())


def test_groups_of_another_length_are_refused():
    with pytest.raises(DataError, match=r"one group for each.*3 groups for 8 examples"):
        assemble({"train": _pool(["a", "b"] * 4, [1, 2, 3])}, Splitting())


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_groups_for_the_parts_are_refused(count):
    with pytest.raises(DataError, match=r"at least one group for each part.*1 group left.*holdout="):
        assemble({"train": _pool(["a", "b", "b", "a"], np.arange(4) % count)}, Splitting())


def test_a_group_in_two_given_parts_is_doubted():
    pools = {"train": _pool(["a", "b"], ["x", "y"]), "validation": _pool(["a", "b"], ["x", "z"])}
    with pytest.warns(DataWarning, match="'x .train and validation.'"):
        assemble(pools, Splitting((0, 0)))


@pytest.mark.parametrize(
    ("per_class", "message"),
    [(1, "train part is empty.*0 train, 2 validation, 0 test"), (2, "'a', 'b'|train part is empty")],
)
def test_too_few_images_a_class_are_refused(per_class, message):
    with pytest.raises(DataError, match=message) as caught:
        assemble({"train": _pool(["a", "b"] * per_class)}, Splitting())
    assert "every class needs one" in caught.value.fix.lower()


def test_a_class_that_is_too_small_is_named():
    with pytest.raises(DataError, match=r"classes 'rare' have no training example.*one for training.*floats"):
        assemble({"train": _pool(["a"] * 20 + ["b"] * 20 + ["rare"])}, Splitting())


def test_three_of_each_are_enough():
    splits = assemble({"train": _pool(["a", "b"] * 3)}, Splitting())
    assert [part.counts() for part in _parts(splits)] == [{"a": 1, "b": 1}] * 3


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ({"test": _pool(["a", "b"])}, "no training part.*'test'.*'train'"),
        ({"train": _pool(["a", "b"]), "val": _pool(["a"])}, "no part 'val'.*Write 'validation' in place of 'val'"),
        ({"train": _pool([])}, "train part holds no examples"),
        ({"train": _pool(["a", "b"]), "test": _pool([])}, "test part holds no examples.*leave it out"),
        ({"train": _pool(["a", "a"])}, "two classes.*'a'"),
        ({"train": _pool(["a", "b"]), "test": _pool(["a", "c"])}, "test part has labels.*'c'"),
    ],
)
def test_pools_that_cannot_be_used_are_refused(pools, message):
    with pytest.raises(DataError, match=message):
        assemble(pools, Splitting())


def test_no_validation_part_at_all_is_refused():
    with pytest.raises(DataError, match=r"validation part is empty.*8 train.*holdout"):
        assemble({"train": _pool(["a", "b"] * 4)}, Splitting((0.0, 0.0)))


@pytest.mark.parametrize(
    "holdout", [(0.5, 0.5), (1.0, 0.0), (-0.1, 0.1), (0.1,), 0.2, ("a", 0.1), (float("nan"), 0.1), None]
)
def test_a_holdout_that_is_invalid_or_leaves_nothing_is_refused(holdout):
    with pytest.raises(DataError, match=r"holdout must be two fractions.*\(0.15, 0.15\)") as caught:
        Splitting(holdout)
    assert repr(holdout) in str(caught.value)


def test_an_unknown_way_with_corrupt_images_is_refused():
    with pytest.raises(DataError, match=r"on_corrupt='ignore' is unknown.*'error' or 'skip'"):
        Splitting(on_corrupt="ignore")


def _with_faults(targets, bad):
    pool = _pool(targets)
    return Pool([b"broken" if index in bad else item for index, item in enumerate(pool.inputs)], targets)


def test_corrupt_images_stop_everything_or_are_skipped_and_listed():
    pool = _with_faults(TARGETS, {3, 120})
    with pytest.raises(DataError, match=r"2 of 160 images.*example 3 \(not an image\).*example 120"):
        assemble({"train": pool}, Splitting())
    splits = assemble({"train": pool}, Splitting(on_corrupt="skip"))
    assert splits.skipped == ("example 3: not an image", "example 120: not an image")
    kept = [position for part in _parts(splits) for position in _positions(part)]
    assert sorted(kept) == [index for index in range(160) if index not in (3, 120)]
    for part in _parts(splits):
        assert [splits.labels.names[i] for i in part.targets] == TARGETS[_positions(part)].tolist()


@pytest.mark.parametrize("bad", [set(range(8)), set(range(0, 8, 2))])
def test_skipping_a_whole_class_or_everything_is_refused(bad):
    with pytest.raises(DataError, match=r"'a' have no training example|train part is empty"):
        assemble({"train": _with_faults(["a", "b"] * 4, bad)}, Splitting(on_corrupt="skip"))


def test_skipping_a_whole_test_part_is_refused():
    with pytest.raises(DataError, match="test part is empty"):
        assemble({"train": _pool(TARGETS), "test": _with_faults(["a"], {0})}, Splitting(on_corrupt="skip"))


def test_statistics_come_from_the_training_part_alone():
    targets = np.linspace(0, 100, 50)
    splits = assemble({"train": _pool(targets)}, Splitting())
    assert splits.labels.mean[0] == pytest.approx(targets[_positions(splits.train)].mean(), rel=1e-6)
    assert splits.labels.mean[0] != pytest.approx(targets.mean(), rel=1e-6)
    assert splits.test.labels == splits.labels


def test_one_image_in_two_parts_is_named():
    pool = _pool(TARGETS)
    test = Pool([pool.inputs[7], *_pool("bc").inputs], list("abc"))
    with pytest.warns(DataWarning, match=r"example 7 \(train\) = example 0 \(test\)"):
        assemble({"train": Pool(pool.inputs, TARGETS), "test": test, "validation": _pool(list("abc"))}, Splitting())


def test_the_groups_of_a_source_stay_with_its_examples():
    groups = np.arange(60) // 2
    splits = assemble({"train": _pool(np.repeat(["a", "b"], 30), groups)}, Splitting())
    for part in _parts(splits):
        assert part.groups.tolist() == groups[_positions(part)].astype(str).tolist()
    assert assemble({"train": _pool(TARGETS)}, Splitting()).train.groups is None
