"""An interrupt is raised at once, or else as soon as somebody asks; other handlers are left alone."""

import contextlib
import os
import signal
import threading

import pytest

from tfft.core.interrupts import TERMINATED, noticed


@pytest.fixture(autouse=True)
def _handled():
    """Python's own handler, which a shell's background takes away."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Dropping:
    """Is interrupted in its destructor, where Python ignores whatever is raised."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_a_destructor_swallows_is_raised_later():
    with noticed() as check:
        check()
        found = Dropping()
        del found
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_elsewhere_is_raised_at_once():
    seen = []

    def work():
        with noticed():
            os.kill(os.getpid(), signal.SIGINT)
            seen.append("the line after it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert seen == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_users_own_and_other_threads_are_left_alone():
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


def test_sigterm_ends_the_process_in_order_and_with_its_own_status():
    with pytest.raises(SystemExit) as ended, noticed():
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == TERMINATED == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_sigterm_does_not_cut_the_saving_short():
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


def test_one_inside_another_sees_what_the_outer_one_saw():
    def work():
        with noticed() as check:
            with noticed(), contextlib.suppress(SystemExit):
                os.kill(os.getpid(), signal.SIGTERM)
            check()

    with pytest.raises(SystemExit):
        work()


def test_a_handler_of_sigterm_that_the_user_has_set_stays():
    own = []
    before = signal.signal(signal.SIGTERM, lambda *_: own.append(1))
    try:
        with noticed() as check:
            os.kill(os.getpid(), signal.SIGTERM)
            check()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert own == [1]
