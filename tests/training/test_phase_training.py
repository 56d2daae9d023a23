"""A run that is killed anywhere and continued equals a run that was never interrupted, bit for bit."""

import errno
import os
import signal
import warnings
from functools import lru_cache

import keras
import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

import tfft
from tfft.core.errors import PlanError, RunWarning, TfftError
from tfft.core.locks import alone_in
from tfft.plans import Phase, Plan, augmentation, constant
from tfft.trainable import last_blocks, nothing
from tfft.training import checkpoints, phase_training

RANDOM = np.random.default_rng(0)
TARGETS = [0, 1, 2] * 14
IMAGES = np.clip(RANDOM.normal(60 + 60 * np.array(TARGETS)[:, None, None, None], 50, (42, 16, 16, 3)), 0, 255)
PLAN = Plan(
    Phase("head", nothing(), 8, 2.0, constant(), patience=1),
    Phase("tune", last_blocks(2), 3, 1e-2, averaging=0.3, train_norms=True, augment=augmentation.flips()),
)


@pytest.fixture(scope="module")
def data():
    return tfft.data.from_arrays(IMAGES.astype(np.uint8), TARGETS)


@pytest.fixture(scope="module")
def whole(data):
    """The run that nobody interrupts, for a cache, trained once; ``moments`` counts when it could have been killed."""

    @lru_cache
    def once(cache):
        seen, pause = [], phase_training._Inside._pause
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(phase_training._Inside, "_pause", lambda self, now: seen.append(now) or pause(self, now))
            run = trained(data, cache=cache)
        once.moments[cache] = len(seen)
        return run

    once.moments = {}
    return once


class KilledError(BaseException):
    """Ends a run as SIGKILL does: nothing is saved on the way out."""


@pytest.fixture
def pauses(monkeypatch):
    """Count the moments at which a run may be killed, kill it at one of them, and save at every third call of steps."""
    state = {"seen": 0, "kill": None}
    pause = phase_training._Inside._pause
    monkeypatch.setattr(checkpoints, "_LEAST_SECONDS", 0)

    def watched(self, moment):
        if self._job.checkpoints is not None:
            self._job.checkpoints._seconds = 0 if state["seen"] % 3 == 2 else 1e9
        pause(self, moment)
        state["seen"] += 1
        if state["seen"] == state["kill"]:
            raise KilledError

    monkeypatch.setattr(phase_training._Inside, "_pause", watched)
    return state


def trained(data, folder=None, cache="auto", plan=PLAN, **options):
    task = tfft.tasks.classification(data.labels, dropout=0.3)
    model = tfft.build("toy", task, seed=1, cache=cache)
    return tfft.fit(model, data, plan, batch_size=8, run_folder=folder, progress=False, **options)


def assert_equal(run, expected):
    for value, other in zip(run.model.net.get_weights(), expected.model.net.get_weights(), strict=True):
        assert value.tobytes() == other.tobytes()
    for record, other in zip(run.phases, expected.phases, strict=True):
        assert record.history == other.history
        assert (record.best_epoch, record.best_loss) == (other.best_epoch, other.best_loss)
        assert record.overview.rows == other.overview.rows
    assert run.first_weights == expected.first_weights
    assert run.precision == expected.precision


@pytest.mark.parametrize("cache", ["auto", pytest.param("off", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "at", [9, 30, *[pytest.param(n, marks=pytest.mark.slow) for n in (1, 4, 14, 18, 22, 25, 28, 33, 36)]]
)
def test_a_run_killed_anywhere_continues_bit_for_bit(data, whole, tmp_path, pauses, cache, at):
    expected = whole(cache)
    assert len(expected.phases[0].history["loss"]) == 6  # patience ended the first phase
    assert whole.moments[cache] > 36
    pauses.update(seen=0, kill=at)
    with pytest.raises(KilledError):
        trained(data, tmp_path, cache)
    pauses.update(seen=0, kill=None)
    assert_equal(trained(data, tmp_path, cache, resume=True), expected)


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_alike(data, whole, tmp_path, pauses):
    expected = whole("auto")
    for kill in range(4, 99, 6):
        pauses.update(seen=0, kill=kill)
        try:
            run = trained(data, tmp_path, resume=True)
            break
        except KilledError:
            continue
    assert_equal(run, expected)


def test_a_run_between_two_phases_and_a_finished_one_continue(data, whole, tmp_path, monkeypatch):
    expected = whole("auto")
    train_phase, seen = phase_training.train_phase, []

    def second_fails(job, run, found=None):
        seen.append(len(run.phases))
        if seen == [0, 1]:
            raise KilledError
        return train_phase(job, run, found)

    monkeypatch.setattr("tfft.training.loop.train_phase", second_fails)
    with pytest.raises(KilledError):
        trained(data, tmp_path)
    assert_equal(trained(data, tmp_path, resume=True), expected)
    assert seen == [0, 1, 1]
    assert_equal(trained(data, tmp_path, resume=True), expected)
    assert seen == [0, 1, 1]  # nothing was left to train
    trained(data, tmp_path)  # a finished run may be trained anew
    assert seen == [0, 1, 1, 0, 1]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
@pytest.mark.parametrize("moment", ["steps", "validation"])
def test_a_signal_saves_at_the_step_and_says_how_to_continue(
    data, whole, tmp_path, monkeypatch, capsys, number, error, moment
):
    expected, pause = whole("auto"), phase_training._Inside._pause

    def interrupt(self, now):
        if self._phase.name == "tune" and now == moment and self.at.epoch == 1:
            os.kill(os.getpid(), number)
        pause(self, now)

    monkeypatch.setattr(phase_training._Inside, "_pause", interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        task = tfft.tasks.classification(data.labels, dropout=0.3)
        model = tfft.build("toy", task, seed=1)
        with pytest.raises(error):
            tfft.fit(model, data, PLAN, batch_size=8, run_folder=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    step = 1 if moment == "steps" else 4
    said = capsys.readouterr().err
    assert f"Saved at phase 'tune', epoch 2, step {step} of 4. To continue, repeat the call with resume=True" in said
    monkeypatch.setattr(phase_training._Inside, "_pause", pause)
    # the interrupted model itself continues, too: all weights that moved are in the checkpoint
    continued = tfft.fit(model, data, PLAN, batch_size=8, run_folder=tmp_path, progress=False, resume=True)
    assert_equal(continued, expected)


def test_a_nan_is_never_saved(data, tmp_path, pauses):
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1)
    model.backbone_net.get_layer("block1_bn").gamma.assign(np.full(4, 1e38))
    plan = Plan(Phase("explode", nothing(), 2, 10.0, constant(), clip_norm=None))
    with pytest.raises(PlanError, match="became NaN or infinite"):
        tfft.fit(model, data, plan, batch_size=8, run_folder=tmp_path, progress=False)
    (path,) = (tmp_path / "checkpoints").glob("*.safetensors")
    assert all(np.isfinite(array).all() for array in load_file(path).values())


def test_a_full_disk_never_ends_training(data, whole, tmp_path, monkeypatch, pauses):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = trained(data, tmp_path)
    said = [str(warning.message) for warning in caught if warning.category is RunWarning]
    assert len(said) > 5
    assert all("No space left on device. Training continues." in text for text in said)
    assert_equal(run, whole("auto"))


def test_an_unfinished_run_is_not_overwritten_by_accident(data, whole, tmp_path, pauses):
    pauses["kill"] = 5
    with pytest.raises(KilledError):
        trained(data, tmp_path)
    pauses["kill"] = None
    with pytest.raises(
        TfftError, match=r"holds an unfinished run\. Continue it with resume=True, begin anew with resume=F"
    ):
        trained(data, tmp_path)
    assert_equal(trained(data, tmp_path, resume=False), whole("auto"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"plan": Plan(Phase("head", nothing(), 5, 2.0, constant(), patience=1), PLAN.phases[1])},
            r"plan.phases\[0\].epochs: 8 then, 5 now",
        ),
        ({"seed": 3}, "'seed: 0 then, 3 now'"),
        ({"batch_size": 4}, "'batch_size: 8 then, 4 now'"),
        ({"accumulate": 2}, "'accumulate: 1 then, 2 now'"),
    ],
)
def test_another_call_is_refused_with_what_differs(data, tmp_path, pauses, change, said):
    pauses["kill"] = 5
    with pytest.raises(KilledError):
        trained(data, tmp_path)
    pauses["kill"] = None
    model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.3), seed=1)
    arguments = {"plan": PLAN, "batch_size": 8, **change}
    with pytest.raises(TfftError, match=rf"started differently\. Got: .*{said}"):
        tfft.fit(model, data, run_folder=tmp_path, resume=True, **arguments)


def test_a_run_folder_that_another_training_uses_is_refused_and_left_as_it_is(data, tmp_path):
    with (
        alone_in(tmp_path),
        pytest.raises(TfftError, match=r"Another training uses the folder .* Got: process \d+ on "),
    ):
        trained(data, tmp_path)
    assert not list(tmp_path.iterdir())
    trained(data, tmp_path)
    assert (tmp_path / "run.json").is_file()
    assert not (tmp_path / ".lock").exists()


def test_other_data_another_net_and_another_version_are_refused(data, tmp_path, pauses, monkeypatch):
    pauses["kill"] = 5
    with pytest.raises(KilledError):
        trained(data, tmp_path)
    pauses["kill"] = None
    other = IMAGES.astype(np.uint8)
    other[0, 0, 0, 0] ^= 1
    with pytest.raises(TfftError, match=r"'data\.train: .* then, .* now'"):
        trained(tfft.data.from_arrays(other, TARGETS), tmp_path, resume=True)
    model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.3), seed=1)
    kernel = model.backbone_net.get_layer("block1_conv").kernel
    kernel.assign(kernel * 2)
    with pytest.raises(TfftError, match=r"'frozen_weights: .* then, .* now'"):
        tfft.fit(model, data, PLAN, batch_size=8, run_folder=tmp_path, resume=True)
    monkeypatch.setattr("tfft.core.versions.installed", lambda: {"tfft": tfft.__version__})
    with pytest.raises(TfftError, match=r"'versions\.keras: .* then, null now'"):
        trained(data, tmp_path, resume=True)


@pytest.mark.parametrize(("optimizer", "within"), [("adam", 1e-6), ("sgd", 1e-7)])
def test_parts_of_a_batch_train_as_the_whole(data, optimizer, within):
    """Weights of SGD differ by less than 1e-8. Adam divides each gradient by its size, and so the rounding of tiny ones.

    From the weights of seed 1, Adam reaches 0.9e-6 to 1.2e-6 where the processor has AVX-512; from those of seed 2, 0.8e-7.
    """
    plan = Plan(
        Phase("head", nothing(), 2, 0.1, optimizer=optimizer),
        Phase("tune", last_blocks(2), 2, 1e-2, averaging=0.3, optimizer=optimizer),
    )
    task = tfft.tasks.classification(data.labels)
    runs = [
        tfft.fit(tfft.build("toy", task, seed=2), data, plan, batch_size=16, progress=False, accumulate=parts)
        for parts in (1, 4)
    ]
    for name, values in runs[0].history().items():
        assert runs[1].history()[name] == pytest.approx(values, abs=1e-6)
    for one, other in zip(*(run.model.net.get_weights() for run in runs), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=within)


def exhausted(monkeypatch, least):
    """A device whose memory is enough only for small parts, and only just in the second epoch."""
    from tfft.training.steps import Steps

    train = Steps.train

    def failing(self, iterator, count):
        logs = train(self, iterator, count)
        if self._parts < least and int(self._optimizer.iterations) > 5:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return logs

    monkeypatch.setattr(Steps, "train", failing)


def test_when_the_memory_is_exhausted_the_phase_begins_anew_in_smaller_parts(data, monkeypatch, capsys):
    plan = Plan(Phase("head", nothing(), 2, 0.1), Phase("tune", last_blocks(2), 6, 1e-2, averaging=0.3))

    def fitted(**options):
        model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1)
        return tfft.fit(model, data, plan, **options)

    whole, parted = (fitted(batch_size=32, accumulate=parts, progress=False) for parts in (1, 4))
    exhausted(monkeypatch, 4)
    capsys.readouterr()
    found = fitted(batch_size="auto")
    said = capsys.readouterr().err
    assert "Phase 'tune' begins anew with each batch in 2 parts, because the memory was exhausted." in said
    assert "Phase 'tune' begins anew with each batch in 4 parts" in said
    assert (found.batch_size, found.accumulate) == (32, 4)
    assert found.phases[0].history == whole.phases[0].history  # the head was trained in one part
    assert found.phases[1].history["val_loss"] == pytest.approx(parted.phases[1].history["val_loss"], abs=1e-5)


def test_exhausted_memory_is_told_with_the_ways_out(data, monkeypatch):
    exhausted(monkeypatch, 99)
    told = r"memory is not enough to train phase 'head' with batches of 8 in 1 part\. Write batch_size=\"auto\", a larger acc"
    with pytest.raises(TfftError, match=told):
        trained(data)
    monkeypatch.undo()
    exhausted(monkeypatch, 99)
    plan = Plan(Phase("head", nothing(), 9, 0.1))
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    with pytest.raises(TfftError, match=r"with batches of 32 in 32 parts"):
        tfft.fit(model, data, plan, batch_size="auto", progress=False)


def test_a_signal_on_a_full_disk_does_not_say_that_the_run_was_saved(data, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def interrupt(self, now):
        os.kill(os.getpid(), signal.SIGTERM)
        pause(self, now)

    pause = phase_training._Inside._pause
    monkeypatch.setattr(phase_training._Inside, "_pause", interrupt)
    monkeypatch.setattr("safetensors.numpy.save_file", full)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    with warnings.catch_warnings(record=True, action="always") as caught, pytest.raises(SystemExit):
        tfft.fit(model, data, tfft.plans.head_only(2), batch_size=8, run_folder=tmp_path)
    assert "Saved at" not in capsys.readouterr().err
    assert any("A checkpoint could not be written" in str(warning.message) for warning in caught)


def test_norms_that_train_on_parts_of_a_batch_are_told(data):
    plan = Plan(Phase("tune", last_blocks(1), 1, 1e-3, train_norms=True))
    with pytest.warns(
        RunWarning, match=r"'tune' trains normalisation layers, which see one of 2 parts of a batch at a time"
    ):
        trained(data, plan=plan, accumulate=2)


class Stops(keras.callbacks.Callback):
    """Stops the first phase after its second step, and interrupts the validation after it."""

    def __init__(self, interrupts):
        super().__init__()
        self.interrupts, self.stopped = interrupts, False

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1 and not self.stopped:
            self.model.stop_training = self.stopped = True

    def on_test_begin(self, logs=None):
        if self.stopped and self.interrupts:
            self.interrupts = False
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_after_a_callback_has_stopped_an_epoch_changes_nothing(data, tmp_path):
    whole = trained(data, tmp_path / "whole", callbacks=[Stops(False)])
    with pytest.raises(SystemExit):
        trained(data, tmp_path / "run", callbacks=[Stops(True)])
    assert_equal(trained(data, tmp_path / "run", callbacks=[Stops(False)], resume=True), whole)
    assert len(whole.phases[0].history["loss"]) == 1


@pytest.mark.filterwarnings("ignore:.*NaN or Inf found")
def test_a_nan_is_not_saved_by_a_signal(data, whole, tmp_path):
    class Breaks(Stops):
        def on_train_batch_end(self, batch, logs=None):
            if not self.stopped:
                self.stopped = True
                (variable, *_) = self.model.trainable_variables
                variable.assign(variable * np.nan)

    with pytest.raises(SystemExit):
        trained(data, tmp_path / "run", callbacks=[Breaks(True)])
    for path in (tmp_path / "run" / "checkpoints").glob("*.safetensors"):
        assert all(np.isfinite(array).all() for array in load_file(path).values() if array.dtype.kind == "f"), path
    assert_equal(trained(data, tmp_path / "run", resume=True), whole("auto"))


@pytest.mark.parametrize(("hook", "epochs"), [("on_train_begin", 1), ("on_epoch_begin", 1), ("on_epoch_end", 1)])
def test_a_callback_that_stops_the_training_before_a_step_ends_it_after_this_step(data, hook, epochs):
    steps = []

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(batch)

    setattr(Stop, hook, lambda self, *_: setattr(self.model, "stop_training", True))
    run = trained(data, callbacks=[Stop()])
    assert [len(record.history["loss"]) for record in run.phases] == [epochs, epochs]
    assert len(steps) == (2 if hook != "on_epoch_end" else 2 * (max(steps) + 1))


def test_a_callback_that_changes_the_working_directory_does_not_split_the_run(data, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    class Moves(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            os.chdir(tmp_path / "elsewhere")

    trained(data, "runs/1", callbacks=[Moves()])
    assert not list((tmp_path / "elsewhere").iterdir())
    assert (tmp_path / "runs" / "1" / "run.json").is_file()
