"""Ctrl-C and SIGTERM during training: no signal is lost, and both stop training in the same orderly way."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

TERMINATED = 128 + signal.SIGTERM  # the exit status of a process that SIGTERM ended


@contextmanager
def noticed() -> Iterator[Callable[[], None]]:
    """Raise KeyboardInterrupt on Ctrl-C and SystemExit on SIGTERM, and remember both.

    Python drops an exception that a signal handler raises while a destructor runs, so training would continue. By default Python
    also does not react to SIGTERM, which batch systems and container platforms send some seconds before they kill a process.

    Handlers that the user has set stay, and nothing happens outside the main thread. A second SIGTERM is ignored, so that it
    cannot interrupt the saving that the first one started.

    Yields:
        A function to call regularly. It raises KeyboardInterrupt or SystemExit when a signal arrived but Python dropped its
        exception.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    outer = getattr(signal.getsignal(signal.SIGTERM), "seen", None)
    seen: list[int] = [] if outer is None else outer

    def end() -> None:
        raise SystemExit(TERMINATED) if signal.SIGTERM in seen else KeyboardInterrupt

    def handler(number: int, frame: Any) -> None:
        again = number in seen
        seen.append(number)
        if not (again and number == signal.SIGTERM):
            end()

    def check() -> None:
        if seen:
            end()

    handler.seen = seen  # type: ignore[attr-defined]
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    replaced = {number: default for number, default in defaults.items() if signal.getsignal(number) is default}
    try:
        for number in replaced:
            signal.signal(number, handler)
        yield check
    finally:
        for number, default in replaced.items():
            signal.signal(number, default)
