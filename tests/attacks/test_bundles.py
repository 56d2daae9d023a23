"""Hostile bundles: zip files, folders, manifests, configurations and weights."""

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import tfft
from tests.contracts.test_text_backbones import saved
from tfft.bundles.bundle import not_finite
from tfft.core.errors import BundleError, DataError

Attack = Callable[[Callable[[], Any]], Any]
NET = "net.keras"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a bundle."""
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    path = tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of texts."""
    folder = tmp_path_factory.mktemp("texts")
    model = tfft.build(saved("bert", folder / "bert"), tfft.tasks.classification(["ants", "bees"]))
    return tfft.export(model, folder / "m.tfft")


def folder_of(parts: Mapping[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return folder


def zip_of(parts: Mapping[str, bytes], path: Path, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zeros(path: Path, parts: Mapping[str, bytes], name: str, size: int) -> Path:
    """Add a member of zeros to a zip file; the zeros are never in memory all at once."""
    zip_of(parts, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as file:
        piece = bytes(1 << 20)
        for _ in range(size >> 20):
            file.write(piece)
    return path


def refused(attack: Attack, path: Path, *said: str) -> str:
    found = attack(lambda: tfft.load(path))
    assert isinstance(found, BundleError), found
    for words in said:
        assert words in str(found)
    return str(found)


# zip files


def two_of_a_name(path: Path, parts: Mapping[str, bytes]) -> None:
    zip_of(parts, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("manifest.json", b"{}")


def with_name(name: str) -> Callable[[Path, Mapping[str, bytes]], None]:
    return lambda path, parts: (zip_of({**parts, name: b"x"}, path), None)[1]


def with_kind(mode: int) -> Callable[[Path, Mapping[str, bytes]], None]:
    def make(path: Path, parts: Mapping[str, bytes]) -> None:
        zip_of(parts, path)
        member = zipfile.ZipInfo("tokenizer/vocabulary.txt")
        member.external_attr = mode << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(member, "/etc/passwd")

    return make


def with_field(at: int, value: bytes) -> Callable[[Path, Mapping[str, bytes]], None]:
    """Change the bytes at one place in every entry of the listing."""

    def make(path: Path, parts: Mapping[str, bytes]) -> None:
        content = bytearray(zip_of(parts, path).read_bytes())
        place = content.find(b"PK\1\2")
        while place >= 0:
            content[place + at : place + at + len(value)] = value
            place = content.find(b"PK\1\2", place + 1)
        path.write_bytes(content)

    return make


def many(path: Path, parts: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        for number in range(10_001):
            archive.writestr(f"tokenizer/{number}", b"")


def a_listing_of_millions(path: Path, parts: Mapping[str, bytes]) -> None:
    """Two million entries: as Python objects they would take gigabytes before they are counted."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    listing = entry * 2_000_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(listing), 0, 0)
    path.write_bytes(listing + end)


def overlapping(path: Path, parts: Mapping[str, bytes]) -> None:
    """A small version of Fifield's zip bomb: all entries share the same compressed zeros."""
    kernel = zlib.compress(bytes(10 << 20), 9)[2:-4]
    header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(kernel), 10 << 20, 1, 0) + b"a"
    listing = b"".join(
        struct.pack(
            "<4s4B4HL2L5H2L",
            b"PK\1\2",
            20,
            3,
            20,
            0,
            0,
            8,
            0,
            0,
            zlib.crc32(b""),
            len(kernel),
            10 << 20,
            2,
            0,
            0,
            0,
            0,
            0,
            0,
        )
        + f"{number:02}".encode()
        for number in range(50)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 50, 50, len(listing), len(header + kernel), 0)
    path.write_bytes(header + kernel + listing + end)


ZIPS: dict[str, tuple[Callable[[Path, Mapping[str, bytes]], Any], str]] = {
    "two gigabytes of zeros": (
        lambda path, parts: zeros(path, parts, "tokenizer/vocabulary.txt", 2 << 30),
        "unpacks to more",
    ),
    "a net of two gigabytes": (lambda path, parts: zeros(path, {}, NET, 2 << 30), "unpacks to more"),
    "what nobody asked for": (lambda path, parts: zeros(path, parts, "other.bin", 2 << 30), "unpacks to more"),
    "above": (with_name("../evil.txt"), "would write outside"),
    "above, inside": (with_name("tokenizer/../../evil.txt"), "would write outside"),
    "absolute": (with_name("/tmp/evil.txt"), "would write outside"),
    "backslashes": (with_name("tokenizer\\..\\..\\evil.txt"), "would write outside"),
    "a drive": (with_name("C:evil.txt"), "would write outside"),
    "escapes": (with_name("tokenizer/a\x1b[31m"), "would write outside"),
    "file and folder": (with_name("manifest.json/a"), "would write outside"),
    "letters of two sizes": (with_name("MANIFEST.JSON"), "would write outside"),
    "a name twice": (two_of_a_name, "would write outside"),
    "a link": (with_kind(0o120777), "link or a device"),
    "a pipe": (with_kind(0o010644), "link or a device"),
    "encrypted": (with_field(8, b"\1\0"), "encrypted"),
    "an unknown method": (with_field(10, b"\x63\0"), "another method than deflate"),
    "larger than it is": (with_field(24, struct.pack("<L", 5)), "sizes are wrong"),
    "many": (many, "members are more than the limit"),
    "a listing of millions": (a_listing_of_millions, "members are more than the limit"),
    "overlapping": (overlapping, "share bytes"),
    "half": (lambda path, parts: path.write_bytes(zip_of(parts, path).read_bytes()[:5000]), "not a complete zip file"),
    "nothing": (lambda path, parts: path.write_bytes(b""), "not a complete zip file"),
    "no manifest": (lambda path, parts: zip_of({"a": b""}, path), "is not a bundle"),
}


@pytest.mark.parametrize(("make", "said"), ZIPS.values(), ids=ZIPS)
def test_a_hostile_zip_file_is_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes], make: Callable[..., Any], said: str
) -> None:
    make(tmp_path / "m.zip", parts)
    refused(attack, tmp_path / "m.zip", said)


# folders


LINKS = {"manifest.json": "manifest.json", NET: NET, "seen.json": "seen.json", "tokenizer": "tokenizer"}


@pytest.mark.parametrize("name", [*LINKS, "tokenizer/vocabulary.txt", "tokenizer/a/b.txt"])
def test_a_link_out_of_the_folder_is_refused(
    attack: Attack, tmp_path: Path, outside: Path, parts: Mapping[str, bytes], name: str
) -> None:
    path = folder_of(parts, tmp_path / "m.tfft")
    link = path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(outside if name == "tokenizer" else outside / "secret.txt")
    refused(attack, path, "a link that leads out of it", "cp -rL")


def test_a_pipe_in_a_folder_is_refused(attack: Attack, tmp_path: Path, parts: Mapping[str, bytes]) -> None:
    path = folder_of(parts, tmp_path / "m.tfft")
    (path / "manifest.json").unlink()
    os.mkfifo(path / "manifest.json")
    refused(attack, path, "or a special file")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_bundle_that_is_a_pipe_or_a_device_is_refused(attack: Attack, tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "m.tfft")
    else:
        (tmp_path / "m.tfft").symlink_to("/dev/zero")
    refused(attack, tmp_path / "m.tfft", "pipe or a device")


def test_a_link_to_a_bundle_folder_is_read(attack: Attack, tmp_path: Path, parts: Mapping[str, bytes]) -> None:
    folder_of(parts, tmp_path / "m.tfft")
    (tmp_path / "link").symlink_to(tmp_path / "m.tfft")
    assert attack(lambda: tfft.load(tmp_path / "link")).task.labels.names == ("ants", "bees")


# manifests


def deep(count: int) -> Any:
    return json.loads("[" * count + "]" * count)


MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {
    "labels that are numbers": ({"task.labels.names": [1, 2]}, "'labels'"),
    "labels that are lists": ({"task.labels.names": [["ants"], ["bees"]]}, "'labels'"),
    "one text for labels": ({"task.labels.names": "ab"}, "'names'"),
    "labels twice": ({"task.labels.names": ["ants", "ants"]}, "more than once"),
    "no labels": ({"task.labels.names": []}, "no labels"),
    "a million labels": ({"task.labels.names": [str(number) for number in range(1_000_000)]}, "do not belong together"),
    "an enormous label": ({"task.labels.names": ["a" * 20_000_000, "b"]}, "'labels'"),
    "an unknown kind": ({"task.labels.kind": "x"}, "cannot be used"),
    "means that are text": ({"task.labels.mean": ["1"]}, "'mean'"),
    "an unknown task": ({"task.name": "__import__"}, "unknown to this version"),
    "an unknown option": ({"task.options.evil": 1}, "no option 'evil'"),
    "an option of another type": ({"task.options.dropout": {"a": 1}}, "cannot be used"),
    "enormous layers": ({"task.options.hidden": [10**12]}, ""),
    "an enormous image": (
        {"preprocessor.height": 100_000, "preprocessor.width": 100_000},
        "pixels are more than the limit",
    ),
    "a negative image": ({"preprocessor.height": -1}, "'height'"),
    "half an image": ({"preprocessor.height": 8.5}, "'height'"),
    "a true image": ({"preprocessor.height": True}, "'height'"),
    "an image that is text": ({"preprocessor.height": "8"}, "'height'"),
    "an image of no size": ({"preprocessor.height": None}, "'height'"),
    "another size than the net": ({"preprocessor.height": 8}, "do not belong together"),
    "an unknown fit": ({"preprocessor.fit": "x"}, "cannot be used"),
    "nothing but a list": ({"preprocessor": []}, "'preprocessor'"),
    "a version that is a list": ({"versions": []}, "'versions'"),
    "a later format": ({"format": 99}, "Upgrade tfft to the version that wrote the bundle"),
    "a true format": ({"format": True}, "this version reads"),
    "weights that are a number": ({"weights": 5}, "'weights'"),
    "records elsewhere": ({"records": {"../outside/secret.txt": "0" * 32}}, "'records'"),
    "a record that is a number": ({"records": {"report.md": 5}}, "'records'"),
    "records that are a list": ({"records": ["report.md"]}, "'records'"),
    "a record that is not there": ({"records": {"report.md": "0" * 32}}, "'report.md' is missing"),
    "other weights": ({"weights": "0" * 32}, "not the ones that were exported together"),
}


def changed(values: dict[str, Any], changes: Mapping[str, Any]) -> bytes:
    for place, value in changes.items():
        *inner, last = place.split(".")
        part = values
        for key in inner:
            part = part[key]
        part[last] = value
    return json.dumps(values).encode()


@pytest.mark.parametrize(("changes", "said"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_hostile_manifest_is_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes], changes: dict[str, Any], said: str
) -> None:
    manifest = changed(json.loads(parts["manifest.json"]), changes)
    refused(attack, folder_of({**parts, "manifest.json": manifest}, tmp_path / "m.tfft"), said)


DOCUMENTS = {
    "deep": (b"[" * 100_000, "levels are more than the limit"),
    "many values": (b"[" + b"[]," * 11_000_000 + b"1]", "values are more than the limit"),
    "a key twice": (b'{"format": 1, "format": 2}', "the key 'format' appears twice"),
    "not a number": (b'{"format": NaN}', "NaN"),
    "endless digits": (b'{"format": ' + b"9" * 100_000 + b"}", "digits"),
    "another encoding": ('{"format": 1}'.encode("utf-16"), "not UTF-8"),
    "nothing": (b"", "is not valid JSON"),
    "a list": (b"[1]", "is damaged"),
}


@pytest.mark.parametrize(("content", "said"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("name", ["manifest.json", "seen.json", "report.json"])
def test_a_hostile_document_is_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes], name: str, content: bytes, said: str
) -> None:
    path = folder_of({**parts, name: content}, tmp_path / "m.tfft")
    lenient = name == "report.json" and said in (
        "NaN",
        "is damaged",
    )  # the value is kept unchanged, and nothing shows it
    if lenient or (name == "seen.json" and said == "is damaged"):
        found = attack(lambda: tfft.load(path))
        assert lenient or isinstance(found, BundleError)
    else:
        refused(attack, path, said)


TOKENIZERS = {
    "words of a file": ({"preprocessor.tokenizer.config.vocabulary": "{secret}"}, "'vocabulary of the tokenizer'"),
    "pieces of a file": ({"preprocessor.tokenizer.config.proto": "{secret}"}, "'proto of the tokenizer'"),
    "merges of a file": ({"preprocessor.tokenizer.config.merges": "{secret}"}, "'merges of the tokenizer'"),
    "a file of its own": ({"preprocessor.tokenizer.config.config_file": "../x"}, "'config_file of the tokenizer'"),
    "something unknown": ({"preprocessor.tokenizer.config.evil": 1}, "evil=1"),
    "answers of no kind": ({"preprocessor.answers": "yes", "preprocessor.stride": 8}, "'answers'"),
    "answers that are no text": ({"preprocessor.answers": True, "preprocessor.stride": 8}, "'answers'"),
    "words without a stride": ({"preprocessor.answers": "words"}, "lacks 'stride'"),
    "a negative stride": ({"preprocessor.answers": "words", "preprocessor.stride": -5}, "'stride'"),
    "words for a task without them": (
        {"preprocessor.answers": "words", "preprocessor.stride": 8},
        "do not belong together",
    ),
    "a class of KerasHub": ({"preprocessor.tokenizer.class": "GemmaTokenizer"}, "GemmaTokenizer"),
    "a function of KerasHub": ({"preprocessor.tokenizer.class": "__loader__"}, "__loader__"),
    "a policy that runs": (
        {"preprocessor.tokenizer.config.dtype": {"class_name": "Lambda", "module": "keras.layers", "config": {}}},
        "could run code",
    ),
    "an enormous length": ({"preprocessor.length": 10**9}, "tokens are more than the limit"),
    "a row of its own": (
        {"preprocessor.tokenizer.config.sequence_length": 10**9},
        "'sequence_length of the tokenizer'",
    ),
    "many separators": ({"preprocessor.tokenizer.separators": 10**9}, "'separators'"),
}


@pytest.mark.parametrize(("changes", "said"), TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_hostile_tokenizer_is_refused(
    attack: Attack, tmp_path: Path, outside: Path, texts: Path, changes: dict[str, Any], said: str
) -> None:
    import shutil

    path = Path(shutil.copytree(texts, tmp_path / "m.tfft"))
    text = json.dumps(changes).replace("{secret}", str(outside / "secret.txt"))
    manifest = changed(json.loads((path / "manifest.json").read_bytes()), json.loads(text))
    (path / "manifest.json").write_bytes(manifest)
    refused(attack, path, said)


# nets and weights


def with_net(parts: Mapping[str, bytes], folder: Path, **changed_members: bytes | None) -> Path:
    inside = members(parts[NET]) | {name.replace("__", "."): content for name, content in changed_members.items()}
    kept = {name: content for name, content in inside.items() if content is not None}
    path = folder_of(parts, folder)
    zip_of(kept, path / NET, zipfile.ZIP_DEFLATED)
    return path


def weights_with(parts: Mapping[str, bytes], change: Callable[[Any], None]) -> bytes:
    content = io.BytesIO(members(parts[NET])["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        change(file)
    return content.getvalue()


def cycle(file: Any) -> None:
    file["layers/again"] = file["/"]


def enormous(file: Any) -> None:
    file.create_dataset("big", (10**11,), "float32", chunks=(10**6,), compression="gzip")


def enormous_chunk(file: Any) -> None:
    file.create_dataset("big", (4,), "float32", maxshape=(None,), chunks=(10**8,), compression="gzip")


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("virtual", layout)


def external(file: Any) -> None:
    file.create_dataset("external", (10,), "u1", external=[("/etc/passwd", 0, 10)])


WEIGHTS: dict[str, Callable[[Any], Any]] = {
    "a link to another file": lambda file: file.update({"other": h5py.ExternalLink("/etc/passwd", "/")}),
    "layers in another file": lambda file: (
        file.pop("layers"),
        file.update({"layers": h5py.ExternalLink("/etc/passwd", "/")}),
    ),
    "a link within": lambda file: file.update({"other": h5py.SoftLink("/layers")}),
    "an array of another file": external,
    "an array of arrays": virtual,
    "an enormous array": enormous,
    "an enormous chunk": enormous_chunk,
    "texts": lambda file: file.create_dataset("text", data=["a"], dtype=h5py.string_dtype()),
    "references": lambda file: file.create_dataset("reference", (1,), dtype=h5py.ref_dtype),
    "a type of its own": lambda file: file.update({"type": np.dtype("float32")}),
}


@pytest.mark.parametrize("change", WEIGHTS.values(), ids=WEIGHTS)
def test_hostile_weights_are_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes], change: Callable[[Any], None]
) -> None:
    content = weights_with(parts, change)
    refused(
        attack,
        with_net(parts, tmp_path / "m.tfft", model__weights__h5=content),
        "contains something else than plain arrays",
    )


def test_weights_that_contain_themselves_cause_no_endless_loop(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes]
) -> None:
    path = with_net(parts, tmp_path / "m.tfft", model__weights__h5=weights_with(parts, cycle))
    assert attack(lambda: tfft.load(path)).task.labels.names == ("ants", "bees")


MEMBERS: dict[str, tuple[dict[str, bytes | None], str]] = {
    "another file": ({"evil__py": b""}, "is not a file that Keras writes"),
    "weights of NumPy": ({"model__weights__h5": None, "model__weights__npz": b""}, "is not a file that Keras writes"),
    "no configuration": ({"config__json": None}, "without 'config.json'"),
    "weights that are none": ({"model__weights__h5": b"x" * 1000}, "is damaged"),
    "an endless configuration": ({"config__json": b" " * (33 << 20)}, "bytes are more than the limit"),
    "a deep configuration": ({"config__json": b'{"a":' * 100_000}, "levels are more than the limit"),
    "a name outside": ({"assets/../../evil": b""}, "would write outside"),
    "a nested bomb": ({"assets/a": bytes(1 << 20)}, ""),
}


@pytest.mark.parametrize(("change", "said"), MEMBERS.values(), ids=MEMBERS)
def test_a_hostile_net_file_is_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes], change: dict[str, bytes | None], said: str
) -> None:
    path = with_net(parts, tmp_path / "m.tfft", **change)
    if said:
        refused(attack, path, said)
    else:
        assert attack(lambda: tfft.load(path))


def test_a_net_file_that_unpacks_to_gigabytes_is_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes]
) -> None:
    path = folder_of(parts, tmp_path / "m.tfft")
    zeros(path / NET, members(parts[NET]), "assets/a", 2 << 30)
    refused(attack, path, "unpacks to more")


def net_of(*layers: Any) -> bytes:
    """Return the configuration of a net with these layers, as JSON."""
    image = keras.Input((64, 64, 3), name="pixels")
    return json.dumps(keras.saving.serialize_keras_object(keras.Sequential([image, *layers]))).encode()


BIG = {
    "a wide layer": [keras.layers.Flatten(), keras.layers.Dense(7)],
    "many kernels": [keras.layers.Conv2D(7, 3)],
    "many words": [keras.layers.Flatten(), keras.layers.Embedding(7, 8), keras.layers.Flatten()],
}


@pytest.mark.parametrize("layers", BIG.values(), ids=BIG)
def test_a_configuration_with_gigabytes_of_weights_is_refused(
    attack: Attack, tmp_path: Path, parts: Mapping[str, bytes], layers: list[Any]
) -> None:
    config = net_of(*layers).replace(b": 7", b": 200000000")  # below the limit for one output
    refused(
        attack,
        with_net(parts, tmp_path / "m.tfft", config__json=config),
        "needs more memory than its weights file explains",
    )


def test_a_net_with_enormous_outputs_is_refused(attack: Attack, tmp_path: Path, parts: Mapping[str, bytes]) -> None:
    layers = keras.layers.UpSampling2D(77), keras.layers.GlobalAveragePooling2D()
    config = net_of(*layers).replace(b"[77, 77]", b"[100000, 100000]")
    refused(attack, with_net(parts, tmp_path / "m.tfft", config__json=config), "values are more than the limit")


# numbers


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("variable", [0, -1])
def test_the_error_names_weights_that_are_not_finite(
    attack: Attack, tmp_path: Path, number: float, variable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    weight = model.net.weights[variable]
    weight.assign(np.full(weight.shape, number))
    assert not_finite(model.net) == [weight.path]
    with pytest.raises(BundleError, match="not finite numbers"):
        tfft.export(model, tmp_path / "m.tfft")
    monkeypatch.setattr("tfft.bundles.writer.not_finite", lambda _: [])
    path = tfft.export(model, tmp_path / "m.tfft")
    refused(attack, path, "not finite numbers", weight.path)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_the_error_names_an_input_with_a_prediction_that_is_not_finite(attack: Attack, number: float) -> None:
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    predictor = tfft.bundles.predictor.Predictor(model.net, model.task, model.preprocessor, {})
    bias = model.net.weights[-1]
    bias.assign([number, 0.0])
    found = attack(lambda: predictor.predict([np.zeros((8, 8, 3), np.uint8)] * 3))
    assert isinstance(found, DataError)
    assert "NaN or infinity for 'input 0'" in found.what
