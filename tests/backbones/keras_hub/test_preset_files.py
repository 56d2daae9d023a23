"""Files of a preset are read, or what is missing in them is named."""

import json
import socket
import time

import pytest

import tfft
from tfft.backbones.keras_hub.preset_files import check_weights, configuration, further, reachable
from tfft.core import hub_network
from tfft.core.errors import BackboneError, WeightsError


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BackboneError, match=r"The folder '.*nix' does not exist.*working folder.*Check the path"):
        tfft.load_backbone(str(tmp_path / "nix"))


def test_an_empty_folder_is_called_so(tmp_path):
    with pytest.raises(BackboneError, match=r"Got: an empty folder\. tfft looks for config\.json"):
        tfft.load_backbone(str(tmp_path))


def test_an_unreachable_preset_raises_a_tfft_error(monkeypatch):
    def refused(*_):
        raise ConnectionError("Name or service not known\nand a long story")

    monkeypatch.setattr("keras_hub.src.utils.preset_utils.get_file", refused)
    with pytest.raises(WeightsError, match=r"'hf://owner/model' could not be loaded: ConnectionError: Name") as caught:
        tfft.load_backbone("hf://owner/model")
    assert "long story" not in str(caught.value)
    assert "minilm_l6" in caught.value.fix


def test_the_configuration_is_what_the_file_says_and_weights_are_asked_for_apart(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    config = configuration(str(tmp_path))
    assert config == {"model_type": "bert"}
    with pytest.raises(WeightsError, match=r"holds no weights that tfft can read.*pass weights=None"):
        check_weights(str(tmp_path), config)
    (tmp_path / "model.safetensors").touch()
    check_weights(str(tmp_path), config)


@pytest.mark.parametrize("content", [None, "", "[1]", "{"])
def test_a_further_file_that_is_missing_or_damaged_says_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "image_converter.json").write_text(content)
    assert further(str(tmp_path), "image_converter.json") == {}


def test_a_further_file_is_read(tmp_path):
    (tmp_path / "image_converter.json").write_text('{"config": {"scale": 1}}')
    assert further(str(tmp_path), "image_converter.json") == {"config": {"scale": 1}}


def test_what_to_do_depends_on_where_the_preset_is(tmp_path):
    for preset, fix in (
        ("hf://owner/model", "Try again with a network"),
        ("bert_base_zh", "Try again with a network"),
        (str(tmp_path), "Copy"),
    ):
        with pytest.raises(WeightsError, match=r"could not be loaded: KeyError: 'x'") as caught, reachable(preset):
            raise KeyError("x")
        assert caught.value.fix.startswith(fix)


def test_our_own_errors_pass_as_they_are():
    with pytest.raises(BackboneError, match="mine"), reachable("hf://owner/model"):
        raise BackboneError("mine", fix="nothing")


@pytest.mark.parametrize("handle", ["hf://", "hf:// ", "hf://a/b/c", "hf://https://huggingface.co/a/b"])
def test_an_address_that_names_no_model_of_hugging_face_is_told_the_form(handle):
    with pytest.raises(BackboneError, match=r"does not name a model of Hugging Face\. Write hf://owner/model"):
        configuration(handle)


@pytest.mark.parametrize("offline", [False, True])
def test_without_a_network_one_short_error_names_the_cause_and_three_ways(monkeypatch, offline, caplog):
    def refused(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(hub_network, "getproxies", dict)
    monkeypatch.setattr(hub_network, "_FAILED", {})
    began = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        tfft.load_backbone("hf://owner/bert-base", offline=offline)
    assert time.monotonic() - began < 20  # huggingface_hub waits for 23 seconds
    assert caught.value.what == "'hf://owner/bert-base' is not on this machine and cannot be downloaded."
    assert ("offline mode is on" if offline else "no connection to huggingface.co: Name or service") in caught.value.got
    for way in ("HF_ENDPOINT", '"models/bert-base/"', '"minilm_l6"'):
        assert way in caught.value.fix
    assert "Retrying" not in caplog.text


def test_a_long_story_of_requests_becomes_the_name_of_the_host():
    story = "HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries exceeded with url: /v1 (Caused by ...)"
    with (
        pytest.raises(WeightsError, match=r"ConnectionError: no connection to api\.kaggle\.com\. Try again"),
        reachable("kaggle://keras/bert/keras/bert_tiny_en_uncased"),
    ):
        raise ConnectionError(story)


@pytest.mark.parametrize(
    ("handle", "hub"), [("owner/model-1.5", True), ("./model", False), ("here/model", False), ("a/b/c", False)]
)
def test_what_looks_like_a_model_of_hugging_face_is_told_its_address(tmp_path, monkeypatch, handle, hub):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    with pytest.raises(BackboneError, match=r"The folder '.*' does not exist.*Check the path") as caught:
        tfft.load_backbone(handle)
    assert (f"For a model of Hugging Face write 'hf://{handle}'" in caught.value.fix) == hub


def test_a_bundle_at_hugging_face_is_answered_with_load(tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 1, "weights": "", "preprocessor": {}}))

    def get_file(_, name):
        if not (tmp_path / name).is_file():
            raise FileNotFoundError(name)
        return str(tmp_path / name)

    monkeypatch.setattr("keras_hub.src.utils.preset_utils.get_file", get_file)
    monkeypatch.setattr(hub_network, "no_connection", lambda: "")
    with pytest.raises(
        BackboneError, match=r"holds a bundle of tfft, not a backbone.*tfft\.load\('hf://ann/flowers'\)"
    ):
        tfft.load_backbone("hf://ann/flowers")
    (tmp_path / "manifest.json").write_text(json.dumps({"name": "a page"}))
    with pytest.raises(WeightsError, match="could not be loaded: FileNotFoundError"):
        tfft.load_backbone("hf://ann/flowers")
