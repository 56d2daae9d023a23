"""The fixture in which every attack runs. It watches files outside, memory, time, and the result of the call."""

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras  # noqa: F401  its first import writes ~/.keras/keras.json
import pytest

from tfft.core.errors import TfftError

MOST_BYTES, MOST_SECONDS = 10**9, 30.0
Attack = Callable[[Callable[[], Any]], Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder as an attack."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.attack)


def _memory(field: str) -> int:
    """Return the resident memory of this process in bytes: ``VmRSS`` is the current value, ``VmHWM`` the peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _listing(*folders: Path) -> dict[str, str]:
    """Return path -> hash of the content, for every file, folder and link in some folders."""
    found = {}
    for path in (path for folder in folders for path in [folder, *folder.rglob("*")]):
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
        content = os.readlink(path).encode() if kind == "link" else path.read_bytes() if kind == "file" else b""
        found[str(path)] = f"{kind} {hashlib.sha256(content).hexdigest()}"
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder outside the attack. Its file must not be read or changed, and no other file may appear in it."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("the secret\n", encoding="utf-8")
    return folder


@pytest.fixture
def attack(outside: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Attack:
    """Run a call on hostile input: it returns its result, or the TfftError that it ended in.

    Anything else fails the test: another exception, a file changed or created in ``outside``, in the working folder or at home,
    the secret in a message or result, more than 1 GB of memory, or more than 30 seconds.
    """
    home, working = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("working")
    monkeypatch.setenv("HOME", str(home))
    # Matplotlib writes a list of fonts when it is imported for the first time
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
    monkeypatch.chdir(working)

    def run(call: Callable[[], Any]) -> Any:
        watched = (outside, home, working)
        before, listing = 0, _listing(*watched)
        if sys.platform == "linux":
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # reset the peak
            before = _memory("VmRSS")
        begun = time.monotonic()
        try:
            result = call()
        except TfftError as error:
            result = error
        seconds = time.monotonic() - begun
        grown = _memory("VmHWM") - before if sys.platform == "linux" else 0
        assert _listing(*watched) == listing, "something outside was written"
        assert "the secret" not in f"{result!s} {result!r}", "something outside was read"
        assert grown < MOST_BYTES, f"took {grown:,} bytes"
        assert seconds < MOST_SECONDS, f"took {seconds:.1f} seconds"
        return result

    return run
