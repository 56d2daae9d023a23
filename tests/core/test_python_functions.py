"""Functions that a dataset calls are freed when nothing reads the dataset any more."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.core.python_functions import owned
from tfft.core.values import Loaded
from tfft.data.loading import Loading
from tfft.data.pipeline import evaluation_batches, training_batches


def _dataset():
    def double(value):
        return 2 * value

    dataset = tf.data.Dataset.range(3).map(lambda value: tf.numpy_function(double, [value], tf.int64))
    return owned(dataset, double), weakref.ref(double)


def test_a_function_is_freed_with_its_dataset():
    dataset, function = _dataset()
    assert list(dataset.as_numpy_iterator()) == [0, 2, 4]
    del dataset
    gc.collect()
    assert function() is None


@pytest.mark.parametrize(
    "made",
    [
        lambda dataset: dataset.batch(2).prefetch(1),
        lambda dataset: iter(dataset.prefetch(1)),
        lambda dataset: dataset.with_options(tf.data.Options()).as_numpy_iterator(),
        lambda dataset: dataset.repeat(2).take(4),
        lambda dataset: tf.distribute.MirroredStrategy(["CPU:0"]).experimental_distribute_dataset(dataset.batch(2)),
    ],
)
def test_a_function_is_kept_by_all_datasets_made_from_its_dataset(made):
    dataset, function = _dataset()
    later = made(dataset)
    del dataset
    gc.collect()
    assert function() is not None
    assert len(list(later)) > 0
    del later
    gc.collect()
    assert function() is None


def test_functions_of_other_libraries_are_not_freed():
    def other(value):
        return value

    foreign = tf.data.Dataset.range(2).map(lambda value: tf.numpy_function(other, [value], tf.int64))
    _dataset()
    gc.collect()
    assert list(foreign.as_numpy_iterator()) == [0, 1]


@pytest.mark.parametrize("kind", ["training", "evaluation"])
def test_batches_free_their_examples(kind):
    class Read:
        def __call__(self, epoch, chosen):
            return Loaded({"x": chosen * 1.0}, chosen * 10.0)

    read = Read()
    held = weakref.ref(read)
    loading = Loading(7, read)
    batches = training_batches(loading, 2, range(2), 0) if kind == "training" else evaluation_batches(loading, 2)
    assert len(list(batches.as_numpy_iterator())) == (8 if kind == "training" else 4)
    del loading, read, batches
    gc.collect()
    assert held() is None


@pytest.mark.slow
def test_fit_and_evaluate_with_texts_free_their_graphs():
    data = tfft.data.from_arrays([f"text number {n}" for n in range(24)], ["a", "b"] * 12)

    def graphs():
        model = tfft.build("toy_text", tfft.tasks.classification(data.labels), cache="off", precision="float32")
        tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
        tfft.evaluate(model, data.validation)
        del model
        gc.collect()
        return [found for found in gc.get_objects() if type(found).__name__ == "FuncGraph" and found.name == "pack"]

    before = len(graphs())
    assert len(graphs()) == before


@pytest.mark.slow
def test_examples_in_memory_are_freed_after_a_fit():
    images = np.random.default_rng(0).integers(0, 255, (24, 16, 16, 3), np.uint8)
    data = tfft.data.from_arrays(list(images), [0, 1] * 12)
    model = tfft.build("toy", tfft.tasks.classification(data.labels), cache="off", precision="float32")
    tfft.fit(model, data, tfft.plans.full(1), progress=False)
    held = weakref.ref(data.train)
    del model, data
    gc.collect()
    assert held() is None
