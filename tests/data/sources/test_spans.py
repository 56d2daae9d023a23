"""Entities as places in characters become tags of words, and entities that cannot be used are named."""

import json

import pandas as pd
import pytest

import tfft
from tfft.core.errors import DataError, DataWarning

ROWS = [
    {"text": f"Ann{i} met Bo in New York.", "entities": [[0, 4 + (i > 9), "per"], [9 + (i > 9), 11 + (i > 9), "per"]]}
    for i in range(12)
]


def written(folder, rows, name="a.jsonl"):
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_json_lines_and_frames_give_the_same_tags(tmp_path):
    rows = [
        {**row, "entities": [dict(zip(("start", "end", "label"), e, strict=True)) for e in row["entities"]]}
        for row in ROWS
    ]
    found = tfft.data.from_spans(written(tmp_path, rows), seed=1)
    frame = tfft.data.from_spans(pd.DataFrame(ROWS), seed=1)
    assert found.train.fingerprint() == frame.train.fingerprint()
    assert found.labels.names == ("per",)
    assert found.train.targets[0].tolist() == [1, 0, 1, 0, 0, 0, 0]
    assert found.train.counts() == {"per": 2 * len(found.train)}
    assert found.source == f"tfft.data.from_spans({str(tmp_path / 'a.jsonl')!r}, seed=1)"


def test_an_entity_of_several_words_begins_once():
    rows = [{"text": f"in New York {i}", "entities": [(3, 11, "loc")]} for i in range(10)]
    assert tfft.data.from_spans(pd.DataFrame(rows)).train.targets[0].tolist() == [0, 1, 2, 0]


def test_han_characters_are_words():
    rows = [{"text": f"我在北京{i}", "entities": [(2, 4, "loc")]} for i in range(10)]
    assert tfft.data.from_spans(pd.DataFrame(rows)).train.targets[0].tolist() == [0, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("entities", "fault"),
    [
        ([[0, 99, "per"]], r"per from 0 to 99 lies outside of a text of 24 characters"),
        ([[3, 3, "per"]], r"per from 3 to 3 lies outside"),
        ([[-2, 3, "per"]], r"lies outside"),
        ([[0, 4, ""]], r"has no label"),
        ([[0, 4]], r"has no start, end and label"),
        ([{"start": 0, "label": "per"}], r"no whole numbers"),
        ([[0, True, "per"]], r"no whole numbers"),
        ([[0, 4, "per"], [0, 8, "per"]], r"'Ann0 met' \(per\) shares a word with 'Ann0' \(per\).*must not overlap"),
        ([[4, 5, "per"]], r"holds no word"),
        ([{"start": 0, "end": 4, "label": "per", "text": "Anne"}], r"is said to be 'Anne', but its place holds 'Ann0'"),
        (None, r"the entities are None, not a list"),
        ("per", r"the entities are 'per', not a list"),
    ],
)
def test_entities_that_cannot_be_used_are_named_with_their_line(tmp_path, entities, fault):
    rows = [ROWS[1], {"text": "Ann0 met Bo in New York.", "entities": entities}, *ROWS[2:]]
    with pytest.raises(
        DataError, match=rf"1 entity of the train part cannot be used.*line 2: .*{fault}.*(from 0|keep the longer)"
    ):
        tfft.data.from_spans(written(tmp_path, rows))


def test_entities_inside_of_a_word_cover_it_and_are_named():
    rows = [{"text": f"Annika{i} sleeps", "entities": [(0, 3, "per")]} for i in range(10)]
    with pytest.warns(
        DataWarning, match=r"10 entities begin or end inside of a word, and cover the whole word: \"row 0: 'Ann'"
    ) as caught:
        data = tfft.data.from_spans(pd.DataFrame(rows))
    assert data.train.targets[0].tolist() == [1, 0]
    assert caught[0].filename == __file__, "the line of the user"


def test_a_missing_column_or_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no column 'entities'.*columns 'text', 'spans'.*spans_column="):
        tfft.data.from_spans(pd.DataFrame({"text": ["a"], "spans": [[]]}))
    with pytest.raises(DataError, match=r"cannot be read.*Check the path"):
        tfft.data.from_spans(tmp_path / "nowhere.jsonl")
    with pytest.raises(DataError, match=r"takes the path of a JSON lines file, or a DataFrame"):
        tfft.data.from_spans(3)
    with pytest.raises(DataError, match="No text of the training part has an entity"):
        tfft.data.from_spans(pd.DataFrame({"text": ["a", "b"], "entities": [[], []]}))


def test_a_text_that_is_none_is_named():
    rows = [*ROWS, {"text": None, "entities": []}]
    with pytest.raises(DataError, match=r"row 12: the text is (None|nan)"):
        tfft.data.from_spans(pd.DataFrame(rows))
