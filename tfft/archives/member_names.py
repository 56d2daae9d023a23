"""Check the names in an archive: they must be plain, relative, and different on every file system."""

import re
import unicodedata
from pathlib import PurePosixPath

_NAME_BYTES, _PART_BYTES = 1024, 255
# Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(\..*)?", re.IGNORECASE)


class MemberNames:
    """The set of files and folders of an archive that were checked so far.

    Example:
        >>> names = MemberNames()
        >>> names.add("assets/vocab.txt", is_folder=False), names.add("Assets/Vocab.txt", is_folder=False)
        ('', "'Assets/Vocab.txt' clashes with 'assets'")
        >>> names.add("../vocab.txt", is_folder=False)
        "'../vocab.txt' is not a plain relative name"
    """

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._files) + len(self._folders)

    def add(self, name: str, is_folder: bool) -> str:
        """Add one name and the folders above it.

        Args:
            name: The name, with slashes between its parts.
            is_folder: Whether the name belongs to a folder.

        Returns:
            Text that says why the name is invalid; empty when it is valid.
        """
        problem = _unplain(name, is_folder)
        if problem:
            return f"{name[:200]!r} {problem}"
        path = PurePosixPath(name)
        for above in (*reversed(path.parents), path):
            if above == PurePosixPath("."):
                continue
            text = str(above)
            # some file systems ignore case and Unicode forms, so names that differ only in these count as equal
            key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
            if key in self._files:
                return f"{name[:200]!r} appears twice, or as a file and as a folder"
            if above != path or is_folder:
                if self._folders.setdefault(key, text) != text:
                    return f"{name[:200]!r} clashes with {self._folders[key][:200]!r}"
            elif key in self._folders:
                return f"{name[:200]!r} appears as a file and as a folder"
            else:
                self._files.add(key)
        return ""


def _unplain(name: str, is_folder: bool) -> str:
    if not name.isprintable() or "\\" in name or ":" in name:
        return "contains a backslash, a colon or a character that cannot be printed"
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or (not is_folder and parts[-1] in ("", ".")):
        return "is not a plain relative name"
    if len(name.encode()) > _NAME_BYTES or any(len(part.encode()) > _PART_BYTES for part in parts):
        return f"is longer than {_NAME_BYTES} bytes, or {_PART_BYTES} in one part"
    if any(part != "." and (part != part.rstrip(". ") or _DEVICES.fullmatch(part)) for part in parts):
        return "has a part that Windows treats as a different name"
    return ""
