"""Arrays, rows of several lengths and masks are hashed and joined in one way."""

import numpy as np

from tfft.core.ragged import Ragged
from tfft.data.target_sequences import concatenated, digests_of


def test_arrays_and_sequences_are_joined_as_what_they_are():
    assert concatenated([np.zeros((1, 2)), np.ones((2, 2))]).shape == (3, 2)
    rows = concatenated([Ragged.of([np.array([1, 2])]), Ragged.of([np.array([3]), np.array([4, 5])])])
    assert [row.tolist() for row in rows] == [[1, 2], [3], [4, 5]]


def test_other_lengths_of_the_same_values_have_another_hash():
    one, other = Ragged.of([np.array([1, 2]), np.array([3])]), Ragged.of([np.array([1]), np.array([2, 3])])
    assert digests_of(one) != digests_of(other)
    assert digests_of(one) == digests_of(Ragged.of([np.array([1, 2]), np.array([3])]))
