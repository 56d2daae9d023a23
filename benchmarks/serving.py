"""Latency, throughput and memory of ``tfft serve`` with 32 clients on this machine, with batches and without.

    python -m benchmarks.serving --material ../shared --seconds 60

Clients and service share the cores. Each client sends one photo after the other and waits for its answer.
"""

import argparse
import contextlib
import http.client
import itertools
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks.exports import WEIGHTS
from benchmarks.rows import machine

CLIENTS = 32


def resident_megabytes(pid: int) -> float:
    """The memory of a process that is in use."""
    fields = Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1e3


def client(port: int, contents: "itertools.cycle[bytes]", end: float, found: list[tuple[float, int]]) -> None:
    """Send photos until the time is over; note seconds and status of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        while time.perf_counter() < end:
            begun = time.perf_counter()
            connection.request("POST", "/predict/bytes", next(contents), {"content-type": "image/jpeg"})
            response = connection.getresponse()
            response.read()
            found.append((time.perf_counter() - begun, response.status))


def measured(bundle: Path, photos: list[bytes], port: int, seconds: float, options: list[str]) -> dict[str, Any]:
    """Serve a bundle, and send it photos."""
    code = "from tfft.cli.verbs import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "serve", str(bundle), "--port", str(port), *options])
    try:
        while True:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/ready")
                if connection.getresponse().status == 200:
                    break
            time.sleep(0.1)
        found: list[tuple[float, int]] = []
        lock = threading.Lock()

        class Photos:
            """Photos in turn, for all clients."""

            cycle = itertools.cycle(photos)

            def __next__(self) -> bytes:
                with lock:
                    return next(self.cycle)

        end = time.perf_counter() + seconds
        threads = [threading.Thread(target=client, args=(port, Photos(), end, found)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(seconds / 4)
        early = resident_megabytes(process.pid)
        for thread in threads:
            thread.join()
        late = resident_megabytes(process.pid)
    finally:
        process.terminate()
        process.wait(60)
    times = 1000 * np.array([each for each, _ in found])
    return {
        "requests": len(found),
        "failed": sum(status != 200 for _, status in found),
        "p50": np.median(times),
        "p95": np.percentile(times, 95),
        "rate": len(found) / seconds,
        "memory": (early, late),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--port", type=int, default=8765)
    arguments = parser.parse_args()
    data = tfft.data.from_folder(arguments.material / "data" / "image_classification" / "flowers5", seed=0)
    net = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=arguments.material / "weights" / WEIGHTS)
    photos = [Path(data.train.inputs[index]).read_bytes() for index in range(200)]
    rows = []
    with tempfile.TemporaryDirectory() as home:
        bundle = tfft.export(tfft.build(net, tfft.tasks.classification(data.labels), seed=0), Path(home) / "m.tfft")
        for number, (name, options) in enumerate(
            {"batches of up to 32": [], "one by one": ["--batch", "1", "--wait-milliseconds", "0"]}.items()
        ):
            row = measured(bundle, photos, arguments.port + number, arguments.seconds, options)
            early, late = row["memory"]
            rows.append(
                [
                    name,
                    f"{row['requests']:,}",
                    str(row["failed"]),
                    f"{row['p50']:.0f}",
                    f"{row['p95']:.0f}",
                    f"{row['rate']:.1f}",
                    f"{early:.0f}, {late:.0f}",
                ]
            )
    header = [
        "service",
        "requests",
        "failed",
        "p50, ms",
        "p95, ms",
        "requests a second",
        "MB after a quarter, at the end",
    ]
    print(tfft.evaluation.render.table(header, rows))
    print(machine())


if __name__ == "__main__":
    main()
