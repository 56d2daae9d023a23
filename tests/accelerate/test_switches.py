"""Each acceleration can be turned off, and then Keras computes the same result up to rounding, on the device that there is."""

import keras
import numpy as np
import pytest
from keras import layers

import tfft
from tfft.accelerate import convolutions, folding, fusing
from tfft.accelerate.precision import computing
from tfft.accelerate.switches import ACCELERATIONS, VARIABLE, is_on
from tfft.core import environment
from tfft.core.errors import PlanError
from tfft.training.adam import Adam

PIXELS = np.random.default_rng(0).normal(size=(4, 12, 12, 3)).astype("float32")
NAMES = sorted(ACCELERATIONS)


def conv_net():
    random, inputs = np.random.default_rng(1), keras.Input((12, 12, 3))
    found = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(inputs))
    net = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1)(found))))
    for weight in net.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    net.layers[2].trainable = False
    return net


def gelu_net():
    inputs = keras.Input((5, 8))
    return keras.Model(inputs, layers.LayerNormalization()(layers.Dense(8, activation="gelu")(inputs)))


def stepped():
    """A variable after five steps of Adam with weight decay."""
    variable = keras.Variable(np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4))
    optimizer = Adam(0.05, {id(variable): 0.5}, frozenset([id(variable)]), 0.1, clip_norm=1.0)
    optimizer.build([variable])
    for number in range(5):
        optimizer.apply([np.random.default_rng(number).normal(size=(3, 4)).astype("float32")], [variable])
    return variable.numpy()


def convolved():
    net = conv_net()
    with computing(net, "bfloat16"):
        return np.asarray(folding.run(net, PIXELS, training=True), "float32")


def transformed():
    net, steps = gelu_net(), np.random.default_rng(2).normal(size=(3, 5, 8)).astype("float32")
    for weight in net.weights:
        weight.assign(np.random.default_rng(3).normal(size=weight.shape))
    with fusing.fused(net):
        return np.asarray(net(steps))


# name -> work that uses the acceleration, the function that it must call, and the tolerance relative to the largest value
WORK = {
    "folding": (lambda: np.asarray(folding.run(conv_net(), PIXELS, training=False)), (folding, "_folded"), 1e-5),
    "fusing": (transformed, (fusing, "gelu"), 1e-5),
    "convolutions": (convolved, (convolutions, "is_plain"), 0.02),
    "adam": (stepped, ("tensorflow.raw_ops", "ResourceApplyAdam"), 1e-5),
}


def counted(monkeypatch, place):
    """Count the calls of a function from here on."""
    module, name = place
    module = __import__("tensorflow").raw_ops if isinstance(module, str) else module
    original, calls = getattr(module, name), []

    def spy(*given, **named):
        calls.append(1)
        return original(*given, **named)

    monkeypatch.setattr(module, name, spy)
    return calls


def test_every_acceleration_has_a_check_here():
    assert set(WORK) == set(ACCELERATIONS)


@pytest.mark.parametrize("word", ["itself", "all"])
@pytest.mark.parametrize("name", NAMES)
def test_turned_off_it_is_not_called_and_the_result_stays_the_same(monkeypatch, name, word):
    work, place, tolerance = WORK[name]
    monkeypatch.delenv(VARIABLE, raising=False)
    calls = counted(monkeypatch, place)
    on = work()
    assert calls, "the work must use the acceleration, or this test shows nothing"
    calls.clear()
    monkeypatch.setenv(VARIABLE, name if word == "itself" else word)
    off = work()
    assert not calls
    assert np.abs(on - off).max() <= tolerance * np.abs(off).max()


@pytest.mark.parametrize("name", NAMES)
def test_turning_one_off_leaves_the_others_on(monkeypatch, name):
    monkeypatch.setenv(VARIABLE, f" {name.upper()} ,")
    assert [other for other in NAMES if not is_on(other)] == [name]


def test_without_the_variable_all_are_on(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert all(map(is_on, NAMES))


def test_an_unknown_name_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.setenv(VARIABLE, "fold")
    with pytest.raises(PlanError, match=rf"{VARIABLE} names an unknown acceleration\. Got: 'fold'\. .*'folding'"):
        is_on("adam")


def test_kept_features_belong_to_the_switches_that_they_were_computed_with(monkeypatch):
    monkeypatch.setenv(VARIABLE, "folding")
    assert environment.computing()["variables"][VARIABLE] == "folding"


@pytest.mark.slow
def test_a_run_of_two_phases_reaches_the_same_losses_without_them(monkeypatch):
    pixels = np.random.default_rng(4).integers(0, 255, (24, 16, 16, 3)).astype("uint8")
    data = tfft.data.from_arrays(pixels, ["ants", "bees"] * 12)

    def losses():
        model = tfft.build("toy", tfft.tasks.classification(data.labels), precision="float32")
        plan = tfft.plans.two_phase(head_epochs=2, tune_epochs=2)
        return tfft.fit(model, data, plan, seed=1, batch_size=4).history()["val_loss"]

    monkeypatch.delenv(VARIABLE, raising=False)
    on = losses()
    monkeypatch.setenv(VARIABLE, "all")
    np.testing.assert_allclose(losses(), on, rtol=1e-4)
