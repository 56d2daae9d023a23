"""The average of the last steps is what is validated and kept, and training goes on from the weights as they are."""

import numpy as np
import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.plans import Phase, Plan
from tfft.trainable import nothing
from tfft.training.averaging import Averaging
from tfft.training.patience import Patience


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    labels = np.arange(48) % 2
    images = (random.integers(0, 120, (48, 16, 16, 3)) + 60 * labels[:, None, None, None]).astype(np.uint8)
    return tfft.data.from_arrays(images, labels, holdout=(0.25, 0), seed=0)


def built(data):
    return tfft.build("toy", tfft.tasks.classification(data.labels), seed=0)


def bias(model):
    return model.head_net.get_layer("logits").bias


def told(averaging, model, values, first=0):
    for step, value in enumerate(values, first):
        bias(model).assign([value, value])
        averaging.on_train_batch_end(step)


def test_the_average_is_in_the_net_while_it_is_validated_alone(data):
    model = built(data)
    averaging = Averaging(model.apply(nothing()), 0.5, 8)
    told(averaging, model, [0.0, 0.0, 3.0])
    averaging.on_test_begin()
    # of the third step over half of three: 1 - exp(-1 / 1.5)
    assert bias(model).numpy().tolist() == pytest.approx([3 * (1 - np.exp(-2 / 3))] * 2, rel=1e-6)
    averaging.on_epoch_end(0)
    assert bias(model).numpy().tolist() == [3.0, 3.0]


def test_an_average_over_a_window_forgets_what_lies_before_it(data):
    model = built(data)
    averaging = Averaging(model.apply(nothing()), 0.1, 800)
    for epoch in range(2):
        averaging.on_epoch_begin(epoch)
        told(averaging, model, [float(epoch)] * 400)
    averaging.on_test_begin()
    # exp(-400 / 80) of the first epoch is left
    assert bias(model).numpy()[0] == pytest.approx(1 - np.exp(-5), abs=2e-3)
    assert averaging._move.experimental_get_tracing_count() == 1


def test_calls_for_several_steps_each_give_nearly_the_same(data):
    found = []
    for several in (1, 4):
        model = built(data)
        averaging = Averaging(model.apply(nothing()), 0.25, 400)
        for step in range(several - 1, 400, several):
            bias(model).assign([step / 400] * 2)
            averaging.on_train_batch_end(step)
        averaging.on_test_begin()
        found.append(bias(model).numpy()[0])
    assert found[0] == pytest.approx(found[1], abs=0.02)
    # sampled every 25 steps, a window of 100 lies 25 / (e^0.25 - 1) = 88 steps behind
    assert found[0] == pytest.approx((399 - 88) / 400, abs=0.02)


def test_without_a_share_nothing_is_copied(data):
    model = built(data)
    averaging = Averaging(model.apply(nothing()), 0.0, 100)
    told(averaging, model, [1.0, 3.0])
    averaging.on_test_begin()
    assert bias(model).numpy().tolist() == [3.0, 3.0]


def phase(averaging, epochs=3):
    return Plan(Phase("head", nothing(), epochs, 0.1, clip_norm=None, averaging=averaging))


def test_training_itself_is_the_same_with_it(data):
    plain, averaged = (tfft.fit(built(data), data, phase(share), batch_size=8).history() for share in (0.0, 0.5))
    assert plain["loss"] == averaged["loss"]
    assert plain["val_loss"] != averaged["val_loss"]


@pytest.mark.slow
def test_what_is_kept_has_the_loss_that_was_validated(data):
    run = tfft.fit(built(data), data, phase(0.5), batch_size=8)
    report = tfft.evaluate(run.model, data.validation)
    record = run.phases[0]
    assert record.best_epoch > 0
    logits = run.model.net.predict(
        np.stack([data.validation.inputs[i] for i in range(len(data.validation))]), verbose=0
    )
    logits = logits - logits.max(axis=1, keepdims=True)
    chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -np.mean(chances[np.arange(len(logits)), np.asarray(data.validation.targets).reshape(-1).astype(int)])
    assert loss == pytest.approx(record.best_loss, abs=1e-5)
    assert report.metrics["accuracy"]["value"] == pytest.approx(
        run.history()["val_accuracy"][record.best_epoch - 1], abs=1e-6
    )


def test_an_interrupt_while_validating_leaves_the_best_weights(data, monkeypatch):
    validated, begin = [], Averaging.on_test_begin

    def interrupted(self, logs=None):
        begin(self, logs)
        validated.append(bias(model).numpy())
        if len(validated) == 2:
            raise KeyboardInterrupt

    model = built(data)
    monkeypatch.setattr(Averaging, "on_test_begin", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(model, data, phase(0.5), batch_size=8)
    np.testing.assert_array_equal(bias(model).numpy(), validated[0])
    assert (validated[0] != validated[1]).any()


def test_a_loss_that_is_no_number_leaves_the_best_weights(data):
    model = built(data)
    plan = Plan(Phase("head", nothing(), 4, 10.0, clip_norm=None, averaging=0.5))
    kernel = model.head_net.get_layer("logits").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(PlanError, match="NaN"):
        tfft.fit(model, data, plan, batch_size=8)
    clean = built(data)
    tfft.fit(clean, data, phase(0.5), batch_size=8)
    assert np.isfinite(np.concatenate([value.ravel() for value in clean.net.get_weights()])).all()


@pytest.mark.slow
def test_statistics_of_norms_are_averaged_with_their_weights(data):
    plan = tfft.plans.full(2, 1e-2, train_norms=True).with_phases(averaging=0.3)
    run = tfft.fit(built(data), data, plan, batch_size=8)
    assert run.phases[0].best_epoch > 0
    loss = tfft.evaluate(run.model, data.validation).metrics["log_loss"]["value"]
    assert loss == pytest.approx(run.phases[0].best_loss, abs=1e-4)


def test_a_scaled_loss_is_averaged_as_well(data):
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=0, precision="float16")
    run = tfft.fit(model, data, tfft.plans.full(2, 1e-2).with_phases(averaging=0.3), batch_size=8)
    assert run.phases[0].best_epoch > 0
    assert run.precision.tail == "float16"


@pytest.mark.slow
def test_texts_end_after_an_epoch_that_is_no_better(monkeypatch):
    import pandas

    words = np.random.default_rng(0).choice(["good", "bad", "film", "tea"], (60, 4))
    frame = pandas.DataFrame(
        {"text": [f"{number} {' '.join(row)}" for number, row in enumerate(words)], "label": np.arange(60) % 2}
    )
    texts = tfft.data.from_dataframe(frame, text_column="text", seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels), seed=0)
    worse, told = iter([0.5, 0.4, 0.6, 0.3, 0.2]), Patience.on_epoch_end
    monkeypatch.setattr(
        Patience, "on_epoch_end", lambda self, epoch, logs: told(self, epoch, {"val_loss": next(worse)})
    )
    run = tfft.fit(model, texts)
    assert len(run.history()["loss"]) == 3
    assert run.plan.phases[0].epochs == 5
