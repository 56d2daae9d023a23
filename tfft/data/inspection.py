"""Inspect every input once before training: whether it can be read, and the hash of its content."""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import UnidentifiedImageError

from tfft.core.errors import DataError, DataWarning, kind_of, shortlist
from tfft.core.machine import cores
from tfft.core.path_advice import missing_file, unreadable
from tfft.core.specs import Text, rangeless
from tfft.data.content_hash import opened
from tfft.data.files.text_files import TextFiles
from tfft.images.image_files import has_pages, opened_image, taking_turns
from tfft.images.png_rows import check_rows
from tfft.images.samples import loaded

_SHOW_PROGRESS_FROM = 5_000
_SLICE = 16
_USER = 5  # stacklevel of the line that calls from_..., which calls assemble, then examine and warn_doubts
_MISSING = "no such file"
_DENIED = "permission denied"
_HALF = "half a character (a lone surrogate)"


@dataclass(frozen=True)
class Inspection:
    """The result of inspecting every input once.

    Attributes:
        digests: Hash of each input: of the bytes of a file, or of the dtype, shape and values of an array; empty when the input
            cannot be read.
        faults: Position and reason of each input that cannot be read.
        doubts: Position and reason of each image whose brightness is probably wrong.
        pages: Position of each image with several pages.
    """

    digests: tuple[str, ...]
    faults: tuple[tuple[int, str], ...]
    doubts: tuple[tuple[int, str], ...] = ()
    pages: tuple[int, ...] = ()


class _Look(NamedTuple):
    """What is known about one input: its digest, why it cannot be read, the doubt about its brightness, whether it has pages."""

    content: str = ""
    reason: str = ""
    doubt: str = ""
    pages: bool = False


def inspect_inputs(inputs: Sequence[Any]) -> Inspection:
    """Read every input once, in parallel, and keep none of them in memory.

    JPEG files are decoded at an eighth of their size. This still reads all of the compressed data, so it finds truncated files at a
    fraction of the cost.

    Args:
        inputs: Paths, encoded bytes, arrays of shape (height, width[, channels]), or texts.

    Returns:
        Digests and faults, positions as in ``inputs``.

    Raises:
        DataError: When reading an array finds values that cannot be pixels.

    Example:
        >>> inspect_inputs([np.zeros((8, 8, 3), np.uint8), b"not an image", b""]).faults
        ((1, 'not an image'), (2, 'empty file'))
    """

    def look_at(positions: range) -> list[_Look]:
        return [_look(inputs, index) for index in positions]

    # pass positions to the threads, not inputs: map() queues all of its arguments, which would hold every array in memory
    slices = [range(start, min(start + _SLICE, len(inputs))) for start in range(0, len(inputs), _SLICE)]
    with ThreadPoolExecutor(cores()) as pool:
        looks = pool.map(look_at, slices)
        if len(inputs) >= _SHOW_PROGRESS_FROM:
            looks = shown(looks, len(slices))
        found = [look for several in looks for look in several]
    return Inspection(
        tuple(look.content for look in found),
        tuple((index, look.reason) for index, look in enumerate(found) if look.reason),
        tuple(
            [(index, look.doubt) for index, look in enumerate(found) if look.doubt]
            # Pillow images were converted to pixels before, which recorded the doubts about them
            + sorted(getattr(inputs, "doubts", {}).items())
        ),
        tuple(index for index, look in enumerate(found) if look.pages),
    )


def shown(looks: Iterator[Any], count: int, what: str = "Checking inputs") -> Iterator[Any]:
    """Add a progress bar when the error stream is a terminal.

    Args:
        looks: The results of the inspection, as they come.
        count: Their number.
        what: The text beside the bar.

    Returns:
        The same results.
    """
    # imported here, because importing rich changes the state of Python's global random generator (rich 15)
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal:
        return looks
    return iter(track(looks, what, total=count, console=console, transient=True))


def refuse_faults(inputs: Sequence[Any], inspection: Inspection, start: str = "", skippable: bool = True) -> None:
    """Raise when an input cannot be read.

    Args:
        inputs: The inspected inputs: paths, encoded bytes, or arrays of shape (height, width[, channels]).
        inspection: The result of the inspection.
        start: The folder from which relative paths start, for the message; empty for the working folder.
        skippable: Whether the message may advise ``on_corrupt=``: the function that the user called has it, and such inputs are not
            left out already.

    Raises:
        DataError: When an input cannot be read; the message names the first ten, with the reasons.
    """
    if inspection.faults:
        named = [f"{_name(inputs, index)} ({reason})" for index, reason in inspection.faults]
        kind, again = (
            ("texts", "Save them as UTF-8") if isinstance(inputs, TextFiles) else ("images", "Repair or remove them")
        )
        skip = ' To leave them out pass on_corrupt="skip".' if skippable else ""
        missing = [inputs[index] for index, reason in inspection.faults if reason == _MISSING and kind == "images"]
        if len(missing) == len(named):
            raise DataError(
                f"{len(named)} of {len(inputs)} {kind} not found: {shortlist(missing)}.",
                f"paths from a table, which start at its folder, {start!r}" if start else "",
                _about_missing(missing[0], start) + skip,
            )
        denied = [_name(inputs, index) for index, reason in inspection.faults if reason == _DENIED]
        if denied:
            raise DataError(
                f"{len(named)} of {len(inputs)} {kind} cannot be read: {shortlist(named)}.",
                fix=unreadable(denied[0]).fix + skip,
            )
        if inspection.faults[0][1] == _HALF:
            kind, again = "texts", "Repair the program that cut them, or remove them"
        raise DataError(
            f"{len(named)} of {len(inputs)} {kind} cannot be read: {shortlist(named)}.",
            fix=(f'{again}, or pass on_corrupt="skip" to leave them out.' if skippable else f"{again}.")
            + (f" {missing[0]!r} does not exist. {_about_missing(missing[0], start)}" if missing else ""),
        )


def _about_missing(path: str, start: str) -> str:
    """Advice about a missing file; relative paths of a table are written as they would work in it."""
    whole = "://" in path or path.startswith("~")
    return missing_file(path) if whole or not start else missing_file(os.path.relpath(path, start), start)


def named_faults(inputs: Sequence[Any], inspection: Inspection) -> tuple[str, ...]:
    """Describe the inputs that cannot be read, for a report.

    Args:
        inputs: The inspected inputs: paths, encoded bytes, or arrays of shape (height, width[, channels]).
        inspection: The result of the inspection.

    Returns:
        ``"path: reason"`` for each of them.

    Example:
        >>> named_faults(["/nowhere/1.jpg"], inspect_inputs(["/nowhere/1.jpg"]))
        ('/nowhere/1.jpg: no such file',)
    """
    return tuple(f"{_name(inputs, index)}: {reason}" for index, reason in inspection.faults)


def warn_doubts(inputs: Sequence[Any], inspection: Inspection) -> None:
    """Warn about 16-bit images that use so few of their bits that they are almost black, and about images with several pages.

    Args:
        inputs: The inspected inputs: paths, encoded bytes, or arrays of shape (height, width[, channels]).
        inspection: The result of the inspection.
    """
    if inspection.doubts:
        named = [f"{_name(inputs, index)} ({reason})" for index, reason in inspection.doubts]
        warnings.warn(
            f"{len(named)} of {len(inputs)} images have 16 bits a pixel and are almost black: {shortlist(named)}. If white has "
            "a smaller value in them, pass them as arrays with value_range=(0, 4095), or with the value of white.",
            DataWarning,
            stacklevel=_USER,
        )
    if inspection.pages:
        named = [_name(inputs, index) for index in inspection.pages]
        warnings.warn(
            f"{len(named)} of {len(inputs)} images have several pages, and only the first is read: {shortlist(named)}. "
            "Save each page as a file of its own.",
            DataWarning,
            stacklevel=_USER,
        )


def _look(inputs: Sequence[Any], index: int) -> _Look:
    try:
        item = inputs[index]
        if not isinstance(item, (str, bytes, bytearray, np.ndarray, Text)):
            return _Look(reason=f"{kind_of(item)} is neither a path, nor encoded bytes, nor an array")
    except DataError:
        raise
    except UnicodeEncodeError:
        return _Look(reason=_HALF)
    except (OSError, ValueError) as error:
        return _Look(reason=_reason(error))
    try:
        with taking_turns(os.path.getsize(item) if isinstance(item, str) else 0):
            return _look_at(item)
    except UnicodeEncodeError:
        return _Look(reason=_HALF)
    except Exception as error:
        return _Look(reason=_reason(error))


def _look_at(item: Any) -> _Look:
    content, found = opened(item)
    if not isinstance(content, bytes):
        return _Look(found)
    if not content:
        return _Look(reason="empty file")
    with opened_image(content, "it") as image, taking_turns(image.width * image.height):
        image.draft("RGB", (1, 1))
        reason = rangeless(image.mode, image.format)
        if image.format == "PNG":
            check_rows(content)
        pages = has_pages(image)
        image, samples = loaded(image)
    return _Look(reason=reason) if reason else _Look(found, "", samples.warning, pages)


def _reason(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return _MISSING
    if isinstance(error, PermissionError):
        return _DENIED
    return "not an image" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__


def _name(inputs: Sequence[Any], index: int) -> str:
    if isinstance(inputs, TextFiles):
        return inputs.paths[index]
    item = inputs[index]
    return item if isinstance(item, str) else f"example {index}"
