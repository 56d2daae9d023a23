"""The leaderboard shows all trials, best first, as text, JSON and HTML, and what was not started."""

import json
from types import SimpleNamespace

import tfft
from tfft.tuning.leaderboard import Search, ordered
from tfft.tuning.search_trials import SearchTrial

PLAN = tfft.plans.two_phase(head_epochs=4, tune_epochs=2)


def trained(label, loss, **metrics):
    about = {"kept": (4, 0), "epochs": (4, 2), "phase_seconds": (1.0, 2.0), "seconds": 3.25}
    return SearchTrial("toy", label, 3, PLAN, "val_loss", loss, loss, {"val_loss": loss, **metrics}, **about)


PROBE = SearchTrial("toy", "probe", 0, None, "accuracy", 0.75, seconds=1.0)
FAILED = SearchTrial("toy", "wild\x1b[31m", 1, PLAN).failed("<b>NaN</b>", 2.0)
TRIALS = (PROBE, trained("default plan", 0.5, val_accuracy=0.75), FAILED, trained("fast", 0.25, val_accuracy=0.875))


def search(trials=TRIALS, report=None, not_started=(("toy", "slow", 2),)):
    run = SimpleNamespace(model="the model")
    return Search(run, report, trials, not_started, 2.0, 61.0, 0)


def test_the_table_is_ordered_and_says_what_was_chosen_and_not_started():
    report = SimpleNamespace(describe=lambda: "accuracy 0.8 [0.7, 0.9] on 20 examples")
    lines = search(report=report).describe().splitlines()
    assert lines[0].split() == ["backbone", "plan", "rung", "kept", "epochs", "val_loss", "val_accuracy", "seconds"]
    assert lines[1].split() == ["toy", "fast", "3", "4/4", "0/2", "0.2500", "0.8750", "3.2"]
    assert lines[2].split()[1:3] == ["default", "plan"]
    assert lines[3] == "Rung 0, accuracy of linear probes, cross-validated on training examples: toy 0.7500."
    assert lines[4].startswith("failed: toy, wild")
    assert "\x1b" not in "".join(lines)
    assert lines[5] == "Ordered by val_loss. 4 trials in 61 s of 120 s. Not started: 1 trial, because the budget ended."
    assert lines[6:9] == ["Chosen: toy, fast", *PLAN.describe().splitlines()]
    assert lines[-1] == "test: accuracy 0.8 [0.7, 0.9] on 20 examples"


def test_backbones_that_were_never_tried_are_named():
    said = search(not_started=(("toy", "slow", 2), ("vgg16", "default plan", 1), ("vgg16", "fast", 1))).describe()
    assert "Not started: 3 trials, because the budget ended. Never tried: 'vgg16'." in said


def test_a_search_that_started_all_trials_does_not_speak_of_the_budget():
    assert "Not started" not in search(not_started=()).describe()


def test_json_holds_all_trials_and_the_file_is_written(tmp_path):
    found = search()
    path = found.save(tmp_path / "new")
    values = json.loads(path.read_text())
    assert values == json.loads(json.dumps(found.to_dict()))
    assert values["best"]["label"] == "fast"
    assert [trial["status"] for trial in values["trials"]] == ["finished", "finished", "finished", "failed"]
    assert values["not_started"] == [{"backbone": "toy", "label": "slow", "rung": 2}]
    assert path.with_suffix(".txt").read_text() == found.describe() + "\n"


def test_notebooks_show_a_table_without_foreign_html():
    named = trained("<script>", 0.1)
    page = search((*TRIALS, named))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<tr>") == 4


def test_the_best_trial_is_the_one_of_the_model():
    found = search()
    assert (found.best.label, found.model) == ("fast", "the model")
    assert "Search of 4 trials" in repr(found)


def test_trained_trials_come_before_probes_and_failed_ones_are_last():
    assert [trial.label for trial in ordered(TRIALS)] == ["fast", "default plan", "probe", "wild\x1b[31m"]
