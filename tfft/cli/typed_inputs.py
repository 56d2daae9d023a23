"""Read the inputs of `tfft predict`."""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core import regular_files
from tfft.core.errors import DataError, DataWarning, quantity, shortlist
from tfft.core.path_advice import unreadable
from tfft.core.specs import Text

if TYPE_CHECKING:
    from tfft.bundles.predictor import Predictor


@dataclass(frozen=True)
class Unreadable:
    """An input that cannot be read, and is not passed to the model.

    Attributes:
        name: The name of the input: the number of a row, or the id of a question.
        problem: Why it cannot be read.
    """

    name: str
    problem: str


def given_inputs(predictor: "Predictor", inputs: Sequence[str], skip_corrupt: bool = False) -> list[Any]:
    """Read the inputs of ``tfft predict``, except for tables.

    Args:
        predictor: The model; it reads images of any shape, or texts.
        inputs: The inputs from the command line.
        skip_corrupt: Whether a file of a folder that cannot be read becomes an ``Unreadable``; also a question that cannot be used,
            after the other questions of its file.

    Returns:
        For images, paths of images and folders. For texts, the inputs, the lines of ``.txt`` files, the whole ``.txt`` files below
        a folder, and the lines of standard input for ``-``; ``lines_of`` splits them. For pairs of texts, the two texts around a
        tab, and question and context of each question of a ``.json`` file.

    Raises:
        DataError: When a file of texts cannot be read, the model reads pairs and a line does not have exactly one tab, or it is
            unclear which folders hold images and which hold masks.

    Warns:
        DataWarning: When a folder holds images and masks, and the model makes masks; then its images alone are read.
    """
    return _BY_NOUN[predictor.preprocessor.noun](predictor, inputs, skip_corrupt)


def _images(predictor: "Predictor", inputs: Sequence[str], skip_corrupt: bool) -> list[Any]:
    found: list[Any] = []
    for each in map(Path, inputs):
        masked = _images_of_masks(each) if predictor.task.place is not None else []
        if masked:
            warnings.warn(
                f"{str(each)!r} holds masks as well. Only its images are read: {shortlist([str(path) for path in masked])}.",
                DataWarning,
                stacklevel=2,
            )
        found += masked or [each]
    return found


def _images_of_masks(folder: Path) -> list[Path]:
    """The folders of images in a folder that holds images and their masks, as for training; empty for other folders."""
    from tfft.data.files.mask_folders import mask_folders

    try:
        return [images for images, _ in mask_folders(folder).values()]
    except DataError as error:
        raise DataError(
            f"{str(folder)!r} holds images and masks: {error.what}", fix="Pass the folders of images."
        ) from None


def _texts(predictor: "Predictor", inputs: Sequence[str], skip_corrupt: bool) -> list[Any]:
    from tfft.bundles.text_reading import reads_questions
    from tfft.data.files.text_files import lines_of

    paired = reads_questions(predictor) or (predictor.seen is not None and predictor.seen.texts == 2)
    texts: list[Any] = []
    for each in inputs:
        try:
            if paired and each.endswith(".json"):
                texts += _questions(each, skip_corrupt)
            elif each == "-":
                texts += lines_of(sys.stdin.read())
            elif not each.strip():
                raise DataError(f"Text {len(texts) + 1} is empty.", fix="Pass at least one word.")
            elif not paired and _stands(each) and Path(each).is_dir():
                texts += _folder(each, skip_corrupt)
            elif not each.endswith(".txt") and _stands(each):
                raise DataError(
                    f"{each!r} is a file or folder, and the model reads texts.",
                    fix="Pass texts, or .txt files with one in each line; `tfft predict` also reads .csv, .tsv, .jsonl and "
                    ".parquet tables. "
                    + ("Questions are read from .json files in SQuAD's format. " if paired else "")
                    + "Images need a model that was trained on images.",
                )
            else:
                texts += lines_of(regular_files.read(each).decode("utf-8-sig")) if each.endswith(".txt") else [each]
        except PermissionError:
            raise unreadable(each) from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{each!r} cannot be read: {error}.", fix="Pass UTF-8 texts, one in each line.") from None
    return [_pair(text) if isinstance(text, str) else text for text in texts] if paired else texts


_BY_NOUN: dict[str, Callable[..., list[Any]]] = {"image": _images, "text": _texts}


def _folder(folder: str, skip_corrupt: bool) -> list[Any]:
    """The texts of a folder: each ``.txt`` file below it is one text, as for training."""
    from tfft.data.files.file_listing import by_ending, is_document, look_below
    from tfft.data.files.text_files import TextFiles

    found = look_below(folder)
    paths = sorted(path for path in found.texts if not is_document(path))
    if not paths:
        raise DataError(
            f"There is no .txt file below {folder!r}, and the model reads texts.",
            by_ending(found.images + found.others) or "an empty folder",
            "Pass a folder of .txt files with one text each. Images need a model that was trained on images.",
        )
    if rest := found.images + found.others:
        warnings.warn(
            f"{quantity(len(rest), 'file')} below {folder!r} left out: {by_ending(rest)}.", DataWarning, stacklevel=2
        )
    texts: list[Any] = []
    for path in paths:
        try:
            text = replace(TextFiles([path])[0], name=path)
            problem = "" if text.first.strip() else f"{path!r} is empty"
        except (OSError, ValueError) as error:
            text, problem = None, f"{path!r} cannot be read: {error}"
        texts.append(Unreadable(path, problem) if problem else text)
    wrong = [each.problem for each in texts if isinstance(each, Unreadable)]
    if wrong and (not skip_corrupt or len(wrong) == len(texts)):
        raise DataError(
            f"{len(wrong):,} of {quantity(len(texts), 'text')} cannot be answered.",
            shortlist(wrong, 3),
            'Repair them, or pass on_corrupt="skip" to answer the others.',
        )
    return texts


def _questions(path: str, skip_corrupt: bool) -> list[Any]:
    from tfft.data.files.squad_files import read_squad

    found = read_squad(Path(path), labelled=False)
    if found.faults and not (skip_corrupt and found.good):
        raise DataError(
            f"{quantity(len(found.faults), 'question')} of {path!r} cannot be used.",
            shortlist(found.faults),
            'Correct them, or pass on_corrupt="skip" to answer the other questions.' if found.good else "Correct them.",
        )
    faults = [Unreadable(fault.partition(": ")[0], fault) for fault in found.faults]
    return [*(Text(each.question, each.context, name=each.name) for each in found.good), *faults]


def _pair(text: str) -> tuple[str, str]:
    parts = text.split("\t")
    if len(parts) != 2:
        raise DataError(
            f"The model was trained on pairs of texts, and there {'is no tab' if len(parts) == 1 else 'are several tabs'}.",
            repr(text[:60]),
            "Put one tab between the two; a shell writes it as $'first\\tsecond'.",
        )
    return parts[0], parts[1]


def _stands(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # the text is too long to be the name of a file
        return False
