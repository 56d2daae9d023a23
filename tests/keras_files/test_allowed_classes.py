"""The list of allowed classes covers every net that tfft exports, and only contains classes that exist and compute."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import keras
import pytest
from keras.src.api_export import get_symbol_from_name

import tfft
from tests.contracts import test_hub_pictures, test_text_backbones
from tests.contracts.test_backbones import SMALLEST
from tfft.backbones.base import Backbone
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.keras_files import net_config
from tfft.keras_files.allowed_classes import CLASSES, FUNCTIONS


def _folder(module: object, name: str, place: Path) -> str:
    folder = module.folder_of if hasattr(module, "folder_of") else module.saved  # type: ignore[attr-defined]
    return str(folder(name, place))


def of_keras(name: str, place: Path) -> Backbone:
    return tfft.load_backbone(name, size=SMALLEST[name], **({} if name == "toy" else {"weights": None}))


def of_hub(name: str, place: Path) -> Backbone:
    return tfft.load_backbone(_folder(test_hub_pictures, name, place), weights=None, size=None if name == "vit" else 32)


def of_texts(name: str, place: Path) -> Backbone:
    if name == test_text_backbones.E5:
        return test_text_backbones.described_e5(place)
    return tfft.load_backbone(_folder(test_text_backbones, name, place))


NETS: list[tuple[Callable[[str, Path], Backbone], str]] = [
    *((of_keras, name) for name in SMALLEST),
    *((of_hub, name) for name in test_hub_pictures.FOLDERS),
    *((of_texts, name) for name in (*FAMILIES, test_text_backbones.E5)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("describe", "name"), NETS, ids=[f"{describe.__name__}-{name}" for describe, name in NETS])
def test_every_net_that_tfft_exports_is_allowed(
    describe: Callable[[str, Path], Backbone], name: str, tmp_path: Path
) -> None:
    model = tfft.build(describe(name, tmp_path), tfft.tasks.multi_label(["ants", "bees"], hidden=[4]))
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model.net)))
    net_config.check(config, "'m.tfft'")
    # to search all objects for garbage takes half a second
    keras.backend.clear_session(free_memory=model.net.count_params() > 5e7)


@pytest.mark.parametrize("module", CLASSES)
def test_every_class_on_the_list_exists(module: str) -> None:
    public = module in ("keras", "keras.layers") or not module.startswith(("keras.src", "keras_hub", "tfft"))
    now = {"tfft.core.saved_layer": "tfft.savedmodel.saved_layer"}.get(
        module, module
    )  # old files name it as it was called then
    held = None if public else vars(importlib.import_module(now))
    for name in CLASSES[module]:
        found = get_symbol_from_name(f"{module}.{name}") if held is None else held.get(name)
        assert isinstance(found, type), f"{module}.{name}"


def test_no_class_on_the_list_contains_functions_or_reads_files() -> None:
    listed = {name for names in CLASSES.values() for name in names}
    assert not listed & {
        "Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper", "StringLookup", "IntegerLookup", "TextVectorization",
        "Hashing", "HashedCrossing", "Layer", "Wrapper", "Map", "Scan", "AssociativeScan", "WhileLoop", "ForiLoop", "Cond",
        "Switch", "VectorizedMap", "JVP", "Function", "Operation",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(FUNCTIONS - {"keras_hub>gelu_approximate"}))
def test_every_function_on_the_list_is_an_activation(name: str) -> None:
    assert callable(getattr(keras.activations, name))
