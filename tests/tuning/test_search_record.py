"""A record continues the same search, keeps the weights of the best trial alone, and refuses everything else."""

import json

import pytest

import tfft
from tfft.core.errors import TfftError
from tfft.core.fingerprint import fingerprint
from tfft.tuning.search_record import NAME, SearchRecord
from tfft.tuning.search_trials import SearchTrial

ABOUT = {"seed": 0, "data": {"train": "abc"}}


def trial(epochs, value, error=""):
    plan = tfft.plans.head_only(epochs)
    if error:
        return SearchTrial("toy", f"{epochs}", 1, plan, error=error)
    return SearchTrial("toy", f"{epochs}", 1, plan, "val_loss", value, value, {}, (1,), (epochs,), (1.0,), 2.0)


def train(record, made):
    """What a training leaves in its run folder."""
    home = record.home(made)
    (home / "checkpoints").mkdir(parents=True)
    (home / "checkpoints" / "00000001.json").write_text("{}")
    for name in ("model.weights.h5", "run.json"):
        (home / name).write_text("weights")
    record.add(made, 5.0)


def test_a_search_continues_with_its_trials_and_their_time(tmp_path):
    record = SearchRecord(tmp_path, ABOUT)
    record.add(trial(2, 0.5), 7.25)
    again = SearchRecord(tmp_path, ABOUT)
    assert (again.trials, again.seconds) == (record.trials, 7.25)
    assert again.find("toy", tfft.plans.head_only(2)) == record.trials[0]
    assert again.find("toy", tfft.plans.head_only(3)) is again.find("other", tfft.plans.head_only(2)) is None


def test_weights_are_kept_of_the_best_trial_alone(tmp_path):
    record = SearchRecord(tmp_path, ABOUT)
    made = [trial(2, 0.5), trial(3, 0.4), trial(4, 0.6), trial(5, 0.0, error="No.")]
    for each in made:
        train(record, each)
    kept = [(record.home(each) / "model.weights.h5").exists() for each in made]
    assert kept == [False, True, False, False]
    assert [(record.home(each) / "checkpoints").exists() for each in made] == kept
    assert all((record.home(each) / "run.json").exists() for each in made)


def test_weights_that_a_killed_process_could_not_delete_are_deleted_by_the_next_one(tmp_path):
    record = SearchRecord(tmp_path, ABOUT)
    train(record, trial(2, 0.4))
    train(record, trial(3, 0.5))
    (record.home(trial(3, 0.5)) / "model.weights.h5").write_text("left")
    SearchRecord(tmp_path, ABOUT)
    assert not (record.home(trial(3, 0.5)) / "model.weights.h5").exists()


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = SearchRecord(None, ABOUT)
    record.add(trial(2, 0.5), 1.0)
    assert record.home(record.trials[0]) is None
    assert list(tmp_path.iterdir()) == []


def test_another_search_is_refused_with_what_differs(tmp_path):
    SearchRecord(tmp_path, ABOUT).add(trial(2, 0.5), 1.0)
    with pytest.raises(TfftError, match=r"started differently\. Got: 'seed: 0 then, 1 now'\. Use the same arguments"):
        SearchRecord(tmp_path, ABOUT | {"seed": 1})


def test_a_folder_of_something_else_is_refused_and_an_empty_one_is_not(tmp_path):
    (tmp_path / ".hidden").write_text("")
    SearchRecord(tmp_path, ABOUT)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(TfftError, match=r"is not the folder of a search.* Got: 'run\.json'\. Choose a new or empty"):
        SearchRecord(tmp_path, ABOUT)


def rewritten(values):
    rest = {name: value for name, value in values.items() if name != "hash"}
    return json.dumps(rest | {"hash": fingerprint(rest)})


def changed(path, change):
    values = json.loads(path.read_text())
    change(values)
    return values


def nested(values):
    values["trials"][0]["plan"]["phases"][0]["epochs"] = 10**9
    values["trials"][0]["plan"]["phases"][0]["trainable"] = {"name": "__import__", "arguments": ["os"]}


DAMAGES = {
    "another format": (lambda values: values.update(format=2), "reads format 1. Got: 2"),
    "a format that is true": (lambda values: values.update(format=True), "reads format 1"),
    "a further field": (lambda values: values.update(command="rm"), "content has changed"),
    "a missing field": (lambda values: values.pop("seconds"), "content has changed"),
    "negative seconds": (lambda values: values.update(seconds=-1), "other types"),
    "seconds as text": (lambda values: values.update(seconds="1"), "other types"),
    "trials as a dict": (lambda values: values.update(trials={}), "other types"),
    "about as a list": (lambda values: values.update(about=[]), "other types"),
    "a trial that is a number": (lambda values: values.update(trials=[1]), "other fields than a trial"),
    "the same trial twice": (lambda values: values.update(trials=values["trials"] * 2), "appears twice"),
    "a policy that does not exist": (nested, "plan of a trial is invalid"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_records_that_no_search_has_written_are_refused(tmp_path, damage):
    SearchRecord(tmp_path, ABOUT).add(trial(2, 0.5), 1.0)
    change, match = DAMAGES[damage]
    (tmp_path / NAME).write_text(rewritten(changed(tmp_path / NAME, change)))
    with pytest.raises(TfftError, match=rf"is damaged\. .*{match}.*Choose another folder"):
        SearchRecord(tmp_path, ABOUT)


@pytest.mark.parametrize(
    ("content", "match"),
    [("", "not valid JSON"), ("[" * 10_000, "levels"), ("null", "is damaged"), ('{"format": NaN}', "NaN")],
    ids=["empty", "deep", "null", "nan"],
)
def test_files_that_are_no_record_are_refused(tmp_path, content, match):
    (tmp_path / NAME).write_text(content)
    with pytest.raises(TfftError, match=match):
        SearchRecord(tmp_path, ABOUT)


def test_a_changed_number_is_found_by_the_hash(tmp_path):
    SearchRecord(tmp_path, ABOUT).add(trial(2, 0.5), 1.0)
    (tmp_path / NAME).write_text((tmp_path / NAME).read_text().replace('"value": 0.5', '"value": 0.1'))
    with pytest.raises(TfftError, match="content has changed"):
        SearchRecord(tmp_path, ABOUT)


def test_a_failed_trial_is_tried_again_by_the_next_call(tmp_path):
    record = SearchRecord(tmp_path, ABOUT)
    record.add(trial(2, 0.5), 1.0)
    record.add(trial(3, 0.0, error="No space left on device"), 2.0)
    assert record.find("toy", tfft.plans.head_only(3)) is not None, "in the same call it is not repeated"
    again = SearchRecord(tmp_path, ABOUT)
    assert [each.label for each in again.trials] == ["2"]
    assert again.seconds == 2.0


@pytest.mark.parametrize("linked", ["trials", "trial"])
def test_nothing_is_deleted_through_a_link(tmp_path, linked):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "search"
    record = SearchRecord(folder, ABOUT)
    train(record, trial(2, 0.4))
    worse = trial(3, 0.5)
    home = elsewhere / worse.identity if linked == "trials" else elsewhere
    (home / "checkpoints").mkdir(parents=True)
    (home / "model.weights.h5").write_text("precious")
    if linked == "trials":
        (folder / "trials").rename(tmp_path / "moved")
        (folder / "trials").symlink_to(elsewhere)
    else:
        record.home(worse).symlink_to(elsewhere)
    record.add(worse, 2.0)
    SearchRecord(folder, ABOUT)
    assert (home / "model.weights.h5").read_text() == "precious"
    assert (home / "checkpoints").is_dir()


def test_what_cannot_be_deleted_or_written_is_no_traceback(tmp_path, monkeypatch):
    record = SearchRecord(tmp_path, ABOUT)
    record.add(trial(2, 0.4), 1.0)
    (record.home(trial(3, 0.5)) / "model.weights.h5").mkdir(parents=True)
    record.add(trial(3, 0.5), 2.0)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfft.tuning.search_record.files.write_text", full)
    with pytest.raises(TfftError, match=r"cannot be written to .*No space left.*finished trials are kept"):
        record.write(3.0)


def test_a_trial_with_a_checkpoint_is_begun(tmp_path):
    record, one = SearchRecord(tmp_path, ABOUT), trial(2, 0.4)
    assert not record.is_begun(one)
    (record.home(one) / "checkpoints").mkdir(parents=True)
    assert record.is_begun(one)
    assert not SearchRecord(None, ABOUT).is_begun(one)
    assert not record.is_begun(SearchTrial("toy", "probe", 0, None))
