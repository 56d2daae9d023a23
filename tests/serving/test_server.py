"""A server survives hostile requests, each of which gets a reason, and answers open requests before it ends."""

import concurrent.futures
import io
import json
import os
import signal
import socket
import struct
import subprocess
import time

import numpy as np
import pytest
from PIL import Image

import tfft
from tests import forked
from tests.conftest import picture
from tests.serving.conftest import Service, running
from tfft.core.errors import TfftError
from tfft.formats.compared_examples import encoded
from tfft.serving.server import check_address

PICTURE = picture(0, (40, 50))


def raw(port, content, seconds=10, wait=True):
    """What comes back for some bytes on a connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(content)
        if not wait:
            return b""
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def bomb():
    content = bytearray(encoded(PICTURE))
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    return bytes(content)


def hostile(random):
    """Images, forms and bodies that no honest client sends."""
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, "JPEG")
    jpeg, png = file.getvalue(), encoded(PICTURE)
    images = [b"", b"\0" * 50, jpeg[: len(jpeg) // 2], png[: len(png) // 2], bomb(), b"GIF89a" + b"\xff" * 20]
    images += [bytes(random.integers(0, 256, random.integers(1, 400), np.uint8)) for _ in range(20)]
    for content in (jpeg, png):
        for _ in range(20):
            broken = bytearray(content)
            for place in random.integers(0, 60, 8):
                broken[place] = random.integers(0, 256)
            images.append(bytes(broken))
    return images


@pytest.mark.attack
@pytest.mark.slow
def test_hostile_requests_get_a_reason_and_the_server_keeps_serving(images):
    with running(images, body_bytes=2**20, seconds=2.0) as service:
        random = np.random.default_rng(0)
        asked = 0
        for content in hostile(random):
            for found in (service.show(content), service.call("POST", "/predict/bytes", content)):
                asked += 1
                assert found.status in (200, 422), found.body
                assert found.status == 200 or found.values["error"]["what"]
        bodies = [
            (b"", {}), (b"{}", {"content-type": "application/json"}),
            (b"--cut", {"content-type": "multipart/form-data; boundary=cut"}),
            (b"x" * 50, {"content-type": "multipart/form-data"}), (b"\xff\xfe", {"content-type": "text/plain"}),
            (b'--cut\r\ncontent-disposition: form-data; name="../../etc"; filename="../../x"\r\n\r\nx\r\n--cut--\r\n',
             {"content-type": "multipart/form-data; boundary=cut"}),
            (b"x" * (2**20 + 1), {}),
        ]  # fmt: skip
        for body, headers in bodies:
            asked += 1
            assert 400 <= service.call("POST", "/predict", body, headers).status < 500
        for path in ("/..%2f..%2fetc/passwd", "/predict/%00", "/" + "a" * 5000, "/docs/../../x"):
            asked += 1
            assert 400 <= service.call("GET", path).status < 500
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            asked += 1
            assert service.call(method, "/predict").status == 405
        assert asked > 120
        assert service.show(encoded(PICTURE)).status == 200


@pytest.mark.attack
@pytest.mark.slow
def test_hostile_texts_get_a_reason(texts):
    with running(texts, body_bytes=2**20) as service:
        kinds = {"content-type": "application/json"}
        wrong = [
            b"", b"{", b"[]", b"\xff\xfe\x00", b'{"texts": 7}', b'{"texts": []}', b'{"texts": [null]}',
            b'{"texts": [["a", "b", "c"]]}',
            b'{"texts": ["' + b"\xed\xa0\x80" + b'"]}', b'{"texts": ["a"], "more": 1}', b'{"texts": [""]}', b"[" * 100_000,
            json.dumps({"texts": ["a"] * 65}).encode(), b'{"texts": ["\\ud800"]}',
        ]  # fmt: skip
        for body in wrong:
            found = service.call("POST", "/predict", body, kinds)
            assert 400 <= found.status < 500 or body == b'{"texts": [""]}', (body[:40], found.body[:200])
        assert service.ask("a good film").status == 200


@pytest.mark.attack
@pytest.mark.slow
def test_half_open_connections_end_and_take_no_place(images):
    with running(images, seconds=1.0) as service:
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            heads = [b"", b"POST", b"POST /predict HTTP/1.1\r\nhost: x\r\n"] * 5
            body = b"POST /predict/bytes HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nfew"
            found = list(pool.map(lambda content: raw(service.port, content), [*heads, *[body] * 5]))
        assert {each[:12] for each in found} == {b"HTTP/1.1 408"}
        assert time.monotonic() - begun < 10
        for _ in range(20):
            raw(service.port, b"POST /predict/bytes HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nfew", wait=False)
        assert service.show(encoded(PICTURE)).status == 200
        assert b" 400 " in raw(service.port, b"\x16\x03\x01 no http\r\n\r\n")


def test_addresses_at_which_nobody_can_listen_are_refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host, number in (("127.0.0.1", port), ("192.0.2.1", 0), ("no such host.invalid", 0), ("\ud800", 0)):
            with pytest.raises(TfftError, match="Cannot listen at"):
                check_address(host, number)
    check_address("127.0.0.1", port)


@pytest.mark.slow
def test_sigterm_answers_open_requests_and_ends(tmp_path):
    bundle = tfft.export(tfft.build("toy", tfft.tasks.classification(["ants", "bees"])), tmp_path / "m.tfft")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code = "from tfft.cli.verbs import main; main()"
    words = ["serve", str(bundle), "--port", str(port), "--wait-milliseconds", "1500"]
    process = forked.start(code, *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    service = Service(port)
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                if service.call("GET", "/ready").status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(service.show, encoded(PICTURE))
            time.sleep(0.5)  # it waits for others
            os.kill(process.pid, signal.SIGTERM)
            assert call.result(30).status == 200
        assert process.wait(30) in (0, -signal.SIGTERM, 143)
    finally:
        process.kill()
        said = process.communicate()[0]
    assert f"http://127.0.0.1:{port} is a page to try it" in said
    assert "Traceback" not in said
