"""Arguments of predict that are not texts are refused with what to pass in their place; unreadable texts do not stop others."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tfft
from tfft.bundles import text_reading
from tfft.core.errors import DataError, DataWarning
from tfft.core.specs import Text

HALF = "half a character: \ud83d"


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    model = tfft.build("toy_text", tfft.tasks.classification(["good", "bad"]))
    return tfft.load(tfft.export(model, tmp_path_factory.mktemp("bundle") / "toy.tfft"))


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
        list(text_reading.split(given))


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
        assert len(list(text_reading.split([text]))) == 1


@pytest.mark.parametrize("given", ["{}/reviews", "{}/reviews/", ["a text", "{}/reviews"], np.array(["{}/reviews"])])
def test_the_path_of_a_folder_is_not_a_text(tmp_path, given):
    (tmp_path / "reviews").mkdir()
    filled = given.format(tmp_path) if isinstance(given, str) else [each.format(tmp_path) for each in given]
    with pytest.raises(DataError, match=r"reads texts, and input [01] is the path of a folder.*reviews/?'.*read_text"):
        list(text_reading.split(filled))


def test_the_name_of_a_folder_alone_and_paths_of_missing_files_are_doubted_as_texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews").mkdir()
    with pytest.warns(DataWarning, match=r"1 text is the name of a folder: 'reviews'\. The model reads only the names"):
        assert len(list(text_reading.split("reviews"))) == 1
    with pytest.warns(DataWarning, match=r"1 text is the name of a file that does not exist: 'new/a.txt'\. The model"):
        assert len(list(text_reading.split(["new/a.txt"]))) == 1
    with pytest.warns(DataWarning, match=r"2 texts are names of files that do not exist: 'new/a.txt', 'new/b.txt'"):
        assert len(list(text_reading.split(["new/a.txt", "new/b.txt"]))) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for each in (["reviews", "a text"], ["new/a.txt", "a text"], ["look at new/a.txt"], "and/or"):
            list(text_reading.split(each))


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_unreadable_texts_are_skipped_with_answers_in_their_places(answering, batch_size):
    given = [HALF, "a good film", None, "a bad one", float("nan")]
    with pytest.warns(DataWarning, match=r"3 of 5 texts cannot be read"):
        found = answering.predict(given, batch_size=batch_size, on_corrupt="skip")
    assert [each.answer is None for each in found] == [True, False, True, False, True]
    assert "Input 0 holds half of a character" in found[0].problem
    assert "Input 2 is not a text" in found[2].problem
    assert "Input 4 is not a text" in found[4].problem
    for good in (found[1], found[3]):
        (alone,) = answering.predict([given[found.index(good)]])
        assert list(good.scores.values()) == pytest.approx(list(alone.scores.values()), abs=1e-6)


def test_an_unreadable_text_among_others_says_how_to_skip_it(answering):
    with pytest.raises(DataError, match=r'Input 1 is not a text.*pass on_corrupt="skip" to answer the other inputs'):
        answering.predict(["a film", None])
    with pytest.raises(DataError, match="half of a character") as caught:
        answering.predict(HALF)
    assert "on_corrupt" not in str(caught.value)


def test_texts_that_do_not_fit_together_are_refused_even_when_unreadable_ones_are_skipped(answering):
    with pytest.raises(DataError, match="Some examples are pairs"):
        answering.predict(["a film", ("who?", "me")], on_corrupt="skip")


def test_a_question_that_loses_its_end_is_named():
    preprocessor = tfft.load_backbone("toy_text", length=32).preprocessor.answering("places", 4)
    items = [("a", Text("Who?", "Ann sleeps.")), ("b", Text("Who sleeps there? " * 9, "Ann sleeps. " * 20))]
    ((_, found),) = text_reading.read_batches(preprocessor, items, 2)
    assert found[0].warning == ""
    assert "The question of input 1 takes more than half of a row" in found[1].warning
    named = [("b", Text("Who sleeps there? " * 9, "Ann sleeps. " * 20, name="q17"))]
    ((_, found),) = text_reading.read_batches(preprocessor, named, 2)
    assert "The question of input 'q17' takes more than half of a row" in found[0].warning


def test_an_empty_question_or_context_has_no_answer():
    preprocessor = tfft.load_backbone("toy_text").preprocessor.answering("places", 4)
    items = [("a", Text("Who?", "Ann sleeps.")), ("b", Text("Who?", " ")), ("c", Text("", "Ann"))]
    ((_, found),) = text_reading.read_batches(preprocessor, items, 3)
    assert found[0].error is None
    assert "The context of input 1 is empty" in str(found[1].error)
    assert "The question of input 2 is empty" in str(found[2].error)


def test_a_context_in_the_place_of_the_question_is_doubted():
    preprocessor = tfft.load_backbone("toy_text").preprocessor.answering("places", 4)
    ((_, found),) = text_reading.read_batches(preprocessor, [("a", Text("Ann sleeps in Rome.", "Who sleeps?"))], 1)
    assert "The context of input 0 is shorter than its question. Pass (question, context)" in found[0].warning
