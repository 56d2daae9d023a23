"""Long predictions say how far they are, on the error stream alone."""

import io

import pytest
import rich.console

from tfft.cli import progress
from tfft.cli.progress import counted


def test_a_job_without_a_terminal_says_each_minute_how_many_inputs_are_answered(monkeypatch, capsys):
    times = iter(range(0, 10_000, 20))  # each input takes 20 seconds
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(times)))
    assert list(counted(iter(range(200)), 200)) == list(range(200))
    said = capsys.readouterr()
    assert said.out == ""
    first, *rest = said.err.splitlines()
    assert first == "2 of 200 inputs are answered"
    assert len(rest) > 10


def test_few_inputs_are_answered_without_a_word(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.0)
    assert list(counted(iter("abc"), 3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_with_both_numbers(monkeypatch):
    shown = io.StringIO()
    console = rich.console.Console
    monkeypatch.setattr(rich.console, "Console", lambda stderr: console(file=shown, force_terminal=True, width=80))
    assert list(counted(iter(range(300)), 300)) == list(range(300))
    assert "Predicting" in shown.getvalue()
    assert "300/300" in shown.getvalue()


def test_an_error_among_the_predictions_is_passed_on():
    def broken():
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(counted(broken(), 500))
