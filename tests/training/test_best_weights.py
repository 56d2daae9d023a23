"""BestWeights keeps, compares and restores."""

import numpy as np
import pytest

import tfft
from tfft.trainable import nothing
from tfft.training.best_weights import BestWeights


@pytest.fixture
def model():
    return tfft.build("toy", tfft.tasks.classification(["a", "b"]))


def kernel(model):
    return model.head_net.get_layer("logits").kernel


def test_the_lowest_loss_wins_and_comes_back(model):
    keeper = BestWeights(model.apply(nothing()))
    for epoch, loss in enumerate([0.5, 0.2, 0.9]):
        kernel(model).assign(np.full(kernel(model).shape, float(epoch)))
        keeper.on_epoch_end(epoch, {"val_loss": loss})
    keeper.restore()
    assert (keeper.epoch, keeper.value) == (2, 0.2)
    assert (kernel(model).numpy() == 1.0).all()


def test_a_start_that_nothing_beats_comes_back(model):
    kernel(model).assign(np.full(kernel(model).shape, 7.0))
    keeper = BestWeights(model.apply(nothing()), start=0.1)
    kernel(model).assign(np.zeros(kernel(model).shape))
    keeper.on_epoch_end(0, {"val_loss": 0.2})
    keeper.restore()
    assert (keeper.epoch, keeper.value) == (0, 0.1)
    assert (kernel(model).numpy() == 7.0).all()


def test_a_loss_that_is_not_a_number_is_never_best(model):
    keeper = BestWeights(model.apply(nothing()))
    keeper.on_epoch_end(0, {"val_loss": float("nan")})
    assert keeper.value is None


def test_restoring_before_any_epoch_changes_nothing(model):
    before = kernel(model).numpy().copy()
    BestWeights(model.apply(nothing())).restore()
    assert np.array_equal(before, kernel(model).numpy())
