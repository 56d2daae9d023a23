"""More than 700 malformed requests to running services: each gets a 4xx with a reason, and good ones between them their answers."""

import concurrent.futures
import contextlib
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import tfft
from tests import malformed_requests
from tests.conftest import picture
from tests.malformed_requests import BODY_BYTES, JSON, request
from tests.serving.conftest import Service
from tfft.formats.compared_examples import encoded

MOST_GROWN_BYTES, SECONDS = 150 * 2**20, 2
EVERY = 25
GOOD = {
    "image": request("/predict/bytes", encoded(picture(0)), "image/png"),
    "text": request("/predict", b'{"texts": ["a good film", "a bad film"]}', JSON),
}


def memory(process: subprocess.Popen, field: str) -> int:
    """``VmRSS``, the memory of a process in bytes, or ``VmHWM``, its highest."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


@contextlib.contextmanager
def served(backbone, folder):
    """``tfft serve`` in a process of its own, and what it writes."""
    bundle = tfft.export(tfft.build(backbone, tfft.tasks.classification(["a", "b"]), seed=0), folder / "m.tfft")
    with socket.create_server(("127.0.0.1", 0)) as free:
        service = Service(free.getsockname()[1])
    options = ["--port", service.port, "--body-megabytes", BODY_BYTES / 2**20, "--seconds", SECONDS]
    code = "from tfft.cli.verbs import main; main()"
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", str(bundle), *map(str, options)], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError):
                if service.call("GET", "/ready").status == 200:
                    break
            time.sleep(0.1)
        yield service, process
    finally:
        process.kill()
        process.wait()


def wrong(service, case):
    """What is not as it should be about the response to a malformed request."""
    found = service.send(case.content)
    if found is None:
        return "closed without a response"
    if found.status not in case.statuses or found.headers.get("content-type") != "application/json":
        return f"{found.status} {found.headers.get('content-type')}: {found.body[:200]!r}"
    error = found.values["error"]
    return "" if set(error) <= {"what", "got", "fix"} and error["what"] and error["fix"] else f"no reason: {error}"


def slow_and_many(service, good):
    """The statuses of good requests and of half-open and slow ones, while 400 further connections are open."""
    idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(400)]
    head = good.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    parts = [
        [b""], [b"POST"], [b"POST /predict HTTP/1.1\r\nhost: x\r\n"], [head + b"few"], [head, *[b"x"] * 40],
        [bytes([each]) for each in b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"], [good[:-1]],
    ]  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        calls = [pool.submit(service.send, *each, pause=0.1) for each in parts * 3]
        during = [service.send(good).status for _ in range(5)]
        found = Counter(call.result().status for call in calls)
    for connection in idle:
        connection.close()
    return during, found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process in /proc")
@pytest.mark.parametrize("kind", ["image", "text"])
def test_malformed_requests_get_a_reason_and_the_service_keeps_serving(kind, tmp_path):
    make = malformed_requests.of_images if kind == "image" else malformed_requests.of_texts
    cases = make(seed=0)
    assert len({case.content for case in cases}) > (480 if kind == "image" else 270)
    random.Random(0).shuffle(cases)
    with served("toy" if kind == "image" else "toy_text", tmp_path) as (service, process):
        wanted = service.send(GOOD[kind])
        assert wanted.status == 200, wanted.body
        before = memory(process, "VmRSS")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for some in parted(cases):
                calls = [(case.name, pool.submit(wrong, service, case)) for case in some]
                good = [pool.submit(service.send, GOOD[kind]) for _ in range(2)]
                assert [found for found in ((name, call.result()) for name, call in calls) if found[1]] == []
                assert [call.result().status for call in good] == [200, 200]
        during, slow = slow_and_many(service, GOOD[kind])
        assert during == [200] * 5
        assert slow == {408: 21}
        after = service.send(GOOD[kind])
        assert after.values["answers"][0]["label"] == wanted.values["answers"][0]["label"]
        grown = memory(process, "VmHWM") - before
        assert grown < MOST_GROWN_BYTES, f"grew by {grown:,} bytes"
        metrics = service.metrics()
        assert 'status="0"' not in metrics
        assert 'status="5' not in metrics
        assert "tfft_waiting_inputs 0.0" in metrics
    assert "Traceback" not in (tmp_path / "log.txt").read_text(encoding="utf-8")


def parted(cases):
    """The cases in parts of 25."""
    return [cases[start : start + EVERY] for start in range(0, len(cases), EVERY)]
