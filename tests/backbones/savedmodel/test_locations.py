"""Where SavedModels lie."""

import hashlib
import http.server
import socket
import threading
import time

import pytest

from tests.modules import archived, climbing, publish, tiny
from tfft.backbones.savedmodel import locations
from tfft.backbones.savedmodel.locations import cached, hub_folder, unpacked
from tfft.core.errors import BackboneError, WeightsError


def test_a_folder_is_itself(tmp_path):
    assert unpacked(str(tmp_path)) == tmp_path


def test_an_archive_is_unpacked_once(tmp_path):
    path = archived(publish(tiny(), tmp_path / "hub"), tmp_path / "hub.tar.gz")
    first = unpacked(str(path))
    assert (first / "saved_model.pb").is_file()
    before = (first / "saved_model.pb").stat().st_mtime_ns
    assert unpacked(str(path)) == first
    assert (first / "saved_model.pb").stat().st_mtime_ns == before


def test_an_archive_with_one_folder_in_it_is_that_folder(tmp_path):
    publish(tiny(), tmp_path / "outer" / "inner")
    found = unpacked(str(archived(tmp_path / "outer", tmp_path / "hub.tgz")))
    assert found.name == "inner"
    assert (found / "saved_model.pb").is_file()


def test_an_archive_that_climbs_out_of_its_folder_is_refused_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(BackboneError, match="would write outside of its folder"):
        unpacked(str(climbing(tmp_path / "evil.tar.gz")))
    assert not list((tmp_path / "cache").rglob("outside.txt"))
    assert not (tmp_path / "outside.txt").exists()


def test_a_truncated_archive_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path / "cache"))
    path = archived(publish(tiny(), tmp_path / "hub"), tmp_path / "hub.tar.gz")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BackboneError, match=r"cannot be unpacked.*5,000 bytes"):
        unpacked(str(path))
    assert not list((tmp_path / "cache").rglob("saved_model.pb"))


def test_a_missing_archive_is_reported(tmp_path):
    with pytest.raises(BackboneError, match=r"The archive .* does not exist"):
        unpacked(str(tmp_path / "hub.tar.gz"))


def test_a_cached_copy_of_a_handle_is_taken_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("socket.create_connection", None)
    address = "https://tfhub.dev/google/tiny/1"
    assert cached(address) is None
    folder = publish(tiny(), tmp_path / hashlib.sha1(address.encode()).hexdigest())
    assert unpacked(f"tfhub:{address}") == cached(address) == folder


def test_a_dead_address_is_reported_within_ten_seconds_with_the_places_searched(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    begun = time.monotonic()
    with pytest.raises(WeightsError, match=rf"cannot be reached.*{tmp_path}.*nowhere\.invalid.*pass its folder"):
        unpacked("tfhub:https://nowhere.invalid/tiny/1")
    assert time.monotonic() - begun < locations.TIMEOUT_SECONDS + 1


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(locations, "TIMEOUT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(WeightsError, match=r"cannot be reached.*127\.0\.0\.1: .*[Tt]ime"):
            unpacked(f"tfhub:http://127.0.0.1:{silent.getsockname()[1]}/tiny/1")
        assert time.monotonic() - begun < 5
    assert socket.getdefaulttimeout() is None


@pytest.fixture
def server(tmp_path):
    """An address that serves whatever archive stands in a file."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write((tmp_path / "served.tar.gz").read_bytes())

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/tiny/1"
        running.shutdown()


def test_a_handle_is_downloaded_and_kept(server, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    archived(publish(tiny(), tmp_path / "module"), tmp_path / "served.tar.gz")
    folder = unpacked(f"tfhub:{server}")
    assert (folder / "variables" / "variables.index").is_file()
    assert cached(server) == folder


def test_a_download_that_climbs_out_of_its_folder_is_refused_and_nothing_is_kept(server, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    climbing(tmp_path / "served.tar.gz")
    with pytest.raises(WeightsError, match=r"The archive of .*would write outside of its folder"):
        unpacked(f"tfhub:{server}")
    assert not list(tmp_path.rglob("outside.txt"))
    assert cached(server) is None


def test_the_hubs_own_variable_says_where_its_copies_are(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    assert hub_folder() == tmp_path
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    assert hub_folder().name == "tfhub_modules"
