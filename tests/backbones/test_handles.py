"""Names lead to backbones, and wrong names to the right ones."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import tfft
from tfft.backbones.handles import SOURCES, check_options, load_backbone, names, options_of, places, source_of
from tfft.backbones.keras_hub import source as presets
from tfft.core.errors import BackboneError, WeightsError


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A folder that is described as a BERT of two layers."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "num_hidden_layers": 2}))
    (folder / "model.safetensors").touch()
    return folder


@pytest.fixture
def needed(tmp_path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Options without which some backbones cannot be described; every package counts as installed."""
    monkeypatch.setattr(presets, "installed", lambda name: str(encoder))
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    return {name: {"vocabulary": str(vocabulary)} for source, name in names() if source == "scratch"}


@pytest.mark.parametrize("spelling", ["vgg16", "VGG16", "vgg-16", "keras://vgg16", "keras://VGG_16"])
def test_spelling_ignores_case_dash_and_underscore(spelling: str) -> None:
    assert load_backbone(spelling).handle == "vgg16"


@pytest.mark.parametrize("spelling", ["ResNet50V2", "resnet50_v2", "resnet-50-v2"])
def test_versions_are_not_mixed_up_by_folding(spelling: str) -> None:
    assert load_backbone(spelling).handle == "resnet50_v2"
    assert load_backbone("resnet50").handle == "resnet50"


def test_folded_names_are_unique_over_all_sources() -> None:
    folded = [name.lower().replace("_", "").replace("-", "") for _, name in names()]
    assert len(set(folded)) == len(folded) >= 32


def test_every_source_lists_names_and_makes_them(needed: dict[str, dict[str, Any]]) -> None:
    for source, about in SOURCES.items():
        module = import_module(about.module)
        assert about.about
        assert list(module.names()) or source in ("saved_model", "keras_file", "hub_models")  # found by their paths
        for name in module.names():
            assert load_backbone(f"{source}://{name}", **needed.get(name, {})).handle == name


def test_the_default_exists_and_needs_no_network() -> None:
    assert load_backbone("tfft_mini").handle == "tfft_mini"
    assert (next(iter(SOURCES)), "tfft_mini") in names()


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(BackboneError, match=r"The backbone 'vgg61' does not exist\. Did you mean .*'vgg16'"):
        load_backbone("vgg61")


def test_an_unknown_name_with_no_neighbour_lists_what_there_is() -> None:
    with pytest.raises(BackboneError, match=r"'qqqq'.*There are: .*'bert_base_en'.*'convnext_small'") as caught:
        load_backbone("qqqq")
    assert f"({len(list(names()))} in all)" in caught.value.fix
    with pytest.raises(BackboneError, match=r"'keras://qqqq'.*There are: .*'convnext_small'.*'vgg19'"):
        load_backbone("keras://qqqq")


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    with pytest.raises(BackboneError, match=r"The source 'kears' of 'kears://vgg16' does not exist.*'keras'"):
        load_backbone("kears://vgg16")


def test_several_names_in_one_are_sent_to_the_search() -> None:
    with pytest.raises(
        BackboneError, match=r"'vgg16,resnet50' does not exist.*One name is expected; `tfft fit --auto`"
    ):
        load_backbone("vgg16,resnet50")


def test_a_name_of_another_source_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"The backbone 'toy://vgg16' does not exist.*'toy'"):
        load_backbone("toy://vgg16")


@pytest.mark.parametrize("handle", [None, 16, ["vgg16"]])
def test_a_handle_that_is_no_string_is_refused(handle: object) -> None:
    with pytest.raises(BackboneError, match=r"Pass a string such as") as caught:
        load_backbone(handle)  # type: ignore[arg-type]
    assert repr(handle) in caught.value.what


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(BackboneError, match=r"'vgg16' takes no option 'weight'.*'weights'"):
        load_backbone("vgg16", weight=None)
    with pytest.raises(BackboneError, match=r"'toy' takes no option 'alpha'.*'size'"):
        load_backbone("toy", alpha=0.5)
    check_options("toy", ["size"], ["size"])


def test_the_name_of_the_backbone_is_no_option() -> None:
    with pytest.raises(BackboneError, match=r"takes no option 'name'"):
        load_backbone("vgg16", name="vgg19")


def test_describing_every_backbone_imports_no_framework(needed: dict[str, dict[str, Any]], encoder: Path) -> None:
    code = (
        "import sys, tfft; from tfft.backbones.keras_hub import source; from tfft.backbones.handles import names\n"
        f"source.installed = lambda name: {str(encoder)!r}\n"
        f"[tfft.load_backbone(name, **{needed!r}.get(name, {{}})) for _, name in names()]\n"
        f"tfft.load_backbone({str(encoder)!r})\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("spelling", ["BERT-Tiny-en-uncased", "keras_hub://bert_tiny_en_uncased", "berttinyenuncased"])
def test_spelling_of_presets_is_as_free_as_that_of_images(spelling: str) -> None:
    assert load_backbone(spelling).handle == "bert_tiny_en_uncased"


def test_paths_lead_to_the_folder(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(encoder.parent)
    for path in (str(encoder), "./encoder", "encoder"):
        described = load_backbone(path)
        assert described.handle == path
        assert [block.name for block in described.blocks] == ["embeddings", "layer1", "layer2"]


def test_a_name_is_no_folder_even_if_one_is_called_so(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder.rename(encoder.with_name("vgg16"))
    monkeypatch.chdir(encoder.parent)
    assert load_backbone("vgg16").features.kind == "map"
    assert load_backbone("./vgg16").features.kind == "sequence"


def test_a_path_to_nothing_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"The folder '\./nix' does not exist.*Check the path"):
        load_backbone("./nix")


def test_options_for_texts_are_listed_and_others_refused(encoder: Path, tmp_path: Path) -> None:
    assert options_of("bert_tiny_en_uncased") == options_of(str(encoder)) == ["weights", "length"]
    assert set(options_of("toy_text")) == {"vocabulary", "lowercase", "length", "dropout"}
    with pytest.raises(BackboneError, match=r"'bert_tiny_en_uncased' takes no option 'size'.*'length'"):
        load_backbone("bert_tiny_en_uncased", size=224)
    with pytest.raises(BackboneError, match=r"'toy_text' takes no option 'lenght'.*'length'"):
        load_backbone("toy_text", lenght=64)
    images = tmp_path / "images"
    images.mkdir()
    (images / "config.json").write_text('{"architecture": "resnet18"}')
    assert options_of(str(images)) == ["weights", "size", "fit"]
    with pytest.raises(BackboneError, match=r"takes no option 'length'.*'size'"):
        load_backbone(str(images), weights=None, length=64)


def test_a_missing_package_is_reported_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfft.backbones.packages.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="not installed"):
        load_backbone("MiniLM-L6")


def test_a_file_of_weights_and_a_path_that_leads_nowhere_get_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "model.safetensors").touch()
    with pytest.raises(BackboneError, match=rf"holds only weights.*load_backbone\('{tmp_path}/net'\)"):
        load_backbone(str(tmp_path / "net" / "model.safetensors"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(
        BackboneError, match=r"The folder '~/net' does not exist.*Did you mean '.*/net'.*does not expand '~'"
    ):
        load_backbone("~/net")
    with pytest.raises(BackboneError, match=r"The folder .* does not exist.*Did you mean '.*/net'"):
        load_backbone(str(tmp_path / "nett"))


def test_load_backbone_is_public() -> None:
    assert tfft.load_backbone is load_backbone


def test_offline_neither_describing_nor_loading_opens_a_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("keras.src.backend.config.keras_home", lambda: str(tmp_path))
    described = load_backbone("mobilenet_v2", offline=True, alpha=0.35)
    with pytest.raises(WeightsError, match=r"cannot be downloaded.*offline") as raised:
        described.load()
    assert raised.value.__suppress_context__  # one message, without three tracebacks of Keras and urllib before it
    monkeypatch.setenv("TFFT_OFFLINE", "1")
    with pytest.raises(WeightsError):
        load_backbone("hf://nobody/nothing")


def test_a_backbone_knows_its_source() -> None:
    assert [source_of(handle) for handle in ("vgg16", "a/b.tar.gz", "own.keras", "hf://owner/model")] == [
        "keras",
        "saved_model",
        "keras_file",
        "keras_hub",
    ]


def test_places_are_folders_of_the_libraries_that_download() -> None:
    assert list(places("keras_hub")) == ["models of Kaggle", "models of Hugging Face"]
    assert places("toy") == {}


@pytest.mark.parametrize("address", ["https://tfhub.dev/google/x", "http://huggingface.co/bert-base-uncased"])
def test_the_address_of_a_page_is_answered_with_both_ways_to_write_it(address):
    with pytest.raises(BackboneError, match=r"address of a page.*tfhub:http.*hf://owner/model"):
        load_backbone(address)
