"""An input is used only while its content is the one that was inspected."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.core.specs import Text
from tfft.data.content_hash import opened, unchanged


def test_a_file_is_its_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert opened(str(tmp_path / "x")) == opened(b"abc") == opened(bytearray(b"abc"))
    assert len({opened(item)[1] for item in (b"abc", Text("abc"), Text("abc", ""), np.zeros(3), np.zeros((3, 1)))}) == 5


def test_a_file_that_was_written_over_is_named(class_folder):
    data = tfft.data.from_folder(class_folder)
    assert unchanged(data.train, 0) == Path(data.train.inputs[0]).read_bytes()
    Image.new("RGB", (9, 9)).save(data.train.inputs[0])
    with pytest.raises(DataError, match=r"/\d.png has changed since the data was read.*Read the data again"):
        unchanged(data.train, 0)


def test_a_missing_file_is_left_to_the_decoder(class_folder, tmp_path):
    data = tfft.data.from_folder(class_folder)
    path = data.train.inputs[0]
    (tmp_path / path).unlink()
    assert unchanged(data.train, 0) == path


def test_an_array_that_was_written_over_is_never_kept_under_its_old_content(toy_arrays, tmp_path):
    images, targets = toy_arrays
    images = images.copy()
    data = tfft.data.from_arrays(images, targets)
    images[:] = 255 - images
    model = tfft.build("toy", tfft.tasks.classification(data.labels), cache=tfft.data.Cache("disk", tmp_path))
    with pytest.raises(DataError, match=r"example \d+ has changed since the data was read"):
        tfft.fit(model, data, tfft.plans.head_only(1))
