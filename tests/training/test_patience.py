"""Patience stops where Keras' EarlyStopping does, and continues from a snapshot."""

import keras
import numpy as np
import pytest

from tfft.training.patience import Patience


def stopped_at(callback, losses):
    net = keras.Sequential()
    net.stop_training = False
    callback.set_model(net)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if net.stop_training:
            return epoch
    return None


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_it_stops_in_the_epoch_in_which_keras_stops(patience):
    for seed in range(40):
        losses = np.random.default_rng(seed).integers(0, 6, 15) / 4
        assert stopped_at(Patience(patience), losses) == stopped_at(
            keras.callbacks.EarlyStopping("val_loss", patience=patience), losses
        )


def test_without_a_number_it_never_stops():
    assert stopped_at(Patience(None), [1.0] * 50) is None


def test_a_nan_is_no_improvement_and_is_forgotten():
    assert stopped_at(Patience(2), [np.nan, 0.5, 0.4, np.nan, 0.3, 0.6, 0.6]) == 6


def test_it_continues_from_a_snapshot():
    losses = [0.9, 0.8, 0.85, 0.86, 0.7]
    for first in range(len(losses)):
        before, after = Patience(2), Patience(2)
        whole = stopped_at(Patience(2), losses)
        if stopped_at(before, losses[:first]) is None:
            after.continue_from(before.snapshot())
            net = keras.Sequential()
            net.stop_training = False
            after.set_model(net)
            epochs = []
            for epoch in range(first, len(losses)):
                after.on_epoch_end(epoch, {"val_loss": losses[epoch]})
                if net.stop_training:
                    epochs.append(epoch)
                    break
            assert epochs == [whole]


def test_it_waits_for_the_watched_metric():
    patience = Patience(2, "exact")
    net = keras.Sequential()
    net.stop_training = False
    patience.set_model(net)
    for epoch, (loss, exact) in enumerate([(0.5, 0.1), (0.6, 0.2), (0.7, 0.3), (0.1, 0.3), (0.2, 0.2), (0.3, 0.1)]):
        patience.on_epoch_end(epoch, {"val_loss": loss, "val_exact": exact})
        assert net.stop_training == (epoch == 5)  # the fourth epoch has an equal metric and a lower loss
