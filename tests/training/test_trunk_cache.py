"""Cached phases train what uncached ones train; whatever happens to the cache, the run finishes and nothing wrong is read."""

import json
import signal
import subprocess
from functools import lru_cache
from threading import Thread

import numpy as np
import pytest

import tfft
from tests import forked
from tfft.cache.settings import Cache
from tfft.cache.shards import Shards
from tfft.cache.store import Store
from tfft.core import environment
from tfft.core.errors import DataError, RunWarning
from tfft.data.feature_tables import NotKeptError
from tfft.inputs import image
from tfft.models import features
from tfft.models.prepared import prepared
from tfft.plans import augmentation
from tfft.trainable import everything, last_blocks, nothing
from tfft.training import trunk_cache
from tfft.training.context import RunContext
from tfft.training.feature_schedule import turns_of
from tfft.training.trunk_cache import TrunkCache

PLAN = tfft.Plan(tfft.Phase("head", nothing(), 2, 0.01), tfft.Phase("tune", last_blocks(1), 2, 1e-3))


@pytest.fixture(scope="module")
def data():
    targets = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 120, (60, 16, 16, 3), np.uint8)
    images[np.arange(60), ..., targets] += 130
    return tfft.data.from_arrays(images, targets)


@pytest.fixture(scope="module")
def plain(data):
    """Runs of the plans below without a cache, each trained once."""
    return lru_cache(lambda name: run(data, "off", PLANS[name]))


def run(data, cache, plan=PLAN, **options):
    task = tfft.tasks.classification(data.labels, dropout=0.3)
    return tfft.fit(tfft.build("toy", task, seed=1, cache=cache), data, plan, seed=2, batch_size=8, **options)


def reads(found):
    return [record.reads for record in found.phases]


def same(one, two, tolerance=1e-6):
    for name, values in one.history().items():
        np.testing.assert_allclose(two.history()[name], values, atol=tolerance, err_msg=name)
    for a, b in zip(one.model.net.weights, two.model.net.weights, strict=True):
        # a convolution's bias in front of a norm that trains has a gradient of 0 but for rounding, which Adam enlarges
        free = any(phase.train_norms for phase in one.plan) and a.path.endswith("bias") and "conv" in a.path
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-4 if free else tolerance)


HEAD = tfft.plans.head_only(epochs=2)
PLANS = {
    "head, tune": PLAN,
    "backwards": tfft.Plan(tfft.Phase("tune", last_blocks(2), 1, 1e-3), tfft.Phase("head", nothing(), 2, 0.01)),
    "gradual": tfft.Plan(
        tfft.Phase("head", nothing(), 1, 0.01),
        tfft.Phase("one", last_blocks(1), 1, 1e-3),
        tfft.Phase("two", last_blocks(2), 1, 1e-3),
        tfft.Phase("all", everything(), 1, 1e-4),
    ),
    "colors": PLAN.with_phases(augment=(augmentation.colors(), augmentation.flips())),
    "norms": PLAN.with_phases(train_norms=True, weight_decay=0.1),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cache"), [*((name, "memory") for name in PLANS), ("head, tune", "disk")])
def test_cached_and_uncached_phases_train_the_same(data, plain, name, cache):
    kept = run(data, cache, PLANS[name])
    same(plain(name), kept)
    assert all(note == "pixels: cache='off'" for note in reads(plain(name)))
    assert any(note.startswith("features after") for note in reads(kept))


@pytest.mark.slow
def test_later_phases_find_what_the_first_has_computed_and_every_phase_says_what_it_read(data, tmp_path):
    notes = reads(run(data, Cache("disk", tmp_path), PLANS["gradual"]))
    kept = [entry.about["what"] for entry in Store(tmp_path, 0).entries()]
    assert sorted(kept) == sorted([f"toy after {place}" for place in ("pool", "block2_relu", "block1_relu")] * 2)
    assert notes[:3] == [f"features after {place}, float32" for place in ("pool", "block2_relu", "block1_relu")]
    assert notes[3] == "pixels: block1_conv/kernel trains, and no layer before it has a kernel"
    assert reads(run(data, "memory", PLANS["colors"]))[0] == "features after pool, float32, 2 views"


@pytest.mark.slow
def test_a_second_run_reads_a_few_images_and_a_changed_image_is_noticed(data, tmp_path, monkeypatch):
    cache = Cache("disk", tmp_path)
    first = run(data, cache)
    read = []
    call = type(first.model.preprocessor).__call__
    monkeypatch.setattr(
        type(first.model.preprocessor), "__call__", lambda self, item: read.append(1) or call(self, item)
    )
    same(first, run(data, cache), 0)
    assert len(read) <= 3 * 2 * 2, "three of each part for each of two cuts"
    read.clear()
    whole = data.everything()
    images = np.stack([whole.inputs[index] for index in range(len(whole))])
    images[0] ^= 1
    run(tfft.data.from_arrays(images, whole.targets), cache, HEAD)
    assert len(read) >= 30


@pytest.mark.slow
def test_weights_that_moved_make_new_features(data, tmp_path):
    """After a phase that trains everything the old features are not the net's any more."""
    cache = Cache("disk", tmp_path)
    plan = tfft.Plan(
        tfft.Phase("head", nothing(), 1, 0.01),
        tfft.Phase("all", everything(), 1, 0.01),
        tfft.Phase("again", nothing(), 2, 0.01),
    )
    same(run(data, "off", plan), run(data, cache, plan))
    assert len(Store(tmp_path, 0).entries()) == 4


@pytest.mark.slow
def test_views_are_announced_and_counted_while_they_are_computed(data, capfd):
    run(data, "memory", PLANS["colors"].with_phases(epochs=3))
    shown = capfd.readouterr().err
    note = shown.index("stores the features of 3 random views of each example, so this takes about 3 times as long")
    first, second = (shown.index(f"view {number} of 3 for") for number in (1, 2))
    assert note < first < second


def test_fewer_views_than_epochs_are_taken_in_turn(data):
    plan = tfft.plans.head_only(epochs=4).with_phases(augment=(augmentation.colors(),))
    kept = run(data, Cache("memory", views=2), plan)
    assert reads(kept) == ["features after pool, float32, 2 views"]
    assert len(kept.history()["loss"]) == 4


@pytest.mark.slow
def test_views_that_find_no_room_are_the_same_on_pixels(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    plan = tfft.plans.head_only(epochs=4).with_phases(augment=(augmentation.colors(),))
    kept, pixels = (run(data, Cache(where, "file/x", views=2), plan) for where in ("memory", "disk"))
    assert (reads(kept)[0].split(":")[0], reads(pixels)[0].split(":")[0]) == (
        "features after pool, float32, 2 views",
        "pixels",
    )
    same(kept, pixels)


def test_more_views_than_the_cache_may_hold_are_refused_before_any_is_computed(data, monkeypatch):
    plan = tfft.plans.head_only(epochs=4).with_phases(augment=(augmentation.colors(),))
    found = run(data, Cache("memory", views=4, max_bytes=3000), plan)
    assert reads(found)[0].startswith("pixels: 4 views of 1.34 kB do not fit into 3 kB")


def test_what_mixes_pixels_reads_pixels(data):
    kept = run(data, "memory", HEAD.with_phases(augment=(augmentation.mixup(),)))
    assert all(note.startswith("pixels: mixup(") for note in reads(kept))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"", b"half a shard", None])
def test_a_damaged_shard_is_named_and_computed_again(data, tmp_path, damage):
    cache = Cache("disk", tmp_path)
    first = run(data, cache, HEAD)
    shard = max(tmp_path.rglob("*.npy"), key=lambda path: path.stat().st_size)
    content = shard.read_bytes() if damage is None else damage
    shard.write_bytes(content[:-9] + b"x" * 9 if damage is None else content)
    with pytest.warns(RunWarning, match=f"{shard.name}.*is damaged"):
        same(first, run(data, cache, HEAD), 0)


@pytest.mark.slow
def test_a_full_disk_falls_back_to_memory_and_the_run_finishes(data, plain, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    expected = plain("head, tune")
    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.warns(RunWarning, match="No space left on device.*kept in memory"):
        kept = run(data, Cache("auto", tmp_path))
    same(expected, kept)
    assert reads(kept)[0].startswith("features")
    strict = run(data, Cache("disk", tmp_path / "other"))
    assert reads(strict)[0].startswith("pixels: the cache cannot be written: ")
    same(expected, strict)


@pytest.mark.parametrize("options", [{"folder": "file/x"}, {"max_bytes": 10}])
def test_a_folder_that_cannot_be_made_and_a_small_budget_are_reasons_and_no_errors(
    data, tmp_path, options, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert reads(run(data, Cache("disk", **options), HEAD))[0].startswith("pixels: ")
    found = reads(run(data, Cache("auto", **options), HEAD))[0]
    assert found.startswith("features" if "folder" in options else "pixels: ")


@pytest.mark.slow
def test_features_deleted_while_a_phase_trains_raise_a_tfft_error_and_the_best_weights_stay(
    data, tmp_path, monkeypatch
):
    monkeypatch.setattr(features, "_HELD_BYTES", 0)
    model = tfft.build("toy", tfft.tasks.classification(data.labels), cache=Cache("disk", tmp_path))
    folder = tmp_path / "run"

    def clear():
        while not (folder / "log.jsonl").is_file() or '"epoch"' not in (folder / "log.jsonl").read_text():
            pass
        for path in tmp_path.rglob("0*.npy"):
            path.unlink()

    clearing = Thread(target=clear)
    clearing.start()
    with pytest.raises(DataError, match="deleted while they were being read"):
        tfft.fit(model, data, tfft.plans.head_only(epochs=10_000), run_folder=folder)
    clearing.join()
    assert tfft.evaluate(model, data.validation).metrics["log_loss"]["value"] < np.log(3)


KILLED = """
import sys, time, numpy as np, tfft
from tfft.cache import shards
from tfft.cache.settings import Cache

shards.SHARD_BYTES = 4 * 4 * 8 * 4 * 8  # eight images
write = shards.Shards.write

def slow(self, number, rows):
    write(self, number, rows)
    print(number, flush=True)
    time.sleep(0.3 if "slow" in sys.argv else 0)

shards.Shards.write = slow
targets = np.arange(60) % 3
images = np.random.default_rng(0).integers(0, 255, (60, 16, 16, 3), np.uint8)
data = tfft.data.from_arrays(images, targets)
plan = tfft.Plan(tfft.Phase("tune", tfft.trainable.last_blocks(1), 1, 1e-3))
model = tfft.build("toy", tfft.tasks.classification(data.labels), cache=Cache("disk", sys.argv[1]))
run = tfft.fit(model, data, plan)
print("done", run.phases[0].reads, run.phases[0].history["loss"][0])
"""


def start(folder, *options):
    return forked.start(KILLED, str(folder), *options, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_killed_extraction_goes_on_after_its_last_whole_shard(tmp_path):
    killed = start(tmp_path, "slow")
    assert [killed.stdout.readline().strip() for _ in range(2)] == ["0", "1"]
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    whole = len(list(tmp_path.rglob("0*.npy")))
    assert whole >= 2
    lines = start(tmp_path).communicate(timeout=300)[0].splitlines()
    assert [int(line) for line in lines[:-1]][: 6 - whole] == list(range(whole, 6)), (
        "what was whole is not computed again"
    )
    assert lines[-1].startswith("done features after block2_relu, float32")
    fresh = start(tmp_path / "fresh").communicate(timeout=300)[0].splitlines()
    assert fresh[-1] == lines[-1]


@pytest.mark.slow
def test_two_runs_that_write_the_same_features_both_finish_right(tmp_path):
    both = [start(tmp_path, "slow"), start(tmp_path, "slow")]
    ends = [one.communicate(timeout=300)[0].splitlines()[-1] for one in both]
    assert ends[0] == ends[1]
    assert ends[0].startswith("done features after block2_relu, float32")
    assert len({path.name for path in tmp_path.rglob("*.npy")}) == 8


@pytest.mark.slow
def test_nothing_is_kept_where_nothing_should_be(data, tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path))
    run(data, "off", HEAD)
    run(data, "memory", HEAD)
    assert list(tmp_path.iterdir()) == []
    run(data, "auto", HEAD)
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


@pytest.mark.slow
def test_pixels_are_decoded_once_where_no_features_can_be_kept(class_folder, tmp_path, monkeypatch):
    data = tfft.data.from_folder(class_folder)
    read = []
    decoded = image.decoded
    monkeypatch.setattr(image, "decoded", lambda item, size: read.append(item) or decoded(item, size))

    def trained(cache, augment=()):
        read.clear()
        model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, cache=cache)
        run = tfft.fit(model, data, tfft.plans.full(3, augment=augment), seed=2)
        return run.history()["val_loss"], sum(isinstance(item, str) for item in read)

    images = len(data.train) + len(data.validation)
    plain, often = trained("off")
    once, reads = trained(Cache("disk", tmp_path))
    assert once == plain
    assert often > 3 * images
    assert reads <= images + 1
    assert trained(Cache("disk", tmp_path))[1] <= 1 + 3 * 2, "three of each part are looked at"
    flips, cropped = ((augmentation.flips(),), (augmentation.crops(),))
    assert trained(Cache("disk", tmp_path), flips) == (trained("off", flips)[0], 0)
    assert trained(Cache("disk", tmp_path), cropped)[0] == trained("off", cropped)[0]


@pytest.fixture
def spoiled(monkeypatch):
    """Lets every feature that is kept be wrong, in one run."""

    def spoil(data, cache, plan=HEAD):
        with monkeypatch.context() as patch:
            write = Shards.write

            def wrong(self, number, rows):
                for name in rows.dtype.names or ():
                    rows[name] = rows[name] + 1
                write(self, number, rows)

            patch.setattr(Shards, "write", wrong)
            run(data, cache, plan)

    return spoil


@pytest.mark.slow
@pytest.mark.parametrize("name", ["head, tune", "gradual"])
def test_wrong_features_are_reported_deleted_and_computed_again(data, plain, tmp_path, spoiled, name):
    cache = Cache("disk", tmp_path)
    spoiled(data, cache, PLANS[name])
    with pytest.warns(RunWarning, match=r"row \d+ of 'after .*' is off by .*deleted and computed again"):
        again = run(data, cache, PLANS[name])
    same(plain(name), again)
    same(again, run(data, cache, PLANS[name]), 0)


@pytest.mark.slow
def test_features_that_are_wrong_each_time_are_not_used(data, plain, tmp_path, monkeypatch):
    cache = Cache("disk", tmp_path)
    run(data, cache, HEAD)
    monkeypatch.setattr(trunk_cache, "difference", lambda *_: "row 0 is off by 1")
    with pytest.warns(RunWarning, match="deleted and computed again"):
        found = run(data, cache, HEAD)
    assert reads(found)[0].startswith("pixels: features differ from one computation to the next: row 0")
    assert len(list(tmp_path.rglob("0*.npy"))) == 1, "those of the validation part are not looked at any more"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["sources", "onednn"])
def test_other_code_of_tfft_and_other_numbers_make_new_features(data, tmp_path, monkeypatch, what):
    cache = Cache("disk", tmp_path)
    run(data, cache, HEAD)
    now = environment.computing()
    monkeypatch.setattr(environment, "computing", lambda: now | {what: "other"})
    run(data, cache, HEAD)
    assert len(Store(tmp_path, 0).entries()) == 4


OWN = """
import json, sys
sys.dont_write_bytecode = True  # of a module that changes within a second
import keras, numpy as np, tfft
from tfft.cache.store import Store
from tfft.cache.settings import Cache
sys.path.insert(0, sys.argv[1])
import own_layers
from pathlib import Path

targets = np.arange(60) % 2
images = np.random.default_rng(0).integers(0, 90, (60, 16, 16, 3), np.uint8)
images[targets == 1] += 160
data = tfft.data.from_arrays(images, targets)
inputs = keras.Input((16, 16, 3))
scaled = keras.layers.Rescaling(1 / 255)(inputs)
maps = keras.layers.Conv2D(8, 3, kernel_initializer=keras.initializers.Constant(0.1), name="conv")(own_layers.made(scaled))
net = keras.Model(inputs, maps)
model = tfft.build(net, tfft.tasks.classification(data.labels), seed=0, cache=Cache("disk", sys.argv[2]))
run = tfft.fit(model, data, tfft.Plan(tfft.Phase("head", tfft.trainable.nothing(), 40, 0.1)), seed=0)
said = tfft.evaluate(run.model, data.test).metrics["accuracy"]["value"]
own = run.model.net(np.stack([data.test.inputs[i] for i in range(len(data.test))])).numpy().argmax(axis=1)
print(json.dumps({
    "evaluate": said,
    "net": float((own == data.test.targets).mean()),
    "validation": max(run.history()["val_accuracy"]),
    "reads": run.phases[0].reads,
    "entries": len(Store(Path(sys.argv[2]), 0).entries()),
}))
"""

LAYER = """
import keras

{before}

@keras.saving.register_keras_serializable("own")
class Own(keras.layers.Layer):
    def call(self, inputs):
        return {call}

@keras.saving.register_keras_serializable("own")
class Curve(keras.layers.Layer):
    def call(self, inputs):
        return {curve}

def made(inputs):
    return Curve()(Own()(inputs))
"""
PLAINLY = {"before": "", "call": "inputs", "curve": "inputs"}


def trained_with(layer, folder):
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "own_layers.py").write_text(LAYER.format(**(PLAINLY | layer)))
    done = forked.run(OWN, str(folder / "code"), str(folder / "kept"), timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_changed_code_of_a_users_layer_is_noticed_in_a_new_process(tmp_path):
    """What happened before: validation accuracy 1.0, evaluate 1.0, and the net itself 0.0 on the same images."""
    first = trained_with({}, tmp_path)
    assert (first["evaluate"], first["net"], first["entries"]) == (1.0, 1.0, 3)
    again = trained_with({}, tmp_path)
    assert again == first, "the same code finds what it has kept"
    entries = first["entries"]
    for change in (
        {"call": "1.0 - inputs"},
        {"curve": "1.0 - inputs"},
        {"before": "SHIFT = 0.25", "call": "inputs + SHIFT"},
        {"before": "SHIFT = -0.25", "call": "inputs + SHIFT"},
    ):
        other = trained_with(change, tmp_path)
        assert other["net"] == other["evaluate"]
        assert other["entries"] == entries + 3
        entries = other["entries"]


@pytest.mark.slow
def test_a_layer_whose_code_runs_python_keeps_its_features_in_memory_and_says_why(tmp_path):
    call = "tf.ensure_shape(tf.numpy_function(lambda x: x, [inputs], tf.float32), inputs.shape)"
    found = trained_with({"before": "import tensorflow as tf", "call": call}, tmp_path)
    assert (found["evaluate"], found["net"], found["entries"]) == (1.0, 1.0, 0)
    assert "Own 'own' runs PyFunc" in found["reads"]


def test_the_features_that_hold_after_a_run_are_those_before_everything_that_trains(data):
    model = tfft.build("toy", tfft.tasks.classification(data.labels), cache="memory")
    parts = [prepared(model.preprocessor, part) for part in (data.train, data.validation)]
    found = TrunkCache(RunContext(model, *parts, 0, lambda *_: None))
    gradual = turns_of(model, tfft.Plan(*PLANS["gradual"].phases[:3]))
    at, table = found.unmoved(gradual, parts[1], "float32")
    assert at.describe() == "after block1_relu"
    assert table.count == len(data.validation)
    chosen = parts[0].take(np.array([5, 2]))
    _, whole = found.unmoved(gradual, parts[0], "float32")
    _, rows = found.unmoved(gradual, chosen, "float32")
    assert rows.table is whole, "nothing is computed for the choice"
    np.testing.assert_array_equal(rows.take(np.arange(2)), whole.take(np.array([5, 2])))
    with pytest.raises(NotKeptError, match="no layer before it has a kernel"):
        found.unmoved(turns_of(model, PLANS["gradual"]), parts[1], "float32")
