"""The doctor finds what there is and says what is missing."""

import socket

import pytest

from tfft import doctor


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


def test_cached_weights_are_counted(tmp_path, monkeypatch):
    # Keras reads KERAS_HOME once, when it is imported
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vgg16.h5").write_bytes(b"x" * 2_000_000)
    monkeypatch.setattr(doctor, "keras_cache", lambda: tmp_path / "models")
    cached = next(finding for finding in doctor.examine(offline=True) if finding.name == "Keras weights")
    assert "(1 files, 2.0 MB)" in cached.value
