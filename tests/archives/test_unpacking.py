"""Archives are unpacked within limits; invalid ones write nothing."""

import gzip
import io
import tarfile
import zipfile

import pytest

from tfft.archives import unpacking
from tfft.archives.unpacking import check_zip, unpack_tar, unpack_zip
from tfft.core.errors import BackboneError, BundleError, DataError

FILES = {"saved_model.pb": b"graph", "variables/variables.index": b"", "assets/vocab.txt": b"a\n" * 2_000_000}


def tar(files, mode="w:gz", **options):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, **options) as archive:
        for name, content in files.items():
            row = tarfile.TarInfo(name)
            row.size = len(content)
            archive.addfile(row, io.BytesIO(content))
    return stream.getvalue()


def zipped(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def found(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("as_path", [True, False])
def test_a_tar_is_unpacked(mode, as_path, tmp_path):
    data = tar(FILES, mode)
    if as_path:
        (tmp_path / "a.tar").write_bytes(data)
        data = tmp_path / "a.tar"
    unpack_tar(data, tmp_path / "out")
    assert found(tmp_path / "out") == FILES


def test_a_folder_packed_with_its_dot_is_unpacked(tmp_path):
    (tmp_path / "in" / "empty").mkdir(parents=True)
    (tmp_path / "in" / "file").write_text("x", encoding="utf-8")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(tmp_path / "in", ".")
    unpack_tar(tmp_path / "a.tgz", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {"empty", "file"}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_unpacked(method, tmp_path):
    unpack_zip(zipped(tmp_path / "a.zip", FILES, method), tmp_path / "out")
    assert found(tmp_path / "out") == FILES
    check_zip(tmp_path / "a.zip")


def test_only_the_wanted_files_of_a_zip_are_written(tmp_path):
    unpack_zip(zipped(tmp_path / "a.zip", FILES), tmp_path / "out", wanted=lambda name: name == "saved_model.pb")
    assert found(tmp_path / "out") == {"saved_model.pb": b"graph"}


def test_existing_files_are_not_overwritten(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"mine")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_tar(tar(FILES), tmp_path)
    assert (tmp_path / "saved_model.pb").read_bytes() == b"mine"


@pytest.mark.parametrize("cut", [10, 100, -20, -4])
def test_a_truncated_tar_raises_an_error_and_writes_nothing(cut, tmp_path):
    with pytest.raises(BackboneError, match=r"cannot be unpacked.*bytes\. Download or copy it again"):
        unpack_tar(tar(FILES)[:cut], tmp_path / "out", BackboneError)
    assert not (tmp_path / "out").exists()


def test_a_flipped_bit_raises_an_error(tmp_path):
    data = bytearray(tar(FILES))
    data[-6] ^= 1
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_tar(bytes(data), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("read", [check_zip, lambda path, error: unpack_zip(path, path.parent / "out", error)])
def test_a_damaged_zip_raises_an_error(read, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BundleError, match="cannot be unpacked"):
        read(tmp_path / "a.zip", BundleError)


def test_the_limit_on_bytes_grows_with_the_files_that_came_with_the_archive(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_BYTES", "1000000")
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_RATIO", "2")
    data = tar(FILES)
    with pytest.raises(DataError, match=r"unpacks to more than 1,000,000 bytes.*TFFT_MAX_ARCHIVE_BYTES"):
        unpack_tar(data, tmp_path / "out")
    unpack_tar(data, tmp_path / "out", besides=4_020_000)
    with pytest.raises(DataError, match="unpacks to more than 1,000,000"):
        check_zip(zipped(tmp_path / "a.zip", FILES))


def test_archives_that_are_hardly_compressed_may_be_large(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_BYTES", "1000000")
    unpack_tar(tar(FILES, "w"), tmp_path / "out")
    check_zip(zipped(tmp_path / "a.zip", FILES, zipfile.ZIP_STORED))


def test_the_number_of_members_is_limited(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_MEMBERS", "2")
    with pytest.raises(DataError, match="members are more than the limit"):
        unpack_tar(tar(FILES), tmp_path / "out")


def test_other_compressions_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_tar(tar(FILES, "w:xz"), tmp_path / "out")
    with pytest.raises(DataError, match="by another method than deflate"):
        check_zip(zipped(tmp_path / "a.zip", FILES, zipfile.ZIP_LZMA))


def test_the_size_in_the_list_of_a_zip_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "_rows", lambda archive, *rest: archive.infolist())
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_BYTES", "1000000")
    with pytest.raises(DataError, match="unpacks to more than 1,000,000"):
        unpack_zip(zipped(tmp_path / "a.zip", FILES), tmp_path / "out")


def test_gzip_of_several_members_is_one_archive(tmp_path):
    data = tar(FILES, "w")
    unpack_tar(gzip.compress(data[:1000]) + gzip.compress(data[1000:]), tmp_path / "out")
    assert found(tmp_path / "out") == FILES
