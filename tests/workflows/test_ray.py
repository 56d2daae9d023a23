"""The programs of docs/ray.md run: Ray starts two workers again after one was killed, and two actors answer a folder."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas
import pytest

import tfft
from tests.pages import ROOT, blocks, furnish
from tfft.core.errors import DataWarning
from tfft.core.machine import cores

PAGE = "docs/ray.md"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason='needs Ray: pip install ".[ray]"'),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux, to find the processes of Ray"),
]

START = """
import ray

ray.init(num_cpus=4, include_dashboard=False, _node_ip_address="127.0.0.1", object_store_memory=100 * 2**20)
"""
# notes each step, and kills a worker at a step of an attempt
WATCH = """
def watched(folder, deaths):
    import json, os, pathlib, signal, time
    import keras

    rank, folder = json.loads(os.environ["TF_CONFIG"])["task"]["index"], pathlib.Path(folder)
    attempt = len(list(folder.glob(f"{rank}-*.txt"))) + 1
    notes = folder / f"{rank}-{attempt}.txt"

    class Watched(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            with notes.open("a") as lines:
                print(time.time(), file=lines)
            if deaths.get(attempt) == (rank, self.steps):
                os.kill(os.getpid(), signal.SIGKILL)

    notes.touch()
    return [Watched()]
"""
# stands for Ray in processes that it did not start
PLAIN = """
from types import SimpleNamespace

ray = SimpleNamespace(train=SimpleNamespace(report=lambda *_, **__: None, Checkpoint=SimpleNamespace(from_directory=str)))
"""


def processes(folder):
    """The ids of the processes that have a file below a folder open, as all of Ray have."""
    found = set()
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(opened).startswith(f"{folder}/"):
                found.add(int(opened.parts[2]))
        except OSError:  # closed or ended meanwhile, or of another user
            continue
    return found


def ran(folder, code, seconds):
    """Run a program with Ray; what it printed. Afterwards no process of Ray is left."""
    program = folder / "program.py"
    program.write_text(code)
    short = tempfile.mkdtemp(prefix="r", dir="/tmp")  # the path of a socket has at most 107 bytes
    own = {
        "RAY_TMPDIR": short, "HOME": str(folder), "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # all addresses are 127.0.0.1
        "TF_NUM_INTRAOP_THREADS": str(cores()),  # as without Ray: another number rounds otherwise
    }  # fmt: skip
    with (folder / "output.txt").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, str(program)], env=os.environ | own, stdout=output, stderr=output, start_new_session=True
        )
        try:
            status = process.wait(seconds)
            deadline = time.monotonic() + 30
            while processes(short) and time.monotonic() < deadline:
                time.sleep(0.2)
            left = processes(short)
        finally:
            for number in {process.pid, *processes(short)}:
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            process.wait()
            shutil.rmtree(short, ignore_errors=True)
        output.seek(0)
        printed = output.read()
    assert status == 0, printed[-5000:]
    assert left == set()
    return printed


@pytest.fixture
def shared(tmp_path):
    """The folder that stands for ``/shared`` on the page."""
    furnish(tmp_path)
    return tmp_path


def programs(shared):
    """The code blocks of the page, with a toy network."""
    found = [block.code for block in blocks(PAGE) if block.language == "python"]
    return [code.replace("/shared", str(shared)).replace('"tfft_mini"', '"toy"') for code in found]


def watching(training, place, deaths):
    """The training program with short epochs of several steps, frequent checkpoints and the callback above."""
    place.mkdir()
    assert training.count("resume=True)") == 1
    watch = f"callbacks=watched({str(place)!r}, {deaths})"
    return WATCH + training.replace("resume=True)", f"resume=True, batch_size=4, save_minutes=1e-4, {watch})")


def without_ray(shared, training):
    """Run the function of the training program in two processes that nobody interrupts."""
    code = watching(training[training.index("def train") : training.index("again =")], shared / "whole", {})
    code = code.replace("runs/1", "runs/whole").replace("flowers.tfft", "whole.tfft")
    (shared / "whole.py").write_text(PLAIN + code + "train()")
    launch = "from tfft.cli.verbs import main; main()", "launch", "--workers", "2", "--", sys.executable, "whole.py"
    own = {"TF_NUM_INTRAOP_THREADS": str(cores()), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", *launch]
    done = subprocess.run(
        command, cwd=shared, env=os.environ | own, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-5000:]


def test_a_training_of_which_a_worker_is_killed_ends_with_the_weights_of_one_without_ray(shared):
    training, *_ = programs(shared)
    without_ray(shared, training)
    printed = ran(shared, START + watching(training, shared / "killed", {1: (1, 9)}), seconds=400)
    assert "'val_loss': " in printed

    steps = {path.stem: len(path.read_text().split()) for path in (shared / "killed").iterdir()}
    (total,) = {len(path.read_text().split()) for path in (shared / "whole").iterdir()}
    assert set(steps) == {"0-1", "1-1", "0-2", "1-2"}
    assert steps["1-1"] == 9
    assert total - 9 <= steps["0-2"] == steps["1-2"] < total - 4  # the second attempt did not begin anew
    killed, whole = (json.loads((shared / "runs" / name / "run.json").read_text()) for name in ("1", "whole"))
    assert [phase["history"] for phase in killed["phases"]] == [phase["history"] for phase in whole["phases"]]
    nets = [tfft.load(shared / f"{name}.tfft").net for name in ("flowers", "whole")]
    for one, other in zip(nets[0].weights, nets[1].weights, strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes(), one.path


def test_two_actors_answer_each_image_of_a_folder_as_the_predictor_does(shared):
    _, answering, features = programs(shared)
    data = tfft.data.from_folder(shared / "flowers", seed=0)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.head_only(epochs=4), progress=False)
    tfft.export(run.model, shared / "flowers.tfft")
    shutil.copytree(shared / "flowers" / "greens", shared / "more" / "deep" / "er")
    (shared / "more" / "deep" / "broken.jpg").write_bytes(b"no image")
    ran(shared, START + answering.replace("batch_size=256", "batch_size=3") + features, seconds=200)

    predictor = tfft.load(shared / "flowers.tfft")
    paths = sorted(str(path) for path in (shared / "more").rglob("*.*"))
    assert len(paths) == 17
    with pytest.warns(DataWarning, match="1 of 17 images"):
        expected = predictor.predict(paths, on_corrupt="skip")
    table = pandas.read_parquet(shared / "answers").sort_values("path")
    assert table["path"].tolist() == paths
    for found, answer in zip(table.itertuples(), expected, strict=True):
        if answer.answer is None:
            assert "cannot be read as an image" in found.problem
            assert found.label == ""
            assert pandas.isna(found.probability)
        else:
            assert (found.label, found.problem) == (answer.label, "")
            assert found.probability == pytest.approx(answer.probability, abs=1e-6)

    rows = pandas.read_parquet(shared / "features").sort_values("path")
    assert rows["path"].tolist() == paths
    vectors, broken = np.stack(rows["features"].tolist()), rows["problem"].to_numpy() != ""
    assert [Path(path).name for path in rows["path"][broken]] == ["broken.jpg"]
    assert np.array_equal(np.isnan(vectors).all(axis=1), broken)
    logits = predictor.net.layers[-1].get_layer("logits")
    pixels = np.stack([predictor.preprocessor(path) for path, bad in zip(paths, broken, strict=True) if not bad])
    np.testing.assert_allclose(logits(vectors[~broken]), predictor.net.predict_on_batch(pixels), atol=1e-5)
