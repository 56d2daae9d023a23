"""A run overwrites only files of runs, and does not write into a folder of data."""

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


@pytest.mark.parametrize("resume", [None, True, False])
@pytest.mark.parametrize(
    "name", ["run.json", "log.jsonl", "model.weights.h5", "report.html", "checkpoints/00000007.json"]
)
@pytest.mark.parametrize("content", [MINE, "{}", "[1]"])
def test_files_of_others_are_not_overwritten(tmp_path, class_folder, name, content, resume):
    data = tfft.data.from_folder(class_folder)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    home = tmp_path / "mine"
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text(content)
    with pytest.raises(TfftError, match=rf"holds files that tfft did not write.*Got: '{name}'\. Choose another folder"):
        tfft.fit(model, data, tfft.plans.head_only(1), run_folder=home, resume=resume, progress=False)
    assert [path for path in home.rglob("*") if path.is_file()] == [home / name]
    assert (home / name).read_text() == content


@pytest.mark.parametrize("resume", [None, False])
def test_a_folder_of_data_is_no_run_folder(class_folder, resume):
    data = tfft.data.from_folder(class_folder)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    with pytest.raises(TfftError, match=r"holds folders of something else than a run.*'reds'.*new or empty folder"):
        tfft.fit(model, data, tfft.plans.head_only(1), run_folder=class_folder, resume=resume, progress=False)
    assert sorted(path.name for path in class_folder.iterdir()) == ["blues", "greens", "reds"]


def test_the_folder_of_a_run_takes_another_run(finished):
    for resume in (None, True, False):
        refuse_foreign(finished, resume)
        refuse_foreign(finished / SELECTION, resume)
    (finished / "plots").mkdir()
    (finished / "report.html").write_text("of tfft fit")
    refuse_foreign(finished, None)


def test_what_a_killed_run_leaves_is_its_own(tmp_path, finished):
    """Empty files, a damaged checkpoint beside its arrays, and the first training of a refit alone."""
    for name in ("run.json", "log.jsonl", "model.weights.h5"):
        (tmp_path / name).touch()
    refuse_foreign(tmp_path, None)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "00000001.safetensors").touch()
    (tmp_path / "checkpoints" / "00000001.json").write_text("{")
    (tmp_path / "model.weights.h5").write_text("weights")
    refuse_foreign(tmp_path, None)
    (tmp_path / "other").mkdir()
    (finished / SELECTION).rename(tmp_path / "other" / SELECTION)
    (tmp_path / "other" / "plots").mkdir()
    refuse_foreign(tmp_path / "other", None)


def test_a_new_folder_an_empty_one_and_one_with_other_files_are_taken(tmp_path):
    refuse_foreign(tmp_path / "new", None)
    refuse_foreign(tmp_path, None)
    (tmp_path / "notes.txt").write_text(MINE)
    (tmp_path / ".hidden").mkdir()
    refuse_foreign(tmp_path, None)
