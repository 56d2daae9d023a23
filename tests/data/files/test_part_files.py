"""Files of a folder are named like parts, or are refused; folders beside them are classes."""

import pytest

from tfft.core.errors import DataError
from tfft.data.files.part_files import part_files


def is_text(path):
    return path.suffix == ".txt"


def test_files_are_found_by_their_parts(tmp_path):
    for name in ("dev.txt", "train.txt", "notes.md", ".test.txt"):
        (tmp_path / name).write_text("")
    assert part_files(tmp_path, is_text) == {"validation": tmp_path / "dev.txt", "train": tmp_path / "train.txt"}
    assert part_files(tmp_path / "dev.txt", is_text) == {"train": tmp_path / "dev.txt"}
    assert part_files(tmp_path / "notes.md", is_text) == {}
    (tmp_path / "cats").mkdir()
    assert part_files(tmp_path, is_text) == {}


@pytest.mark.parametrize("name", ["more.txt", "val.txt"])
def test_files_without_a_part_of_their_own_are_refused(tmp_path, name):
    for each in ("train.txt", "dev.txt", name):
        (tmp_path / each).write_text("")
    with pytest.raises(DataError, match=rf"do not name their parts\. Got: .*{name}.*Name them"):
        part_files(tmp_path, is_text)


def test_parts_of_another_form_are_named_and_not_left_out(tmp_path):
    for name in ("train.txt", "test.md", "evaluate.py", "notes.json"):
        (tmp_path / name).write_text("")
    assert list(part_files(tmp_path, is_text)) == ["train"]
    (tmp_path / "dev.json").write_text("")
    with pytest.raises(DataError, match=r"two forms .*'train.txt', and 'dev.json'.*pass one file"):
        part_files(tmp_path, is_text)
    assert part_files(tmp_path, lambda path: path.suffix == ".png") == {}
