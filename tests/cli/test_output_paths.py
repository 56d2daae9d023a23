"""A trained model always finds a place."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

import tfft
from tfft.cli import output_paths
from tfft.core.errors import BundleError
from tfft.training.run import Run


def run_of(names):
    """A run without phases."""
    model = tfft.build("toy", tfft.tasks.classification(names))
    return Run(model, tfft.plans.head_only(1), 0, 8, {"counts": {}, "skipped": [], "seed": 0})


def test_a_free_path_is_one_where_nothing_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("model.tfft", "model-2.tfft", "model-3.tfft"):
        path = output_paths.free_path("model", ".tfft")
        assert str(path) == expected
        path.touch()


def test_a_bundle_that_cannot_go_where_it_should_goes_elsewhere(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "thesis").write_text("years")
    made = output_paths.export_somewhere(run_of(["ants", "bees"]), tmp_path / "thesis", None)
    assert made.parent == tmp_path / "temporary"
    assert tfft.load(made).task.labels.names == ("ants", "bees")
    assert "Trying the temporary folder" in capsys.readouterr().err
    assert (tmp_path / "thesis").read_text() == "years"


def test_an_interrupted_training_leaves_a_bundle_and_goes_on_as_an_interruption(toy_arrays, tmp_path, capsys):
    data = tfft.data.from_arrays(*toy_arrays)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    with pytest.raises(KeyboardInterrupt), output_paths.rescued(model, tmp_path / "m.tfft"):
        raise KeyboardInterrupt  # before training has begun there is nothing to keep
    assert not list(tmp_path.iterdir())
    tfft.fit(model, data, tfft.plans.head_only(1))
    with pytest.raises(KeyboardInterrupt), output_paths.rescued(model, tmp_path / "m.tfft"):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["m-stopped.tfft"]
    assert tfft.load(tmp_path / "m-stopped.tfft").seen == model.seen
    assert "the best weights so far are in" in capsys.readouterr().err
    with pytest.raises(ValueError, match="of the report"), output_paths.rescued(model, tmp_path / "m.tfft"):
        raise ValueError("of the report")
    assert (tmp_path / "m-stopped-2.tfft").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_control_c_and_sigterm_in_the_shell_keep_what_was_trained(class_folder, tmp_path, number, status):
    command = [sys.executable, "-c", "from tfft.cli.verbs import main; main()", "fit", "--data", str(class_folder)]
    command += ["--backbone", "toy", "--head-epochs", "100000", "--out", "m.tfft", "--run-folder", "run"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # tests that a shell runs in the background inherit a SIGINT that is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    log = tmp_path / "run" / "log.jsonl"
    for _ in range(600):
        if log.is_file() and '"epoch"' in log.read_text():
            break
        time.sleep(0.2)
    os.kill(running.pid, number)
    try:
        _, said = running.communicate(timeout=120)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == status, said
    assert (tmp_path / "run" / "model.weights.h5").is_file()
    assert (tmp_path / "run" / "run.json").is_file()
    assert re.search(r"Stopped; the best weights so far are in m-stopped\.tfft", said)
    assert said.count("Stopped") == 1
    assert tfft.load(tmp_path / "m-stopped.tfft").task.labels.names == ("blues", "greens", "reds")


def test_without_any_place_it_is_said(tmp_path, monkeypatch):
    (tmp_path / "thesis").write_text("years")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "thesis"))
    with pytest.raises((BundleError, OSError)):
        output_paths.export_somewhere(run_of(["a", "b"]), tmp_path / "thesis", None)
