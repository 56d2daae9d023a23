"""Read files in CoNLL's format: a word and its tag in each line, and an empty line after each sentence."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tfft.core import regular_files
from tfft.core.errors import DataError, quantity, shortlist
from tfft.data.files.part_files import part_files
from tfft.data.files.part_names import part_of
from tfft.data.files.text_files import lines_of
from tfft.data.tag_schemes import PREFIXES, parts

SUFFIXES = (".conll", ".bio", ".iob", ".iob2", ".bioes", ".bilou")
_NAMED = (".txt", ".tsv", "")
_DOCUMENT = "-DOCSTART-"
_NO_TAG = "no tag"


@dataclass(frozen=True)
class Sentences:
    """The sentences of a file.

    Attributes:
        words: The words of each sentence.
        tags: The tag of each word, as in the file.
        lines: The number of the first line of each sentence, from 1.
        left_out: What was left out -> how often: lines that begin a document, and comments.
    """

    words: list[list[str]] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def read_conll(path: Path) -> Sentences:
    """Read one file.

    Args:
        path: The path of a UTF-8 file. In each line, the word comes first and the tag last; columns are separated by tabs, or else
            by spaces.

    Returns:
        The sentences.

    Raises:
        DataError: When the file cannot be read, is not UTF-8, a line has no word or no tag, a tag has no valid form, or the first
            column counts the words.
    """
    try:
        content = regular_files.read(path, "table_bytes", repr(str(path)))
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}.", fix="Check the path.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{str(path)!r} is not UTF-8: {error}.", fix="Save it as UTF-8.") from None
    found = Sentences()
    faults: dict[str, list[str]] = {}
    lines = _lines(text)
    tabbed = next((number for number, line in enumerate(lines, 1) if "\t" in line and line.strip()), 0)
    separator = "\t" if tabbed else None
    columns = {
        len(_split(line, separator)) for line in lines if line.strip() and not line.startswith(("# ", _DOCUMENT))
    }
    open_sentence = False
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(_DOCUMENT):
            open_sentence = False
        if not line.strip() or _left_out(line, found, separator, columns):
            continue
        word, tag, fault = _cells(line, separator)
        if fault:
            faults.setdefault(fault, []).append(f"line {number}: {line.expandtabs()[:40]}")
            continue
        if not open_sentence:
            found.words.append([])
            found.tags.append([])
            found.lines.append(number)
            open_sentence = True
        found.words[-1].append(word)
        found.tags[-1].append(tag)
    if faults:
        fault, where = next(iter(faults.items()))
        tabs = f" Line {tabbed} has a tab, so columns are separated by tabs." if tabbed and fault == _NO_TAG else ""
        raise DataError(
            f"{quantity(len(where), 'line')} of {str(path)!r} {'have' if len(where) > 1 else 'has'} {fault}.{tabs}",
            shortlist(where),
            f'Write a word, a tab and a tag in each line. Tags are "O", or a letter of {", ".join(PREFIXES)}, a dash and a type.',
        )
    _refuse_numbers(found, path)
    if not found.words:
        raise DataError(
            f"{str(path)!r} has no sentence.", "an empty file" if not text.strip() else "", "Check the path."
        )
    return found


def _refuse_numbers(found: Sentences, path: Path) -> None:
    """Refuse a file whose first column counts the words of each sentence: the numbers would be read as the words."""
    longest = max(map(len, found.words), default=0)
    if longest > 1 and all(words == [str(place + 1) for place in range(len(words))] for words in found.words):
        raise DataError(
            f"The first column of {str(path)!r} counts the words of each sentence, and the word must come first.",
            f"{' '.join(found.words[0])[:40]!r} as the words of the first sentence",
            "Remove the first column; in a shell: cut -f 2- old.conll > new.conll",
        )


def tagged_files(path: Path, named: bool = False) -> dict[str, Path]:
    """Find files in CoNLL's format by their suffixes.

    Args:
        path: A file, or a folder with a file for each part, such as ``train.conll`` and ``test.conll``.
        named: Whether the task is known. Where no file has one of the suffixes, ``.txt``, ``.tsv`` and no suffix fit, too; of a
            folder, only the files that are named like parts.

    Returns:
        Part -> file; empty where there is no such file, and for a folder with folders in it.

    Raises:
        DataError: When the files of a folder do not name their parts.

    Example:
        >>> tagged_files(Path("notes.csv")), tagged_files(Path("notes.conll"))
        ({}, {'train': PosixPath('notes.conll')})
    """
    found = part_files(path, lambda file: file.suffix.lower() in SUFFIXES)
    if found or not named:
        return found
    whole = not path.is_dir()
    return part_files(path, lambda file: file.suffix.lower() in _NAMED and (whole or part_of(file.stem) is not None))


def _lines(text: str) -> list[str]:
    """Split a text into lines. Remove byte order marks, and the tab at the end of each line of a word if all of them have one."""
    lines = [line.removeprefix("\ufeff") for line in lines_of(text)]
    if all(line.endswith("\t") for line in lines if line.strip() and not line.startswith(("# ", _DOCUMENT))):
        return [line.removesuffix("\t") for line in lines]
    return lines


def _left_out(line: str, found: Sentences, separator: str | None, columns: set[int]) -> bool:
    """Whether a line begins a document, or is a comment; both are counted.

    The word "#" has a tag, and as many columns as other words; the last word of a comment may look like a tag, such as "I-95".
    """
    what = "lines that begin a document" if line.startswith(_DOCUMENT) else ""
    if line.startswith("# "):
        cells = _split(line, separator)
        if parts(cells[-1].strip()) is None or (columns and len(cells) not in columns):
            what = "comments"
    if what:
        found.left_out[what] = found.left_out.get(what, 0) + 1
    return bool(what)


def _split(line: str, separator: str | None) -> list[str]:
    """The cells of a line; without tabs they are separated by spaces, but a word may hold a no-break space, as in numbers."""
    return line.split(separator) if separator is not None else re.split(" +", line.rstrip(" "))


def _cells(line: str, separator: str | None) -> tuple[str, str, str]:
    """The word and the tag of a line, or what is wrong with it."""
    cells = _split(line, separator)
    strip: Callable[[str], str] = str.strip
    word, tag = strip(cells[0]), strip(cells[-1])
    if len(cells) < 2 or not tag:
        return "", "", _NO_TAG if len(cells) < 2 or word else "neither word nor tag"
    if not word or line[0] in " \t":
        return "", "", "a tag without a word"
    if parts(tag) is None:
        return "", "", "a tag of no valid form"
    return word, tag, ""
