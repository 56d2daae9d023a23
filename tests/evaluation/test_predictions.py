"""Predictions line up with their examples."""

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError
from tfft.evaluation.predictions import predict


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_probabilities_are_those_of_the_net_in_order(toy_arrays, batch_size):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    found = predict(model, data.train, batch_size)
    pixels = np.stack([model.preprocessor(item) for item in data.train.inputs])
    logits = np.asarray(model.net(pixels.astype("float32"), training=False), np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(found.probabilities, expected, atol=1e-6)
    assert np.allclose(found.probabilities.sum(axis=1), 1)


def test_quantities_come_back_in_the_users_unit(toy_arrays):
    images, _ = toy_arrays
    data = tfft.data.from_arrays(images, images.mean(axis=(1, 2, 3)) + 500.0)
    found = predict(tfft.build("toy", tfft.tasks.regression(data.labels)), data.test, 32)
    assert 400 < found.probabilities.mean() < 800


def test_a_file_that_vanished_is_named(class_folder):
    from pathlib import Path

    data = tfft.data.from_folder(class_folder)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    gone = Path(data.train.inputs[3])
    gone.unlink()
    with pytest.raises(DataError, match=f"can no longer be read.*{gone.name}.*no such file"):
        predict(model, data.train, 4)


@pytest.mark.parametrize("wrong", [0, -1, 1.5])
def test_a_batch_size_that_is_no_positive_whole_number_is_refused(toy_arrays, wrong):
    from tfft.core.errors import DataError

    data = tfft.data.from_arrays(*toy_arrays)
    with pytest.raises(DataError, match=f"batch_size={wrong!r}"):
        predict(tfft.build("toy", tfft.tasks.classification(data.labels)), data.train, wrong)


def test_answers_that_are_no_numbers_are_refused_and_named(toy_arrays):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    model.head_net.get_layer("logits").bias.assign([np.nan, 0, 0])
    with pytest.raises(DataError, match=r"answers with NaN or infinity for 42 of 42 examples.*'example \d+' first"):
        predict(model, data.train, 8)


def test_paths_of_images_are_not_taken_for_texts(class_folder):
    data = tfft.data.from_folder(class_folder)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels))
    with pytest.raises(DataError, match=r"trained on texts, but the data holds images"):
        predict(model, data.test, 32)
