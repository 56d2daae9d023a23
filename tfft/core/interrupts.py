"""Ctrl-C that is never lost: Python drops an interrupt that arrives while a destructor runs, and training would go on."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def noticed() -> Iterator[Callable[[], None]]:
    """Remember an interrupt beside raising it, where Python's own handler would have raised it.

    Yields:
        A function to call now and then, which raises KeyboardInterrupt when one came and was dropped.
    """
    pressed: list[int] = []

    def handler(number: int, frame: Any) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
