"""Text files that hold one text each, read when the text is accessed."""

from collections.abc import Sequence
from typing import Any

from tfft.core import regular_files
from tfft.core.specs import Text


class TextFiles(Sequence[Text]):
    """The texts of files in UTF-8, with or without a byte order mark.

    Args:
        paths: The paths of the files.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "1.txt").write_text("A film to see twice.", encoding="utf-8-sig")
        ...     TextFiles([f"{folder}/1.txt"])[0].first
        'A film to see twice.'
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        path = self.paths[index]
        content = regular_files.read(path)
        try:
            return Text(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ValueError(f"line {line} of {path} is not UTF-8") from None


def lines_of(content: str) -> list[str]:
    r"""Split a text into lines.

    Lines end at ``\n``, ``\r\n`` or a lone ``\r``, as in Python's text files. ``str.splitlines`` also splits at other
    characters, such as U+2028 and U+0085, which occur inside of texts.

    Args:
        content: The content of a file; a line end at the very end does not start another line.

    Returns:
        The lines without their ends, including blank ones.

    Example:
        >>> lines_of("one\x0bmore\u2028line\r\n\ntwo\n")
        ['one\x0bmore\u2028line', '', 'two']
    """
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]
