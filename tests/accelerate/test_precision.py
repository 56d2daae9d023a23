"""A net computes in another precision only inside the context; its variables and its own precision do not change."""

import time

import keras
import numpy as np
import pytest

from tfft.accelerate.precision import DTYPES, DtypeTrial, Precision, computing, fastest, remembered, tried
from tfft.core.errors import PlanError, RunWarning
from tfft.core.fingerprint import fingerprint

PIXELS = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


@pytest.fixture
def net():
    inner = keras.Sequential([keras.layers.Conv2D(8, 3), keras.layers.BatchNormalization()])
    return keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.GlobalAveragePooling2D()])


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.02), ("float16", 0.003)])
def test_layers_that_are_called_inside_use_the_precision(net, dtype, tolerance):
    exact = np.asarray(net(PIXELS))
    with computing(net, dtype):
        near = net(PIXELS)
    assert keras.backend.standardize_dtype(near.dtype) == dtype
    distance = np.linalg.norm(np.asarray(near, "float32") - exact) / np.linalg.norm(exact)
    assert 0 < distance < tolerance
    assert {variable.dtype for variable in net.variables} == {"float32"}
    np.testing.assert_array_equal(net(PIXELS), exact)


def test_everything_is_restored_after_an_error(net):
    with pytest.raises(KeyError), computing(net, "bfloat16"):
        raise KeyError
    assert {layer.compute_dtype for layer in net._flatten_layers(recursive=True)} == {"float32"}


def test_gradients_are_float32_like_the_variables(net):
    import tensorflow as tf

    with tf.GradientTape() as tape, computing(net, "bfloat16"):
        loss = tf.reduce_sum(tf.cast(net(PIXELS, training=True), "float32"))
    gradients = tape.gradient(loss, [variable.value for variable in net.trainable_variables])
    assert {gradient.dtype.name for gradient in gradients} == {"float32"}


def test_auto_applies_to_both_parts():
    with pytest.raises(PlanError, match=r"must consist of two dtypes.*\('auto', 'float32'\)"):
        Precision.of(("auto", "float32"))


def test_the_default_is_float32():
    assert Precision() == Precision("float32", "float32")


class Work:
    """A computation with a given duration and a given error, which counts its calls."""

    def __init__(self, seconds, errors):
        self.seconds, self.errors, self.done = seconds, errors, []

    def __call__(self, dtype):
        self.done.append(dtype)
        time.sleep(self.seconds[dtype])
        return np.full(4, 1 + self.errors.get(dtype, 0), np.float32)


def test_trials_measure_time_and_distance_from_float32(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("tfft.accelerate.precision.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    work = Work({"float32": 0.05, "bfloat16": 0.01, "float16": 0.02}, {"bfloat16": 0.5, "float16": np.nan})
    trials = tried(work, ("bfloat16", "float16"))
    assert [trial.dtype for trial in trials] == ["float32", "bfloat16", "float16"]
    assert [trial.error for trial in trials] == [0, pytest.approx(0.5), np.inf]
    assert trials[0].seconds > trials[1].seconds


def test_slow_runs_on_a_shared_machine_do_not_change_the_choice(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("tfft.accelerate.precision.time.perf_counter", lambda: clock[0])
    # the first run traces; later, both are sometimes slow
    spent = {"float32": iter([9, 0.2, 0.4, 0.2, 0.3]), "bfloat16": iter([9, 0.4, 0.15, 0.2, 0.2])}

    def work(dtype):
        clock[0] += next(spent[dtype])
        return np.ones(3, np.float32)

    trials = tried(work, ("bfloat16",))
    assert [trial.seconds for trial in trials] == pytest.approx([0.2, 0.15])
    assert fastest(trials) == "bfloat16"


@pytest.mark.parametrize(("seconds", "rounds"), [(0.06, 1), (0.09, 4), (0.2, 4)])
def test_one_round_is_enough_where_another_precision_is_clearly_faster(monkeypatch, seconds, rounds):
    clock = [0.0]
    monkeypatch.setattr("tfft.accelerate.precision.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    work = Work({"float32": 0.1, "bfloat16": seconds}, {})
    tried(work, ("bfloat16",))
    assert work.done == ["float32", "bfloat16"] * (1 + rounds)


def test_a_long_computation_runs_twice_in_each_precision():
    work = Work({"float32": 0.6, "bfloat16": 0.5}, {})
    tried(work, ("bfloat16",))
    assert work.done == ["float32", "bfloat16", "float32", "bfloat16"]


def test_a_warning_gives_the_reason_why_a_precision_is_not_used():
    def work(dtype):
        if dtype == "bfloat16":
            raise NotImplementedError("no such kernel\nfor this device")
        return np.ones(3, np.float32)

    with pytest.warns(
        RunWarning,
        match="^precision='bfloat16' does not work with this net, and is not used: NotImplementedError no such kernel$",
    ):
        trials = tried(work, ("bfloat16", "float16"))
    assert [(trial.dtype, trial.error) for trial in trials] == [("float32", 0), ("bfloat16", np.inf), ("float16", 0)]


def test_trials_end_with_the_first_suitable_precision():
    work = Work({"float32": 0.05, "bfloat16": 0.01, "float16": 0.001}, {})
    assert [trial.dtype for trial in tried(work, ("bfloat16", "float16"))] == ["float32", "bfloat16"]


@pytest.mark.parametrize(
    ("seconds", "errors", "expected"),
    [
        ((1.0, 0.2, 0.3), (0, 0.001, 0.001), "bfloat16"),
        ((1.0, 0.3, 0.2), (0, 0.001, 0.001), "float16"),
        ((1.0, 0.2, 0.3), (0, 0.021, 0.001), "float16"),
        ((1.0, 0.2, 0.3), (0, 0.021, np.inf), "float32"),
        ((1.0, 0.85, 1.8), (0, 0.001, 0.001), "float32"),
    ],
)
def test_the_fastest_precision_that_is_exact_enough_and_clearly_faster_is_chosen(seconds, errors, expected):
    assert fastest([DtypeTrial(*values) for values in zip(DTYPES, seconds, errors, strict=True)]) == expected


def test_trials_are_repeated_only_if_their_description_changes(tmp_path):
    made = []

    def measure():
        made.append(1)
        return [DtypeTrial("float32", 1.0, 0.0), DtypeTrial("float16", 0.5, np.inf)]

    path = tmp_path / "made" / "precision.json"
    first = remembered(path, {"net": "a"}, measure)
    assert remembered(path, {"net": "a"}, measure) == first
    assert len(made) == 1
    remembered(path, {"net": "b"}, measure)
    assert len(made) == 2
    assert remembered(path, {"net": "a"}, measure) == first
    assert len(made) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "[1, 2]", '{"KEY": 1}', '{"KEY": [{"x": 1}]}', "\x00"])
def test_a_damaged_file_is_ignored_and_repaired(tmp_path, text):
    path = tmp_path / "precision.json"
    path.write_text(text.replace("KEY", fingerprint({"net": "a"})))
    trials = [DtypeTrial("float32", 1.0, 0.0), DtypeTrial("bfloat16", 0.1, 0.0)]
    assert remembered(path, {"net": "a"}, lambda: trials) == trials
    assert remembered(path, {"net": "a"}, pytest.fail) == trials


def test_a_folder_that_cannot_be_written_only_means_that_trials_are_not_stored(tmp_path):
    (tmp_path / "file").write_text("")
    trials = [DtypeTrial("float32", 1.0, 0.0), DtypeTrial("bfloat16", 0.1, 0.0)]
    assert remembered(tmp_path / "file" / "precision.json", {}, lambda: trials) == trials


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("auto", None),
        ("float16", Precision("float16", "float16")),
        (("bfloat16", "float32"), Precision("bfloat16", "float32")),
        (Precision("bfloat16"), Precision("bfloat16", "float32")),
    ],
)
def test_one_or_two_words_make_a_precision(given, expected):
    assert Precision.of(given) == expected


@pytest.mark.parametrize("given", ["float64", "half", ("float32", "int8"), ("float32",), 16, None])
def test_the_error_for_other_words_lists_the_valid_ones(given):
    with pytest.raises(PlanError, match=r"precision.*float32.*bfloat16|bfloat16.*float32"):
        Precision.of(given)
