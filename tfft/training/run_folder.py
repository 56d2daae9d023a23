"""Check a run folder before a run writes into it: files of others are not overwritten, and a folder of data is no run folder."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfft.core import strict_json
from tfft.core.errors import TfftError, shortlist
from tfft.core.path_advice import permitted
from tfft.training.checkpoint_files import numbers
from tfft.training.checkpoints import FOLDER

SELECTION = "selection"
"""The folder of the first training of a run with a refit, in its run folder."""
FIRST_WEIGHTS = "first_weights"
"""The folder of the weights before the first step of a run with a refit, in that of its first training."""
LOG, RECORD, WEIGHTS, REPORT = "log.jsonl", "run.json", "model.weights.h5", "report.html"
OURS = frozenset((LOG, RECORD, WEIGHTS, REPORT, FOLDER, SELECTION, FIRST_WEIGHTS))
"""The names of all files and folders that a run writes into its folder."""
_OF_RECORD, _OF_LOG = frozenset(("format", "phases", "versions")), frozenset(("event", "phase", "unix_seconds"))
_LINE_BYTES = 2**20


def refuse_foreign(folder: Path, resume: bool | None) -> None:
    """Refuse a folder that a run would damage.

    Args:
        folder: The run folder; it may not exist yet.
        resume: The ``resume`` argument of ``fit``.

    Raises:
        TfftError: When a file has a name of a run's files and tfft did not write it; or when the folder holds other folders and no
            run, as a folder of data does.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     _ = (Path(home) / "run.json").write_text('{"laps": 4}')
        ...     refuse_foreign(Path(home), resume=None)
        Traceback (most recent call last):
        tfft.core.errors.TfftError: The run folder '...' holds files that tfft did not write, and a run would overwrite them. \
Got: 'run.json'. Choose another folder.
    """
    if not folder.is_dir():
        return
    with permitted(TfftError):
        folders = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        foreign, own = _sorted_out(folder)
    if foreign:
        raise TfftError(
            f"The run folder {str(folder)!r} holds files that tfft did not write, and a run would overwrite them.",
            shortlist(foreign),
            "Choose another folder.",
        )
    if not own and resume is not True and (others := sorted({*folders} - OURS)):
        raise TfftError(
            f"{str(folder)!r} holds folders of something else than a run.",
            shortlist(others),
            f"Choose a new or empty folder, such as {str(folder / 'run')!r}.",
        )


def _sorted_out(folder: Path) -> tuple[list[str], bool]:
    """The files that others wrote under the names of a run's files, and whether a run has written. Empty files do not count."""
    foreign, own = [], (folder / SELECTION).is_dir() and _sorted_out(folder / SELECTION)[1]
    for name, read, keys in ((RECORD, _record, _OF_RECORD), (LOG, _first_line, _OF_LOG)):
        if _has_content(folder / name):
            ours = _is_ours(read(folder / name), keys)
            own |= ours
            foreign += [] if ours else [name]
    for number in numbers(folder / FOLDER):
        # a run writes the arrays of a checkpoint before its values, which may be damaged
        ours = (folder / FOLDER / f"{number:08d}.safetensors").exists()
        own |= ours
        foreign += [] if ours else [f"{FOLDER}/{number:08d}.json"]
    # these two do not say who wrote them
    return foreign + [name for name in (WEIGHTS, REPORT) if not own and _has_content(folder / name)], own


def _is_ours(found: Any, keys: frozenset[str]) -> bool:
    return isinstance(found, dict) and keys <= found.keys()


def _has_content(path: Path) -> bool:
    return path.is_dir() or (path.exists() and path.stat().st_size > 0)


def _record(path: Path) -> Any:
    with suppress(TfftError, OSError):
        return strict_json.read_file(path, path.name, TfftError, nan=True)
    return None


def _first_line(path: Path) -> Any:
    with suppress(ValueError, OSError, RecursionError), open(path, "rb") as file:
        return json.loads(file.readline(_LINE_BYTES))
    return None
