"""Refuse a run folder that holds files of other programs, or data."""

import os
from pathlib import Path

from tfft.core import strict_json
from tfft.core.errors import TfftError, shortlist
from tfft.core.path_advice import permitted
from tfft.training.checkpoints import FOLDER

SELECTION = "selection"
"""The folder of the first training of a run with a refit, in its run folder."""
FIRST_WEIGHTS = "first_weights"
"""The folder of the weights before the first step of a run with a refit, in that of its first training."""
LOG, RECORD, WEIGHTS, REPORT = "log.jsonl", "run.json", "model.weights.h5", "report.html"
OURS = frozenset((LOG, RECORD, WEIGHTS, REPORT, FOLDER, SELECTION, FIRST_WEIGHTS))
"""The names of all files and folders that a run writes into its folder."""
_OF_RECORD, _OF_CHECKPOINT = {"format", "phases", "versions"}, {"format", "about", "arrays", "values", "hash"}
_OF_LOG = b'{"event": '
_SEARCH, _BUNDLE = "search.json", "manifest.json"
_LOST = "lost+found"  # an empty disk has this folder


def refuse_foreign(folder: Path, resume: bool | None) -> None:
    """Refuse a folder that a run would damage.

    Args:
        folder: The run folder; it may not exist yet.
        resume: The ``resume`` argument of ``fit``.

    Raises:
        TfftError: When a file has a name of a run's files and another program wrote it; when the folder holds a search, or other
            folders and no run, as a folder of data does; or when a run should continue where none is.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     _ = (Path(home) / "run.json").write_text('{"laps": 4}')
        ...     refuse_foreign(Path(home), resume=None)
        Traceback (most recent call last):
        tfft.core.errors.TfftError: The run folder '...' holds files that tfft did not write, under names that a run uses. \
Got: 'run.json'. Choose another folder.
    """
    if not folder.is_dir():
        return
    with permitted(TfftError):
        foreign, own = _sorted_out(folder)
        others = [path for path in folder.iterdir() if _is_other(path)]
    if not own and (folder / _SEARCH).exists():
        raise TfftError(f"{str(folder)!r} is the folder of a search, not of a run.", fix="Choose another folder.")
    if foreign:
        raise TfftError(
            f"The run folder {str(folder)!r} holds files that tfft did not write, under names that a run uses.",
            shortlist(foreign),
            "Choose another folder.",
        )
    if resume and not own and others:
        raise TfftError(
            f"{str(folder)!r} is not a run folder, so no run can continue there.",
            shortlist(sorted(path.name for path in others)),
            "Name the folder of the run.",
        )
    if not own and (folders := sorted(path.name for path in others if path.is_dir() and not (path / _BUNDLE).exists())):
        raise TfftError(
            f"The folder {str(folder)!r} already holds other folders and no run.",
            shortlist(folders),
            f"Choose a new or empty folder, such as {str(folder / 'run')!r}.",
        )


def _is_other(path: Path) -> bool:
    """Whether a run has no file or folder of this name."""
    return path.name not in OURS and path.name != _LOST and not path.name.startswith(".")


def _sorted_out(folder: Path) -> tuple[list[str], bool]:
    """The files of other programs under the names of a run's files, and whether a run has written here.

    Empty files are ignored, because a killed run may leave them. A file that cannot be parsed may be a damaged one of a run.
    """
    known: list[str] = []
    unknown: list[str] = []
    foreign = [
        path.relative_to(folder).as_posix()
        for path in (
            folder / FOLDER,
            folder / SELECTION,
            folder / SELECTION / FOLDER,
            folder / SELECTION / FIRST_WEIGHTS,
        )
        if os.path.lexists(path) and not path.is_dir()
    ]
    for home in (folder, folder / SELECTION, folder / SELECTION / FIRST_WEIGHTS):
        saved = [path for path in sorted((home / FOLDER).glob("*")) if _is_checkpoint(path)]
        for path in (home / LOG, home / RECORD, home / WEIGHTS, home / REPORT, *saved):
            if path.is_dir() or (path.exists() and path.stat().st_size):
                found = {True: known, False: foreign, None: unknown}[_is_ours(path)]
                found.append(path.relative_to(folder).as_posix())
    return (foreign if known else foreign + unknown), bool(known)


def _is_checkpoint(path: Path) -> bool:
    """Whether a checkpoint may have this name. What a killed run was writing begins with a dot."""
    return path.stem.isdecimal() and path.suffix in (".json", ".safetensors")


def _is_ours(path: Path) -> bool | None:
    """Whether a run has written a file; None when it does not say so."""
    if path.is_dir():
        return False
    if path.name == LOG:
        with open(path, "rb") as file:
            return True if file.read(len(_OF_LOG)) == _OF_LOG else None
    if path.suffix != ".json":
        return None
    with open(path, "rb"):  # permission
        pass
    try:
        found = strict_json.read_file(path, path.name, TfftError, nan=True)
    except (TfftError, OSError):
        return None
    return isinstance(found, dict) and found.keys() >= (_OF_RECORD if path.name == RECORD else _OF_CHECKPOINT)
