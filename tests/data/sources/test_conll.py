"""CoNLL files become texts with the places of their words, and a tag for each word."""

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError, DataWarning
from tfft.core.specs import Text

SENTENCES = [
    "".join(f"{word}\t{tag}\n" for word, tag in (("Ann", "B-per"), (f"met{i}", "O"), ("Bo", "B-per"), (".", "O")))
    for i in range(12)
]


def written(folder, name="train.conll", sentences=SENTENCES):
    path = folder / name
    path.write_text("\n".join(sentences), encoding="utf-8")
    return path


def test_every_word_has_its_place_and_its_tag(tmp_path):
    data = tfft.data.from_conll(written(tmp_path), holdout=(0.25, 0.25), seed=0)
    assert data.labels.to_dict() == {"names": ["per"], "kind": "tags", "mean": [], "scale": []}
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 3, 3)
    text = data.train.inputs[0]
    assert isinstance(text, Text)
    assert [text.first[begin:end] for begin, end in text.words][::2] == ["Ann", "Bo"]
    assert data.train.targets[0].tolist() == [1, 0, 1, 0]
    assert data.train.counts() == {"per": 12}
    assert "1 entity type" in data.describe()
    assert data.source == f"tfft.data.from_conll({str(tmp_path / 'train.conll')!r}, holdout=(0.25, 0.25))"
    assert len(data.everything()) == 12


def test_the_tags_belong_to_the_content_of_the_data(tmp_path):
    first = tfft.data.from_conll(written(tmp_path)).train.fingerprint()
    assert tfft.data.from_conll(written(tmp_path)).train.fingerprint() == first
    other = [sentence.replace("Bo\tB-per", "Bo\tO") for sentence in SENTENCES]
    assert tfft.data.from_conll(written(tmp_path, sentences=other)).train.fingerprint() != first


def test_a_type_that_training_does_not_have_is_named(tmp_path):
    paths = {
        "train": written(tmp_path),
        "test": written(tmp_path, "test.conll", [SENTENCES[0].replace("Bo\tB-per", "Bo\tB-dog")]),
    }
    with pytest.raises(DataError, match=r"test part has tags that training does not have: 'B-dog'.*'per'"):
        tfft.data.from_conll(paths)


def test_malformed_tags_are_named_with_their_lines(tmp_path):
    wrong = [SENTENCES[0], "Paris\tO\nRome\tI-per\n", *SENTENCES[1:]]
    with pytest.warns(
        DataWarning, match=r"1 tag of .*train.conll' does not fit the tags around: \"line 7: 'Rome' I-per\""
    ) as caught:
        data = tfft.data.from_conll(written(tmp_path, sentences=wrong))
    assert sum(data.everything().counts().values()) == 25
    assert caught[0].filename == __file__, "the line of the user"


def test_data_without_any_entity_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"No text of the training part has an entity. Got: 5 texts"):
        tfft.data.from_conll(written(tmp_path, sentences=["a\tO\n"] * 5))


def test_han_characters_are_joined_without_spaces(tmp_path):
    lines = [f"我\tO\n在\tO\n北\tB-loc\n京\tI-loc\n{chr(0x4E00 + i)}\tO\n" for i in range(12)]
    data = tfft.data.from_conll(written(tmp_path, sentences=lines))
    assert data.train.inputs[0].first.startswith("我在北京")
    assert np.array_equal(data.train.targets[0], [0, 0, 1, 2, 0])


def test_other_arguments_are_refused():
    with pytest.raises(DataError, match=r"takes the path of a file.*from_conll\("):
        tfft.data.from_conll([1, 2])
