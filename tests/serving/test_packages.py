"""Packages that are missing are named together, before anything is loaded."""

import pytest

import tfft.serving.packages
from tfft.core.errors import TfftError
from tfft.serving.app import create_app
from tfft.serving.server import server_of
from tfft.serving.settings import Settings


@pytest.fixture
def bare(monkeypatch):
    """A machine without three of the packages."""
    missing = ("fastapi", "python_multipart", "prometheus_client")
    monkeypatch.setattr(tfft.serving.packages, "find_spec", lambda name: None if name in missing else object())


@pytest.mark.parametrize(
    "call",
    [
        tfft.serving.packages.check_packages,
        lambda: create_app(None),
        lambda: server_of(None, "127.0.0.1", 0, Settings()),
    ],
)
def test_all_missing_packages_are_named_at_once(bare, call):
    with pytest.raises(TfftError) as found:
        call()
    assert found.value.got == "fastapi, prometheus-client, python-multipart"
    assert found.value.fix == 'Run: pip install "tfft[serve]"'
