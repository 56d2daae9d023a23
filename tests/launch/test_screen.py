"""Lines carry the number of their worker, and are shown once."""

import os
import time

import pytest

from tfft.launch import worker
from tfft.launch.screen import Screen


@pytest.fixture
def failed():
    """A worker that wrote two lines and has ended."""
    found = worker.start(2, ["sh", "-c", "echo one; printf two; exit 1"], dict(os.environ), 1.0)
    deadline = time.monotonic() + 20
    while found.code is None and time.monotonic() < deadline:
        worker.hear(found)
        time.sleep(0.01)
    yield found
    worker.close(found)


@pytest.mark.parametrize("verbose", [False, True])
def test_each_line_is_shown_once(failed, verbose):
    said = []
    screen = Screen(lambda text, wrong=False, color=None: said.append((text, wrong, color)), verbose)
    assert screen.read(failed)
    screen.read_rest(failed)
    assert len(said) == (2 if verbose else 0)
    screen.show_last(failed)
    screen.say("Worker 2 failed.")
    assert said == [("[worker 2] one", True, None), ("[worker 2] two", True, None), ("Worker 2 failed.", True, "red")]


def test_a_piece_without_a_line_end_is_not_the_end_of_the_output(failed, monkeypatch):
    pieces = iter([[], ["end"], None])
    monkeypatch.setattr(worker, "read", lambda source: next(pieces))
    said = []
    screen = Screen(lambda text, **_: said.append(text), True)
    assert (screen.read(failed), screen.read(failed), screen.read(failed)) == (True, True, False)
    assert said == ["[worker 2] end"]


def test_a_closed_stream_raises_nothing_and_the_rest_goes_nowhere(failed, monkeypatch, tmp_path):
    stream = (tmp_path / "errors").open("w")
    monkeypatch.setattr("sys.stderr", stream)

    def broken(text, wrong=False, color=None):
        raise BrokenPipeError

    screen = Screen(broken, True)
    screen.read_rest(failed)
    screen.say("Worker 2 failed.")

    print("more", file=stream, flush=True)
    assert (tmp_path / "errors").read_text() == ""
    stream.close()
