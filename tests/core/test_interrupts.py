"""An interrupt is raised at once, or at the next check; handlers of the user stay."""

import contextlib
import os
import signal
import threading

import pytest

from tfft.core.interrupts import TERMINATED, noticed


@pytest.fixture(autouse=True)
def _handled():
    """Set Python's own handler, which is missing in background processes of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Dropping:
    """An object that is interrupted in its destructor, where Python ignores all exceptions."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_drops_in_a_destructor_is_raised_later():
    with noticed() as check:
        check()
        found = Dropping()
        del found
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_outside_a_destructor_is_raised_at_once():
    seen = []

    def work():
        with noticed():
            os.kill(os.getpid(), signal.SIGINT)
            seen.append("the line after it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert seen == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_of_the_user_and_other_threads_are_not_changed():
    own = []
    before = signal.signal(signal.SIGINT, lambda *_: own.append(1))
    try:
        with noticed() as check:
            os.kill(os.getpid(), signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert own == [1]

    def elsewhere():
        with noticed() as check:
            check()
            own.append(2)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert own == [1, 2]


def test_sigterm_ends_the_process_in_order_and_with_its_exit_status():
    with pytest.raises(SystemExit) as ended, noticed():
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == TERMINATED == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_sigterm_does_not_interrupt_saving():
    saved = []

    def work():
        with noticed():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                saved.append("all of it")

    with pytest.raises(SystemExit):
        work()
    assert saved == ["all of it"]


def test_a_nested_context_shares_the_signals_of_the_outer_one():
    def work():
        with noticed() as check:
            with noticed(), contextlib.suppress(SystemExit):
                os.kill(os.getpid(), signal.SIGTERM)
            check()

    with pytest.raises(SystemExit):
        work()


def test_the_users_handler_of_sigterm_is_kept():
    own = []
    before = signal.signal(signal.SIGTERM, lambda *_: own.append(1))
    try:
        with noticed() as check:
            os.kill(os.getpid(), signal.SIGTERM)
            check()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert own == [1]
