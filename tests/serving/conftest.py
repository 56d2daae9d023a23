"""Services of toy nets on loopback, each in a thread of its own."""

import contextlib
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest

import tfft
from tfft.serving.app import create_app
from tfft.serving.server import server_of
from tfft.serving.settings import Settings


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def values(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """A running service."""

    port: int

    def call(self, method, path, body=None, headers=None, seconds=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            found = connection.getresponse()
            return Response(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())

    def ask(self, *texts):
        return self.call("POST", "/predict", json.dumps({"texts": texts}), {"content-type": "application/json"})

    def send(self, *parts, seconds=30, pause=0.0):
        """The first response to bytes on a connection, with its headers and body; None when it is closed without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            for index, part in enumerate(parts):
                time.sleep(pause if index else 0)
                with contextlib.suppress(ConnectionError):  # a server may refuse before it has everything
                    connection.sendall(part)
            response = http.client.HTTPResponse(connection)
            try:
                response.begin()
                return Response(
                    response.status, {name.lower(): v for name, v in response.getheaders()}, response.read()
                )
            except (http.client.RemoteDisconnected, ConnectionError):
                return None

    def metrics(self):
        return self.call("GET", "/metrics").body.decode()

    def show(self, *contents, field="images"):
        """Send images as a form."""
        parts = [
            f'--cut\r\ncontent-disposition: form-data; name="{field}"; filename="{index}.jpg"\r\n\r\n'.encode()
            + each
            + b"\r\n"
            for index, each in enumerate(contents)
        ]
        body = b"".join(parts) + b"--cut--\r\n"
        return self.call("POST", "/predict", body, {"content-type": "multipart/form-data; boundary=cut"})


@contextlib.contextmanager
def running(predictor, connections=1_000, **options):
    settings = Settings(**options)
    server = server_of(create_app(predictor, settings), "127.0.0.1", 0, settings, connections)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started
    try:
        yield Service(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def predictor_of(backbone, task, folder):
    return tfft.load(tfft.export(tfft.build(backbone, task, seed=0), folder / "m.tfft"))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return predictor_of("toy", tfft.tasks.classification(["ants", "蜂"]), tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return predictor_of("toy_text", tfft.tasks.classification(["kind", "unkind"]), tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="module")
def of_images(images):
    with running(images) as service:
        yield service


@pytest.fixture(scope="module")
def of_texts(texts):
    with running(texts) as service:
        yield service
