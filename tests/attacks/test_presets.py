"""Presets in KerasHub's own format from elsewhere: no class of theirs is made, nothing outside is read."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import keras_hub
import pytest
from keras.src.backend.common import global_state

import tfft
from tfft.core.errors import BackboneError, WeightsError

Attack = Callable[[Callable[[], Any]], Any]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxy"]


@pytest.fixture(autouse=True)
def _unsafe() -> Iterator[None]:
    """Keras was told to allow everything; afterwards it is as before, which has no public name."""
    keras.config.enable_unsafe_deserialization()
    yield
    global_state.set_global_attribute("safe_mode_saving", None)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a preset."""
    folder = tmp_path_factory.mktemp("preset")
    keras_hub.models.BertBackbone(
        vocabulary_size=30, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=16
    ).save_to_preset(str(folder))
    keras_hub.tokenizers.BertTokenizer(vocabulary=WORDS).save_to_preset(str(folder))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path, saved: dict[str, bytes]) -> Path:
    for name, content in saved.items():
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "model"


def change(folder: Path, name: str, put: Callable[[dict[str, Any]], Any]) -> None:
    values = json.loads((folder / name).read_text())
    values = put(values) or values
    (folder / name).write_text(json.dumps(values))


def refused(attack: Attack, folder: Path, *said: str) -> None:
    found = attack(lambda: tfft.load_backbone(str(folder)).load())
    assert isinstance(found, BackboneError), found
    assert found.fix
    for words in said:
        assert words in str(found)


def lambda_layer() -> dict[str, Any]:
    """A net with a layer that writes a file when it is made."""
    run = keras.layers.Lambda(lambda x: (open("owned", "w").close(), x)[1], name="owned")
    image = keras.Input((3,))
    config: dict[str, Any] = keras.saving.serialize_keras_object(keras.Model(image, keras.layers.Identity()(image)))
    layer = keras.saving.serialize_keras_object(run)
    config["config"]["layers"][1] |= {key: layer[key] for key in ("class_name", "module", "config")}
    return config


def test_the_preset_itself_is_sound(attack: Attack, folder: Path) -> None:
    backbone = tfft.load_backbone(str(folder))
    assert attack(backbone.load).count_params() > 0
    packed = backbone.preprocessor.tokenizer.pack([("a b",)], 8)
    assert packed.rows[0][:, 0].tolist() == [2, 5, 6, 3]


TOKENIZERS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a net that runs code": (lambda values: lambda_layer(), "Functional"),
    "another layer": (
        lambda values: {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}},
        "keras.layers.Dense",
    ),
    "a layer that reads a file": (
        lambda values: {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "{secret}"}},
        "keras.layers.StringLookup",
    ),
    "another class behind the name": (lambda values: values.update(registered_name="Lambda"), "registered as 'Lambda'"),
    "another tokenizer": (
        lambda values: values.update(class_name="ByteTokenizer", registered_name="keras_hub>ByteTokenizer"),
        "ByteTokenizer",
    ),
    "a path to words": (lambda values: values["config"].update(vocabulary="{secret}"), "vocabulary="),
    "a path to merges": (lambda values: values["config"].update(merges="{secret}"), "merges="),
    "a path to pieces": (lambda values: values["config"].update(proto="{secret}"), "proto="),
    "an unknown argument": (lambda values: values["config"].update(evil=1), "evil=1"),
    "a type that runs code": (lambda values: values["config"].update(dtype=lambda_layer()), "could run code"),
    "no arguments": (lambda values: values.update(config=[]), "config=[]"),
    "a list": (lambda values: [1], "it is not a JSON object"),
}


@pytest.mark.parametrize(("put", "said"), TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_hostile_tokenizer_is_refused(
    attack: Attack, folder: Path, outside: Path, put: Callable[[dict[str, Any]], Any], said: str
) -> None:
    change(folder, "tokenizer.json", put)
    text = (folder / "tokenizer.json").read_text().replace("{secret}", str(outside / "secret.txt"))
    (folder / "tokenizer.json").write_text(text)
    refused(attack, folder, "tokenizer.json", said)


NETS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a type that runs code": (lambda values: values["config"].update(dtype=lambda_layer()), "could run code"),
    "a loss that runs code": (
        lambda values: values.update(compile_config={"optimizer": "adam", "loss": lambda_layer()}),
        "could run code",
    ),
    "a part that runs code": (lambda values: values["config"].update(num_segments=lambda_layer()), "num_segments"),
    "another class behind the name": (
        lambda values: values.update(registered_name="keras_hub>RobertaBackbone"),
        "registered as 'keras_hub>RobertaBackbone'",
    ),
    "no class of KerasHub": (lambda values: values.update(registered_name="BertBackbone"), "registered as"),
}


@pytest.mark.parametrize(("put", "said"), NETS.values(), ids=NETS)
@pytest.mark.parametrize("weights", ["pretrained", None])
def test_a_hostile_net_is_refused(
    attack: Attack, folder: Path, weights: str | None, put: Callable[[dict[str, Any]], Any], said: str
) -> None:
    change(folder, "config.json", put)
    found = attack(lambda: tfft.load_backbone(str(folder), weights=weights).load())
    assert isinstance(found, BackboneError), found
    assert said in str(found)


@pytest.mark.parametrize("where", ["../outside/x.weights.h5", "/x.weights.h5", "..\\x.weights.h5", "", "config.json"])
def test_an_index_of_weights_that_leads_outside_is_refused(
    attack: Attack, folder: Path, outside: Path, where: str
) -> None:
    (folder / "model.weights.h5").rename(outside / "x.weights.h5")
    (folder / "model.weights.json").write_text(json.dumps({"weight_map": {"/layers": [where]}}))
    refused(attack, folder, "does not name files in its own folder")


def test_an_index_of_tensors_that_leads_outside_is_refused(attack: Attack, tmp_path: Path, outside: Path) -> None:
    from tfft.backbones.keras_hub import tensor_files

    (outside / "x.safetensors").write_bytes(b"x")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    (tmp_path / tensor_files.INDEX).write_text('{"weight_map": {"a": "outside/x.safetensors"}}')
    assert isinstance(attack(lambda: tensor_files.check_weights(str(tmp_path))), WeightsError)


VOCABULARIES: dict[str, Callable[[Path], Any]] = {
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "gigabytes": lambda path: (path.write_bytes(b""), os.truncate(path, 2**34)),
    "millions of words": lambda path: path.write_bytes(b"\n" * 3_000_000),
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("make", VOCABULARIES.values(), ids=VOCABULARIES)
def test_a_hostile_vocabulary_is_refused(attack: Attack, folder: Path, make: Callable[[Path], Any]) -> None:
    path = folder / "assets" / "tokenizer" / "vocabulary.txt"
    path.unlink()
    make(path)
    refused(attack, folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.weights.h5"])
@pytest.mark.parametrize("kind", ["pipe", "zero"])
def test_a_file_that_is_a_pipe_or_a_device_is_not_opened(attack: Attack, folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    refused(attack, folder, "pipe or a device")
