"""What a service counts, in the text format of Prometheus."""

from collections.abc import Callable

PATHS = frozenset(
    ("/", "/predict", "/predict/bytes", "/health", "/ready", "/metrics", "/about", "/docs", "/openapi.json")
)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_INPUTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Numbers:
    """Counters and histograms of one service.

    Args:
        waiting: A function that returns the number of inputs that wait.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tfft_requests", "Requests by address and status.", ["path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "tfft_request_seconds", "Duration of predictions.", registry=self._registry, buckets=_SECONDS
        )
        self._inputs = Histogram("tfft_batch_inputs", "Inputs in a batch.", registry=self._registry, buckets=_INPUTS)
        Gauge("tfft_waiting_inputs", "Inputs that wait for a batch.", registry=self._registry).set_function(waiting)

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request. Unknown addresses are one row, so that nobody can fill the memory with others.

        Args:
            method: Not used.
            path: The address.
            status: The status of the response.
            seconds: The duration of the request.
        """
        self._requests.labels(path if path in PATHS else "other", str(status)).inc()
        if path.startswith("/predict"):
            self._seconds.observe(seconds)

    def batch(self, inputs: int) -> None:
        """Count a batch.

        Args:
            inputs: The number of inputs in it.
        """
        self._inputs.observe(inputs)

    def text(self) -> bytes:
        """All numbers in the text format of Prometheus."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self._registry))
