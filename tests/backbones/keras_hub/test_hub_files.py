"""Presets that KerasHub saved are read; hostile ones are in tests/attacks/test_presets.py."""

import json
from pathlib import Path

import keras
import keras_hub
import pytest

from tfft.backbones.keras_hub import hub_files
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.vision import KINDS
from tfft.core.errors import BackboneError, WeightsError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxy"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keras_hub.models.BertBackbone(
        vocabulary_size=30, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=16
    ).save_to_preset(str(tmp_path))
    keras_hub.tokenizers.BertTokenizer(vocabulary=WORDS, lowercase=True).save_to_preset(str(tmp_path))
    return tmp_path


def test_what_kerashub_saved_is_read(folder: Path) -> None:
    preset = str(folder)
    hub_files.check_net(preset, "BertBackbone")
    hub_files.check_weights(preset)
    made = hub_files.tokenizer(preset)
    theirs = keras_hub.tokenizers.BertTokenizer.from_preset(preset)
    assert type(made) is keras_hub.tokenizers.BertTokenizer
    assert made.get_vocabulary() == theirs.get_vocabulary() == WORDS
    assert made.lowercase


def test_presets_of_kerasnlp_are_read(folder: Path) -> None:
    """KerasHub's former name, which stands in older files."""
    for name in ("config.json", "tokenizer.json"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace('"keras_hub>', '"keras_nlp>').replace("keras_hub.src", "keras_nlp.src"))
    hub_files.check_net(str(folder), "BertBackbone")
    assert hub_files.tokenizer(str(folder)).vocabulary_size() == 30


def test_each_class_of_tfft_is_known_by_its_registered_name() -> None:
    for name in (*(family.backbone for family in FAMILIES.values()), *KINDS):
        assert keras.saving.get_registered_object(f"keras_hub>{name}") is getattr(keras_hub.models, name)


def test_another_class_is_named_with_those_that_are_read(folder: Path) -> None:
    with pytest.raises(
        BackboneError, match=r"config\.json of .*BertBackbone.*must name one of KerasHub's classes 'RobertaBackbone'"
    ):
        hub_files.check_net(str(folder), "RobertaBackbone")


def test_shards_are_files_beside_their_index(tmp_path: Path) -> None:
    rows = {"/a": ["b_00001.weights.h5", "b_00000.weights.h5"], "/b": "b_00000.weights.h5"}
    (tmp_path / "index.json").write_text(json.dumps({"weight_map": rows}))
    found = hub_files.shards(str(tmp_path), "index.json", ".weights.h5")
    assert found == ["b_00000.weights.h5", "b_00001.weights.h5"]
    with pytest.raises(WeightsError, match="does not name files in its own folder"):
        hub_files.shards(str(tmp_path), "index.json", ".safetensors")
