"""Two processes on this machine train as one device does, survive kills, and say in one sentence what went wrong."""

import json
import os
import signal
import socket
import subprocess
import time

import numpy as np
import pytest

from tests import forked
from tfft.launch.environment import free_ports

pytestmark = pytest.mark.slow

CODE = """
import json, os, signal, sys, threading, time
import numpy as np
import keras, tfft
from tfft.plans import Phase, Plan, augmentation
from tfft.trainable import last_blocks, nothing

options = json.loads(sys.argv[1])
random, targets = np.random.default_rng(0), [0, 1, 2] * 14
images = np.clip(random.normal(60 + 60 * np.array(targets)[:, None, None, None], 50, (42, 16, 16, 3)), 0, 255)
data = tfft.data.from_arrays(images.astype(np.uint8), targets)
plan = Plan(
    Phase("head", nothing(), options.get("epochs", 4), 0.3),
    Phase("tune", last_blocks(2), 3, 1e-2, averaging=0.3, train_norms=options.get("norms", True), patience=2,
          augment=augmentation.mixup(0.4) if options.get("mixed") else augmentation.flips()),
)

class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(options["slow"])
        if batch == 1:
            print("TRAINS", flush=True)

if options.get("tries"):
    from tfft.core import machine
    from tfft.training import precision_search

    precision_search._WORTH_SECONDS = precision_search._SHORT = 0
    machine.may_gain_from_half_precision = lambda: True
if options.get("dies_saving"):
    from tfft.training.state import Variables

    saves, snapshot = [], Variables.snapshot

    def last(self):
        saves.append(self)
        if len(saves) == options["dies_saving"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return snapshot(self)

    Variables.snapshot = last
if "die" in options:
    threading.Thread(target=lambda: (time.sleep(options["die"]), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, cache=options.get("cache", "auto"))
run = tfft.fit(
    model, data, plan, batch_size=options.get("batch_size", 7), run_folder=options.get("folder"), progress=False,
    accumulate=options.get("accumulate", 1), resume=True if options.get("folder") else None,
    save_minutes=1e-4 if options.get("folder") else None, callbacks=[Slow()] if "slow" in options else [],
)
report = tfft.evaluate(model, data.test)
print("RESULT" + json.dumps({"precision": [run.precision.trunk, run.precision.tail],
      "weights": {w.path: w.numpy().tobytes().hex() for w in model.net.weights}, "history": run.history(),
      "accuracy": report.metrics["accuracy"]["value"]}), flush=True)
"""


def started(index, addresses, options, folder, config=None, seconds=60, code=CODE):
    told = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    own = {"TF_CONFIG": json.dumps(told) if config is None else config, "TFFT_WORKERS_SECONDS": str(seconds)}
    own["TFFT_CACHE_DIR"] = str(folder / options.get("cache_folder", f"cache{index}"))
    pipe = subprocess.PIPE
    return forked.start(
        code, json.dumps(options), env=os.environ | own, stdout=pipe, stderr=pipe, start_new_session=True
    )


def ended(processes, timeout=240):
    try:
        return [(*process.communicate(timeout=timeout), process.returncode) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()


def pair(options, folder, *, second=None, **more):
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    chosen = [options, options if second is None else {**options, **second}]
    return [started(index, addresses, own, folder, **more) for index, own in enumerate(chosen)]


def result(text):
    (line,) = [line for line in text.splitlines() if line.startswith("RESULT")]
    return json.loads(line.removeprefix("RESULT"))


def alone(options, folder):
    ((out, err, code),) = ended([started(0, ["127.0.0.1:1"], options, folder)])
    assert code == 0, err
    return result(out)


def values(found):
    return {path: np.frombuffer(bytes.fromhex(weight), np.float32) for path, weight in found["weights"].items()}


@pytest.mark.parametrize(
    "options",
    [
        {"norms": False, "cache_folder": "common"},
        {"cache": "off", "accumulate": 2, "norms": False},
        {"mixed": True, "batch_size": 8},
    ],
)
def test_two_workers_equal_one_device(tmp_path, options):
    found = ended(pair(options, tmp_path))
    assert [code for _, _, code in found] == [0, 0], found[0][1] + found[1][1]
    results = [result(out) for out, _, _ in found]
    assert results[0] == results[1]
    # norms that train see one part of a batch at a time
    expected = alone({**options, "accumulate": 1}, tmp_path)
    # a norm that trains removes the bias before it, so the gradient of this bias is only rounding, which Adam makes as large as any
    # other, and an average of weights does not remove it
    within = 1e-3 if options.get("norms", True) else 1e-5
    for path, one in values(results[0]).items():
        if within == 1e-5 or not path.endswith(("_conv/bias", "_bn/moving_mean")):
            np.testing.assert_allclose(one, values(expected)[path], rtol=within, atol=within)
    for name, numbers in expected["history"].items():
        assert results[0]["history"][name] == pytest.approx(numbers, abs=within)
    assert results[0]["accuracy"] == expected["accuracy"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """What two workers find that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    found = ended(pair({"epochs": 8, "folder": str(folder / "whole"), "slow": 0.04}, folder))
    assert [code for _, _, code in found] == [0, 0], found[0][1]
    return result(found[0][0])


@pytest.mark.parametrize("victim", [0, 1])
def test_workers_of_which_one_is_killed_continue_bit_for_bit(tmp_path, victim, uninterrupted):
    options = {"epochs": 8, "folder": str(tmp_path / "killed"), "slow": 0.04}
    processes = pair(options, tmp_path)
    for _ in range(np.random.default_rng().integers(2, 10)):
        processes[0].stdout.readline()
    processes[victim].kill()
    lost = ended(processes)
    assert lost[victim][2] == -signal.SIGKILL
    assert (
        "ClusterError: Another worker of this training has ended or does not answer any more, so this one cannot "
        in (lost[1 - victim][1])
    )
    assert f"Got: worker {victim}." in lost[1 - victim][1]
    again = ended(pair(options, tmp_path))
    assert [code for _, _, code in again] == [0, 0], again[0][1]
    assert result(again[0][0]) == result(again[1][0]) == uninterrupted


def test_the_chief_tries_each_precision_for_all_workers(tmp_path):
    found = ended(pair({"epochs": 2, "tries": True}, tmp_path))
    assert [code for _, _, code in found] == [0, 0], found[0][1] + found[1][1]
    assert result(found[0][0]) == result(found[1][0])
    tried = json.loads((tmp_path / "cache0" / "precision.json").read_text())
    of_chief = [[trial["dtype"] for trial in trials] for trials in tried.values()]
    # the speed of the machine; the forward pass of the frozen part, and a step of training, both at least in these two
    assert len(of_chief) == 3
    assert of_chief.count(["float32"]) == 1
    assert sum(dtypes[:2] == ["float32", "bfloat16"] for dtypes in of_chief) == 2
    assert not (tmp_path / "cache1" / "precision.json").exists()


@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_that_is_lost_while_a_checkpoint_is_made_is_named(tmp_path, victim):
    options = {"epochs": 400, "folder": str(tmp_path / "run")}
    own = [{"dies_saving": 12 if index == victim else 0} for index in range(2)]
    found = ended(pair(options | own[0], tmp_path, second=own[1]), 60)
    assert found[victim][2] == -signal.SIGKILL
    assert "ClusterError: Another worker of this training has ended or does not answer any more" in found[1 - victim][1]
    assert f"Got: worker {victim}." in found[1 - victim][1]


def test_a_signal_to_one_worker_ends_both_after_the_same_step(tmp_path):
    options = {"epochs": 400, "folder": str(tmp_path / "run"), "slow": 0.05}
    processes = pair(options, tmp_path)
    processes[0].stdout.readline()
    processes[1].send_signal(signal.SIGTERM)
    assert [code for _, _, code in ended(processes, 60)] == [143, 143]
    assert list((tmp_path / "run" / "checkpoints").glob("*.json"))


@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_that_stands_still_is_noticed_within_a_minute(tmp_path, victim):
    processes = pair({"epochs": 2000, "slow": 0.05}, tmp_path)
    processes[1 - victim].stdout.readline()
    os.killpg(processes[victim].pid, signal.SIGSTOP)
    begun = time.monotonic()
    try:
        _, err = processes[1 - victim].communicate(timeout=60)
    finally:
        os.killpg(processes[victim].pid, signal.SIGKILL)
        ended(processes)
    assert time.monotonic() - begun < 60
    assert "ClusterError: Another worker of this training has ended or does not answer any more" in err
    assert f"Got: worker {victim}." in err


def test_workers_whose_lists_disagree_are_refused(tmp_path):
    one, two, three = (f"127.0.0.1:{port}" for port in free_ports(3))
    found = ended([started(0, [one, two], {}, tmp_path), started(1, [one, two, three], {}, tmp_path)], 60)
    for _, err, code in found:
        assert code == 1
        assert "has another list of workers in its TF_CONFIG than this process. Got: " in err


def test_a_worker_that_never_comes_is_named(tmp_path):
    one, two = free_ports(2)
    found = ended([started(0, [f"127.0.0.1:{one}", f"127.0.0.1:{two}"], {}, tmp_path, seconds=3)], 60)
    assert (
        "ClusterError: 1 of the other workers did not start within 3 seconds. Got: worker 1 at 127.0.0.1:"
        in found[0][1]
    )


def test_a_port_in_use_and_an_invalid_tf_config_are_refused(tmp_path):
    (one,) = free_ports(1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        processes = [
            started(1, [f"127.0.0.1:{one}", f"127.0.0.1:{taken}"], {}, tmp_path),
            started(0, [], {}, tmp_path, config="{worker"),
        ]
        found = ended(processes, 60)
    assert f"ClusterError: Worker 1 cannot open its port {taken}. Got: Address already in use" in found[0][1]
    assert "ClusterError: TF_CONFIG is not valid JSON" in found[1][1]


REAL = """
import json, sys
import numpy as np
import pandas, tfft
from tfft.data.examples import Splits
from tfft.trainable.overview import flattened

options = json.loads(sys.argv[1])
material = options["material"]
if options["net"] == "minilm":
    path = material + "/data/text_classification/trec6/train.tsv"
    frame = pandas.read_csv(path, sep="\\t", quoting=3).iloc[:150]
    data = tfft.data.from_dataframe(frame, text_column="text", seed=0, holdout=(0.2, 0))
    backbone, plan = "minilm_l6", tfft.plans.two_phase(2, 1, tune_learning_rate=2e-5)
else:
    photos = material + "/data/image_classification/hymenoptera"
    whole = tfft.data.from_folder(photos, parts={"train": "train", "test": "val"}, seed=0)
    data = Splits(whole.train.take(np.arange(0, 192, 4)), whole.validation.take(np.arange(20)), None, whole.labels)
    weights = material + "/weights/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
    backbone = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=weights, size=96)
    plan = tfft.plans.two_phase(2, 2, tune_learning_rate=1e-4)
task = tfft.tasks.classification(data.labels, dropout=0)
model = tfft.build(backbone, task, seed=1, precision="float32")
for layer in flattened(model.backbone_net):
    if type(layer).__name__ == "Dropout":
        layer.rate = 0  # each replica draws its own numbers
run = tfft.fit(model, data, plan, batch_size=options["batch_size"], seed=2, progress=False)
values = {w.path: w.numpy().tobytes().hex() for record in run.phases
          for row, w in zip(record.overview.rows, record.overview.variables) if row.moved}
print("RESULT" + json.dumps({"precision": [run.precision.trunk, run.precision.tail],
      "weights": values, "history": run.history()}), flush=True)
"""


@pytest.mark.parametrize("net", ["minilm", "mobilenet"])
def test_two_workers_equal_one_device_with_real_weights(tmp_path, material, net):
    options = {"net": net, "material": str(material), "batch_size": 15}
    found = ended(pair(options, tmp_path, code=REAL), 600)
    assert [code for _, _, code in found] == [0, 0], found[0][1] + found[1][1]
    ((out, err, code),) = ended([started(0, ["127.0.0.1:1"], options, tmp_path, code=REAL)], 600)
    assert code == 0, err
    results, expected = [result(text) for text, _, _ in found], result(out)
    assert results[0] == results[1]
    for name, numbers in expected["history"].items():
        assert results[0]["history"][name] == pytest.approx(numbers, abs=1e-5)
    assert len(values(expected)) > 2
    for path, one in values(results[0]).items():
        np.testing.assert_allclose(one, values(expected)[path], atol=1e-5, err_msg=path)
