"""Archives that try to write outside their folder, over their own files, or without end, in every place where tfft reads one."""

import gzip
import shutil
import struct
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

import tfft
from tests.modules import publish, tiny
from tfft.archives.unpacking import check_zip, unpack_zip
from tfft.core.errors import BundleError, TfftError

MEGABYTE = bytes(2**20)


def row(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "", **pax: str) -> bytes:
    """One header, after an extended header if ``pax`` is given."""
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, link
    made.pax_headers = {key.replace("__", "."): value for key, value in pax.items()}
    return made.tobuf(tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT)


def raw(name: str, kind: bytes, size: int) -> bytes:
    """A header of any kind and size, without checks."""
    made = tarfile.TarInfo(name)
    made.size = size
    block = bytearray(made.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def file(name: str, content: bytes = b"evil", **pax: str) -> bytes:
    return row(name, size=len(content), **pax) + content + bytes(-len(content) % 512)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> bytes:
    return row(name, kind, link=target)


def nested_links(outside: Path) -> bytes:
    """Long folders and short links that lead to other places than their names suggest, as in CVE-2025-4517."""
    parts, above, steps = [], "", "abcdefghijklmnop"
    for step in steps:
        parts += [row(f"{above}{'d' * 247}", tarfile.DIRTYPE), link(f"{above}{step}", "d" * 247)]
        above += "d" * 247 + "/"
    parts.append(link("/".join(steps) + "/" + "l" * 254, "../" * len(steps)))
    parts.append(link("escape", "/".join(steps) + "/" + "l" * 254 + "/.." * 30 + str(outside)))
    parts += [link("flag", "escape/secret.txt", tarfile.LNKTYPE), file("flag"), file("escape/new.txt")]
    return b"".join(parts)


PLAIN = {
    "parent": lambda outside: file("../outside/new.txt"),
    "deep parent": lambda outside: file("a/b/../../../outside/secret.txt"),
    "absolute": lambda outside: file(f"{outside}/secret.txt"),
    "long absolute": lambda outside: file(f"{outside}/" + "x" * 150),
    "absolute in an extended header": lambda outside: file("a", path=f"{outside}/secret.txt"),
    "parent of windows": lambda outside: file("..\\outside\\new.txt"),
    "drive": lambda outside: file("C:new.txt"),
    "NUL": lambda outside: file("a", path="saved_model.pb\0/../x"),
    "terminal": lambda outside: file("\x1b[2Jsaved_model.pb"),
    "device of windows": lambda outside: file("assets/NUL.txt"),
    "link": lambda outside: link("x", str(outside)) + file("x/secret.txt"),
    "link alone": lambda outside: file("saved_model.pb") + link("assets", str(outside)),
    "hard link": lambda outside: link("x", str(outside / "secret.txt"), tarfile.LNKTYPE) + file("x"),
    "long link": lambda outside: link("x", f"{outside}/" + "x" * 150),
    "link in an extended header": lambda outside: file("a", linkpath=str(outside)),
    "nested links": nested_links,
    "device": lambda outside: row("x", tarfile.CHRTYPE),
    "pipe": lambda outside: row("x", tarfile.FIFOTYPE),
    "sparse": lambda outside: raw("x", tarfile.GNUTYPE_SPARSE, 512) + bytes(512),
    "sparse in an extended header": lambda outside: file("x", GNU__sparse__major="1", GNU__sparse__minor="0"),
    "unknown kind": lambda outside: raw("x", b"Z", 0),
    "twice": lambda outside: file("saved_model.pb") + file("saved_model.pb", b"other"),
    "twice by case": lambda outside: file("saved_model.pb") + file("Saved_Model.PB"),
    "twice by spelling": lambda outside: file("assets/\u00e9") + file("assets/e\u0301"),
    "twice by dots": lambda outside: file("assets/x") + file("./assets/./x"),
    "file and folder": lambda outside: file("assets") + file("assets/x"),
    "folder and file": lambda outside: file("assets/x") + file("assets"),
    "too many folders": lambda outside: b"".join(file(f"{number}/" + "x/" * 400 + "y", b"") for number in range(200)),
}
LARGE = {
    "3 GB in one file": (raw("x", b"0", 3 * 2**30), 3072),
    "more than fits, in files": (b"".join(file(f"{number}", MEGABYTE) for number in range(4)), 150),
    "extended header of 3 GB": (raw("x", tarfile.XHDTYPE, 3 * 2**30), 3072),
    "global header of 3 GB": (raw("x", tarfile.XGLTYPE, 3 * 2**30), 3072),
    "name of 3 GB": (raw("x", tarfile.GNUTYPE_LONGNAME, 3 * 2**30), 3072),
    "folder of 3 GB": (raw("x/", tarfile.DIRTYPE, 3 * 2**30), 3072),
    "behind the end": (file("saved_model.pb") + bytes(1024), 150),
}


def squeezed(start: bytes, megabytes: int = 0) -> bytes:
    """Compress some bytes and many zeros with gzip. This is fast, because a gzip file may consist of several parts."""
    return gzip.compress(start) + gzip.compress(MEGABYTE) * megabytes


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that contains a SavedModel."""
    folder = tmp_path_factory.mktemp("made")
    model = tfft.build(str(publish(tiny(), folder / "module")), tfft.tasks.classification(["a", "b"]))
    return tfft.export(model, folder / "own.tfft")


def in_a_file(archive: bytes, place: Path, bundle: Path) -> Any:
    (place / "module.tar.gz").write_bytes(archive)
    return tfft.load_backbone(str(place / "module.tar.gz"))


def in_the_net(archive: bytes, place: Path, bundle: Path) -> Any:
    shutil.copytree(bundle, place / "own.tfft")
    with (
        zipfile.ZipFile(bundle / "net.keras") as held,
        zipfile.ZipFile(place / "own.tfft" / "net.keras", "w") as changed,
    ):
        for name in held.namelist():
            changed.writestr(name, archive if name.endswith("graph.tar.gz") else held.read(name))
    return tfft.load(place / "own.tfft")


def in_the_tokenizer(archive: bytes, place: Path, bundle: Path) -> Any:
    shutil.copytree(bundle, place / "own.tfft")
    (place / "own.tfft" / "tokenizer").mkdir()
    (place / "own.tfft" / "tokenizer" / "tokenizer.tar.gz").write_bytes(archive)
    return tfft.load(place / "own.tfft")


@pytest.fixture(params=[in_a_file, in_the_net, in_the_tokenizer])
def way(request: pytest.FixtureRequest, tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "place").mkdir()
    return lambda archive: request.param(archive, tmp_path / "place", bundle)


@pytest.mark.parametrize("name", PLAIN)
def test_archives_write_nothing_outside_and_overwrite_no_own_files(
    name: str, way: Any, attack: Any, outside: Path, tmp_path: Path
) -> None:
    archive = squeezed(PLAIN[name](outside) + bytes(1024))
    error = attack(lambda: way(archive))
    assert isinstance(error, TfftError)
    assert "would write outside its folder, or overwrite its own files" in str(error) or "members are more than" in str(
        error
    )
    assert "\x1b" not in str(error)
    left = [path.name for path in tmp_path.rglob("*") if path.is_file() and "own.tfft" not in path.parts]
    assert set(left) <= {"secret.txt", "module.tar.gz"}


@pytest.mark.parametrize("name", LARGE)
def test_archives_that_unpack_to_a_large_size_are_refused(
    name: str, way: Any, attack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_BYTES", "100000000")
    start, megabytes = LARGE[name]
    archive = squeezed(start, megabytes)
    assert len(archive) < 4_000_000
    error = attack(lambda: way(archive))
    assert isinstance(error, TfftError)
    assert (
        "unpacks to more than 100,000,000 bytes" in str(error)
        or "is longer than 65,536" in str(error)
        or "folder with content" in str(error)
    )
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 10_000_000


DAMAGE = {
    "empty": b"",
    "cut": b"\x1f\x8b",
    "none": b"no archive at all",
    "empty gzip": squeezed(b""),
    "garbage": squeezed(b"garbage" * 200),
    "no end": squeezed(file("saved_model.pb")),
    "negative": squeezed(raw("x", b"0", 512)[:124] + b"\xff" * 12 + raw("x", b"0", 512)[136:]),
    "broken header": squeezed(row("x", path="y").replace(b"path=y", b"path y") + bytes(1024)),
    "1,000 headers": squeezed(b"".join(row("x", path=f"{number}")[:1024] for number in range(1000)) + bytes(1024)),
    "no graph": squeezed(file("other.txt") + bytes(1024)),
    "no proto": squeezed(file("saved_model.pb", b"\x0a\xff\xff\xff\xff\x0f") + bytes(1024)),
    "no content": squeezed(file("saved_model.pb", b"") + bytes(1024)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_archives_raise_an_error(name: str, way: Any, attack: Any) -> None:
    error = attack(lambda: way(DAMAGE[name]))
    assert isinstance(error, TfftError)


def changed(path: Path, **fields: int) -> Path:
    """A zip archive of one file with changed values in its central directory."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"{}")
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    for place, value in fields.items():
        offset, kind = {"flags": (8, "<H"), "method": (10, "<H"), "size": (24, "<I"), "mode": (38, "<I")}[place]
        struct.pack_into(kind, data, start + offset, value)
    path.write_bytes(data)
    return path


def named(path: Path, *names: str, content: bytes = b"evil") -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # zipfile warns about names that appear twice
        for name in names:
            archive.writestr(name, content)
    return path


ZIPS = {
    "parent": lambda path, outside: named(path, "../outside/new.txt"),
    "absolute": lambda path, outside: named(path, f"{outside}/secret.txt"),
    "parent of windows": lambda path, outside: named(path, "..\\outside\\new.txt"),
    "drive": lambda path, outside: named(path, "C:/new.txt"),
    "twice": lambda path, outside: named(path, "manifest.json", "manifest.json"),
    "twice by case": lambda path, outside: named(path, "manifest.json", "MANIFEST.json"),
    "file and folder": lambda path, outside: named(path, "tokenizer", "tokenizer/x"),
    "link": lambda path, outside: changed(path, mode=0o120777 << 16),
    "encrypted": lambda path, outside: changed(path, flags=1),
    "other compression": lambda path, outside: changed(path, method=12),
    "2 GB": lambda path, outside: changed(path, size=2**31),
    "members": lambda path, outside: named(path, *(f"{number}" for number in range(10_001)), content=b""),
}


@pytest.mark.parametrize("name", ZIPS)
@pytest.mark.parametrize(
    "read", [lambda path: unpack_zip(path, path.parent / "out", BundleError), lambda path: check_zip(path, BundleError)]
)
def test_zip_archives_are_refused_by_their_central_directory(
    name: str, read: Any, attack: Any, outside: Path, tmp_path: Path
) -> None:
    path = ZIPS[name](tmp_path / "a.zip", outside)
    error = attack(lambda: read(path))
    assert isinstance(error, BundleError)
    assert any(text in str(error) for text in ("would write outside", "unpacks to more than", "members are more than"))
    assert not (tmp_path / "out").exists()


def test_a_zip_with_a_wrong_size_raises_an_error(attack: Any, tmp_path: Path) -> None:
    path = named(tmp_path / "a.zip", "manifest.json", content=MEGABYTE)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 10)
    path.write_bytes(data)
    assert "cannot be unpacked" in str(attack(lambda: unpack_zip(path, tmp_path / "out", BundleError)))
