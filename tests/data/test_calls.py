"""The call that read the data, as text, reads the same data again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.data.calls import as_lines


def test_a_folder_is_read_again_by_what_its_splits_say(class_folder):
    for options in ({}, {"seed": 5}, {"holdout": (0.2, 0.25), "on_corrupt": "skip"}):
        data = tfft.data.from_folder(class_folder, **options)
        again = eval(data.source, {"tfft": tfft})
        assert again.train.digests == data.train.digests
        assert again.source == data.source
    assert tfft.data.from_folder(class_folder).source == f"tfft.data.from_folder({str(class_folder)!r})"


def test_a_table_and_several_of_them(class_folder, tmp_path):
    paths = [str(path) for path in sorted(class_folder.rglob("*.png"))]
    frame = pd.DataFrame({"file": paths, "kind": [Path(path).parent.name for path in paths]})
    frame.to_csv(tmp_path / "all.csv", index=False)
    data = tfft.data.from_csv({"train": tmp_path / "all.csv"}, "kind", holdout=(0.2, 0.2), image_column="file")
    assert "image_column='file'" in data.source
    assert eval(data.source, {"tfft": tfft}).train.digests == data.train.digests


@pytest.mark.parametrize("kind", ["arrays", "frame"])
def test_what_has_no_short_text_stands_there_by_its_name(kind, toy_arrays):
    images, targets = toy_arrays
    if kind == "arrays":
        assert (
            tfft.data.from_arrays(images, targets, seed=2).source
            == "tfft.data.from_arrays(images, targets=targets, seed=2)"
        )
    else:
        frame = pd.DataFrame({"path": list(images), "label": np.array(["a", "b", "c"])[targets]})
        assert tfft.data.from_dataframe(frame).source == "tfft.data.from_dataframe(frame)"


def test_lines_import_what_they_use_and_ask_for_what_they_cannot_show():
    assert as_lines("tfft.data.from_folder('a')") == "import tfft\n\ndata = tfft.data.from_folder('a')\n"
    assert as_lines("...") == "import tfft\n\ndata = ...\n"
    shown = as_lines("tfft.data.from_arrays(images, targets=targets, seed=2)")
    assert "# first define images and targets, as in the program of this run\ndata = " in shown
    names = {}
    exec(as_lines("tfft.demo.images.digits(seed=0)"), names)
    assert names["data"].describe() == "200 train, 100 validation, 1497 test; 10 classes"
