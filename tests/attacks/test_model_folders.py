"""Folders of models from elsewhere: no code of theirs runs, nothing outside is read, nothing huge is allocated."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfft
from tests.contracts.transformers_folders import write_folder, write_tensors
from tfft.backbones.keras_hub import transformers_nets
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.tensor_names import wanted
from tfft.backbones.keras_hub.tokenizer_files import tokenizer
from tfft.backbones.keras_hub.transformers_config import stated
from tfft.core.errors import BackboneError, WeightsError

Attack = Any
BERT = {
    "model_type": "bert",
    "vocab_size": 30,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 20,
}
SHAPES = {name: list(shape) for name, shape in wanted(stated("bert", "bert", BERT)).items()}
QUERY = "encoder.layer.0.attention.self.query.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "model", BERT, SHAPES)


def load(folder: Path) -> Any:
    """What ``Backbone.load`` does with a folder, without its tokenizer."""
    config = json.loads((folder / "config.json").read_text())
    return transformers_nets.load(str(folder), stated(str(folder), "bert", config), "BertBackbone", True, [])


def header(folder: Path, change: Callable[[dict[str, Any]], Any], data: bytes | None = None) -> None:
    """Rewrite the header of the weights."""
    file = folder / "model.safetensors"
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    held = json.loads(content[8 : 8 + length])
    told = change(held)
    told = held if told is None else told
    head = told if isinstance(told, bytes) else json.dumps(told).encode()
    file.write_bytes(struct.pack("<Q", len(head)) + head + (content[8 + length :] if data is None else data))


def test_the_folder_itself_is_sound(attack: Attack, folder: Path) -> None:
    assert attack(lambda: load(folder)).num_layers == 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"hidden_size": 10**9}, "values are more than the limit"),
        ({"vocab_size": 10**12}, "values are more than the limit"),
        ({"max_position_embeddings": 10**15}, "values are more than the limit"),
        ({"intermediate_size": 10**18}, "values are more than the limit"),
        ({"num_hidden_layers": 10**9, "hidden_size": 2}, "layers are more than the limit"),
        ({"hidden_size": -8}, "hidden_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"hidden_size": 8.0}, "hidden_size"),
        ({"hidden_size": "8"}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"hidden_size": [8]}, "hidden_size"),
        ({"num_attention_heads": 3}, "num_heads must divide hidden_dim"),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps"),
        ({"layer_norm_eps": "1e-12"}, "layer_norm_eps"),
        ({"hidden_dropout_prob": 2}, "hidden_dropout_prob"),
        ({"hidden_act": ["gelu"]}, "hidden_act"),
        ({"hidden_act": "__import__('os').system('touch owned')"}, "hidden_act"),
        ({"auto_map": {"AutoModel": "owned.Model"}}, "Python code"),
        ({"auto_map": "owned.Model"}, "Python code"),
        ({"quantization_config": {"bits": 4}}, "quantization_config"),
        ({"is_decoder": True}, "is_decoder"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"rotary_dim": 4}, "rotary_dim"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("weights", ["pretrained", None])
def test_a_configuration_is_refused_before_anything_is_built(
    attack: Attack, folder: Path, weights: str | None, fields: dict[str, Any], named: str
) -> None:
    (folder / "config.json").write_text(json.dumps(BERT | fields))
    (folder / "owned.py").write_text("open('owned', 'w').close()")
    answer = attack(lambda: tfft.load_backbone(str(folder), weights=weights))
    assert isinstance(answer, BackboneError)
    assert named in str(answer)


@pytest.mark.parametrize(
    "content",
    [b"[" * 10**6, b'{"a":' * 10**5, b'{"model_type": "bert"} x', b"\xff\xfe", b"[1]", b"null", b"NaN"],
    ids=["lists", "objects", "more", "bytes", "list", "null", "nan"],
)
def test_a_configuration_that_is_no_object_is_refused(attack: Attack, folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    answer = attack(lambda: tfft.load_backbone(str(folder)))
    assert isinstance(answer, BackboneError)
    assert "config.json" in str(answer)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "model.safetensors.index.json"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_file_that_is_a_pipe_or_a_device_is_not_opened(attack: Attack, folder: Path, name: str, kind: str) -> None:
    """A pipe would be waited for without end; a device has no end."""
    if name.endswith("index.json"):
        (folder / "model.safetensors").unlink()
    (folder / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    answer = attack(lambda: (tfft.load_backbone(str(folder)), load(folder)))
    assert isinstance(answer, BackboneError)
    assert "pipe or a device" in str(answer)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "spiece.model"])
def test_a_tokenizer_of_16_gigabytes_is_not_read(attack: Attack, folder: Path, name: str) -> None:
    for other in ("tokenizer.json", "vocab.txt"):
        (folder / other).unlink(missing_ok=True)
    (folder / "merges.txt").write_text("a b")
    (folder / name).write_bytes(b"")
    os.truncate(folder / name, 2**34)
    answer = attack(lambda: tokenizer(str(folder), FAMILIES["bert"]))
    assert isinstance(answer, BackboneError)
    assert "TFFT_MAX_TOKENIZER_BYTES" in str(answer)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_json_of_countless_values_is_not_parsed(attack: Attack, folder: Path, name: str) -> None:
    (folder / name).write_text(f'{{"vocab": [{"[]," * 10_000_001}0]}}')
    answer = attack(lambda: tfft.load_backbone(str(folder)).load())
    assert isinstance(answer, BackboneError)
    assert "TFFT_MAX_JSON_VALUES" in str(answer)


def test_a_configuration_of_16_gigabytes_is_not_read(attack: Attack, folder: Path) -> None:
    os.truncate(folder / "config.json", 2**34)
    answer = attack(lambda: tfft.load_backbone(str(folder)))
    assert isinstance(answer, BackboneError)
    assert "bytes are more than the limit" in str(answer)


@pytest.mark.parametrize(
    ("size", "key"),
    [
        (10**9, "hidden_dim"),
        (10**12, "vocabulary_size"),
        (10**9, "num_layers"),
        ("8", "hidden_dim"),
        (-1, "hidden_dim"),
    ],
)
def test_a_preset_of_keras_with_impossible_sizes_is_refused(
    attack: Attack, tmp_path: Path, size: Any, key: str
) -> None:
    inner = {"vocabulary_size": 30, "num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16, key: size}
    names = {"module": "keras_hub.src.models.bert.bert_backbone", "registered_name": "keras_hub>BertBackbone"}
    (tmp_path / "config.json").write_text(json.dumps({"class_name": "BertBackbone", **names, "config": inner}))
    answer = attack(lambda: tfft.load_backbone(str(tmp_path), weights=None))
    assert isinstance(answer, BackboneError)
    assert "limit" in str(answer) or key in str(answer)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held[QUERY].update(data_offsets=[0, 2**60]),
        lambda held: held[QUERY].update(shape=[2**40, 2**40]),
        lambda held: held[QUERY].update(shape=[-8, -8]),
        lambda held: held[QUERY].update(data_offsets=held[QUERY.replace("query", "key")]["data_offsets"]),
        lambda held: held[QUERY].update(dtype="F128"),
        lambda held: b"[" * 10**6,
        lambda held: b"",
        lambda held: (
            json.dumps(held)[:-1].encode()
            + b',"'
            + QUERY.encode()
            + b'":'
            + json.dumps(held["encoder.layer.0.attention.self.key.weight"]).encode()
            + b"}"
        ),
    ],
    ids=["past the end", "too large", "negative", "overlapping", "unknown dtype", "deep", "empty", "twice"],
)
def test_a_header_that_lies_is_refused(attack: Attack, folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    header(folder, change)
    answer = attack(lambda: load(folder))
    assert isinstance(answer, WeightsError)
    assert "model.safetensors" in str(answer)


@pytest.mark.parametrize("length", [2**63, 2**40, 2**33, 0])
def test_a_header_of_gigabytes_is_not_read(attack: Attack, folder: Path, length: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(struct.pack("<Q", length))
    os.truncate(file, 2**34)
    assert isinstance(attack(lambda: load(folder)), WeightsError)


@pytest.mark.parametrize("content", [b"", b"\0" * 7, b"PK\3\4" * 100])
def test_what_is_no_file_of_tensors_is_refused(attack: Attack, folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    assert isinstance(attack(lambda: load(folder)), WeightsError)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"vocab_size": 31}, "embeddings.word_embeddings.weight (30, 8) instead of (31, 8)"),
        ({"hidden_size": 16}, "instead of"),
        ({"intermediate_size": 100_000_000}, "instead of"),
        ({"num_hidden_layers": 2}, "lacks 16 of the 37 weights"),
        ({"type_vocab_size": 3}, "embeddings.token_type_embeddings.weight (2, 8) instead of (3, 8)"),
    ],
)
def test_weights_of_another_size_are_named_before_anything_is_allocated(
    attack: Attack, folder: Path, fields: dict[str, Any], named: str
) -> None:
    (folder / "config.json").write_text(json.dumps(BERT | fields))
    answer = attack(lambda: load(folder))
    assert isinstance(answer, WeightsError)
    assert named in str(answer)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_named(attack: Attack, folder: Path, value: float) -> None:
    tensors = {name: np.zeros(shape, "float32") for name, shape in SHAPES.items()}
    tensors[QUERY][3, 3] = value
    write_tensors(folder / "model.safetensors", tensors)
    answer = attack(lambda: load(folder))
    assert isinstance(answer, WeightsError)
    assert QUERY in str(answer)
    assert answer.got == "1 of 64"


@pytest.mark.parametrize(
    "where",
    [
        "../outside/x.safetensors",
        "/{}/x.safetensors",
        "..\\outside\\x.safetensors",
        "a/../../outside/x.safetensors",
        "..",
        "",
        "secret.txt",
    ],
)
def test_an_index_that_leads_outside_is_refused(attack: Attack, folder: Path, outside: Path, where: str) -> None:
    (folder / "model.safetensors").rename(outside / "x.safetensors")
    index = {"weight_map": dict.fromkeys(SHAPES, where.format(outside))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    answer = attack(lambda: load(folder))
    assert isinstance(answer, WeightsError)
    assert "does not name files in its own folder" in str(answer)


def test_a_shard_that_is_missing_is_named(attack: Attack, folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    index = {"weight_map": dict.fromkeys(SHAPES, "a.safetensors") | {QUERY: "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    answer = attack(lambda: load(folder))
    assert isinstance(answer, WeightsError)
    assert "'b.safetensors'" in str(answer)
    assert "is missing" in str(answer)


@pytest.mark.parametrize("index", [[], {}, {"weight_map": []}, {"weight_map": {}}, {"weight_map": {"a": {}}}])
def test_an_index_without_files_is_refused(attack: Attack, folder: Path, index: Any) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert isinstance(attack(lambda: load(folder)), BackboneError)


@pytest.mark.parametrize("module", ["subprocess", "owned", "builtins"])
def test_a_preset_of_keras_that_names_other_code_runs_none(
    attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    (tmp_path / "owned.py").write_text("raise SystemExit('owned')")
    monkeypatch.syspath_prepend(tmp_path)
    inner = {"vocabulary_size": 30, "num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    names = {"module": module, "class_name": "BertBackbone", "registered_name": "exec"}
    (tmp_path / "config.json").write_text(json.dumps({**names, "config": inner}))
    answer = attack(lambda: tfft.load_backbone(str(tmp_path), weights=None).load())
    assert isinstance(answer, BackboneError)
