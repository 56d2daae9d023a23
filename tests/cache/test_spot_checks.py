"""A few cached rows are computed again. If one is wrong, a warning is given and all rows are deleted."""

import ml_dtypes
import numpy as np
import pytest

from tfft.cache.shards import Shards
from tfft.cache.spot_checks import distance, some, spot_check
from tfft.core.errors import RunWarning

ROW = np.dtype("<f4")


def table(folder):
    return Shards(10, ROW, folder, per_shard=4)


def filled(folder):
    found = table(folder)
    for number in found.missing():
        found.write(number, np.float32(found.rows(number)))
    return found


def test_the_first_row_the_last_row_and_in_time_all_others_are_checked(tmp_path):
    filled(tmp_path)
    looked = set()
    for _ in range(60):
        assert not spot_check(table(tmp_path), lambda positions: looked.update(positions.tolist()) or "")
    assert {0, 9} < looked
    assert len(looked) > 6
    assert some(np.array([3])).tolist() == [3]


def test_a_wrong_row_gives_a_warning_and_all_rows_are_deleted(tmp_path):
    filled(tmp_path)
    again = table(tmp_path)
    with pytest.warns(
        RunWarning, match=r"Cached rows in '.*' differ from newly computed rows: row 9 is wrong\. They are deleted"
    ):
        assert spot_check(again, lambda positions: f"row {positions[-1]} is wrong")
    assert again.missing() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == []


def test_rows_in_memory_or_computed_by_this_process_are_not_checked(tmp_path):
    for found in (filled(tmp_path), filled(None), table(tmp_path / "empty")):
        assert not spot_check(found, lambda _: "wrong")


def test_existing_rows_are_checked_even_if_others_are_missing(tmp_path):
    filled(tmp_path)
    sorted(tmp_path.iterdir())[0].unlink()
    looked = []
    spot_check(table(tmp_path), lambda positions: looked.extend(positions.tolist()) or "")
    assert {4, 9} <= set(looked) <= set(range(4, 10))


@pytest.mark.parametrize(
    ("expected", "found", "far"),
    [
        ([1.0, -4.0], [1.0, -4.0], 0),
        ([1.0, -4.0], [1.0, -3.0], 0.25),
        ([0.0], [1e-3], float("inf")),
        ([np.nan, 1.0], [np.nan, 1.0], 0),
        ([np.nan, 1.0], [1.0, 1.0], float("inf")),
        ([np.inf, 1.0], [np.inf, 1.5], 0.5),
        ([np.inf], [1.0], float("inf")),
        ([[1.0]], [1.0], float("inf")),
        ([], [], 0),
    ],
)
def test_a_distance_is_relative_to_the_largest_number(expected, found, far):
    one, two = np.float32(expected), np.float32(found)
    assert distance(one, two) == pytest.approx(far) if far != float("inf") else distance(one, two) > 1e30
    assert (
        distance(one.astype(ml_dtypes.bfloat16), two.astype(ml_dtypes.bfloat16)) == pytest.approx(far, rel=0.1)
        or far > 1
    )


def test_integers_and_masks_must_be_equal():
    assert distance(np.arange(3), np.arange(3)) == 0
    assert distance(np.arange(1000), np.arange(1000) + (np.arange(1000) == 0)) == float("inf")
    assert distance(np.array([True]), np.array([False])) == float("inf")
