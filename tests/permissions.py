"""Run code as a user who is bound by the modes of files, also where the tests run as root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOTS = "-dac_override,-dac_read_search"
_BOUND = ["setpriv", f"--bounding-set={_ROOTS}", f"--inh-caps={_ROOTS}"]


def run_bound(code: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a folder. Root gives up its right to ignore the modes of files; other users never have it."""
    prefix = _BOUND if os.geteuid() == 0 else []
    if prefix and (shutil.which("setpriv") is None or subprocess.run([*prefix, "true"], check=False).returncode):
        pytest.skip(
            "root ignores the modes of files here, and setpriv cannot change that; run the tests as another user"
        )
    return subprocess.run(
        [*prefix, sys.executable, "-c", code, *words],
        capture_output=True, text=True, timeout=300, cwd=folder, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip


def run_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a ``tfft`` command in a folder, bound by the modes of files."""
    return run_bound("from tfft.cli.verbs import main; main()", folder, *words)
