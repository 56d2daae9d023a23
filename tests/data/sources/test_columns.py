"""Every cell in a text column is text, whatever it looks like, and no rows are lost between two quotation marks."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tfft.core.errors import DataError
from tfft.core.specs import Text
from tfft.data import from_csv, from_dataframe
from tfft.data.sources.columns import Columns

TEXTS = ["NA", "null", "007", "1.50", "", " two  spaces ", '"quoted" start', "comma, here", "好", "🎬", "tab", "True"]
FRAME = pd.DataFrame({"text": TEXTS, "label": ["a", "b"] * 6})
WRITERS = {
    "t.csv": lambda frame, path: frame.to_csv(path, index=False),
    "t.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "t.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, force_ascii=False),
    "t.parquet": lambda frame, path: frame.to_parquet(path),
}


def texts_of(splits):
    return sorted(item.first for item in splits.everything().inputs)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("given", [{}, {"text_column": "text"}])
def test_every_kind_of_table_gives_the_texts_as_they_are(tmp_path, name, given):
    WRITERS[name](FRAME, tmp_path / name)
    assert texts_of(from_csv(tmp_path / name, **given)) == sorted(TEXTS)


def test_two_columns_are_pairs(tmp_path):
    frame = FRAME.assign(answer=["yes"] * 12)
    data = from_dataframe(frame, text_column=["text", "answer"])
    assert all(item.second == "yes" for item in data.train.inputs)
    assert data.source == "tfft.data.from_dataframe(frame, text_column=['text', 'answer'])"


QUOTED = ['a\t"never closed', "b\tplain", 'a\there it is closed"', "b\tplain as well", "a\tanother", "b\tlast"]


def test_rows_that_begin_with_a_quotation_mark_are_all_read(tmp_path):
    """pandas reads on to the next such mark and silently drops the rows between: here 2 of 6."""
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(["label\ttext", *QUOTED]) + "\n")
    assert len(pd.read_csv(path, sep="\t")) == 4
    assert texts_of(from_csv(path, holdout=(0.34, 0))) == sorted(row.split("\t")[1] for row in QUOTED)


def test_a_quotation_that_never_ends_is_text_as_well(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(["label\ttext", *QUOTED, 'a\t"open']) + "\n")
    assert '"open' in texts_of(from_csv(path, holdout=(0.34, 0)))


def test_quoted_lines_stay_together(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text('label\ttext\n"a"\t"two\nlines"\n' + "".join(f"{'ab'[i % 2]}\ttext {i}\n" for i in range(8)))
    assert "two\nlines" in texts_of(from_csv(path))


def test_a_text_that_is_missing_is_named_by_its_row():
    frame = FRAME.assign(text=[None, *TEXTS[1:]])
    with pytest.raises(
        DataError, match=r"1 row has no 'text'\. Got: row 0, counted from 0\. Drop this row, or .* leave it out"
    ):
        from_dataframe(frame)


def test_what_is_no_text_is_refused():
    with pytest.raises(DataError, match=r"must hold text.*an int in row 0: '3'.*text_column="):
        from_dataframe(FRAME.assign(text=3))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"image_column": "path", "text_column": "text"},
            r"images or texts, not both.*'path' and text_column='text'",
        ),
        ({"text_column": ["a", "b", "c"]}, r"one column, or two for pairs.*\['a', 'b', 'c'\]"),
        ({"text_column": []}, r"one column, or two for pairs"),
        ({"text_column": ["text", "text"]}, r"one column, or two for pairs"),
        ({"text_column": "sentence"}, r"no column 'sentence'.*the columns 'text', 'label'"),
    ],
)
def test_invalid_choices_of_columns_are_refused(options, reason):
    with pytest.raises(DataError, match=reason):
        from_dataframe(FRAME, **options)


def test_a_table_without_image_or_text_column_is_refused_with_both_names():
    with pytest.raises(
        DataError, match=r"neither a column 'path' of images nor a column 'text' of texts.*image_column= or text"
    ):
        from_dataframe(FRAME.rename(columns={"text": "sentence"}))


def test_the_same_text_in_two_parts_is_named():
    frames = {"train": FRAME, "test": pd.concat([FRAME[7:8], pd.DataFrame({"text": ["new"], "label": ["a"]})])}
    with pytest.warns(match=r"1 input is in two parts.*comma, here \(train\) = comma, here \(test\)"):
        from_dataframe(frames, holdout=(0.2, 0))


def test_one_column_of_floats_is_a_quantity_of_texts():
    data = from_dataframe(FRAME.assign(label=np.linspace(0, 1, 12)))
    assert (data.labels.kind, data.labels.names) == ("real", ("label",))
    assert isinstance(data.train.inputs[0], Text)


def test_a_column_is_not_both_input_and_label():
    with pytest.raises(DataError, match=r"The column 'text' is named both for inputs and for labels"):
        from_dataframe(pd.DataFrame({"text": ["a", "b"]}), text_column="text", label_column="text")


def test_a_single_column_that_is_another_hints_at_the_separator():
    with pytest.raises(DataError, match=r"no column 'text'.*split at commas or semicolons, TSV at tabs"):
        from_dataframe(pd.DataFrame({"text|label": ["a|b"]}), text_column="text")
    with pytest.raises(
        DataError, match=r"no column 'label'.*TSV at tabs.*without labels can be predicted, but not measured"
    ):
        from_dataframe(pd.DataFrame({"text": ["a"]}), text_column="text")


def test_a_misspelt_column_of_such_a_table_is_suggested():
    entities = pd.DataFrame({"text": ["a"], "entities": [[]], "label": ["x"]})
    with pytest.raises(DataError, match=r"no column 'lable'.*Did you mean 'label'"):
        from_dataframe(entities, text_column="text", label_column="lable")


@pytest.mark.parametrize("label", ["label", "kind"])
def test_tables_of_other_tasks_say_what_reads_them(label):
    entities = pd.DataFrame({"text": ["Ann sleeps"], "entities": [[(0, 3, "person")]]})
    with pytest.raises(DataError, match=rf"no column '{label}'.*For entities as places in texts, use from_spans\(\)"):
        from_dataframe(entities, text_column="text", label_column=label)
    asked = pd.DataFrame({"id": ["1"], "question": ["Who?"], "context": ["Ann"], "answers": [[]]})
    with pytest.raises(DataError, match=r"no column 'path'.*For questions about texts, use from_squad\(\)"):
        from_dataframe(asked, label_column=label)


def _with_nulls(folder, name):
    rows = [{"text": f"text number {i}", "label": "ab"[i % 2]} for i in range(20)]
    rows[3]["text"] = None
    del rows[7]["text"]
    path = folder / name
    if name == "t.parquet":
        pd.DataFrame(rows).to_parquet(path)
    else:  # a blank line before the fifth row shifts the lines after it
        lines = [json.dumps(row) for row in rows]
        path.write_text("\n".join([*lines[:4], "", *lines[4:]]) + "\n")
    return path


NULLS = [("t.jsonl", "lines 4, 9 of '.*t.jsonl'"), ("t.parquet", "rows 3, 7, counted from 0")]


@pytest.mark.parametrize(("name", "places"), NULLS)
def test_rows_without_a_text_are_refused_with_their_lines(tmp_path, name, places):
    with pytest.raises(DataError, match=rf"2 rows have no 'text'\. Got: {places}\. Drop.*on_corrupt=\"skip\""):
        from_csv(_with_nulls(tmp_path, name))


@pytest.mark.parametrize(("name", "places"), [("t.jsonl", ["line 4", "line 9"]), ("t.parquet", ["row 3", "row 7"])])
def test_rows_without_a_text_are_skipped_and_listed_with_their_lines(tmp_path, name, places):
    data = from_csv(_with_nulls(tmp_path, name), on_corrupt="skip")
    assert len(data.everything()) == 18
    assert [each.partition(" of ")[0].partition(":")[0] for each in data.skipped] == places
    assert all(each.endswith("no 'text'") for each in data.skipped)
    assert "text number 3" not in texts_of(data)
    assert "text number 19" in texts_of(data)


def test_skipping_rows_keeps_labels_and_groups_beside_their_texts():
    frame = FRAME.assign(
        text=[None, *TEXTS[1:]], group=[f"g{i}" for i in range(12)], label=[f"c{i % 2}" for i in range(12)]
    )
    pool = Columns(group="group").pool(frame, Path(), "skip")
    assert [text.first for text in pool.inputs] == TEXTS[1:]
    assert (pool.targets[0], pool.groups[0], pool.skipped) == ("c1", "g1", ("row 0: no 'text'",))


@pytest.mark.parametrize("column", ["text", "label"])
def test_a_column_without_any_value_is_an_error_also_when_skipping(column):
    with pytest.raises(DataError, match=r"12 (rows have no 'text'|targets are missing)\. Got: rows 0, 1"):
        from_dataframe(FRAME.assign(**{column: None}), on_corrupt="skip")


def test_a_row_without_a_label_is_named_by_its_line(tmp_path):
    lines = [f'"text\nnumber {i}",{"" if i == 4 else "ab"[i % 2]}' for i in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    for on_corrupt in ("error", "skip"):
        with pytest.raises(DataError, match=r"1 target is missing\. Got: line 10 of '.*t\.csv'\. Drop or fill"):
            from_csv(tmp_path / "t.csv", on_corrupt=on_corrupt)


def test_a_cell_that_is_not_a_text_is_named_by_its_line(tmp_path):
    (tmp_path / "t.jsonl").write_text('\n{"text": "a", "label": "x"}\n\n{"text": 5, "label": "y"}\n')
    with pytest.raises(DataError, match=r"must hold text\. Got: an int in line 4 of '.*t\.jsonl': '5'"):
        from_csv(tmp_path / "t.jsonl")
