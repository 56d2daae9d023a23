"""``tfft serve`` checks what was typed before it starts."""

import socket

import pytest
from typer.testing import CliRunner

import tfft
from tfft.cli import verbs
from tfft.core.errors import BundleError, TfftError

runner = CliRunner()


def test_options_reach_the_service(monkeypatch, tmp_path):
    bundle = tfft.export(tfft.build("toy", tfft.tasks.classification(["a", "b"])), tmp_path / "m.tfft")
    met = {}
    monkeypatch.setattr(
        "tfft.serving.server.run", lambda app, host, port, settings: met.update(port=port, settings=settings)
    )
    done = runner.invoke(verbs.app, ["serve", str(bundle), "--port", "8123", "--body-megabytes", "1", "--batch", "8"])
    assert done.exit_code == 0, done.output
    assert met["port"] == 8123
    assert (met["settings"].body_bytes, met["settings"].batch) == (2**20, 8)
    assert "http://127.0.0.1:8123/docs has all addresses" in done.output


def test_a_missing_bundle_and_an_invalid_port_are_named(tmp_path):
    assert isinstance(runner.invoke(verbs.app, ["serve", str(tmp_path / "m.tfft")]).exception, BundleError)
    assert runner.invoke(verbs.app, ["serve", "m.tfft", "--port", "0"]).exit_code == 2


def test_missing_packages_are_named_before_the_bundle_is_read(monkeypatch, tmp_path):
    missing = ("uvicorn", "python_multipart")
    monkeypatch.setattr("tfft.serving.packages.find_spec", lambda name: None if name in missing else object())
    error = runner.invoke(verbs.app, ["serve", str(tmp_path / "nothing.tfft")]).exception
    assert (error.got, error.fix) == ("uvicorn, python-multipart", 'Run: pip install "tfft[serve]"')


def test_a_port_that_is_taken_is_named_before_the_bundle_is_loaded(monkeypatch, tmp_path):
    bundle = tfft.export(tfft.build("toy", tfft.tasks.classification(["a", "b"])), tmp_path / "m.tfft")
    monkeypatch.setattr("tfft.load", lambda path: 1 / 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = runner.invoke(verbs.app, ["serve", str(bundle), "--port", str(port)]).exception
    assert isinstance(error, TfftError)
    assert error.what == f"Cannot listen at '127.0.0.1', port {port}."
    assert "--port" in error.fix


@pytest.mark.parametrize("option", [("--body-megabytes", "inf"), ("--seconds", "inf")])
def test_numbers_that_are_not_finite_are_refused(tmp_path, option):
    bundle = tfft.export(tfft.build("toy", tfft.tasks.classification(["a", "b"])), tmp_path / "m.tfft")
    error = runner.invoke(verbs.app, ["serve", str(bundle), *option]).exception
    assert isinstance(error, TfftError)
    assert "must be a positive" in error.what
    assert runner.invoke(verbs.app, ["serve", str(bundle), "--body-megabytes", "nan"]).exit_code == 2


@pytest.mark.parametrize(("options", "inputs"), [((), 64), (("--batch", "100"), 100), (("--queue", "8"), 8)])
def test_a_request_has_no_more_inputs_than_the_queue_has_places(monkeypatch, tmp_path, options, inputs):
    bundle = tfft.export(tfft.build("toy", tfft.tasks.classification(["a", "b"])), tmp_path / "m.tfft")
    met = []
    monkeypatch.setattr("tfft.serving.server.run", lambda app, host, port, settings: met.append(settings))
    done = runner.invoke(verbs.app, ["serve", str(bundle), "--port", "8124", "--body-megabytes", "600", *options])
    assert done.exit_code == 0, done.output
    assert met[0].inputs == inputs
    assert met[0].held_bytes == met[0].body_bytes == 600 * 2**20
