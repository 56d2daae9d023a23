"""Images and masks on the command line: which data they are, and their classes."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tfft.core.errors import DataError, shortlist

# CVAT's labelmap.txt: name, colour, parts and actions
_LABELMAP = re.compile(r"^([^:]+):(\d+),(\d+),(\d+):[^:]*:[^:]*$")
_VALUE = re.compile(r"(\d+)[\s,:]+(\S.*)")
_COLOR = re.compile(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)")


class TaskName(StrEnum):
    """What `tfft fit` learns, where data may be read in two ways.

    Attributes:
        auto: What the data shows.
        classification: A class for each example; folders are classes.
        multi_label: Any number of classes for each example.
        regression: Quantities.
        token_classification: Entities in texts; JSON lines hold their places.
        question_answering: Answers to questions about a text.
        segmentation: A class for each pixel; folders hold images and masks.
    """

    auto = "auto"
    classification = "classification"
    multi_label = "multi_label"
    regression = "regression"
    token_classification = "token_classification"
    question_answering = "question_answering"
    segmentation = "segmentation"

    def check(self, name: str) -> None:
        """Check that the labels of the data are those of this task.

        Args:
            name: The name of the task for the labels of the data.

        Raises:
            DataError: When they are not.

        Example:
            >>> TaskName.auto.check("regression")
            >>> TaskName.regression.check("classification")
            Traceback (most recent call last):
            tfft.core.errors.DataError: The data is not for the task 'regression'. Got: labels for 'classification'. Leave out \
--task, or change the data: ...
        """
        if self.value not in ("auto", name):
            raise DataError(
                f"The data is not for the task {self.value!r}.",
                f"labels for {name!r}",
                "Leave out --task, or change the data: integers and words are classes, and numbers such as 20.0 quantities.",
            )


@dataclass(frozen=True)
class TypedMasks:
    """The options that say how masks are read.

    Attributes:
        task: What is learned.
        classes_file: A file with a class in each line, in the order of pixel values, or with its colour before it.
        ignore: Values or names of pixels without a class, separated by commas.
    """

    task: TaskName = TaskName.auto
    classes_file: Path | None = None
    ignore: str | None = None

    def are_in(self, folder: Path) -> bool:
        """Return whether the data is images and masks.

        Args:
            folder: The path of the data.

        Raises:
            DataError: When its folders may be classes or images and masks, or an option of masks has no effect.

        Example:
            >>> TypedMasks(TaskName.segmentation).are_in(Path("photos"))
            True
        """
        from tfft.data.files.mask_folders import mask_folders

        if self.task is TaskName.segmentation:
            return True
        given = self.classes_file is not None or self.ignore is not None
        if self.task is not TaskName.auto:
            if given:
                raise DataError(
                    "--classes-file and --ignore are for masks.", fix="Leave them out, or write --task segmentation."
                )
            return False
        if given:
            return True
        if mask_folders(folder):
            raise DataError(
                f"The folders in {str(folder)!r} may be images and masks, or classes with these names.",
                fix="Write --task segmentation, or --task classification.",
            )
        return False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments ``classes`` and ``ignore`` of ``from_masks``.

        Raises:
            DataError: When the file of classes cannot be read.
        """
        return {
            "classes": None if self.classes_file is None else classes_of(self.classes_file),
            "ignore": self._ignored,
        }

    @property
    def _ignored(self) -> list[int | str] | None:
        if self.ignore is None:
            return None
        words = [word.strip() for word in self.ignore.split(",") if word.strip()]
        return [int(word) if word.isascii() and word.isdigit() else word for word in words]


def classes_of(path: Path) -> "list[str] | dict[int, str] | dict[tuple[int, int, int], str]":
    """Read a file of classes.

    Args:
        path: A UTF-8 file with one name in each line, in the order of pixel values; with a value before each name, such as
            ``7 car``; or with a colour, such as ``64 128 64 car``, or as CVAT writes it, ``car:64,128,64::``. Lines that begin with
            ``#`` are left out, and so are empty lines behind the last name, and between values or colours.

    Returns:
        Names, or value -> name, or (red, green, blue) -> name.

    Raises:
        DataError: When it cannot be read, is empty, has an empty line between names, or only some lines begin with a number.
    """
    from tfft.core import regular_files

    try:
        text = regular_files.read(str(path)).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The file of classes {str(path)!r} cannot be read: {error}.", fix="Check the path.") from None
    every = [line.strip() for line in text.rstrip().splitlines()]
    lines = [_LABELMAP.sub(r"\2 \3 \4 \1", line) for line in every if line and not line.startswith("#")]
    colors = [found for line in lines if (found := _COLOR.fullmatch(line))]
    values = [] if colors else [found for line in lines if (found := _VALUE.fullmatch(line))]
    if not lines or 0 < len(colors or values) < len(lines):
        raise DataError(
            f"The file of classes {str(path)!r} {'begins only some lines with a number' if lines else 'is empty'}.",
            shortlist(lines, 3),
            "Write one name in each line, in the order of pixel values; or a value or a colour before each, such as 7 car or "
            "64 128 64 car.",
        )
    if values:
        numbers = [int(found[1]) for found in values]
        if len(set(numbers)) < len(numbers):
            raise DataError(f"The file of classes {str(path)!r} has a value twice.", shortlist(sorted(numbers)))
        return {number: found[2].strip() for number, found in zip(numbers, values, strict=True)}
    if not colors:
        if "" in every:
            raise DataError(
                f"Line {every.index('') + 1} of the file of classes {str(path)!r} is empty, so a value has no name.",
                fix="Write a name, such as unused; or a value before each name, such as 7 car.",
            )
        return lines
    return {(int(found[1]), int(found[2]), int(found[3])): found[4].strip() for found in colors}
