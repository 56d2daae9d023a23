"""The call that read the data, as text, reads the same data again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tfft


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
