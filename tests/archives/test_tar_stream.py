"""A tar archive is read once from front to end."""

import io
import tarfile

import pytest

from tfft.archives.tar_stream import TarStream


def written(kind, *names, content=b"abc"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
        for name in names:
            row = tarfile.TarInfo(name)
            row.size = len(content)
            archive.addfile(row, io.BytesIO(content))
    return stream.getvalue()


def read(data):
    stream = TarStream(io.BytesIO(data), lambda amount: None)
    return [(member.name, b"".join(stream.content(member))) for member in stream.members()]


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("content", [b"", b"abc", b"x" * 512, b"y" * 3_000_000])
def test_every_format_is_read(kind, content):
    names = ("short.txt", "a/" * 60 + "long.txt")
    assert read(written(kind, *names, content=content)) == [(name, content) for name in names]


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_and_foreign_names_are_read(kind):
    assert read(written(kind, "é" * 80, "last")) == [("é" * 80, b"abc"), ("last", b"abc")]


def test_unread_bytes_are_skipped():
    stream = TarStream(
        io.BytesIO(written(tarfile.PAX_FORMAT, "one", "two", "three", content=b"z" * 700)), lambda amount: None
    )
    assert [member.name for member in stream.members()] == ["one", "two", "three"]


@pytest.mark.parametrize("bytes_left", [300, 512, 600, 1024])
def test_an_archive_that_ends_too_early_raises_an_error(bytes_left):
    with pytest.raises(EOFError):
        read(written(tarfile.USTAR_FORMAT, "one")[:bytes_left])


def test_a_file_that_is_not_a_tar_archive_raises_an_error():
    with pytest.raises(ValueError, match="header is damaged"):
        read(b"no archive" * 1000)


def test_all_read_bytes_are_counted():
    seen = []
    data = written(tarfile.USTAR_FORMAT, "one", content=b"z" * 700)
    stream = TarStream(io.BytesIO(data), seen.append)
    assert len(list(stream.members())) == 1
    stream.drain()
    assert sum(seen) == len(data)
