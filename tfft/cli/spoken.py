"""How tfft speaks on a command line: our errors and warnings in the words of its options, without Python around them."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import typer

from tfft.core.errors import DataWarning, RunWarning, TfftError

_IN_SHELL = (
    (r'(P|p)ass on_corrupt="skip"', r"\1ass --skip-corrupt"),
    (r'weights="?path/to/([^" ]+)"?', r"--weights path/to/\1"),
    (r"weights=None", "--weights none"),
    (r"Pass 'imagenet', None,", "Pass imagenet, none"),
    (r"\b(size|alpha|weights|image_column|label_column|batch_size)=(?=[\w\d.'\"]*)", r"--\1 "),
)
_INTERRUPTED = 130


def in_shell(message: str) -> str:
    """A message for Python users, with the options of the command line in the place of Python's arguments.

    Args:
        message: Of an error or a warning.

    Returns:
        The message for a shell.

    Example:
        >>> in_shell('Repair or remove them, or pass on_corrupt="skip" to leave them out. Name another with image_column=.')
        'Repair or remove them, or pass --skip-corrupt to leave them out. Name another with --image-column .'
    """
    for pattern, words in _IN_SHELL:
        message = re.sub(pattern, words, message)
    return re.sub(r"--\w+", lambda found: found[0].replace("_", "-"), message)


@contextmanager
def spoken() -> Iterator[None]:
    """Say errors and warnings of ours in one line each; other errors keep their traceback, which we want to be sent.

    Yields:
        Nothing.

    Raises:
        SystemExit: With status 2 after an error of ours or of the file system.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show
        try:
            yield
        except (TfftError, OSError) as error:
            name = type(error).__name__
            typer.secho(f"{name}: {in_shell(str(error))}", err=True, fg="red")
            raise SystemExit(2) from None
        except SystemExit as ended:
            if ended.code == _INTERRUPTED:
                typer.secho("Stopped. No bundle was written.", err=True, fg="red")
            raise


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    place = "" if issubclass(category, (DataWarning, RunWarning)) else f"{filename}:{lineno}: "
    typer.secho(f"{place}{category.__name__}: {in_shell(str(message))}", err=True, fg="yellow")
