"""The file of multilingual-e5-small: what it holds is read exactly; what was cut or lies is refused before memory is taken."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from tests import e5_files
from tfft.backbones import e5_file
from tfft.core.errors import WeightsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "e5.bin"
    path.write_bytes(e5_files.content())
    return path


def test_everything_in_a_file_is_read(file):
    found = e5_file.read(file)
    assert found.sizes == e5_file.read_sizes(file) == e5_file.Sizes(**e5_files.SIZES, epsilon=found.sizes.epsilon)
    assert found.sizes.epsilon == pytest.approx(1e-12)
    assert list(zip(found.pieces, found.scores.tolist(), strict=True)) == e5_files.pieces()
    assert found.special == {"start": 0, "end": 2, "pad": 1, "unknown": 3}
    assert found.characters == e5_files.CHARACTERS


def test_tensors_are_what_was_written_but_for_the_bits_that_were_dropped(file):
    found = e5_file.read(file)
    for name, (kind, values) in e5_files.tensors(e5_files.SIZES).items():
        read = found.floats(name)
        assert read.shape == values.shape
        if kind == 0:
            np.testing.assert_array_equal(read, values)
        else:
            scales = np.abs(values.reshape(-1, 32)).max(axis=1, keepdims=True) / 7
            assert (np.abs(read - values).reshape(-1, 32) <= scales * 0.51).all(), name


def test_packed_numbers_times_their_scales_are_the_values(file):
    found = e5_file.read(file)
    numbers, scales = found.packed("emb.word")
    assert (numbers.dtype, scales.dtype, scales.shape) == (np.int8, np.float16, (70, 1))
    np.testing.assert_array_equal(numbers * scales.astype(np.float32), found.floats("emb.word"))


def test_a_file_cut_anywhere_is_refused(tmp_path):
    whole, path = e5_files.content(), tmp_path / "cut.bin"
    for length in (*range(0, 400, 7), *range(400, len(whole), 997), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match="damaged, or of another version"):
            e5_file.read(path)
        if length < 40:
            with pytest.raises(WeightsError, match="damaged"):
                e5_file.read_sizes(path)


def _sizes(**changes: int) -> dict[str, bytes]:
    return {"sizes": struct.pack("<7i", *(e5_files.SIZES | changes).values())}


def _counts(*values: int) -> dict[str, bytes]:
    return {"counts": struct.pack("<5iQ", *values)}


def _entry(old: bytes, new: bytes) -> dict[str, bytes]:
    directory = e5_files.parts()["directory"]
    assert directory.count(old) == 1
    return {"directory": directory.replace(old, new)}


_OF_LN = e5_files.parts()["directory"].split(b"emb.ln.b")[1][:21]
_PIECES = len(e5_files.pieces())
LIES = {
    "magic": {"start": b"E5S2\1\0\0\0"},
    "version": {"start": b"E5S1\2\0\0\0"},
    "no layers": _sizes(layers=0),
    "a negative width": _sizes(width=-32),
    "a width of no whole blocks": _sizes(width=48),
    "heads that do not divide the width": _sizes(heads=5),
    "other blocks": {"block": struct.pack("<fi", 1e-12, 64)},
    "epsilon": {"block": struct.pack("<fi", float("nan"), 32)},
    "more layers than there are": _sizes(layers=3),
    "other rows than there are": _sizes(rows=71),
    "many pieces": _counts(2**31 - 1, 0, 2, 1, 3, 1),
    "negative pieces": _counts(-1, 0, 2, 1, 3, 1),
    "a special token that does not exist": _counts(_PIECES, 0, _PIECES, 1, 3, len(e5_files.parts()["pieces"])),
    "much text": _counts(_PIECES, 0, 2, 1, 3, 2**63),
    "ends that fall": {"ends": e5_files.parts()["ends"][:4] + b"\xff\xff\xff\xff" + e5_files.parts()["ends"][8:]},
    "an empty piece": {"ends": e5_files.parts()["ends"][:4] * 2 + e5_files.parts()["ends"][8:]},
    "a score": {"scores": struct.pack("<f", float("nan")) + e5_files.parts()["scores"][4:]},
    "text that is not UTF-8": {"pieces": b"\xff" + e5_files.parts()["pieces"][1:]},
    "many characters": {"characters": struct.pack("<iI", 2**31 - 1, 0)},
    "a longer map": {"characters": struct.pack("<iI", 0, 2**32 - 1)},
    "a shorter map": {"characters": struct.pack("<iI", 0, 4) + bytes(4)},
    "half of a character": {"characters": struct.pack("<iIIBI", 1, 9, 97, 1, 0xD800)},
    "no such character": {"characters": struct.pack("<iIIB", 1, 5, 0x110000, 0)},
    "NUL": {"characters": struct.pack("<iIIB", 1, 5, 0, 0)},
    "a character that becomes many": {"characters": struct.pack("<iIIB33I", 1, 137, 97, 33, *[97] * 33)},
    "a character twice": {"characters": struct.pack("<iIIBIB", 2, 10, 97, 0, 97, 0)},
    "many tensors": {"directory": struct.pack("<i", 2**31 - 1)},
    "another tensor": _entry(b"emb.ln.b", b"emb.ln.c"),
    "a tensor twice": _entry(b"emb.ln.b", b"emb.ln.w"),
    "an unknown kind": _entry(_OF_LN, b"\2" + _OF_LN[1:]),
    "a vector of 4 bits": _entry(_OF_LN, struct.pack("<BIQQ", 1, 32, 5000, 18)),
    "other bytes": _entry(_OF_LN, struct.pack("<BIQQ", 0, 32, 5000, 2**60)),
    "behind the end": _entry(_OF_LN, struct.pack("<BIQQ", 0, 32, 2**60, 128)),
    "in front of the tensors": _entry(_OF_LN, struct.pack("<BIQQ", 0, 32, 8, 128)),
    "inside another tensor": _entry(_OF_LN, _OF_LN[:5] + struct.pack("<QQ", struct.unpack("<Q", _OF_LN[5:13])[0] + 4, 128)),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_is_refused(tmp_path, lie):
    path = tmp_path / "lie.bin"
    path.write_bytes(b"".join((e5_files.parts() | LIES[lie]).values()))
    with pytest.raises(WeightsError, match=r"is damaged, or of another version.*pip install --force-reinstall"):
        e5_file.read(path)


@pytest.mark.parametrize(
    ("changes", "unit"),
    [({"layers": 10**6}, "layers"), ({"rows": 2**31 - 1}, "tokens"), ({"positions": 2**31 - 1}, "tokens"),
     ({"inner": 2**31 - 32}, "values")],
)  # fmt: skip
def test_sizes_above_the_limits_are_refused_with_what_raises_them(tmp_path, changes, unit):
    path = tmp_path / "large.bin"
    path.write_bytes(b"".join((e5_files.parts() | _sizes(**changes)).values()))
    for read in (e5_file.read, e5_file.read_sizes):
        with pytest.raises(WeightsError, match=rf"{unit} are more than the limit.*TFFT_MAX_"):
            read(path)


@pytest.mark.parametrize(("name", "place"), [("emb.ln.w", "floats"), ("emb.word", "packed"), ("l0.q.w", "floats")])
def test_a_number_that_is_not_finite_is_refused_when_its_tensor_is_read(tmp_path, name, place):
    parts, path = e5_files.parts(), tmp_path / "nan.bin"
    path.write_bytes(b"".join(parts.values()))
    entry = e5_file.read(path)._entries[name]
    whole = bytearray(path.read_bytes())
    whole[entry.offset : entry.offset + 4] = b"\xff\xff\xff\xff"  # NaN as float32 and as float16
    path.write_bytes(whole)
    with pytest.raises(WeightsError, match=f"'{name}' holds NaN"):
        getattr(e5_file.read(path), place)(name)


def test_what_is_no_file_is_refused(tmp_path, monkeypatch):
    for path in (tmp_path / "missing.bin", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            e5_file.read(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WeightsError, match="not a regular file"):
        e5_file.read_sizes(tmp_path / "pipe")
    (tmp_path / "e5.bin").write_bytes(e5_files.content())
    monkeypatch.setenv("TFFT_MAX_MODEL_FILE_BYTES", "1000")
    with pytest.raises(WeightsError, match=r"limit 1,000.*TFFT_MAX_MODEL_FILE_BYTES="):
        e5_file.read(tmp_path / "e5.bin")
