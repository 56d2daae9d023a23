"""Hostile weights files for ``weights=``: links, arrays of other files, and arrays that unpack to gigabytes."""

import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tfft
from tfft.backbones.weights import load_weights
from tfft.core.errors import WeightsError
from tfft.keras_files import hdf5_files

Attack = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="module")
def net() -> Any:
    return tfft.load_backbone("toy").load()


@pytest.fixture
def path(tmp_path: Path, net: Any) -> Path:
    net.save_weights(tmp_path / "toy.weights.h5")
    return tmp_path / "toy.weights.h5"


def first(file: Any) -> str:
    """The path of the first array."""
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found[0]


def huge_chunk(file: Any) -> None:
    """HDF5 allocates whole chunks: here 4 GB for a few numbers."""
    name = first(file)
    shape = file[name].shape
    del file[name]
    chunks = (10**9, *[1] * (len(shape) - 1))
    file.create_dataset(name, shape, "float32", maxshape=(None,) * len(shape), chunks=chunks, compression="gzip")


def bomb(file: Any) -> None:
    """A compressed chunk that unpacks to 16 MB, which HDF5 allocates although the chunk is declared smaller."""
    name = first(file)
    shape = file[name].shape
    del file[name]
    made = file.create_dataset(name, shape, "float32", chunks=shape, compression="gzip")
    squeeze = zlib.compressobj(9)
    content = b"".join(squeeze.compress(bytes(2**20)) for _ in range(2**4)) + squeeze.flush()
    made.id.write_direct_chunk((0,) * len(shape), content)


def linked(link: Any) -> Callable[[Any], None]:
    def put(file: Any) -> None:
        name = first(file)
        del file[name]
        file[name] = link

    return put


def external_root(file: Any) -> None:
    """Keras reads the weights of a whole model from this group, wherever its link leads."""
    file["model_weights"] = h5py.ExternalLink("../outside/x.weights.h5", "/")


def virtual(file: Any) -> None:
    name = first(file)
    shape = file[name].shape
    del file[name]
    layout = h5py.VirtualLayout(shape, "float32")
    layout[...] = h5py.VirtualSource("../outside/x.weights.h5", name, shape)
    file.create_virtual_dataset(name, layout)


def external(file: Any) -> None:
    name = first(file)
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "float32", external=[("/etc/passwd", 0, 4 * int(np.prod(shape)))])


def never_written(file: Any) -> None:
    file.create_dataset("layers/big", (10**11,), "float32", chunks=(10**6,), compression="gzip")


CHANGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a huge chunk": (huge_chunk, "a chunk of 4,"),
    "a compressed bomb": (bomb, "a compressed chunk of more than"),
    "an array of 400 GB": (never_written, "bytes declared"),
    "a link to another file": (linked(h5py.ExternalLink("../outside/x.weights.h5", "/")), "ExternalLink"),
    "a link within": (linked(h5py.SoftLink("/layers")), "SoftLink"),
    "the weights of another file": (external_root, "ExternalLink at model_weights"),
    "an array of another file": (external, "an array of another file"),
    "an array of arrays": (virtual, "an array of another file"),
    "lzf": (lambda file: file.create_dataset("x", (9,), compression="lzf"), "an unusual compression"),
    "texts": (lambda file: file.create_dataset("text", data=["a"], dtype=h5py.string_dtype()), "object at text"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", [".weights.h5", ".keras"])
def test_hostile_weights_are_refused(
    attack: Attack, tmp_path: Path, outside: Path, path: Path, net: Any, kind: str, change: Any, said: str
) -> None:
    shutil.copy(path, outside / "x.weights.h5")
    with h5py.File(path, "r+") as file:
        change(file)
    given = tmp_path / f"hostile{kind}"
    if kind == ".keras":
        with zipfile.ZipFile(given, "w") as archive:
            archive.write(path, "model.weights.h5")
    else:
        path.rename(given)
    found = attack(lambda: load_weights(net, str(given), "toy"))
    assert isinstance(found, WeightsError)
    assert "contains something else than plain arrays" in str(found)
    assert said in str(found)


def test_a_net_file_that_unpacks_to_much_more_is_refused(
    attack: Attack, tmp_path: Path, net: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_BYTES", "1000000")
    with (
        zipfile.ZipFile(tmp_path / "net.keras", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.weights.h5", "w", force_zip64=True) as file,
    ):
        for _ in range(2**4):
            file.write(bytes(2**20))
    found = attack(lambda: load_weights(net, str(tmp_path / "net.keras"), "toy"))
    assert isinstance(found, WeightsError)
    assert "unpacks to more" in str(found)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(100), b"x" * 1000])
def test_a_file_that_is_not_a_weights_file_is_refused(attack: Attack, path: Path, net: Any, content: bytes) -> None:
    path.write_bytes(content)
    found = attack(lambda: load_weights(net, str(path), "toy"))
    assert isinstance(found, WeightsError)


def test_weights_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """The arrays together are three times as large as the file; each one alone is valid."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number in range(3):
            file.create_dataset(str(number), data=np.arange(10_000, dtype="float32"))
        places = [file[str(number)].id.get_offset() for number in range(3)]
    content = (tmp_path / "a.h5").read_bytes()
    assert hdf5_files.check(content, "it", WeightsError) == 120_000
    for place in places[1:]:
        content = content.replace(place.to_bytes(8, "little"), places[0].to_bytes(8, "little"))
    with pytest.raises(WeightsError, match=r"share bytes|damaged"):
        hdf5_files.check(content[:60_000], "it", WeightsError)
