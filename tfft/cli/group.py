"""The commands as a group: their help, and messages about what was typed wrongly."""

import re
from typing import Any

from typer.core import TyperGroup

from tfft.cli.console import name

_NO_COMMAND = re.compile(r"(No such command '(.*?)'\.)( Did you mean .*)?")
_MEANT = {
    **dict.fromkeys(("train", "finetune", "fine-tune", "run"), "fit"),
    **dict.fromkeys(("test", "eval", "validate", "score"), "evaluate"),
    **dict.fromkeys(("infer", "classify", "inference"), "predict"),
    **dict.fromkeys(("models", "list", "ls"), "backbones"),
    **dict.fromkeys(("check", "info", "version"), "doctor"),
    "help": "--help",
}
"""Names that other tools have for the commands."""
_WHOLE_SENTENCE = 1_000


class Group(TyperGroup):
    """The commands of ``tfft``. Errors that quote arguments, such as a path, are printed without control characters."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, each with the whole first sentence of its help; typer cuts it to one line.

        Args:
            ctx: The typer context.
            formatter: The formatter of the help.
        """
        commands = [(each, self.get_command(ctx, each)) for each in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(each, verb.get_short_help_str(_WHOLE_SENTENCE)) for each, verb in commands if verb])

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Args:
            ctx: The typer context.

        Returns:
            The result of the command; it is not used.

        Raises:
            Exception: The typer error for an invalid argument, and every other error.
        """
        try:
            return super().invoke(ctx)
        except Exception as error:
            if hasattr(error, "format_message"):  # typer's own click has no public exceptions
                vars(error)["message"] = _with_meant(name(_about_value(error) or vars(error).get("message", "")))
            raise


def _with_meant(message: str) -> str:
    """The message about an unknown command, with the command that was probably meant."""
    found = _NO_COMMAND.fullmatch(message)
    meant = _MEANT.get(found[2].lower().lstrip("-")) if found else None
    return f"{found[1]} Did you mean 'tfft {meant}'?" if found and meant else message


def _about_value(error: Exception) -> str:
    """Say what is wrong with the value of an option.

    From 0.29 on, typer checks values with pydantic, whose sentences speak of parsing and do not name the value. Older versions of
    typer raise the error without a cause.

    Args:
        error: The typer error for an invalid argument.

    Returns:
        What was wrong, and how to fix it; an empty string when the message of the error can stay.
    """
    problems = getattr(error.__cause__, "errors", None)
    if not callable(problems):
        return ""
    problem = problems()[0]
    kind, given, limits = problem["type"], problem["input"], problem.get("ctx", {})
    if kind.startswith("int_"):
        return f"{given!r} is not a whole number. Write digits only, such as 32."
    if kind.startswith("float_"):
        return f"{given!r} is not a number. Write it with a decimal point, such as 0.001."
    if kind == "greater_than_equal":
        return f"{given} is too small. Write {limits['ge']} or more."
    return str(problem["msg"]).removeprefix("Value error, ")
