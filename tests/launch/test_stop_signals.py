"""Signals arrive as bytes, and nothing stays changed."""

import os
import signal
import threading

import pytest

from tfft.launch.stop_signals import STOP_SIGNALS, received


@pytest.fixture(autouse=True)
def _handled():
    """Set the handlers of a new process: a shell ignores SIGINT for background processes, and nohup ignores SIGHUP."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in STOP_SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signals_are_received_in_order_and_do_not_interrupt():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with received() as found:
        for number in STOP_SIGNALS:
            os.kill(os.getpid(), number)
        assert list(found.recv(64)) == list(STOP_SIGNALS)
        with pytest.raises(BlockingIOError):
            found.recv(64)
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with received() as found:
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(BlockingIOError):
                found.recv(64)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_receive_nothing():
    done = []

    def work():
        with received() as found, pytest.raises(BlockingIOError):
            found.recv(1)
        done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
