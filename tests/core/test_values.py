"""A Batch passes through TensorFlow's datasets and functions with its names."""

import tensorflow as tf

from tfft.core.values import Batch


def test_a_dataset_gives_batches_back_by_name():
    inputs = {"left": tf.zeros(2), "right": tf.ones((2, 3))}
    dataset = tf.data.Dataset.from_tensors(Batch(inputs, tf.ones((2, 1)), tf.ones(2), tf.ones(2)))
    (batch,) = dataset.map(lambda batch: batch._replace(weights=batch.weights * 3))
    assert isinstance(batch, Batch)
    assert batch.weights.numpy().tolist() == [3, 3]
    assert {name: tensor.numpy().tolist() for name, tensor in batch.inputs.items()} == {
        "left": [0, 0],
        "right": [[1, 1, 1]] * 2,
    }
