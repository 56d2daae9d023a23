"""BestWeights keeps, compares and restores."""

import numpy as np
import pytest

import tfft
from tfft.trainable import nothing
from tfft.training.best_weights import BestWeights, rank_of


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
    assert (keeper.epoch, keeper.loss) == (2, 0.2)
    assert (kernel(model).numpy() == 1.0).all()


def test_a_start_that_nothing_beats_comes_back(model):
    kernel(model).assign(np.full(kernel(model).shape, 7.0))
    keeper = BestWeights(model.apply(nothing()), start=(0.1, 0.1))
    kernel(model).assign(np.zeros(kernel(model).shape))
    keeper.on_epoch_end(0, {"val_loss": 0.2})
    keeper.restore()
    assert (keeper.epoch, keeper.loss) == (0, 0.1)
    assert (kernel(model).numpy() == 7.0).all()


def test_a_loss_that_is_not_a_number_is_never_best(model):
    keeper = BestWeights(model.apply(nothing()))
    keeper.on_epoch_end(0, {"val_loss": float("nan")})
    assert keeper.loss is None


def test_restoring_before_any_epoch_changes_nothing(model):
    before = kernel(model).numpy().copy()
    BestWeights(model.apply(nothing())).restore()
    assert np.array_equal(before, kernel(model).numpy())


def test_a_watched_metric_decides_and_the_loss_breaks_ties(model):
    keeper = BestWeights(model.apply(nothing()), start=(-0.2, 0.4), watched="exact")
    for epoch, (exact, loss) in enumerate([(0.1, 0.3), (0.5, 0.6), (0.5, 0.5), (0.4, 0.1), (0.6, np.nan)]):
        kernel(model).assign(np.full(kernel(model).shape, float(epoch)))
        keeper.on_epoch_end(epoch, {"val_loss": loss, "val_exact": exact})
    again = BestWeights(model.apply(nothing()), watched="exact")
    again.continue_from(keeper.snapshot())
    for each in (keeper, again):
        assert (each.epoch, each.loss, each.metric, each.best) == (3, 0.5, 0.5, (-0.5, 0.5))
    again.restore()
    assert (kernel(model).numpy() == 2.0).all()


def test_an_epoch_without_its_watched_metric_is_an_error():
    with pytest.raises(KeyError, match="val_exact"):
        rank_of({"val_loss": 0.5}, "exact")


def test_without_validation_the_last_epoch_is_kept(model):
    keeper = BestWeights(model.apply(nothing()), chooses=False)
    bias = model.head_net.get_layer("logits").bias
    for epoch in range(3):
        bias.assign(np.full(bias.shape, epoch))
        keeper.on_epoch_end(epoch, {"loss": float(epoch)})
    bias.assign(np.full(bias.shape, 9.0))
    keeper.restore()
    assert (keeper.epoch, keeper.loss) == (3, None)
    assert set(np.asarray(bias).tolist()) == {2.0}
