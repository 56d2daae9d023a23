"""Progress is shown as a bar, as one changing line of a notebook, or as plain lines."""

import sys
import types

import pytest
from rich.console import Console

from tfft.training import displays
from tfft.training.displays import Lines, NotebookLine, Silent, TerminalBar, display


@pytest.fixture
def notebook(monkeypatch):
    """What a notebook shows, output by output; an update replaces an output."""
    outputs = []

    class Handle:
        def __init__(self, place):
            self.place = place

        def update(self, content, raw):
            outputs[self.place] = content

    def show(content, raw, display_id=False):
        outputs.append(content)
        return Handle(len(outputs) - 1) if display_id else None

    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=show))
    return outputs


def test_without_a_terminal_lines_are_written_and_false_is_silent():
    assert type(display(None)) is Lines
    assert type(display(False)) is Silent
    assert type(display(True)) is TerminalBar


def test_a_notebook_has_its_own_line(monkeypatch):
    monkeypatch.setattr(displays, "Console", lambda stderr: Console(force_jupyter=True))
    assert type(display(None)) is NotebookLine


def test_a_notebook_keeps_one_line_of_text_for_each_bar(notebook):
    line = NotebookLine()
    for done in range(5):
        line.move(f"head <b>, epoch {done}", done, 4, "val_loss 0.5000")
    line.close()
    line.close()
    (output,) = notebook
    assert output["text/plain"].startswith("head <b>, epoch 4 val_loss 0.5000 (")
    assert "&lt;b&gt;" in output["text/html"]
    assert "<progress" not in output["text/html"]
    assert "<b>" not in output["text/html"]


def test_a_notebook_line_is_used_again_for_the_next_computation(notebook):
    line = NotebookLine()
    for view in (1, 2):
        line.move(f"computing view {view}", 0, 8)
        line.move(f"computing view {view}", 8, 8)
        line.close()
    assert [output["text/plain"][:16] for output in notebook] == ["computing view 2"]


def test_a_terminal_has_a_new_bar_for_the_next_computation(capfd):
    bar = TerminalBar(Console(stderr=True, width=160, force_terminal=True))
    for view in (1, 2):
        bar.move(f"computing view {view}", 8, 8)
        bar.close()
        bar.close()
    assert bar.bar.tasks[0].description == "computing view 2"
    assert "computing view 1" in capfd.readouterr().err


def test_a_notebook_line_moves_at_most_four_times_a_second_and_says_how_long_it_takes(notebook, monkeypatch):
    seconds = [100.0]
    monkeypatch.setattr(displays.time, "monotonic", lambda: seconds[0])
    line, seen = NotebookLine(), []
    for done in range(1, 5):
        line.move("computing", done, 8)
        seen.append(notebook[0]["text/html"])
        seconds[0] += 0.2
    assert seen[0] == '<div><progress value="1" max="8"></progress> computing about 0 s left</div>'
    assert seen[1] == seen[0]
    assert seen[2] == '<div><progress value="3" max="8"></progress> computing about 1 s left</div>'
    line.line("a note")
    assert notebook[1]["text/plain"] == "a note"


def test_a_long_computation_without_a_terminal_writes_a_line_every_minute(capfd, monkeypatch):
    seconds = [100.0]
    monkeypatch.setattr(displays.time, "monotonic", lambda: seconds[0])
    lines = Lines()
    lines.begin("computing features")
    for done in range(1, 4):
        seconds[0] += 31
        lines.move("computing \x1b[31mfeatures", done, 4)
    assert capfd.readouterr().err == "computing features\ncomputing \\u001b[31mfeatures, 50 %\n"


def test_a_terminal_bar_shows_names_as_they_are_and_prints_lines_above_itself(capfd):
    bar = TerminalBar(Console(stderr=True, width=160, force_terminal=True))
    bar.move("[red]head[/red]", 1, 2, "val_loss 0.5")
    bar.line("[bold] a note")
    bar.close()
    shown = capfd.readouterr().err
    assert "[red]head[/red]" in shown
    assert "[bold] a note" in shown
    assert bar.bar.tasks[0].completed == 1
