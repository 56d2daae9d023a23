"""A harmless zip file can be opened. Hostile ones are in tests/attacks/test_bundles.py."""

import zipfile
from pathlib import Path

import pytest

from tfft.archives.zip_files import opened
from tfft.core.errors import BundleError


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.mkdir("folder")
        for number in range(100):
            archive.writestr(f"folder/{number}", str(number) * 1000)
    with opened(tmp_path / "a.zip", "'a.zip'") as archive:
        assert archive.read("folder/7") == b"7" * 1000
        assert len(archive.namelist()) == 101


def test_an_archive_without_members_is_read(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "a.zip", "w").close()
    with opened(tmp_path / "a.zip", "'a.zip'") as archive:
        assert archive.namelist() == []


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_the_error_names_an_incomplete_file(tmp_path: Path, keep: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "a" * 100)
    (tmp_path / "a.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:keep])
    with (
        pytest.raises(BundleError, match="is damaged: it is not a complete zip file"),
        opened(tmp_path / "a.zip", "'a.zip'", BundleError),
    ):
        pass


def test_the_limit_on_members_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(11):
            archive.writestr(str(number), "")
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_MEMBERS", "10")
    with (
        pytest.raises(BundleError, match="TFFT_MAX_ARCHIVE_MEMBERS=11"),
        opened(tmp_path / "a.zip", "'a.zip'", BundleError),
    ):
        pass
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_MEMBERS", "11")
    with opened(tmp_path / "a.zip", "'a.zip'", BundleError) as archive:
        assert len(archive.namelist()) == 11
