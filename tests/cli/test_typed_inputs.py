"""What is typed for `tfft predict` becomes paths or texts; ``test_sources.py`` reads files with it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import tfft
from tfft.cli.typed_inputs import given_inputs
from tfft.core.errors import DataError, DataWarning
from tfft.core.specs import Text


@pytest.fixture(scope="module")
def reader():
    model = tfft.build("toy_text", tfft.tasks.classification(["a", "b"]))
    return SimpleNamespace(preprocessor=model.preprocessor, seen=None)


@pytest.mark.parametrize("empty", ["", "  ", "\t"])
def test_an_empty_text_is_named_by_its_position(reader, empty):
    with pytest.raises(DataError, match=r"^Text 2 is empty\. Pass at least one word"):
        given_inputs(reader, ["a film", empty])


def test_for_images_everything_is_a_path():
    assert given_inputs(of_images(tfft.tasks.classification(["a", "b"])), ["a.png", ""]) == [Path("a.png"), Path()]


def of_images(task):
    return SimpleNamespace(preprocessor=SimpleNamespace(noun="image"), task=task)


def test_of_a_folder_of_images_and_masks_a_model_of_masks_reads_the_images(tmp_path):
    for name in ("images/1.png", "masks/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    segmenter = of_images(tfft.tasks.segmentation(["a", "b"]))
    with pytest.warns(DataWarning, match=r"holds masks as well\. Only its images are read: '.*images'"):
        assert given_inputs(segmenter, [str(tmp_path)]) == [tmp_path / "images"]
    classifier = of_images(tfft.tasks.classification(["a", "b"]))
    assert given_inputs(classifier, [str(tmp_path)]) == [tmp_path]
    assert given_inputs(segmenter, [str(tmp_path / "masks")]) == [tmp_path / "masks"]
    (tmp_path / "other" / "images").mkdir(parents=True)
    (tmp_path / "other" / "masks").mkdir()
    with pytest.raises(DataError, match=r"holds images and masks: Beside .*Pass the folders of images"):
        given_inputs(segmenter, [str(tmp_path)])


def test_a_file_of_questions_is_read_by_a_model_of_pairs(tmp_path, reader):
    path = tmp_path / "asked.json"
    asked = [{"id": "q1", "question": "Who?"}, {"id": "q2", "question": "Where?", "answers": []}]
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Ann sleeps.", "qas": asked}]}]}))
    pairs = SimpleNamespace(preprocessor=reader.preprocessor, seen=SimpleNamespace(texts=2))
    found = given_inputs(pairs, [str(path), "Who?\tBo sings."])
    assert [text.name for text in found[:2]] == ["q1", "q2"]
    assert found[0] == Text("Who?", "Ann sleeps.")
    assert found[2] == ("Who?", "Bo sings.")
    with pytest.raises(DataError, match=r"is a file or folder, and the model reads texts"):
        given_inputs(reader, [str(path)])
    path.write_text(path.read_text().replace('"Who?"', '""'))
    with pytest.raises(DataError, match=r"1 question of .* cannot be used.*q1: the question is ''"):
        given_inputs(pairs, [str(path)])


def test_of_a_folder_for_a_model_of_texts_other_files_are_named(tmp_path, reader):
    for name in ("1.txt", "readme.txt", "notes.doc", "data.csv"):
        (tmp_path / name).write_text("a film")
    with pytest.warns(DataWarning, match=r"2 files below .* left out: 1 \.csv, 1 \.doc"):
        found = given_inputs(reader, [str(tmp_path)])
    assert [(text.name, text.first) for text in found] == [(str(tmp_path / "1.txt"), "a film")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"There is no \.txt file below .*an empty folder"):
        given_inputs(reader, [str(tmp_path / "empty")])
    pairs = SimpleNamespace(preprocessor=reader.preprocessor, seen=SimpleNamespace(texts=2))
    with pytest.raises(DataError, match="is a file or folder, and the model reads texts"):
        given_inputs(pairs, [str(tmp_path)])
