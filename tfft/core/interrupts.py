"""Ctrl-C and SIGTERM during training: no signal is lost, and both stop training in the same orderly way."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TERMINATED = 128 + signal.SIGTERM  # the exit status of a process that SIGTERM ended


class Signals:
    """The signals that arrived. Calling it raises KeyboardInterrupt or SystemExit, if there was one.

    Attributes:
        seen: Their numbers.
        in_order: Whether such an exception was raised by a call, at a moment that the caller chose.

    Example:
        >>> signals = Signals()
        >>> signals()
        >>> with signals.deferred():
        ...     signals.arrived(signal.SIGTERM)
        >>> signals()
        Traceback (most recent call last):
        SystemExit: 143
    """

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.in_order = False
        self._deferring = False

    def __call__(self) -> None:
        """Raise an exception if a signal has arrived; call it regularly.

        Raises:
            KeyboardInterrupt: After Ctrl-C.
            SystemExit: With status 143, after SIGTERM.
        """
        if self.seen:
            self.in_order = True
            self._end()

    def stop(self) -> None:
        """Raise the exception of a signal, also when only another worker of the training has received it.

        Raises:
            KeyboardInterrupt: After Ctrl-C in this process.
            SystemExit: With status 143, otherwise.
        """
        self.in_order = True
        if self.seen:
            self._end()
        raise SystemExit(TERMINATED)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within this context the first signal only waits for the next call; the second one raises at once.

        Yields:
            None.
        """
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def arrived(self, number: int) -> None:
        """Take note of a signal.

        Args:
            number: SIGINT or SIGTERM.

        Raises:
            KeyboardInterrupt: After Ctrl-C, unless it is deferred.
            SystemExit: After the first SIGTERM, unless it is deferred. Later ones are ignored, so that they cannot interrupt the
                saving that the first one started.
        """
        first, again = not self.seen, number in self.seen
        self.seen.append(number)
        if not (self._deferring and first) and not (again and number == signal.SIGTERM):
            self.in_order = False
            self._end()

    def _end(self) -> None:
        raise SystemExit(TERMINATED) if signal.SIGTERM in self.seen else KeyboardInterrupt


@contextmanager
def noticed() -> Iterator[Signals]:
    """Raise KeyboardInterrupt on Ctrl-C and SystemExit on SIGTERM, and remember both.

    Python drops an exception that a signal handler raises while a destructor runs, so training would continue. By default Python
    also does not react to SIGTERM, which batch systems and container platforms send some seconds before they kill a process.

    Handlers that the user has set stay, and nothing happens outside the main thread.

    Yields:
        The signals, to call regularly. A call raises when a signal arrived but Python dropped its exception, or it was deferred.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Signals()
        return
    # a function that calls another one with this context shares its signals
    signals: Signals = getattr(signal.getsignal(signal.SIGTERM), "signals", None) or Signals()

    def handler(number: int, frame: Any) -> None:
        signals.arrived(number)

    handler.signals = signals  # type: ignore[attr-defined]
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    replaced = {number: default for number, default in defaults.items() if signal.getsignal(number) is default}
    try:
        for number in replaced:
            signal.signal(number, handler)
        yield signals
    finally:
        for number, default in replaced.items():
            signal.signal(number, default)
