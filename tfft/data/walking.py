"""What lies below a folder and is meant to be seen: files, folders, pictures."""

import os
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")


def images_below(home: Path) -> list[str]:
    """Paths of all visible images anywhere below a folder.

    Args:
        home: The folder.

    Returns:
        Sorted paths.
    """
    return sorted(path for path in files_below(home) if path.lower().endswith(SUFFIXES))


def holds_texts(home: Path) -> bool:
    """Whether what lies below a folder are text files and no images.

    Args:
        home: The folder.

    Returns:
        True when there is a ``.txt`` file, and no image beside it.
    """
    found = False
    for path in files_below(home):
        if path.lower().endswith(SUFFIXES):
            return False
        found = found or path.lower().endswith(".txt")
    return found


def files_below(home: Path) -> Iterator[str]:
    """Paths of all visible files below a folder; each folder once, whatever links point back to it.

    Args:
        home: The folder.

    Yields:
        Paths, in no order.
    """
    entered = set()
    for where, folders, names in os.walk(home, followlinks=True):
        real = os.path.realpath(where)
        folders[:] = [] if real in entered else sorted(filter(is_visible, folders))
        if real not in entered:
            yield from (os.path.join(where, name) for name in names if is_visible(name))
        entered.add(real)


def visible_folders(home: Path) -> list[Path]:
    """Folders directly below another one.

    Args:
        home: The folder.

    Returns:
        Sorted paths.
    """
    return [child for child in sorted(home.iterdir()) if child.is_dir() and is_visible(child.name)]


def is_visible(name: str) -> bool:
    """Not hidden (``._x.jpg``, ``.ipynb_checkpoints``), and not what archivers and file servers leave behind.

    Args:
        name: Of a file or folder.

    Returns:
        Whether it is meant to be seen.

    Example:
        >>> is_visible("roses"), is_visible("@eaDir")
        (True, False)
    """
    return not name.startswith(".") and name not in ("__MACOSX", "@eaDir")
