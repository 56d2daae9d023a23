"""Names lead to backbones, and wrong names to the right ones."""

import subprocess
import sys
from importlib import import_module

import pytest

import tfft
from tfft.backbones.handles import SOURCES, check_options, load_backbone, names
from tfft.core.errors import BackboneError


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


def test_every_source_lists_names_and_makes_them() -> None:
    for source, about in SOURCES.items():
        module = import_module(about.module)
        assert about.about
        for name in module.names():
            assert load_backbone(f"{source}://{name}").handle == name


def test_the_default_exists_and_needs_no_network() -> None:
    assert load_backbone("tfft_mini").handle == "tfft_mini"
    assert (next(iter(SOURCES)), "tfft_mini") in names()


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(BackboneError, match=r"no backbone 'vgg61'\. Did you mean .*'vgg16'"):
        load_backbone("vgg61")


def test_an_unknown_name_with_no_neighbour_lists_what_there_is() -> None:
    with pytest.raises(BackboneError, match=r"'qqqq'.*There are: .*'convnext_small'.*'vgg19'"):
        load_backbone("qqqq")


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    with pytest.raises(BackboneError, match=r"no source 'kears' in 'kears://vgg16'.*'keras'"):
        load_backbone("kears://vgg16")


def test_a_name_of_another_source_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"no backbone 'toy://vgg16'.*'toy'"):
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


def test_describing_every_backbone_imports_no_framework() -> None:
    code = (
        "import sys, tfft; from tfft.backbones.handles import names\n"
        "[tfft.load_backbone(name) for _, name in names()]\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_load_backbone_is_public() -> None:
    assert tfft.load_backbone is load_backbone
