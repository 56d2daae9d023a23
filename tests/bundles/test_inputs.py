"""What is handed to predict and is not an image or a text is refused with what to pass in its place."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

import tfft
from tfft.bundles.inputs import check_paths, images, texts
from tfft.core.errors import DataError, DataWarning


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (np.zeros((2, 8, 8, 3), np.uint8), "an image.*an ndarray"),
        (np.zeros((8, 8), np.uint8).tobytes(), "an image.*a bytes"),
        ([Image.new("L", (8, 8))], "an image.*an Image"),
        (Path("photo.jpg"), r"a path.*a \w*Path"),
        ([Path("photo.jpg")], r"a path.*a \w*Path"),
    ],
    ids=["arrays", "bytes", "Pillow image", "path", "paths"],
)
def test_images_for_a_model_of_texts_are_told_so(given, kind):
    with pytest.raises(
        DataError, match=f"reads texts, and input 0 is {kind}.*Images need a model that was trained on images"
    ):
        list(texts(given))


def test_paths_are_told_from_texts():
    check_paths([("input 0", np.zeros((8, 8), np.uint8)), ("a", b"bytes")])
    with pytest.raises(DataError, match=r"reads images.*Got: 'not a path'"):
        check_paths([("not a path", "not a path")])
    for path in ("no such file.jpg", f"no such folder{os.sep}photo", "photo"):
        with pytest.raises(DataError, match="cannot be read as an image: no such file"):
            check_paths([(path, path)])


@pytest.mark.parametrize("channels", [2, 5, 12, 16])
def test_one_image_of_many_channels_is_not_taken_for_grey_images(channels):
    array = np.zeros((32, 32, channels), np.uint8)
    with pytest.raises(
        DataError, match=rf"one image of {channels} channels, or 32 grey.*image\[\.\.\., :3\].*\[\.\.\., None\]"
    ):
        list(images(array, None))
    assert len(list(images(array[..., None], None))) == 32


@pytest.mark.parametrize("shape", [(50, 8, 8), (5, 28, 28), (5, 20, 17), (2, 100, 200)])
def test_grey_images_stay_grey_images(shape):
    assert len(list(images(np.zeros(shape, np.uint8), None))) == shape[0]


def test_data_with_labels_is_refused_with_both_calls():
    data = tfft.data.from_arrays(np.random.default_rng(0).integers(0, 255, (20, 9, 9, 3), np.uint8), [0, 1] * 10)
    for read in (texts, lambda given: images(given, None)):
        with pytest.raises(DataError, match=r"one part.*examples\.inputs.*tfft\.evaluate\(model, examples\)"):
            list(read(data.test))
        with pytest.raises(DataError, match=r"all parts.*data\.test\.inputs.*tfft\.evaluate\(model, data\.test\)"):
            list(read(data))


def test_tensors_are_refused():
    tensor = tf.zeros((2, 8, 8, 3), tf.uint8)
    for given in (tensor, [tensor[0]]):
        with pytest.raises(DataError, match=r"not tensors.*EagerTensor.*tensor\.numpy\(\)"):
            list(images(given, None))
    with pytest.raises(DataError, match="not tensors"):
        list(texts(tf.constant(["a text"])))


@pytest.mark.parametrize("name", ["y.csv", "notes.TXT", "1.jpg"])
def test_names_of_files_are_doubted_as_texts(tmp_path, name):
    path = tmp_path / name
    path.write_text("text,label\n")
    predictor = tfft.load(
        tfft.export(tfft.build("toy_text", tfft.tasks.classification(["up", "down"])), tmp_path / "m.tfft")
    )
    for given in (str(path), [str(path), "a text"], pd.Series(["a text", str(path)])):
        with pytest.warns(DataWarning, match=rf"1 text is the name of a file.*{name}'.*Pass the texts") as caught:
            predictor.predict(given)
        assert caught[0].filename == __file__


@pytest.mark.parametrize("text", ["see y.csv", "folder.txt", "x" * 5000 + ".txt", "a\0b.txt", ".txt", ""])
def test_ordinary_texts_are_not_doubted(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.txt").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(texts([text]))) == 1


@pytest.mark.parametrize("given", ["{}/reviews", "{}/reviews/", ["a text", "{}/reviews"], np.array(["{}/reviews"])])
def test_the_path_of_a_folder_is_not_a_text(tmp_path, given):
    (tmp_path / "reviews").mkdir()
    filled = given.format(tmp_path) if isinstance(given, str) else [each.format(tmp_path) for each in given]
    with pytest.raises(DataError, match=r"reads texts, and input [01] is the path of a folder.*reviews/?'.*read_text"):
        list(texts(filled))


def test_the_name_of_a_folder_alone_and_paths_of_missing_files_are_doubted_as_texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews").mkdir()
    with pytest.warns(DataWarning, match=r"1 text is the name of a folder: 'reviews'\. The model reads only the names"):
        assert len(list(texts("reviews"))) == 1
    with pytest.warns(DataWarning, match=r"1 text is the name of a file that does not exist: 'new/a.txt'\. The model"):
        assert len(list(texts(["new/a.txt"]))) == 1
    with pytest.warns(DataWarning, match=r"2 texts are names of files that do not exist: 'new/a.txt', 'new/b.txt'"):
        assert len(list(texts(["new/a.txt", "new/b.txt"]))) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for each in (["reviews", "a text"], ["new/a.txt", "a text"], ["look at new/a.txt"], "and/or"):
            list(texts(each))


def test_texts_and_tables_for_a_model_of_images_are_told_so(tmp_path):
    for name in ("a.txt", "b.csv"):
        (tmp_path / name).write_text("film,label")
        with pytest.raises(
            DataError, match=rf"reads images, and '.*{name}' is a file of texts or a table.*Texts need a"
        ):
            check_paths([(name, str(tmp_path / name))])
    Image.new("L", (8, 8)).save(tmp_path / "image.txt", "PNG")
    check_paths([("image", str(tmp_path / "image.txt"))])
    with pytest.raises(DataError, match=r"no such file\..*Texts need a model that was trained on texts"):
        check_paths([("word", "word")])
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a film")
    with pytest.raises(
        DataError, match=r"no image below .*Got: 1 \.txt.*Texts need a model that was trained on texts\."
    ):
        list(images(str(tmp_path / "texts"), None))
