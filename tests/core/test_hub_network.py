"""A missing connection is found in seconds, remembered for a minute, and left to a proxy when there is one."""

import socket

import pytest
from huggingface_hub import constants

from tfft.core import hub_network
from tfft.core.hub_network import cached_only, no_connection
from tfft.core.offline import disconnected


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(hub_network, "_FAILED", {})
    monkeypatch.setattr(hub_network, "getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def _counted(monkeypatch, error=None):
    calls = []

    class Connection:
        def close(self):
            calls.append("closed")

    def connect(address, timeout):
        calls.append((address, timeout))
        if error is not None:
            raise error
        return Connection()

    monkeypatch.setattr(socket, "create_connection", connect)
    return calls


def test_a_connection_is_closed_again_and_gives_no_reason(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "https://huggingface.co")
    calls = _counted(monkeypatch)
    assert no_connection() == ""
    assert calls == [(("huggingface.co", 443), 5.0), "closed"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (TimeoutError("timed out"), "timed out"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
    ],
)
def test_the_mirror_is_asked_once_a_minute(monkeypatch, error, reason):
    monkeypatch.setattr(constants, "ENDPOINT", "http://mirror.example:8080/hf")
    calls = _counted(monkeypatch, error)
    assert no_connection() == no_connection() == f"no connection to mirror.example: {reason}"
    assert calls == [(("mirror.example", 8080), 5.0)]
    monkeypatch.setattr(hub_network, "_REMEMBERED_SECONDS", -1.0)
    no_connection()
    assert len(calls) == 2


@pytest.mark.parametrize("proxies", [{"https": "http://proxy:3128"}, {"all": "socks5://proxy:1080"}])
def test_a_proxy_decides_itself(monkeypatch, proxies):
    monkeypatch.setattr(constants, "ENDPOINT", "https://huggingface.co")
    monkeypatch.setattr(hub_network, "getproxies", lambda: proxies)
    calls = _counted(monkeypatch, OSError("must not be asked"))
    assert no_connection() == ""
    assert calls == []


def test_switches_are_named(monkeypatch):
    calls = _counted(monkeypatch)
    with disconnected(always=True):
        assert no_connection() == "offline mode is on (TFFT_OFFLINE or offline=True)"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert no_connection() == "HF_HUB_OFFLINE is set; unset it to connect"
    assert calls == []


@pytest.mark.parametrize("reason", ["", "no connection"])
def test_only_without_a_connection_the_hub_is_told_to_use_its_cache(reason):
    with cached_only(reason):
        assert bool(reason) == constants.HF_HUB_OFFLINE
    assert constants.HF_HUB_OFFLINE is False
