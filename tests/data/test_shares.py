"""Every example of a batch is dealt to exactly one replica, and a process reads only its own."""

import numpy as np
import pytest

from tfft.core.values import Loaded
from tfft.data.loading import Loading
from tfft.data.pipeline import training_batches, validation_batches
from tfft.data.shares import Share


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
def test_each_example_counts_in_one_process(size, replicas):
    group, counted = np.arange(100, 100 + size), []
    for replica in range(replicas):
        share = Share(replicas, range(replica, replica + 1))
        found = share.of(group)
        assert len(found) >= 1
        if share.counted(group):
            counted += found.tolist()
        else:
            assert found.tolist() == [100]
    assert sorted(counted) == group.tolist()


def test_a_batch_that_must_be_whole_is_loaded_whole():
    share = Share(2, range(1, 2), together=True)
    assert share.of(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def read(dataset):
    """Inputs, counts and weights; an example that only fills has no meaning."""
    return [
        ((batch.inputs["x"] * batch.counted).tolist(), batch.counted.tolist(), batch.weights.tolist())
        for batch in dataset.as_numpy_iterator()
    ]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("locals_", [1, 2])
def test_the_processes_together_read_what_one_process_with_all_replicas_reads(together, locals_):
    loaded = []

    def load(epoch, chosen):
        loaded.append(chosen.tolist())
        return Loaded({"x": chosen * 1.0}, chosen[:, None] * 10.0)

    loading = Loading(11, load, together=together)
    owns = [range(first, first + locals_) for first in range(0, 4, locals_)]
    for make in (
        lambda own: training_batches(loading, 4, range(2), 0, 4, own=own),
        lambda own: validation_batches(loading, 4, None, 4, own),
    ):
        whole = read(make(None))
        parts = [read(make(own)) for own in owns]
        steps = len(whole) // 4
        joined = [
            share for step in range(steps) for part in parts for share in part[step * locals_ : (step + 1) * locals_]
        ]
        assert joined == whole


def test_a_process_reads_no_example_of_the_others():
    loaded = []

    def load(epoch, chosen):
        loaded.extend(chosen.tolist())
        return Loaded({"x": chosen * 1.0}, chosen[:, None] * 10.0)

    dataset = validation_batches(Loading(40, load), 8, None, 2, range(1, 2))
    assert sorted(float(value) for inputs, _, _ in read(dataset) for value in inputs) == [*range(1, 40, 2)]
    assert set(loaded) - {0} == set(range(1, 40, 2))  # the first example tells the shapes
