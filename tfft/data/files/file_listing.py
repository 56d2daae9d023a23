"""Find the visible files and folders below a folder, and sort files into images, texts and others by name and content."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tfft.core.errors import shortlist
from tfft.core.path_advice import unreadable
from tfft.images.image_files import is_image

SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".apng",
    ".bmp",
    ".dib",
    ".gif",
    ".webp",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
)
"""Endings of files that are always images; the content of all other files is examined."""
_TEXT = ".txt"
_LEFT_BEHIND = ("__macosx", "@eadir", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")
_DOCUMENTS = ("readme", "license", "licence", "copying", "changelog", "citation")


@dataclass
class Below:
    """Sorted files at any depth below a folder.

    Attributes:
        images: Paths of files that can be decoded or have an image ending.
        texts: Paths of ``.txt`` files.
        others: Paths of all other files, without documents such as README.
        hidden: The number of hidden files and of system files such as ``Thumbs.db``.
    """

    images: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    hidden: int = 0

    def rest(self) -> list[str]:
        """Paths of all files that are neither images nor documents."""
        return [*(path for path in self.texts if not is_document(path)), *self.others]

    def left_out(self) -> str:
        """Describe the files that are not images: counts by file extension, and some names.

        Example:
            >>> Below(texts=["a/1.txt", "a/2.txt"], others=["a/x.HEIC"]).left_out()
            "2 .txt, 1 .heic, such as '1.txt', '2.txt', 'x.HEIC'"
        """
        return by_ending(self.rest())


def by_ending(paths: list[str]) -> str:
    """Describe paths briefly.

    Args:
        paths: Paths of files.

    Returns:
        Counts by file extension and the first names; empty when there are no paths.

    Example:
        >>> by_ending(["b/notes", "a/1.csv"])
        "1 without ending, 1 .csv, such as 'notes', '1.csv'"
    """
    if not paths:
        return ""
    counts = ", ".join(f"{count} {ending}" for ending, count in endings(paths).most_common())
    return f"{counts}, such as {shortlist(list(dict.fromkeys(map(os.path.basename, paths)))[:3])}"


def endings(paths: list[str]) -> Counter[str]:
    """Count files by extension.

    Args:
        paths: Paths of files.

    Returns:
        File extension in lower case -> count.

    Example:
        >>> endings(["1.CSV", "2.csv", "x"])
        Counter({'.csv': 2, 'without ending': 1})
    """
    return Counter(os.path.splitext(path)[1].lower()[:20] or "without ending" for path in paths)


def look_below(home: str | Path) -> Below:
    """Sort the files below a folder into images, texts and others.

    Args:
        home: The folder.

    Returns:
        The sorted files; links that lead back are followed once.
    """
    found = Below()
    for path, seen in _walk(home):
        if not seen:
            found.hidden += 1
        elif path.lower().endswith(SUFFIXES):
            found.images.append(path)
        elif path.lower().endswith(_TEXT):
            found.texts.append(path)
        elif is_image(path):
            found.images.append(path)
        elif not is_document(path):
            found.others.append(path)
    for paths in (found.images, found.texts, found.others):
        paths.sort()
    return found


def images_in(home: str | Path) -> list[str]:
    """List the images directly in a folder.

    Args:
        home: The folder.

    Returns:
        The sorted names.
    """
    files = [entry for entry in os.scandir(home) if entry.is_file() and is_visible(entry.name)]
    return sorted(each.name for each in files if each.name.lower().endswith(SUFFIXES) or is_image(each.path))


def holds_images(home: str | Path) -> bool:
    """Return whether there is an image at any depth below a folder.

    Args:
        home: The folder.

    Returns:
        True as soon as one image is found.
    """
    return any(path.lower().endswith(SUFFIXES) or is_image(path) for path in files_below(home))


def holds_texts(home: Path) -> bool:
    """Return whether a folder holds text files and no images, at any depth.

    Args:
        home: The folder.

    Returns:
        True when there is a ``.txt`` file, and no image.
    """
    found = False
    for path in files_below(home):
        if path.lower().endswith(_TEXT):
            found = True
        elif path.lower().endswith(SUFFIXES) or is_image(path):
            return False
    return found


def files_below(home: str | Path) -> Iterator[str]:
    """Yield the paths of all visible files below a folder; each folder is read once, even if links lead back to it.

    Args:
        home: The folder.

    Yields:
        Paths, in any order.
    """
    return (path for path, seen in _walk(home) if seen)


def visible_folders(home: Path) -> list[Path]:
    """List the visible folders directly below a folder.

    Args:
        home: The folder.

    Returns:
        Sorted paths.
    """
    return [child for child in sorted(home.iterdir()) if child.is_dir() and is_visible(child.name)]


def is_visible(name: str) -> bool:
    """Return whether a file is neither hidden (``._x.jpg``, ``.ipynb_checkpoints``) nor left by an archiver, system or file server.

    Args:
        name: The name of the file or folder.

    Returns:
        False for hidden and system files.

    Example:
        >>> is_visible("roses"), is_visible("@eaDir"), is_visible("Thumbs.db")
        (True, False, False)
    """
    return not name.startswith(".") and name.lower() not in _LEFT_BEHIND


def is_document(path: str) -> bool:
    """Return whether a file describes the data and is not part of it.

    Args:
        path: The path of the file.

    Returns:
        True for README, LICENSE and the like, with any extension.

    Example:
        >>> is_document("flowers/README.txt"), is_document("flowers/1.txt")
        (True, False)
    """
    return os.path.basename(path).split(".")[0].lower() in _DOCUMENTS


def _walk(home: str | Path) -> Iterator[tuple[str, bool]]:
    """Yield the paths of all files, and whether each is visible."""

    def stop(error: OSError) -> None:
        # os.walk leaves out the files of such a folder without a word
        raise unreadable(error.filename) if isinstance(error, PermissionError) else error

    entered = set()
    for where, folders, names in os.walk(home, onerror=stop, followlinks=True):
        real = os.path.realpath(where)
        folders[:] = [] if real in entered else sorted(filter(is_visible, folders))
        if real not in entered:
            yield from ((os.path.join(where, name), is_visible(name)) for name in names)
        entered.add(real)
