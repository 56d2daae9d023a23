"""The folder of an export: what may be written to it, and the file that says what it holds."""

import os
from pathlib import Path
from typing import Any

from tfft.core import files, strict_json
from tfft.core.errors import BundleError, shortlist
from tfft.formats.comparison import Comparison

ABOUT = Path("tfft.json")
# TensorFlow Serving passes over this folder
ABOUT_SAVED_MODEL = Path("assets.extra") / ABOUT


def checked(path: Any) -> Path:
    """Refuse a path at which something else is.

    Args:
        path: The ``path`` argument of ``export``.

    Returns:
        The path.

    Raises:
        BundleError: When nothing can be written there, or something else than an export is there.
    """
    if not isinstance(path, (str, os.PathLike)) or not Path(path).name:
        raise BundleError("export() takes the path of a folder.", repr(path)[:100], 'Write a name, such as "flowers".')
    path = Path(path)
    if reason := files.refusal(path):
        raise BundleError(f"Nothing can be written to {str(path)!r}: {reason}.", fix="Choose another path.")
    if path.exists() and not (path.is_dir() and (not any(path.iterdir()) or _about(path) is not None)):
        found = "a file" if path.is_file() else shortlist(sorted(each.name for each in path.iterdir()))
        raise BundleError(f"{str(path)!r} exists and is no export of tfft.", found, "Choose another path.")
    if (file := _about(path)) is not None:
        written = strict_json.read_file(file, file.name, BundleError).get("files", ())
        if others := sorted(set(files_of(path)) - set(written)):
            raise BundleError(
                f"{str(path)!r} is an export of tfft, but holds other files as well, which would be lost.",
                shortlist(others),
                "Move them, or choose another path.",
            )
    return path


def files_of(path: Path) -> list[str]:
    """List all files in a folder and the folders in it.

    Args:
        path: The folder.

    Returns:
        Their names, with ``/``, sorted.
    """
    return sorted(each.relative_to(path).as_posix() for each in path.rglob("*") if not each.is_dir())


def comparison_of(path: str | Path) -> str:
    """Say how far the answers of an export are from those of the Keras net.

    Args:
        path: The folder that ``export`` wrote.

    Returns:
        A sentence.

    Raises:
        BundleError: When the folder was not written by ``export``.
    """
    file = _about(Path(path))
    if file is None:
        raise BundleError(f"{str(path)!r} is no export of tfft.", fix="Pass the folder that export() wrote.")
    about = strict_json.read_file(file, file.name, BundleError)
    return Comparison(**about["comparison"]).describe()


def _about(path: Path) -> Path | None:
    """The file that says what a folder holds; None for other folders."""
    return next((path / each for each in (ABOUT, ABOUT_SAVED_MODEL) if (path / each).is_file()), None)
