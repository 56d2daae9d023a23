"""``tfft demo`` runs the demo of images, of texts, or both, and says what to open and what to type next."""

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tfft
import tfft.demo
from tfft.cli import verbs
from tfft.demo import Demo

SCRIPT = Path(__file__).parents[2] / "scripts" / "demo"


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Both demos replaced by functions that note their arguments."""
    calls = []

    def demo_of(kind, bundle):
        def run(folder, say, seed):
            calls.append((kind, folder, seed))
            return Demo(f"table of {kind}", f"meaning of {kind}", folder / "report.html", folder / bundle)

        return run

    monkeypatch.setattr(tfft.demo, "run_demo", demo_of("images", "digits.tfft"))
    monkeypatch.setattr(tfft.demo, "run_text_demo", demo_of("texts", "messages.tfft"))
    monkeypatch.chdir(tmp_path)
    return calls


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [("images", Path("demo"), 0)]),
        (["--text", "--seed", "3"], [("texts", Path("demo_text"), 3)]),
        (["--both"], [("images", Path("demo"), 0), ("texts", Path("demo_text"), 0)]),
        (["--both", "--out", "a/b"], [("images", Path("a/b"), 0), ("texts", Path("a/b_text"), 0)]),
        (["--text", "--out", "a/b"], [("texts", Path("a/b"), 0)]),
    ],
)
def test_the_halves_run_in_order_each_in_its_own_folder(ran, words, expected):
    done = CliRunner().invoke(verbs.app, ["demo", *words], catch_exceptions=False)
    assert done.exit_code == 0
    assert ran == expected
    for kind, folder, _ in expected:
        assert f"table of {kind}" in done.output
        assert f"meaning of {kind}" in done.output
        assert f"report: {folder / 'report.html'} (open it in a browser)" in done.output
    assert ("photo.jpg" in done.output) == any(kind == "images" for kind, _, _ in expected)
    assert ("When will my order arrive?" in done.output) == any(kind == "texts" for kind, _, _ in expected)


def test_the_next_command_can_be_typed_when_the_folder_has_a_blank(ran):
    done = CliRunner().invoke(verbs.app, ["demo", "--out", "my demo"], catch_exceptions=False)
    (line,) = [line for line in done.output.splitlines() if line.startswith("next:")]
    assert shlex.split(line)[-3:] == ["predict", "my demo/digits.tfft", "photo.jpg"]


def test_neither_half_starts_when_the_second_one_cannot_be_written(ran, tmp_path):
    (tmp_path / "demo_text").write_text("")
    done = CliRunner().invoke(verbs.app, ["demo", "--both"])
    assert done.exit_code != 0
    assert ran == []


@pytest.mark.parametrize("words", [[], ["--both"]])
def test_a_folder_with_other_files_is_refused_and_one_of_an_earlier_demo_is_not(ran, tmp_path, words):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("precious")
    done = CliRunner().invoke(verbs.app, ["demo", *words])
    assert str(done.exception) == (
        "The folder 'demo' holds other files. Got: 'thesis.txt'. Choose a new or empty folder, such as 'demo/demo'."
    )
    assert ran == []
    (tmp_path / "demo" / "thesis.txt").unlink()
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    tfft.export(model, tmp_path / "demo" / "digits.tfft")
    for name in ("report.html", "report.md", ".DS_Store"):
        (tmp_path / "demo" / name).write_text("")
    assert CliRunner().invoke(verbs.app, ["demo", *words]).exit_code == 0
    assert ran


@pytest.mark.parametrize(
    ("typed", "passed"),
    [([], "demo --both"), (["--out", "x"], "demo --both --out x"), (["--text"], "demo --text")],
)
def test_the_script_runs_both_halves_in_one_process(tmp_path, typed, passed):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "demo").write_text(SCRIPT.read_text())
    (tmp_path / "scripts" / "environment.sh").write_text(f"ROOT={tmp_path}\n")
    fake = tmp_path / ".venv" / "bin" / "tfft"
    fake.parent.mkdir(parents=True)
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    done = subprocess.run(
        ["bash", str(tmp_path / "scripts" / "demo"), *typed],
        capture_output=True, text=True, timeout=60, check=True, env=os.environ,
    )  # fmt: skip
    assert done.stdout.splitlines() == [passed]
