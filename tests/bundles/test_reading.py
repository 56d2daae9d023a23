"""Data with labels and tensors are refused, for images and for texts."""

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tfft.bundles import image_reading, text_reading
from tfft.core.errors import DataError


def test_data_with_labels_is_refused_with_both_calls():
    data = tfft.data.from_arrays(np.random.default_rng(0).integers(0, 255, (20, 9, 9, 3), np.uint8), [0, 1] * 10)
    for read in (text_reading.split, lambda given: image_reading.split(given, None)):
        with pytest.raises(DataError, match=r"one part.*examples\.inputs.*tfft\.evaluate\(model, examples\)"):
            list(read(data.test))
        with pytest.raises(DataError, match=r"all parts.*data\.test\.inputs.*tfft\.evaluate\(model, data\.test\)"):
            list(read(data))


def test_tensors_are_refused():
    tensor = tf.zeros((2, 8, 8, 3), tf.uint8)
    for given in (tensor, [tensor[0]]):
        with pytest.raises(DataError, match=r"not tensors.*EagerTensor.*tensor\.numpy\(\)"):
            list(image_reading.split(given, None))
    with pytest.raises(DataError, match="not tensors"):
        list(text_reading.split(tf.constant(["a text"])))
