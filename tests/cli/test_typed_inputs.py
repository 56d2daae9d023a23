"""What is typed for `tfft predict` becomes paths or texts; ``test_sources.py`` reads files with it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import tfft
from tfft.cli.typed_inputs import given_inputs
from tfft.core.errors import DataError
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
    assert given_inputs(SimpleNamespace(preprocessor=SimpleNamespace(noun="image")), ["a.png", ""]) == [
        Path("a.png"),
        Path(),
    ]


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
