"""Arguments of predict that are not images are refused with what to pass in their place; images are read in their order."""

import os

import numpy as np
import pytest
from PIL import Image

from tests.png_files import rgb_png
from tfft.bundles import image_reading
from tfft.core.errors import DataError
from tfft.inputs.image import ImagePreprocessor


def test_paths_are_told_from_texts():
    image_reading.check([("input 0", np.zeros((8, 8), np.uint8)), ("a", b"bytes")])
    with pytest.raises(DataError, match=r"reads images.*Got: 'not a path'"):
        image_reading.check([("not a path", "not a path")])
    for path in ("no such file.jpg", f"no such folder{os.sep}photo", "photo"):
        with pytest.raises(DataError, match="cannot be read as an image: no such file"):
            image_reading.check([(path, path)])


@pytest.mark.parametrize("channels", [2, 5, 12, 16])
def test_one_image_of_many_channels_is_not_taken_for_grey_images(channels):
    array = np.zeros((32, 32, channels), np.uint8)
    with pytest.raises(
        DataError, match=rf"one image of {channels} channels, or 32 grey.*image\[\.\.\., :3\].*\[\.\.\., None\]"
    ):
        list(image_reading.split(array, None))
    assert len(list(image_reading.split(array[..., None], None))) == 32


@pytest.mark.parametrize("shape", [(50, 8, 8), (5, 28, 28), (5, 20, 17), (2, 100, 200)])
def test_grey_images_stay_grey_images(shape):
    assert len(list(image_reading.split(np.zeros(shape, np.uint8), None))) == shape[0]


def test_texts_and_tables_for_a_model_of_images_are_told_so(tmp_path):
    for name in ("a.txt", "b.csv"):
        (tmp_path / name).write_text("film,label")
        with pytest.raises(
            DataError, match=rf"reads images, and '.*{name}' is a file of texts or a table.*Texts need a"
        ):
            image_reading.check([(name, str(tmp_path / name))])
    Image.new("L", (8, 8)).save(tmp_path / "image.txt", "PNG")
    image_reading.check([("image", str(tmp_path / "image.txt"))])
    with pytest.raises(DataError, match=r"no such file\..*Texts need a model that was trained on texts"):
        image_reading.check([("word", "word")])
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a film")
    with pytest.raises(
        DataError, match=r"no image below .*Got: 1 \.txt.*Texts need a model that was trained on texts\."
    ):
        list(image_reading.split(str(tmp_path / "texts"), None))


def test_images_come_in_batches_in_their_order_and_each_is_read_once():
    read = []

    def preprocessor(item):
        read.append(int(item[0, 0, 0]))
        return item

    items = [(str(index), np.full((1, 1, 3), index, np.uint8)) for index in range(6)]
    batches = image_reading.read_batches(preprocessor, items, 2)
    chosen, found = next(batches)
    assert [name for name, _ in chosen] == ["0", "1"]
    assert [int(each.rows[0][0, 0, 0]) for each in found] == [0, 1]
    assert len(list(batches)) == 2
    assert sorted(read) == list(range(6))


def test_the_error_of_an_image_names_it():
    def preprocessor(item):
        raise DataError("It cannot be read.", "b'?'", "Repair it.")

    ((_, (read,)),) = image_reading.read_batches(preprocessor, [("input 7", b"?")], 4)
    assert read.rows is None
    assert str(read.error).startswith("input 7: It cannot be read.")


def test_a_png_without_all_of_its_rows_has_no_answer():
    items = [("whole", rgb_png(6)), ("short", rgb_png(4))]
    ((_, found),) = image_reading.read_batches(ImagePreprocessor(8, 8), items, 2)
    assert found[0].error is None
    assert "short: The image cannot be decoded: its rows are not complete" in str(found[1].error)
