"""The epochs of a phase: callbacks are called as Keras calls them, and calls of several steps change nothing."""

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.core.values import Loaded
from tfft.data.loading import Loading
from tfft.data.pipeline import training_batches, validation_batches
from tfft.plans import Phase
from tfft.trainable import nothing
from tfft.training import epochs as module
from tfft.training.adam import Adam
from tfft.training.epochs import run_epochs
from tfft.training.patience import Patience
from tfft.training.phase_inputs import Step
from tfft.training.state import Position
from tfft.training.steps import Steps

COUNT, BATCH, EPOCHS = 44, 8, 3
RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(COUNT, 4)).astype("float32")
TARGETS = np.eye(3, dtype="float32")[RANDOM.integers(0, 3, COUNT)]


def hooks(single=True):
    """A callback with a method for each batch, or without one."""

    class Watching(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls, self.logs = [], []

        def on_train_begin(self, logs=None):
            self.calls.append("train begin")

        def on_train_end(self, logs=None):
            self.calls.append("train end")
            self.logs.append(dict(logs))

        def on_epoch_begin(self, epoch, logs=None):
            self.calls.append(f"epoch begin {epoch}")

        def on_epoch_end(self, epoch, logs=None):
            self.calls.append(f"epoch end {epoch}")
            self.logs.append(dict(logs))

        def on_test_begin(self, logs=None):
            self.calls.append("test begin")

        def on_test_end(self, logs=None):
            self.calls.append("test end")
            self.logs.append(dict(logs))

    class Batches(Watching):
        def on_train_batch_begin(self, batch, logs=None):
            self.calls.append(f"begin {batch}")

        def on_train_batch_end(self, batch, logs=None):
            self.calls.append(f"end {batch}")
            self.logs.append(dict(logs))

    return (Batches if single else Watching)()


def loading():
    return Loading(COUNT, lambda _, chosen: Loaded({"x": INPUTS[chosen]}, TARGETS[chosen]))


def net():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,), name="x")
    return keras.Model({"x": inputs}, keras.layers.Dense(3)(inputs))


def ran(callbacks, phase=None, pause=lambda moment: None, rate=0.05):
    phase = phase or Phase("p", nothing(), EPOCHS, 0.05)
    model, optimizer = net(), Adam(rate, {})
    optimizer.build(model.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    steps = Steps(model, loss, [keras.metrics.CategoricalAccuracy(name="accuracy")], optimizer)
    model.compile(optimizer=optimizer)
    step = Step(
        model,
        lambda step, own: training_batches(loading(), BATCH, range(phase.epochs), 0, first_step=step),
        lambda own: validation_batches(loading(), BATCH),
        lambda own: validation_batches(loading(), BATCH),
        6, 6, "",
    )  # fmt: skip
    at = Position()
    run_epochs(step, steps, phase, [*callbacks, Patience(phase.patience)], at, pause)
    return at.history, model


def by_keras(callbacks):
    model = net()
    model.compile(
        keras.optimizers.Adam(0.05),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    train, validation = (
        batches.map(lambda batch: (batch.inputs, batch.targets))
        for batches in (training_batches(loading(), BATCH, range(EPOCHS), 0), validation_batches(loading(), BATCH))
    )
    history = model.fit(
        train, validation_data=validation, epochs=EPOCHS, steps_per_epoch=6, verbose=0, callbacks=callbacks
    ).history
    return history, model


@pytest.mark.parametrize("single", [True, False])
def test_callbacks_are_called_as_keras_calls_them_with_the_same_logs(single):
    ours, theirs = hooks(single), hooks(single)
    (history, model), (expected, reference) = ran([ours]), by_keras([theirs])
    assert ours.calls == theirs.calls
    assert len(ours.logs) == len(theirs.logs)
    for one, other in zip(ours.logs, theirs.logs, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert {name: pytest.approx(values, abs=1e-5) for name, values in history.items()} == expected
    for one, other in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert ours.model is model
    assert ours.params["epochs"] == EPOCHS
    assert ours.params["steps"] == 6


def test_without_methods_for_batches_one_call_covers_several_steps(monkeypatch):
    counts, train = [], Steps.train

    def watched(self, iterator, count):
        counts.append(count)
        return train(self, iterator, count)

    monkeypatch.setattr(Steps, "train", watched)
    monkeypatch.setattr(module, "_SECONDS", 1e9)
    ran([hooks(single=False)], Phase("p", nothing(), 4, 0.05))
    assert counts == [1, 1, 2, 2, 6, 6, 6]
    counts.clear()
    ran([hooks(single=True)])
    assert counts == [1] * 6 * EPOCHS


@pytest.mark.parametrize("kind", ["train_batch", "batch"])
def test_the_functions_of_a_lambda_callback_are_called_after_every_step(monkeypatch, kind):
    seen = []
    monkeypatch.setattr(module, "_SECONDS", 1e9)
    if kind == "train_batch":
        callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs=None: seen.append(batch))
    else:

        class Old(keras.callbacks.Callback):
            def on_batch_end(self, batch, logs=None):
                seen.append(batch)

        callback = Old()
    ran([callback])
    assert seen == list(range(6)) * EPOCHS


def test_a_callback_can_stop_training():
    class Stops(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    history, _ = ran([Stops()])
    assert len(history["loss"]) == 2


def test_a_file_of_a_keras_callback_has_a_line_for_every_epoch(tmp_path):
    history, _ = ran([keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))])
    first, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert first == "epoch,accuracy,loss,val_accuracy,val_loss"
    assert [float(line.split(",")[4]) for line in lines] == history["val_loss"]


def test_an_interrupt_between_two_calls_ends_the_phase():
    calls = []

    def interrupted(moment):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ran([], pause=interrupted)
    assert len(calls) == 3


def test_a_loss_that_is_no_number_ends_the_phase_at_once():
    watching = hooks(single=True)
    with pytest.raises(PlanError, match=r"loss of phase 'p' became NaN or infinite.*Lower its learning rate"):
        ran([watching], rate=1e38)
    assert watching.calls.count("epoch begin 1") <= 1


def test_patience_ends_a_phase():
    history, _ = ran([], Phase("p", nothing(), 50, 1.0, patience=1), rate=5.0)
    assert 2 <= len(history["loss"]) < 50
    assert history["val_loss"][-1] >= min(history["val_loss"])


def test_callbacks_of_a_fit_see_every_phase(model, data):
    watching = hooks(single=False)
    run = tfft.fit(model, data, tfft.plans.two_phase(2, 1), callbacks=[watching])
    assert watching.calls.count("train begin") == watching.calls.count("train end") == 2
    assert sum(call.startswith("epoch end") for call in watching.calls) == 3
    assert [logs["val_loss"] for logs in watching.logs if "val_loss" in logs][:2] == run.history()["val_loss"][:2]
