"""Hostile tables, records and labels: too wide, too long, too deep, highly compressed, or ambiguous."""

import gzip
import json
import re
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tfft.core.errors import DataError
from tfft.data import from_arrays, from_csv, from_dataframe, from_tfrecord
from tfft.data.files.record_lengths import _checksum

TEXTS = [f"text number {row}" for row in range(20)]


def _sparse(path, begins, size):
    with path.open("wb") as file:
        file.write(begins)
        file.truncate(size)


def _wide_csv(path):
    path.write_text("text,label" + ",a" * 2_000_000 + "\n" + "x" + ",y" * 2_000_001 + "\n")


def _wide_row(path):
    path.write_text("text,label\nx" + ",y" * 2_000_001 + "\n")


def _one_line(path):
    _sparse(path, b"text,label\n", 2**30)


def _one_header(path):
    _sparse(path, b"", 2**30)


def _one_cell(path):
    path.write_text('text,label\n"' + ("x" * 1000 + "\n") * 40_000)


def _stray_marks(path):
    rows = [f"{text},{'ab'[row % 2]}" for row, text in enumerate(TEXTS * 100)]
    rows[100], rows[751] = '"Great film,a', 'he said "wow" to us,b'
    path.write_text("\n".join(["text,label", *rows]))


def _extra_tab(path):
    rows = [f"{text}\t{'ab'[row % 2]}" for row, text in enumerate(TEXTS * 100)]
    rows[100], rows[751], rows[900] = '"Great film\ta', 'he said "wow" to us\tb', "one\tmore\ta"
    path.write_text("\n".join(["text\tlabel", *rows]))


def _two_names(path):
    path.write_text("text,label, label\na,b,c\nd,e,f\n")


def _deep_line(path):
    path.write_text('{"text": "a", "label": ' + "[" * 100_000 + "]" * 100_000 + "}\n")


def _deep_objects(path):
    path.write_text('{"text": "a", "label": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}\n")


def _unclosed_line(path):
    path.write_text('{"text": "a", "label": ' + "[" * 100_000 + "\n")


def _many_keys(path):
    path.write_text("{" + ",".join(f'"{key}":0' for key in range(500_000)) + "}\n")


def _many_keys_one_twice(path):
    path.write_text("{" + ",".join(f'"{key}":0' for key in range(500_000)) + ',"499999":0}\n')


def _changing_keys(path):
    path.write_text("".join(json.dumps({f"{row}-{key}": 0 for key in range(100)}) + "\n" for row in range(1000)))


def _long_line(path):
    _sparse(path, b'{"text": "', 2**30)


def _half_emoji(path):
    path.write_text('{"text": "half \\ud83d", "label": "a"}\n{"text": "b", "label": "b"}\n')


def _two_keys(path):
    path.write_text('{"text": "a", "label": "a", "label": "b"}\n')


def _huge_number(path):
    path.write_text('{"text": "a", "label": ' + "9" * 1_000_000 + "}\n")


def _dictionary_bomb(path):
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000, np.int32)), pa.array(["x" * 1_000_000]))
    labels = pa.array(["a", "b"] * 2_500)
    pq.write_table(pa.table({"text": texts, "label": labels}), path)


def _list_bomb(path):
    tags = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000, np.int32)), pa.array(["x" * 1_000_000]))
    column = pa.ListArray.from_arrays(pa.array(np.linspace(0, 5_000, 11).astype(np.int32)), tags)
    pq.write_table(pa.table({"text": TEXTS[:10], "label": column}), path)


def _repeated_rows(path):
    zeros = pa.array(np.zeros(40_000_000, np.int8))
    pq.write_table(pa.table({"text": pa.DictionaryArray.from_arrays(zeros, pa.array(["x"])), "label": zeros}), path)


def _wide_parquet(path):
    pq.write_table(pa.table({f"c{column}": [0] for column in range(12_000)}), path)


REFUSED = [
    (_wide_csv, "t.csv", "2,000,002 columns are more than the limit"),
    (_wide_row, "t.csv", "Line 2 of .* has 2,000,002 cells, but the header has 2"),
    (_one_line, "t.csv", "A line of .* bytes are more than the limit"),
    (_one_header, "t.tsv", "A line of .* bytes are more than the limit"),
    (_one_cell, "t.csv", "Line 2 of .* begins a row that cannot be read"),
    (_stray_marks, "t.csv", "Line 102 of .* begins a quoted cell that spans 652 lines"),
    (_extra_tab, "t.tsv", "Line 102 of .* begins a quoted cell that spans 652 lines"),
    (_two_names, "t.csv", "two columns with the same name: 'label'"),
    (_deep_line, "t.jsonl", "100,001 levels are more than the limit"),
    (_deep_objects, "t.jsonl", "100,001 levels are more than the limit"),
    (_unclosed_line, "t.jsonl", "100,001 levels are more than the limit"),
    (_many_keys, "t.jsonl", "500,000 columns are more than the limit"),
    (_many_keys_one_twice, "t.jsonl", "the key '499999' appears twice"),
    (_changing_keys, "t.jsonl", "columns are more than the limit"),
    (_long_line, "t.jsonl", "Line 1 of .* bytes are more than the limit"),
    (_half_emoji, "t.jsonl", "half of a surrogate pair, such as half an emoji"),
    (_two_keys, "t.jsonl", "the key 'label' appears twice"),
    (_huge_number, "t.jsonl", "a number has 1,000,000 digits"),
    (_dictionary_bomb, "t.parquet", "unpacks to at least 5,0.* more than the limit"),
    (_list_bomb, "t.parquet", "unpacks to at least 5,0.* more than the limit"),
    (_repeated_rows, "t.parquet", "unpacks to at least .* more than the limit"),
    (_wide_parquet, "t.parquet", "12,000 columns are more than the limit"),
]


@pytest.mark.parametrize(("make", "name", "message"), REFUSED, ids=[make.__name__[1:] for make, _, _ in REFUSED])
def test_hostile_tables_are_refused_with_an_error_of_tfft(attack, tmp_path, make, name, message):
    make(tmp_path / name)
    result = attack(lambda: from_csv(tmp_path / name, text_column="text"))
    assert isinstance(result, DataError)
    assert re.search(message, str(result))


def test_pages_of_zeros_are_refused(attack, tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_TABLE_BYTES", str(2**24))
    texts = pa.table({"text": ["x" * 10_000_000] * 4, "label": list("abab")})
    pq.write_table(texts, tmp_path / "t.parquet", use_dictionary=False, compression="zstd")
    assert "unpacks to at least" in str(attack(lambda: from_csv(tmp_path / "t.parquet")))


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_a_wide_table_is_refused_by_its_header(attack, tmp_path, name):
    from tfft.data.tables.table_files import column_names

    separator = "," if name == "t.csv" else "\t"
    (tmp_path / name).write_text(separator.join(["a"] * 2_000_000) + "\n")
    assert "2,000,000 columns" in str(attack(lambda: column_names(tmp_path / name)))


@pytest.mark.parametrize(
    "label",
    [
        "[" * 100_000,
        "[" * 50_000 + "]" * 50_000,
        "['" + "a" * 100_000,
        "[1" + " 1" * 50_000 + "x]",
        "[spam]",
        "[a, b]",
        "[/red]",
    ],
)
@pytest.mark.parametrize("origin", ["csv", "frame", "arrays"])
def test_labels_with_brackets_are_plain_names(attack, tmp_path, label, origin):
    labels = [label, "other"] * 10
    pd.DataFrame({"text": TEXTS, "label": labels}).to_csv(tmp_path / "t.csv", index=False)
    calls = {
        "csv": lambda: from_csv(tmp_path / "t.csv"),
        "frame": lambda: from_dataframe(pd.DataFrame({"text": TEXTS, "label": labels})),
        "arrays": lambda: from_arrays(TEXTS, labels),
    }
    assert sorted(attack(calls[origin]).labels.names) == sorted({label, "other"})


def test_an_invalid_list_raises_an_error(attack, tmp_path):
    labels = ["['" + "a', '" * 50_000 + "]", "['b']"] * 10
    result = attack(lambda: from_dataframe(pd.DataFrame({"text": TEXTS, "label": labels})))
    assert "is not a list of labels" in str(result)
    assert len(str(result)) < 500


def _record(length, content=b""):
    header = struct.pack("<Q", length)
    return header + _checksum(header) + content


@pytest.mark.parametrize("length", [2**27 + 1, 2**33, 2**40, 2**63, 2**64 - 1])
@pytest.mark.parametrize("name", ["t.tfrecord", "t.tfrecord.gz"])
def test_records_that_declare_too_many_bytes_are_refused(attack, tmp_path, length, name):
    content = _record(length, b"x" * 100)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert f"record 0: {length:,} bytes are more than the limit" in str(attack(lambda: from_tfrecord(tmp_path / name)))


def test_records_that_unpack_to_gigabytes_are_refused(attack, tmp_path):
    one = _record(2**24, bytes(2**24 + 4))
    with gzip.open(tmp_path / "t.tfrecord.gz", "wb", compresslevel=1) as file:
        for _ in range(40):
            file.write(one)
    assert "unpacks to at least" in str(attack(lambda: from_tfrecord(tmp_path / "t.tfrecord.gz")))


def test_a_file_of_zeros_is_not_a_record_file(attack, tmp_path):
    _sparse(tmp_path / "t.tfrecord", b"", 2**33)
    assert "the length of record 0 is damaged" in str(attack(lambda: from_tfrecord(tmp_path / "t.tfrecord")))
