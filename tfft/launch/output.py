"""Cut the output of a worker into lines, and remember the last ones."""

from collections import deque

LAST_LINES = 40
_MAX_LINE_BYTES = 65_536


class LineCutter:
    r"""Cuts bytes, which arrive in pieces, into lines.

    Of a line that a progress bar overwrote with ``\r``, only the last state is kept.

    Attributes:
        last: The last lines, at most ``LAST_LINES`` of them.

    Example:
        >>> cutter = LineCutter()
        >>> cutter.feed(b"epoch 1\nstep 1\rstep"), cutter.feed(b" 2\n"), cutter.rest()
        (['epoch 1'], ['step 2'], [])
    """

    def __init__(self) -> None:
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._open = b""

    def feed(self, piece: bytes) -> list[str]:
        """Take the next bytes.

        Args:
            piece: Bytes of any length, usually UTF-8; other bytes become U+FFFD.

        Returns:
            The lines that are now complete, without line ends. A line of 64 KiB counts as complete.
        """
        *lines, self._open = (self._open + piece).split(b"\n")
        if len(self._open) >= _MAX_LINE_BYTES:
            lines, self._open = [*lines, self._open], b""
        return self._kept(lines)

    def rest(self) -> list[str]:
        """Return the last line when it has no line end."""
        lines, self._open = [self._open] if self._open else [], b""
        return self._kept(lines)

    def _kept(self, lines: list[bytes]) -> list[str]:
        found = [line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace") for line in lines]
        self.last.extend(found)
        return found
