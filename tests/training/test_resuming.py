"""Whether a run begins or continues is decided before anything is deleted."""

import json

import pytest

import tfft
from tfft.core.errors import TfftError
from tfft.training.checkpoint_files import Snapshot
from tfft.training.checkpoints import Checkpoints
from tfft.training.feature_schedule import turns_of
from tfft.training.loop import _describe_data
from tfft.training.options import Options
from tfft.training.resuming import opened, refuse_other, refuse_unfinished
from tfft.training.run import Run
from tfft.training.run_folder import SELECTION


@pytest.fixture
def run(model, data):
    return Run(model, tfft.plans.head_only(1), 0, 8, _describe_data(data))


def tried(folder, run, resume=None):
    return opened(folder, run, turns_of(run.model, run.plan), Options(resume=resume))


def saved(folder, run, finished):
    checkpoints, _ = tried(folder, run)
    checkpoints.save(Snapshot({}, {"finished": finished, "number": 1}), wait=True)


def test_without_a_folder_nothing_is_written_and_nothing_continues(run):
    assert tried(None, run) == (None, None)
    with pytest.raises(TfftError, match=r"can be continued only in its run folder\. Write run_folder="):
        tfft.fit(run.model, None, resume=True)  # before the data is looked at


@pytest.mark.parametrize("there", [[], ["log.jsonl"], ["log.jsonl", "run.json", "model.weights.h5", ".hidden"]])
def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(tmp_path, run, there):
    for name in there:
        (tmp_path / name).touch()
    checkpoints, found = tried(tmp_path, run, resume=True)
    assert found is None
    assert checkpoints.number == 0


def test_a_folder_that_holds_something_else_is_not_continued(tmp_path, run, data):
    (tmp_path / "photo.png").touch()
    with pytest.raises(TfftError, match=r"is not a run folder, so no run can continue there\. Got: 'photo\.png'"):
        tfft.fit(run.model, data, run.plan, run_folder=tmp_path, resume=True, progress=False)
    assert (tmp_path / "photo.png").exists()


def test_an_unfinished_run_is_continued_or_replaced_only_when_asked(tmp_path, run):
    saved(tmp_path, run, finished=False)
    with pytest.raises(TfftError, match=r"holds an unfinished run.*resume=True.*resume=False"):
        tried(tmp_path, run)
    assert tried(tmp_path, run, resume=True)[1].values["number"] == 1
    assert tried(tmp_path, run, resume=False)[1] is None
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_finished_run_is_replaced_without_asking(tmp_path, run):
    saved(tmp_path, run, finished=True)
    assert tried(tmp_path, run)[1] is None
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_damaged_note_about_the_run_counts_as_unfinished(tmp_path, run):
    saved(tmp_path, run, finished=True)
    (tmp_path / "checkpoints" / "00000001.json").write_text("{")
    with pytest.raises(TfftError, match="holds an unfinished run"):
        tried(tmp_path, run)


def test_the_identity_is_json_and_names_what_a_run_consists_of(tmp_path, run):
    saved(tmp_path, run, finished=False)
    about = json.loads((tmp_path / "checkpoints" / "00000001.json").read_text())["about"]
    assert set(about["data"]) == {"train", "validation", "test"}
    assert {"plan", "seed", "batch_size", "backbone", "task", "accumulate", "versions", "frozen_weights"} <= set(about)
    assert Checkpoints(tmp_path, about).newest().values["number"] == 1


def test_a_first_training_without_its_refit_is_unfinished(tmp_path, run):
    saved(tmp_path / SELECTION, run, finished=True)
    with pytest.raises(TfftError, match="holds an unfinished run"):
        refuse_unfinished(tmp_path, None)
    refuse_unfinished(tmp_path, True)
    with pytest.raises(TfftError, match="refit=True then, refit=False now"):
        refuse_other(tmp_path, Options(resume=True))
    refuse_other(tmp_path, Options(resume=True, refit=True))
    assert tried(tmp_path, run, resume=False)[1] is None
    assert not list((tmp_path / SELECTION / "checkpoints").iterdir())
