"""A run overwrites only files of runs, and does not write into a folder of data."""

import shutil

import numpy as np
import pytest

import tfft
from tfft.core.errors import TfftError
from tfft.training.run_folder import SELECTION, refuse_foreign

MINE = "MY OWN FILE"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run with a refit."""
    folder = tmp_path_factory.mktemp("finished")
    images = np.random.default_rng(0).integers(0, 120, (20, 16, 16, 3), np.uint8)
    images[1::2] += 130
    data = tfft.data.from_arrays(images, [0, 1] * 10)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    tfft.fit(model, data, tfft.plans.head_only(1), run_folder=folder, refit=True, progress=False)
    return folder


NAMES = ["run.json", "log.jsonl", "model.weights.h5", "report.html", "checkpoints/7.json", "checkpoints/1.safetensors"]
NAMES += ["selection/run.json", "selection/log.jsonl", "selection/first_weights/checkpoints/00000001.json"]


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("resume", [None, True, False])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [MINE, "{}", "[1]"])
def test_files_of_others_are_not_overwritten(tmp_path, class_folder, name, content, resume, refit):
    data = tfft.data.from_folder(class_folder)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    home = tmp_path / "mine"
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text(content)
    with pytest.raises(TfftError, match=rf"holds files that tfft did not write.*Got: '{name}'\. Choose another folder"):
        tfft.fit(model, data, tfft.plans.head_only(1), run_folder=home, resume=resume, refit=refit, progress=False)
    assert [path for path in home.rglob("*") if path.is_file()] == [home / name]
    assert (home / name).read_text() == content


@pytest.mark.parametrize("resume", [None, True, False])
@pytest.mark.parametrize("name", ["checkpoints", "selection", "selection/checkpoints", "selection/first_weights"])
def test_a_file_in_the_place_of_a_folder_of_a_run_is_of_others(tmp_path, name, resume):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(MINE)
    with pytest.raises(TfftError, match=rf"holds files that tfft did not write.*Got: '{name}'\. Choose another folder"):
        refuse_foreign(tmp_path, resume)


def test_a_link_to_nothing_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "checkpoints").symlink_to(tmp_path / "gone")
    with pytest.raises(TfftError, match=r"under names that a run uses\. Got: 'checkpoints'"):
        refuse_foreign(tmp_path, None)


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("resume", [None, True, False])
@pytest.mark.parametrize("another", ["yellows", "checkpoints", "selection"])
def test_a_folder_of_data_is_no_run_folder(class_folder, resume, refit, another):
    data = tfft.data.from_folder(class_folder)
    (class_folder / another).mkdir()
    there = sorted(class_folder.rglob("*"))
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    match = (
        r"is not a run folder.*'reds'"
        if resume
        else r"already holds other folders and no run.*'reds'.*new or empty folder"
    )
    with pytest.raises(TfftError, match=match):
        tfft.fit(
            model, data, tfft.plans.head_only(1), run_folder=class_folder, resume=resume, refit=refit, progress=False
        )
    assert sorted(class_folder.rglob("*")) == there


@pytest.mark.parametrize("resume", [None, True, False])
def test_the_folder_of_a_run_takes_another_run(finished, tmp_path, resume):
    home = shutil.copytree(finished, tmp_path / "run")
    (home / "plots").mkdir()
    (home / "report.html").write_text("of tfft fit")
    refuse_foreign(home, resume)
    refuse_foreign(home / SELECTION, resume)


@pytest.mark.parametrize("resume", [None, True, False])
@pytest.mark.parametrize("name", ["log.jsonl", "run.json", "checkpoints/*.json", "selection/run.json"])
@pytest.mark.parametrize("content", [b'{"ev', b"\0" * 99])
def test_a_damaged_file_of_a_run_does_not_make_its_folder_foreign(finished, tmp_path, name, content, resume):
    home = shutil.copytree(finished, tmp_path / "run")
    for path in home.glob(name):
        path.write_bytes(content)
    refuse_foreign(home, resume)


@pytest.mark.parametrize("name", ["run.json", "checkpoints/00000007.json", "selection/run.json"])
def test_a_file_of_others_beside_a_run_is_not_overwritten(finished, tmp_path, name):
    home = shutil.copytree(finished, tmp_path / "run")
    (home / name).write_text('{"mine": 1}')
    with pytest.raises(TfftError, match=rf"files that tfft did not write.*Got: '{name}'"):
        refuse_foreign(home, None)


@pytest.mark.parametrize("resume", [None, True, False])
def test_what_a_killed_run_leaves_is_its_own(tmp_path, finished, resume):
    """Empty files; a log alone; and the first training of a refit alone."""
    for name in ("run.json", "log.jsonl", "model.weights.h5"):
        (tmp_path / name).touch()
    refuse_foreign(tmp_path, resume)
    (tmp_path / "log.jsonl").write_text((finished / "log.jsonl").read_text()[:300])
    (tmp_path / "checkpoints" / ".00000004.json.vm-29257-w7jazgtp.partial").mkdir(parents=True)
    (tmp_path / "model.weights.h5").write_text("weights")
    refuse_foreign(tmp_path, resume)
    (tmp_path / "refit" / "plots").mkdir(parents=True)
    shutil.copytree(finished / SELECTION, tmp_path / "refit" / SELECTION)
    refuse_foreign(tmp_path / "refit", resume)


def test_a_new_folder_and_one_with_other_files_or_a_bundle_are_taken(tmp_path):
    refuse_foreign(tmp_path / "new", None)
    refuse_foreign(tmp_path, None)
    (tmp_path / "notes.txt").write_text(MINE)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "flowers.tfft").mkdir()
    (tmp_path / "flowers.tfft" / "manifest.json").write_text("{}")
    refuse_foreign(tmp_path, None)
    with pytest.raises(TfftError, match="is not a run folder"):
        refuse_foreign(tmp_path, resume=True)


def test_a_search_is_called_a_search(tmp_path):
    (tmp_path / "search.json").write_text("{}")
    (tmp_path / "report.html").write_text("of the search")
    with pytest.raises(TfftError, match="is the folder of a search"):
        refuse_foreign(tmp_path, None)
