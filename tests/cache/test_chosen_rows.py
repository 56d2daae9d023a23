"""Chosen rows are read like a table of their own."""

import numpy as np

from tfft.cache.chosen_rows import ChosenRows
from tfft.cache.shards import Shards


def table(folder=None):
    made = Shards(7, np.dtype(("<f4", (2,))), folder, per_shard=3)
    for number in made.missing():
        made.write(number, np.float32([[row, -row] for row in made.rows(number)]))
    return made


def test_rows_come_in_any_order_and_more_than_once():
    chosen = ChosenRows(table(), np.array([6, 2, 4]))
    assert chosen.take(np.array([2, 0, 0, 1])).tolist() == [[4, -4], [6, -6], [6, -6], [2, -2]]
    assert chosen.size_bytes == 3 * 8
    assert chosen.folder is None


def test_the_folder_is_that_of_the_table_and_discarding_deletes_its_rows(tmp_path):
    whole = table(tmp_path)
    chosen = ChosenRows(whole, np.array([0]))
    assert chosen.folder == tmp_path
    chosen.discard()
    assert whole.missing() == [0, 1, 2]
