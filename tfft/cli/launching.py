"""The verb ``tfft launch``: several workers of one command on this machine."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from tfft.cli.console import say

CONTEXT = {"allow_interspersed_args": False}
"""Settings of the verb: options after the first word of the command belong to the command."""


def launch(
    command: Annotated[
        list[str], typer.Argument(help="The command that each worker runs, after --.", show_default=False)
    ],
    workers: Annotated[int, typer.Option(help="Number of worker processes.", min=1, show_default=False)],
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the output of all workers.")] = False,
) -> None:
    """Run a command in several worker processes on this machine, for example `tfft launch --workers 2 -- tfft fit --data flowers/`.

    Each worker gets TF_CONFIG with the addresses of all workers and its own index. The workers share the cores:
    TF_NUM_INTRAOP_THREADS and OMP_NUM_THREADS are set to cores / workers, unless you set them.

    You see the output of worker 0. Of the other workers, you see the last lines when they fail; all lines with --verbose.

    When one worker fails, the others get 15 seconds to end, then SIGTERM, and after 15 more seconds SIGKILL. The exit code is
    that of the failed worker (128 + n for signal n). Ctrl-C and SIGTERM go to all workers, which get 60 seconds to save.
    """
    from tfft.launch.supervision import run_workers

    if command[0] == "tfft" and shutil.which("tfft") is None and Path(sys.argv[0]).name == "tfft":
        command = [str(Path(sys.argv[0]).absolute()), *command[1:]]
    code = run_workers(command, workers, os.environ, say, verbose)
    if code:
        raise typer.Exit(code)
