"""The record lengths in TFRecord files, compressed or not, are checked before TensorFlow reads the files."""

import gzip

import pytest
import tensorflow as tf

from tfft.core.errors import DataError
from tfft.data.files.record_lengths import check_lengths


@pytest.fixture(params=["rows.tfrecord", "rows.tfrecord.gz"])
def rows(tmp_path, request):
    path = str(tmp_path / request.param)
    with tf.io.TFRecordWriter(path, "GZIP" if path.endswith(".gz") else "") as writer:
        for length in (0, 1, 1000, 70_000):
            writer.write(b"x" * length)
    return path


def _open(path, mode):
    return gzip.open(path, mode) if path.endswith(".gz") else open(path, mode)


def _change(path, change):
    with _open(path, "rb") as file:
        content = change(file.read())
    with _open(path, "wb") as file:
        file.write(content)


def test_whole_files_pass(rows):
    check_lengths(rows)


@pytest.mark.parametrize("left", [5, 20, 30, 1040, 71_000])
def test_a_file_that_ends_inside_a_record_is_refused(rows, left):
    _change(rows, lambda content: content[:left])
    with pytest.raises(DataError, match=r"cannot be read as TFRecord: it ends inside record \d"):
        check_lengths(rows)


def test_a_damaged_length_is_refused(rows):
    _change(rows, lambda content: content[:16] + b"\x07" + content[17:])
    with pytest.raises(DataError, match="the length of record 1 is damaged"):
        check_lengths(rows)


def test_limits_hold(rows, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_RECORD_BYTES", "69999")
    with pytest.raises(DataError, match=r"record 3: 70,000 bytes are more than the limit"):
        check_lengths(rows)


def test_what_unpacks_to_much_more_than_its_file_is_refused(rows, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_TABLE_BYTES", "50000")
    if rows.endswith(".gz"):
        with pytest.raises(DataError, match="unpacks to at least 71,065 bytes"):
            check_lengths(rows)
    else:
        check_lengths(rows)


def test_a_file_that_is_not_compressed_is_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"plain")
    with pytest.raises(DataError, match="cannot be read as TFRecord"):
        check_lengths(str(tmp_path / "a.gz"))
