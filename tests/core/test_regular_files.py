"""Only regular files are read, and only within their limit."""

import os
from pathlib import Path

import pytest

from tfft.core import regular_files
from tfft.core.errors import BackboneError, DataError


def test_pipes_devices_and_folders_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, said in (("pipe", "pipe or a device"), ("zero", "pipe or a device"), (".", "folder"), ("no", "No such")):
        for read in (regular_files.size_of, regular_files.read):
            with pytest.raises(OSError, match=said):
                read(tmp_path / name)


def test_a_file_above_its_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * 100)
    assert regular_files.read(path) == b"x" * 100
    monkeypatch.setenv("TFFT_MAX_INPUT_BYTES", "99")
    with pytest.raises(DataError, match=r"long': 100 bytes.*TFFT_MAX_INPUT_BYTES=100"):
        regular_files.read(path)
    monkeypatch.setenv("TFFT_MAX_JSON_BYTES", "99")
    with pytest.raises(BackboneError, match=r"^The file: 100 bytes.*TFFT_MAX_JSON_BYTES=100"):
        regular_files.check(path, "json_bytes", "The file", BackboneError)
    assert regular_files.check(path, "config_bytes") == 100


def test_a_sparse_file_is_refused_by_its_size(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match="TFFT_MAX_TOKENIZER_BYTES"):
        regular_files.read(tmp_path / "sparse", "tokenizer_bytes")
