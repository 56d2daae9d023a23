"""Give advice for paths that do not exist: which path the user probably meant; and for paths that may not be read."""

import difflib
import glob
import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfft.core.errors import DataError, TfftError, shortlist

_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/{1,3}")
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\a": r"\a", "\b": r"\b", "\f": r"\f", "\v": r"\v"}
_LOOKED_AT = 2_000
"""At most this many folder entries are searched for a name."""


def missing_file(path: str | Path, start: str | Path = "") -> str:
    r"""Suggest what to do about a file or folder that does not exist.

    Args:
        path: The path as the user wrote it.
        start: The folder from which a relative path starts, for the search and for messages; empty for the working folder. Paths in
            the advice then start there as well.

    Returns:
        One or two sentences of advice.

    Example:
        >>> missing_file("https://example.org/cat.jpg")
        'That is a URL: download the file first, and pass its path.'
        >>> missing_file("no such folder/cat.jpg")
        "Check the path; it is relative to where you run, .... The folder 'no such folder' does not exist."
    """
    text, base = str(path), Path(start)
    if _URL.match(text) and not _DRIVE.match(text):
        if text.lower().startswith("file:"):
            return "Write the path without 'file://'."
        return "That is a URL: download the file first, and pass its path."
    if os.path.islink(base / text):
        return f"It is a link to {os.readlink(base / text)!r}, where nothing is."
    for other, reason in _spellings(text):
        if _exists(base / other):
            return f"Did you mean {other!r}?{reason}"
    if any(letter in text for letter in "*?[") and (found := _matches(base / text)):
        return f"A path with a wildcard is not expanded: pass glob.glob({text!r}), or in a shell the path without quotes.{found}"
    broken = next((shown for letter, shown in _ESCAPES.items() if letter in text), "")
    if broken:
        return f'Python reads {broken} in a string as one character: write r"..." or forward slashes.'
    target = base / text
    try:
        return _similar(target, base) or _unknown(target, text, base)
    except OSError:  # the name is too long, or the folder may not be read
        return _unknown(target, text, base)


def class_folders_below(root: str | Path) -> str:
    """Find the only subfolder of a root, when the class folders seem to be one level further down.

    Args:
        root: The folder to look into.

    Returns:
        The path of that subfolder; empty when there is none.
    """
    below = [each for each in sorted(Path(root).iterdir()) if each.is_dir() and not each.name.startswith(".")]
    if len(below) != 1:
        return ""
    inner = [each for each in below[0].iterdir() if each.is_dir() and not each.name.startswith(".")]
    return str(below[0]) if len(inner) > 1 else ""


@contextmanager
def permitted(error: type[TfftError] = DataError) -> Iterator[None]:
    """Turn a PermissionError inside this context into an error that says how to get the permission.

    Args:
        error: The exception class to raise.

    Yields:
        None.

    Raises:
        TfftError: An instance of ``error``, in place of a PermissionError.

    Example:
        >>> with permitted():
        ...     raise PermissionError(13, "Permission denied", "no such folder/bees")
        Traceback (most recent call last):
        tfft.core.errors.DataError: 'no such folder/bees' cannot be read: permission denied. Got: the folder ...
    """
    try:
        yield
    except PermissionError as found:
        raise unreadable(found.filename or "", error) from None


def check_permitted(path: str | Path, error: type[TfftError] = DataError) -> None:
    """Check that a file or folder may be read. Nothing is said about a path that does not exist.

    Args:
        path: The path.
        error: The exception class to raise.

    Raises:
        TfftError: An instance of ``error``, when it may not be read.
    """
    try:
        found = os.stat(path)
    except PermissionError:
        raise unreadable(path, error) from None
    except (OSError, ValueError):  # nothing is there; or the name is too long, or contains a NUL
        return
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(found.st_mode) else 0)):
        raise unreadable(path, error)


def unreadable(path: str | Path, error: type[TfftError] = DataError) -> TfftError:
    """Make the error for a file or folder that exists and that this user may not read.

    Args:
        path: The path.
        error: The class of the error.

    Returns:
        An instance of ``error``. It names the mode and the owner of the path, or of the folder above that is closed.
    """
    for place in (Path(path), *Path(path).absolute().parents):
        with suppress(OSError):
            found = os.stat(place)
            break
    else:
        return error(f"{str(path)!r} cannot be read: permission denied.", fix="Ask its owner, or copy the data.")
    owner = _owner(place, found.st_uid)
    mine = found.st_uid == getattr(os, "geteuid", lambda: None)()
    every = "-R " if stat.S_ISDIR(found.st_mode) else ""
    return error(
        f"{str(path)!r} cannot be read: permission denied.",
        f"{'' if place == Path(path) else f'the folder {str(place)!r}, '}mode {stat.filemode(found.st_mode)}, owner {owner}",
        f"You are the owner: allow it with `chmod {every}u+rX {shlex.quote(str(place))}`."
        if mine
        else f"Ask {owner} for the permission to read it, or copy the data.",
    )


def _owner(path: str | Path, number: int) -> str:
    try:
        return repr(Path(path).owner())
    except (KeyError, NotImplementedError, OSError):
        return f"user {number}"


def _spellings(text: str) -> Iterator[tuple[str, str]]:
    """Yield other ways to write the same path, each with an explanation or an empty string."""
    stripped = text.strip().strip("\"'").strip()
    if stripped != text:
        yield stripped, " There are spaces or quotation marks around the path."
    if "\\" in stripped:
        yield stripped.replace("\\", "/"), " Forward slashes work on every system."
    if stripped.startswith("~"):
        yield os.path.expanduser(stripped), " Python does not expand '~' in a path."
    if "%" in stripped:
        from urllib.parse import unquote

        yield unquote(stripped), ""


def _matches(pattern: Path) -> str:
    """Name the first file that matches a pattern, as a sentence."""
    try:
        first = next(glob.iglob(str(pattern)), None)
    except (OSError, ValueError, re.error):
        return ""
    return f" It matches {first!r} and others." if first is not None else ""


def _similar(target: Path, base: Path) -> str:
    """Suggest a file or folder nearby with a similar name."""
    folder = target.parent
    if folder.is_dir():
        names = [entry.name for entry, _ in zip(os.scandir(folder), range(_LOOKED_AT), strict=False)]
        ended = sorted(name for name in names if not target.suffix and Path(name).stem == target.name)
        cased = [name for name in names if name.casefold() == target.name.casefold()]
        other = sorted(name for name in names if target.suffix and Path(name).stem == target.stem)
        close = difflib.get_close_matches(target.name, names, n=3, cutoff=0.75)
        found = ended or cased or other or close
        if found:
            meant = " or ".join(_from(str(folder / name), base) for name in found[:3])
            return f"Did you mean {meant}?"
    elsewhere = _elsewhere(target, folder if folder.is_dir() else base)
    kind = "folder" if os.path.isdir(elsewhere) else "file"
    return f"Did you mean {_from(elsewhere, base)}? There is a {kind} of this name." if elsewhere else ""


def _from(path: str, base: Path) -> str:
    """A path as it is written when paths start at ``base``."""
    written = path if base == Path() else os.path.relpath(path, base)
    return repr(path) if written == path else f"{written!r}, that is {path!r}"


def _elsewhere(target: Path, folder: Path) -> str:
    """Find the same name in a subfolder or a parent folder."""
    looked = 0
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if target.name in names or target.name in folders:
            return os.path.normpath(os.path.join(where, target.name))
        looked += len(names) + len(folders)
        if looked > _LOOKED_AT:
            break
    above = next((each for each in list(folder.absolute().parents)[:3] if (each / target.name).is_file()), None)
    return str(above / target.name) if above is not None else ""


def _unknown(target: Path, text: str, base: Path) -> str:
    place = f"where you run, {os.getcwd()!r}" if base == Path() else repr(str(base))
    advice = f"Check the path; it is relative to {place}."
    if os.path.isabs(text):
        advice = "Check the path."
    first = next((each for each in reversed(target.parents) if not _exists(each)), None)
    if first is not None:
        return f"{advice} The folder {str(first)!r} does not exist."
    beside = sorted(entry.name for entry, _ in zip(os.scandir(target.parent), range(_LOOKED_AT), strict=False))
    return f"{advice} Its folder contains {shortlist(beside, 3)}." if beside else f"{advice} Its folder is empty."


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the name is too long, or contains a NUL
        return False
