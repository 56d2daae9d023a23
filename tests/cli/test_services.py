"""``tfft serve`` checks what was typed before it starts."""

from typer.testing import CliRunner

import tfft
from tfft.cli import verbs
from tfft.core.errors import BundleError

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
