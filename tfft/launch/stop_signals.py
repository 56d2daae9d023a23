"""Receive Ctrl-C, SIGTERM and SIGHUP as bytes of a socket, so that one loop can wait for them and for other events."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def received() -> Iterator[socket.socket]:
    """Collect the signals that ask this process to stop. It goes on until the caller reacts.

    Signals that are ignored, as below ``nohup`` or in background jobs of a script, stay ignored. Outside the main thread, where
    Python cannot handle signals, nothing is collected. The earlier handlers come back at the end.

    Yields:
        A socket that does not block. Each byte is the number of a signal; other signals with a handler in Python appear as well.
    """
    found, ringing = socket.socketpair()
    with found, ringing:
        for end in (found, ringing):
            end.setblocking(False)
        if threading.current_thread() is not threading.main_thread():
            yield found
            return
        earlier = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        replaced = {number: handler for number, handler in earlier.items() if handler not in (signal.SIG_IGN, None)}
        bell = signal.set_wakeup_fd(ringing.fileno(), warn_on_full_buffer=False)
        try:
            for number in replaced:
                signal.signal(number, lambda *_: None)
            yield found
        finally:
            for number, handler in replaced.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(bell)
