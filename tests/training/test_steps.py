"""Several steps in one call train and validate as Keras does, and count every example once."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfft.core.ragged import padded
from tfft.core.values import Batch, Loaded
from tfft.data.loading import Loading
from tfft.data.pipeline import training_batches, validation_batches
from tfft.training.adam import Adam
from tfft.training.steps import Steps

COUNT, BATCH = 22, 8
RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(COUNT, 4)).astype("float32")
TARGETS = np.eye(3, dtype="float32")[RANDOM.integers(0, 3, COUNT)]
WEIGHTS = RANDOM.uniform(0.5, 2, COUNT).astype("float32")


def net(regularizer=None, dropout=0.0):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(5, activation="tanh", kernel_regularizer=regularizer)(inputs)
    return keras.Model({"x": inputs}, keras.layers.Dense(3)(keras.layers.Dropout(dropout, seed=1)(hidden)))


def made(model, optimizer=None, **how):
    if optimizer is not None:
        optimizer.build(model.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return Steps(model, loss, [keras.metrics.CategoricalAccuracy(name="accuracy")], optimizer, **how)


def loading():
    return Loading(COUNT, lambda _, chosen: Loaded({"x": INPUTS[chosen]}, TARGETS[chosen]))


def weighed(batches):
    """Each example's own weight; inputs are unique, so they name the example."""

    def look_up(batch):
        same = tf.reduce_all(tf.equal(batch.inputs["x"][:, None], INPUTS[None]), axis=2)
        return batch._replace(weights=tf.linalg.matvec(tf.cast(same, tf.float32), WEIGHTS) * batch.counted)

    return batches.map(look_up)


def by_keras(model, batches, epochs=4):
    """The losses and weights of Keras' own fit on the same batches."""
    model.compile(
        keras.optimizers.Adam(0.05, global_clipnorm=0.5),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    pairs = batches.map(lambda batch: (batch.inputs, batch.targets, batch.weights))
    history = model.fit(pairs, epochs=epochs, steps_per_epoch=3, verbose=0).history
    return history, model.get_weights()


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("regularizer", [None, "l2"])
@pytest.mark.parametrize("calls", [[3], [1, 2], [1, 1, 1]])
def test_training_is_that_of_keras_however_many_steps_a_call_has(calls, regularizer, weights):
    batches = training_batches(loading(), BATCH, range(4), 0)
    batches = weighed(batches) if weights else batches
    history, expected = by_keras(net(regularizer), batches)
    model = net(regularizer)
    steps = made(model, Adam(0.05, {}, clip_norm=0.5))
    iterator = steps.iterate(lambda own: batches)
    for epoch in range(4):
        steps.reset()
        for count in calls:
            logs = steps.train(iterator, count)
        assert list(logs) == ["accuracy", "loss"]
        for name, value in logs.items():
            assert value == pytest.approx(history[name][epoch], abs=1e-5), (name, epoch)
    for one, other, first in zip(model.get_weights(), expected, net(regularizer).get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert np.abs(one - first).max() > 0.01


IMAGES = RANDOM.integers(0, 256, (COUNT, 2, 2, 3)).astype("uint8")
LENGTHS = RANDOM.integers(1, 12, COUNT)


def two_inputs():
    """Images, and tokens of other lengths in each batch; the names are not in the order of the alphabet."""

    def load(_, chosen):
        place = np.arange(padded(LENGTHS[chosen].max()))
        tokens = np.where(place < LENGTHS[chosen, None], 1 + (chosen[:, None] + place) % 8, 0).astype("int32")
        return Loaded({"right": tokens, "left": IMAGES[chosen]}, TARGETS[chosen])

    return Loading(COUNT, load, lengths=LENGTHS, shapes={"right": (None,), "left": (2, 2, 3)})


def net_of_two():
    keras.utils.set_random_seed(0)
    left, right = keras.Input((2, 2, 3), name="left"), keras.Input((None,), dtype="int32", name="right")
    looks = keras.layers.Dense(4, name="looks")(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(left)))
    # not an Embedding, for whose sparse gradients the steps of Keras are others (Keras 3.15)
    words = keras.layers.GlobalAveragePooling1D()(keras.layers.Dense(4, name="words")(keras.ops.one_hot(right, 9)))
    return keras.Model({"left": left, "right": right}, keras.layers.Dense(3)(keras.ops.tanh(looks + words)))


@pytest.mark.parametrize("parts", [1, 3])
def test_a_net_with_two_named_inputs_trains_on_batches_of_both_as_with_keras(parts):
    batches = training_batches(two_inputs(), BATCH, range(4), 0)
    assert len({batch.inputs["right"].shape[1] for batch in batches.as_numpy_iterator()}) > 1
    model, reference = net_of_two(), net_of_two()
    history, expected = by_keras(reference, batches)
    steps = made(model, Adam(0.05, {}, clip_norm=0.5), parts=parts)
    iterator, losses = steps.iterate(lambda own: batches), []
    for _ in range(4):
        steps.reset()
        losses.append(steps.train(iterator, 3)["loss"])
    assert losses == pytest.approx(history["loss"], abs=1e-5)
    assert losses[-1] < losses[0]
    for one, other in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    for name in ("looks", "words"):
        now, first = (some.get_layer(name).get_weights()[0] for some in (model, net_of_two()))
        assert np.abs(now - first).max() > 0.01, name
    steps.reset()
    held_out = validation_batches(two_inputs(), BATCH)
    found = steps.validate(steps.iterate(lambda own: held_out), 3)
    pairs = held_out.map(lambda batch: (batch.inputs, batch.targets))
    assert found == pytest.approx(reference.evaluate(pairs, verbose=0, return_dict=True), abs=1e-5)


@pytest.mark.parametrize("calls", [[12], [3, 1, 8], [1, 7, 4]])
def test_copies_of_a_step_in_the_loop_train_as_one_bit_for_bit(calls):
    found = []
    for copies in (1, 4):
        model = net(dropout=0.3)
        steps = made(model, Adam(0.05, {}, clip_norm=0.5), unrolled=copies)
        iterator = steps.iterate(lambda own: training_batches(loading(), BATCH, range(4), 0))
        logs = [steps.train(iterator, count) for count in calls]
        found.append((logs, [weight.tolist() for weight in model.get_weights()]))
        assert sum(1 for _ in iterator) == 0, "all 12 batches were read"
    assert found[0] == found[1]


@pytest.mark.parametrize("regularizer", [None, "l2"])
def test_validation_is_that_of_keras(regularizer):
    model = net(regularizer)
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    expected = model.evaluate({"x": INPUTS}, TARGETS, verbose=0, return_dict=True)
    steps = made(net(regularizer))
    found = steps.validate(steps.iterate(lambda own: validation_batches(loading(), BATCH)), 3)
    assert found == pytest.approx(expected, abs=1e-6)


def test_means_begin_anew_after_a_reset():
    steps = made(net())
    data = validation_batches(loading(), BATCH)
    first = steps.validate(steps.iterate(lambda own: data), 3)
    steps.reset()
    assert steps.validate(steps.iterate(lambda own: data), 3) == first


def test_an_example_that_is_not_counted_changes_neither_step_nor_metrics():
    results = []
    for extra in (False, True):
        model = net("l2")
        steps = made(model, Adam(0.05, {}, clip_norm=0.5))
        inputs, targets, ones = INPUTS[:4], TARGETS[:4], np.ones(4, "float32")
        if extra:
            inputs, targets = np.concatenate([inputs, 9 + inputs[:2]]), np.concatenate([targets, targets[:2]])
            ones = np.array([1, 1, 1, 1, 0, 0], "float32")
        data = tf.data.Dataset.from_tensors(Batch({"x": inputs}, targets, ones, ones)).repeat()
        results.append((steps.train(steps.iterate(lambda own, data=data: data), 5), model.get_weights()))
    (first, weights), (second, others) = results
    assert first == pytest.approx(second, abs=1e-6)
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_scaled_loss_takes_the_same_steps_and_an_overflow_takes_none():
    plain, scaled = net(), net()
    optimizer = keras.optimizers.LossScaleOptimizer(Adam(0.05, {}))
    for model, chosen in ((plain, Adam(0.05, {})), (scaled, optimizer)):
        steps = made(model, chosen)
        steps.train(steps.iterate(lambda own: training_batches(loading(), BATCH, range(2), 0)), 6)
    for one, other in zip(plain.get_weights(), scaled.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    before, scale = scaled.get_weights(), float(optimizer.dynamic_scale.numpy())
    bad = tf.data.Dataset.from_tensors(
        Batch({"x": np.full((2, 4), np.nan, "float32")}, TARGETS[:2], *np.ones((2, 2), "float32"))
    )
    steps.train(steps.iterate(lambda own: bad), 1)
    for one, other in zip(before, scaled.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert float(optimizer.dynamic_scale.numpy()) == scale / 2


def test_a_variable_that_the_loss_does_not_depend_on_never_gets_a_gradient():
    inputs = keras.Input((4,), name="x")
    unused = keras.layers.Dense(3, name="unused")
    kept = keras.layers.Dense(3, name="kept")(inputs)
    model = keras.Model({"x": inputs}, [kept, unused(inputs)])
    first = keras.Model({"x": inputs}, kept)
    first.unused = unused
    optimizer = Adam(0.05, {})
    variables = [*first.trainable_variables]
    assert {id(v) for v in unused.trainable_variables} <= {id(v) for v in variables}
    steps = made(first, optimizer)
    steps.train(steps.iterate(lambda own: training_batches(loading(), BATCH, range(1), 0)), 1)
    assert optimizer.reached == frozenset(id(v) for v in model.get_layer("kept").trainable_variables)


@pytest.mark.parametrize("parts", [1, 3])
def test_soft_targets_change_the_losses_of_training_steps_alone(parts):
    def with_soft(batches):
        return weighed(batches).map(lambda batch: batch._replace(soft=tf.ones_like(batch.targets) * 2.0))

    logs = []
    for added in (None, lambda losses, batch, logits: losses * batch.soft[:, 0]):
        steps = made(net(), keras.optimizers.SGD(0.0), parts=parts)
        steps.add_soft_losses = added
        iterator = steps.iterate(lambda own: with_soft(training_batches(loading(), BATCH, range(1), 0)))
        train = steps.train(iterator, 3)
        steps.reset()
        validate = steps.validate(steps.iterate(lambda own: validation_batches(loading(), BATCH)), 3)
        logs.append((train["loss"], validate["loss"], train["accuracy"]))
    (alone, validated, right), (doubled, same, as_right) = logs
    assert doubled == pytest.approx(2 * alone, rel=1e-5)
    assert (same, as_right) == (pytest.approx(validated), right)
