"""The help of the commands, and what is said about values that were typed wrongly."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tfft.cli import verbs as cli

COMMANDS = get_command(cli.app).commands


@pytest.mark.parametrize(
    ("typed", "meant"), [("train", "fit"), ("Test", "evaluate"), ("infer", "predict"), ("help", "--help")]
)
def test_the_names_of_other_tools_are_answered_with_ours(typed, meant):
    done = CliRunner().invoke(cli.app, [typed])
    assert done.exit_code == 2
    assert f"Did you mean 'tfft {meant}'?" in " ".join(done.output.split())


def joined(text):
    """Text without white space, so that lines may be broken anywhere."""
    return "".join(text.split())


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_list_of_commands_holds_the_whole_first_sentence_of_each(columns):
    shown = CliRunner().invoke(cli.app, ["--help"], terminal_width=columns).output
    assert "..." not in shown.partition("Commands:")[2]
    assert max(map(len, shown.splitlines())) <= columns
    for name, command in COMMANDS.items():
        first = re.split(r"\.\s", command.help.strip())[0].rstrip(".")
        assert joined(name + first) in joined(shown)


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_loses_nothing_in_a_narrow_terminal(name, columns):
    shown = CliRunner().invoke(cli.app, [name, "--help"], terminal_width=columns).output
    assert joined(COMMANDS[name].help) in joined(shown)
    for parameter in COMMANDS[name].params:
        assert joined(parameter.help or "") in joined(shown)
        assert all(option in shown for option in parameter.opts if option.startswith("-"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "abc"], "Invalid value for '--size': 'abc' is not a whole number. Write digits only, such as 32."),
        (["--head-epochs", "0"], "Invalid value for '--head-epochs': 0 is too small. Write 1 or more."),
        (["--learning-rate", "1,5"], "'1,5' is not a number. Write it with a decimal point, such as 0.001."),
        (
            ["--plan", "foo"],
            "Invalid value for '--plan': 'foo' is not one of 'two_phase', 'head_only', 'linear_probe', 'gradual', "
            "'full', 'encoder', 'segmenter'.",
        ),
        (["--seed", "a\x1b[31m"], "is not a whole number."),
    ],
)
def test_a_value_of_the_wrong_kind_is_answered_in_our_words(words, said):
    done = CliRunner().invoke(cli.app, ["fit", "--data", "photos", *words])
    assert done.exit_code == 2
    assert said in done.output
    assert "\x1b" not in done.output
    assert not any(jargon in done.output for jargon in ("Input should", "parse", "Value error", "pydantic"))
