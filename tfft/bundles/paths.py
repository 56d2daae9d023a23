"""Look at the path of a bundle before TensorFlow is imported."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

from tfft.archives.zip_files import opened
from tfft.bundles.manifest import NAME
from tfft.core import strict_json
from tfft.core.errors import BundleError
from tfft.core.path_advice import check_permitted, missing_file
from tfft.keras_files.file_kinds import kind_of_file

# the files of a bundle that somebody may pass in its place
_INSIDE = (NAME, "net.keras", "report.json", "report.md", "seen.json")
# the file that says what an export in another format holds
_EXPORTED = ("tfft.json", "assets.extra/tfft.json")
_UNREADABLE = (BundleError, OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


def check_path(path: Path) -> None:
    """Check that something is at the path of a bundle, and that it may be read.

    Args:
        path: The path.

    Raises:
        BundleError: When nothing is there, it may not be read, or it is a model or weights of Keras.

    Example:
        >>> check_path(Path("no such.tfft"))
        Traceback (most recent call last):
        tfft.core.errors.BundleError: There is no bundle at 'no such.tfft'...
    """
    if path.parts[:1] == ("hf:",):
        raise BundleError(
            f"{str(path)!r} is no path but an address at Hugging Face.", fix='Write it as a string: "hf://owner/name".'
        )
    check_permitted(path, BundleError)
    if not path.exists():
        advice = f"{missing_file(path)} tfft.export(run.model, path) writes a bundle."
        raise BundleError(f"There is no bundle at {str(path)!r}.", fix=advice)
    if path.is_file() and path.name in _INSIDE and (path.parent / NAME).is_file():
        raise BundleError(
            f"{str(path)!r} is a file inside a bundle.", fix=f"Pass the folder of the bundle, {str(path.parent)!r}."
        )
    if not (path / NAME).is_file() and any((path / each).is_file() for each in _EXPORTED):
        raise BundleError(
            f"{str(path)!r} is an export in another format, and no bundle.",
            fix="Pass the bundle that it was made from.",
        )
    kind = kind_of_file(path)
    if kind is not None:
        raise BundleError(
            f"{str(path)!r} is not a bundle.",
            f"a file that holds {kind.words}",
            "Pass a folder or zip file that tfft.export() wrote. "
            + (
                "To train this model further, pass it as the backbone."
                if kind.whole
                else "To start from these weights, name the backbone and its weights file."
            ),
        )


def not_written(path: Path, error: Exception, what: str = "bundle", more: str = "") -> BundleError:
    """Make the error for a bundle or another export that cannot be written.

    Args:
        path: Its path.
        error: Why it cannot be written.
        what: What would be there, such as ``"export"``.
        more: A further part of the advice.

    Example:
        >>> str(not_written(Path("no such.tfft"), OSError("the disk is full")))
        "'no such.tfft' could not be written: the disk is full. Free some space or choose another folder."
    """
    return BundleError(
        f"{str(path)!r} could not be written: {error}.",
        f"an older {what} there is untouched" if path.exists() else "",
        f"Free some space or choose another folder{more}.",
    )


def reads_texts(path: Path) -> bool | None:
    """Return whether the net of a bundle reads texts, from its manifest alone. TensorFlow is not imported.

    Args:
        path: A folder or zip file.

    Returns:
        True for token ids, False for pixels, None when the manifest cannot be read.
    """
    try:
        return "tokenizer" in _manifest(path)["preprocessor"]
    except _UNREADABLE:
        return None


def task_name(path: Path) -> str | None:
    """Return the name of the task of a bundle, from its manifest alone. TensorFlow is not imported.

    Args:
        path: A folder or zip file.

    Returns:
        A name such as ``"classification"``; None when the manifest cannot be read.
    """
    try:
        return str(_manifest(path)["task"]["name"])
    except _UNREADABLE:
        return None


def _manifest(path: Path) -> Any:
    if path.is_dir():
        return strict_json.read_file(path / NAME, NAME, BundleError)
    with opened(path, repr(str(path)), BundleError) as archive:
        return strict_json.read(archive.read(NAME), NAME, BundleError)
