"""The code on every page runs, with small images in place of flowers and toy nets in place of those that download."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import tfft
from tests.pages import (
    PAGES,
    PYTHON,
    ROOT,
    SHELL,
    blocks,
    commands,
    furnish,
    prose,
    text,
    without_downloads,
    write_dataset,
    write_records,
)
from tfft.cli import verbs as cli

BOTH_KINDS = ("README.md", "docs/zh/index.md")  # images and texts
ELSEWHERE = ("docs/ray.md",)  # test_ray.py runs its code
WITH_CODE = [
    pytest.param(page, marks=() if page == "README.md" else pytest.mark.slow)
    for page in PAGES
    if page not in ELSEWHERE and any(block.language in ("python", "bash") for block in blocks(page))
]
NOT_RUN = ("pip install ", "pip config ")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A folder with everything that the code of the pages reads."""
    folder = tmp_path_factory.mktemp("pages")
    furnish(folder)
    return folder


@pytest.fixture
def workplace(furnished, tmp_path, monkeypatch):
    """The folder in which the code of one page runs."""
    monkeypatch.setattr(cli, "start_tensorflow", lambda: None)
    monkeypatch.setattr("tfft.doctor.start_tensorflow", lambda: None)
    folder = shutil.copytree(furnished, tmp_path / "work")
    monkeypatch.chdir(folder)
    return folder


def run_command(line):
    """Run one line of a shell block, unless it installs something or is a script, which then has to exist."""
    if line.startswith("./"):
        assert (ROOT / line.split()[0]).stat().st_mode & 0o111, line
    elif line.startswith("tfft "):
        words = shlex.split(without_downloads(line, SHELL))
        done = CliRunner().invoke(cli.app, words[1:])
        assert done.exit_code == 0, (line, done.output)
    elif line.startswith("python "):
        done = subprocess.run([sys.executable, *shlex.split(line)[1:]], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, (line, done.stderr)
    else:
        assert line.startswith(NOT_RUN), f"{line}: not run by a test"


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_on_a_page_runs_and_prints_its_answers(workplace, page, capsys):
    code = text(page)
    if "reviews_arrow" in code:
        pytest.importorskip("datasets", reason='needs: pip install ".[huggingface]"')
        write_dataset(workplace)
    if "from_tfrecord(" in code:
        write_records(workplace)
    names: dict = {}
    capsys.readouterr()
    for block in blocks(page):
        if block.language == "python":
            exec(compile(without_downloads(block.code, PYTHON), page, "exec"), names)
        elif block.language == "bash":
            for line in commands(block.code):
                run_command(line)
    printed = capsys.readouterr().out
    assert bool(printed.strip()) == ("print(" in code)
    if page in BOTH_KINDS:
        assert names["run"].phases[-1].phase.name == "tune"
        assert names["text_run"].phases[-1].phase.name == "encoder"


@pytest.mark.parametrize(
    ("page", "verbs"),
    [
        ("README.md", ["fit", "evaluate", "predict", "fit", "predict"]),
        (
            "docs/command_line.md",
            [
                *("rank", "fit", "evaluate", "predict", "fit", "predict", "predict", "predict"),
                *("fit", "fit", "fit", "backbones", "doctor"),
            ],
        ),
    ],
)
def test_the_first_commands_on_a_page_are_run_in_this_order(page, verbs):
    shell = next(block.code for block in blocks(page) if block.language == "bash" and "tfft fit" in block.code)
    assert [line.split()[1] for line in commands(shell) if line.startswith("tfft ")] == verbs


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_has_a_language_that_the_tests_know(page):
    assert {block.language for block in blocks(page)} <= {"python", "bash", "text", ""}
    assert text(page).count("\n```") + text(page).startswith("```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", PAGES)
def test_the_names_of_tfft_on_a_page_exist(page):
    found = set(re.findall(r"tfft\.(data|tasks|plans|trainable)\.(\w+)", text(page)))
    for room, name in found - {("data", "md"), ("plans", "augmentation")}:
        assert hasattr(getattr(tfft, room), name), f"tfft.{room}.{name}"
    for name in set(re.findall(r"tfft\.(\w+)\(", text(page))):
        assert hasattr(tfft, name), f"tfft.{name}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere_and_no_placeholder_is_left(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(page)):
        assert "://" in target or ((ROOT / page).parent / target).exists(), target
    assert "@@" not in text(page)
    assert not re.findall(r"\b[A-Z]{4,}_[A-Z]+\b(?!/)", prose(page))


def test_the_readme_is_short():
    assert len(text("README.md").splitlines()) <= 150


def test_the_scripts_that_the_pages_name_exist_and_can_run():
    for script in ("scripts/demo", "scripts/test", "scripts/docs", ".ci/run"):
        assert (ROOT / script).stat().st_mode & 0o111, script
