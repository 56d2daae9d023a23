"""The proof of what moved tells a forgotten variable from a starved one."""

import warnings

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import MovementError, RunWarning
from tfft.plans import Phase, Plan
from tfft.trainable import everything, last_blocks


def test_a_rate_too_small_to_change_a_bit_is_a_warning_that_names_the_variables(model, data):
    with pytest.warns(RunWarning, match=r"too small to change them: .*block3_conv/kernel.*learning rate, now 1e-30"):
        run = tfft.fit(model, data, Plan(Phase("asleep", last_blocks(1), 1, 1e-30)))
    assert {row.path for row in run.phases[0].overview.rows if row.intent == "train" and not row.moved}


def test_gradients_that_are_zero_are_a_warning_that_names_the_variables(model, data):
    # a norm that scales by zero lets nothing through to the convolution in front of it
    model.backbone_net.get_layer("block3_bn").gamma.assign(np.zeros(8))
    with pytest.warns(RunWarning, match=r"zero or too small to change them: 'block3_conv/kernel'.*pixel_range="):
        tfft.fit(model, data, Plan(Phase("dead", last_blocks(1), 1, 0.05)))


@keras.saving.register_keras_serializable("movement_test")
class Stopped(keras.layers.Layer):
    """Lets no gradient through."""

    def call(self, x):
        return keras.ops.stop_gradient(x)


def test_a_variable_that_the_loss_does_not_depend_on_is_an_error_that_carries_the_run(data):
    pixels = keras.Input((16, 16, 3))
    x = Stopped()(keras.layers.Conv2D(4, 3, name="forgotten")(pixels / 255))
    net = keras.Model(pixels, keras.layers.Conv2D(4, 3, name="reached")(x))
    model = tfft.build(net, tfft.tasks.classification(data.labels))
    with pytest.raises(MovementError, match=r"forgotten/kernel \(did not change, meant to train\)") as caught:
        tfft.fit(model, data, Plan(Phase("all", everything(), 1, 0.05)))
    assert "reached" not in str(caught.value)
    assert caught.value.run.model.net is model.net
    assert len(caught.value.run.phases) == 1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("seed", range(2))
def test_a_net_from_random_weights_that_shrinks_its_signal_trains_with_a_warning(seed, precision):
    # features of 1e-36, whose gradients are rounded to 0
    keras.utils.set_random_seed(seed)
    x = pixels = keras.Input((16, 16, 3))
    for number in range(3):
        x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", kernel_initializer="orthogonal", name=f"c{number}")(
            x
        )
        x = x * 1e-12
    images = np.random.default_rng(seed).integers(0, 255, (40, 16, 16, 3), np.uint8)
    data = tfft.data.from_arrays(images, [0, 1] * 20, seed=seed)
    described = tfft.load_backbone(keras.Model(pixels, x), pixel_range="zero_to_one")
    model = tfft.build(described, tfft.tasks.classification(data.labels), precision=precision)
    with pytest.warns(RunWarning, match=r"zero or too small to change them"):
        run = tfft.fit(model, data, tfft.plans.two_phase(1, 1), batch_size=32, progress=False)
    assert len(run.phases) == 2


def test_a_healthy_phase_says_nothing(model, data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = tfft.fit(model, data, Plan(Phase("all", everything(), 1, 0.01, weight_decay=0.1)))
    assert not run.phases[0].overview.discrepancies()
