"""The progress of phases and features, and the JSON log."""

import json
import re

import pytest

import tfft
from tfft.plans import Phase
from tfft.trainable import nothing
from tfft.training.progress import FeatureProgress, JsonLog, LiveLine


@pytest.fixture
def overview():
    return tfft.build("toy", tfft.tasks.classification(["a", "b"])).apply(nothing())


def play(line):
    line.on_train_begin()
    line.on_epoch_begin(0)
    for batch in range(3):
        line.on_train_batch_end(batch)
    line.on_epoch_end(0, {"loss": 1.0, "val_loss": 0.25, "val_accuracy": 0.5})
    line.close()
    line.close()


@pytest.mark.parametrize("columns", [80, 160])
def test_the_line_names_phase_parameters_epoch_and_loss(overview, capfd, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    play(LiveLine(Phase("head", nothing(), 1, 0.1), overview, 3, show=True))
    shown = capfd.readouterr().err
    for part in ("head", "18 of 1,090 parameters", "epoch 1/1", "val_loss 0.2500"):
        assert part in shown
    assert ("val_accuracy" in shown) == (columns > 100)


def test_steps_that_are_taken_at_once_move_the_bar_as_far_as_they_go(overview):
    line = LiveLine(Phase("head", nothing(), 2, 0.1), overview, 6, show=True)
    line.on_train_begin()
    done = []
    for epoch in range(2):
        line.on_epoch_begin(epoch)
        for last in (2, 5):
            line.on_train_batch_end(last)
            done.append(line._display.bar.tasks[0].completed)
    line.close()
    assert done == [3, 6, 9, 12]
    assert line._display.bar.finished


def test_without_a_terminal_there_is_one_line_an_epoch(overview, capfd):
    play(LiveLine(Phase("head", nothing(), 1, 0.1), overview, 3))
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(r"head: epoch 1 of 1, loss 1.0000, val_loss 0.2500, val_accuracy 0.5000, \d+\.\d s\n", err)


def test_it_is_silent_when_this_is_asked_for(overview, capfd):
    play(LiveLine(Phase("head", nothing(), 1, 0.1), overview, 3, show=False))
    assert capfd.readouterr() == ("", "")


def test_without_a_terminal_the_computation_of_features_is_announced_once(capfd):
    progress = FeatureProgress()
    progress.note("two views")
    for view in (1, 2):
        for done in (32, 64, 80):
            progress(f"toy after block1, view {view} of 2", done, 80)
    progress("toy after block1, kept before", 80, 80)
    progress.close()
    assert capfd.readouterr().err == (
        "two views\n"
        "computing toy after block1, view 1 of 2 for 80 examples\n"
        "computing toy after block1, view 2 of 2 for 80 examples\n"
    )


def test_the_log_appends_one_object_a_line(tmp_path):
    path = tmp_path / "log.jsonl"
    JsonLog(path, "头").write("phase", epochs=2)
    JsonLog(path, "头").on_epoch_end(0, {"loss": 0.5})
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert (first["event"], first["phase"], first["epochs"]) == ("phase", "头", 2)
    assert (second["event"], second["epoch"], second["loss"]) == ("epoch", 1, 0.5)


def test_no_path_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    JsonLog(None, "head").write("phase")
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_warns_once_and_is_given_up(tmp_path):
    from tfft.core.errors import RunWarning

    log = JsonLog(tmp_path / "no such folder" / "log.jsonl", "head")
    with pytest.warns(RunWarning, match="cannot be written.*Training goes on"):
        log.write("phase")
    log.write("phase")
