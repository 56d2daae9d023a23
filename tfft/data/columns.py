"""Columns: what stands in which column of a table, and a table by them -> a Pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from tfft.core.errors import DataError, nearest, shortlist
from tfft.data import cells
from tfft.data.pools import Pool

if TYPE_CHECKING:
    import pandas as pd

_IMAGE, _TEXT = "path", "text"


class InputColumns(TypedDict, total=False):
    """What the inputs of a table are called; one of the two.

    Attributes:
        image_column: Of paths, encoded bytes or uint8 arrays of shape (height, width[, channels]).
        text_column: Of texts, or two columns for pairs of them.
    """

    image_column: str | None
    text_column: str | Sequence[str] | None


@dataclass(frozen=True)
class Columns:
    """Names of columns.

    Attributes:
        image: Of paths, encoded bytes or uint8 arrays of shape (height, width[, channels]).
        label: One, or several of zeros and ones or of floats.
        text: One of texts, or two for pairs of them. Where neither images nor texts are named, what there is of ``"path"`` and
            ``"text"`` is taken.
        group: Rows with the same value in it belong together.

    Raises:
        DataError: When both images and texts are named, or not one or two columns of texts.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"text": ["one", "two"], "label": ["a", "b"]})
        >>> Columns().pool(frame, Path()).inputs[1]
        Text(first='two', second=None)
    """

    image: str | None = None
    label: str | Sequence[str] = "label"
    text: str | Sequence[str] | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if self.image is not None and self.text is not None:
            raise DataError(
                "A table holds pictures or texts, not both.",
                f"image_column={self.image!r} and text_column={self.text!r}",
                "Name one of them.",
            )
        if self.text is not None and (len(self.texts) not in (1, 2) or len(set(self.texts)) < len(self.texts)):
            raise DataError(
                "text_column must name one column, or two for pairs of texts.",
                repr(self.text),
                'Write text_column="text", or text_column=["question", "answer"].',
            )

    @classmethod
    def of(cls, label: str | Sequence[str], group: str | None, inputs: Mapping[str, Any]) -> "Columns":
        """Columns from the arguments of ``from_csv``.

        Args:
            label: Its ``label_column``.
            group: Its ``group_column``.
            inputs: By the names of ``InputColumns``.

        Returns:
            Columns.

        Raises:
            DataError: As the constructor.
            TypeError: For an argument of another name, as Python raises it.
        """
        for name in inputs:
            if name not in InputColumns.__annotations__:
                raise TypeError(f"unexpected keyword argument {name!r}. {nearest(name, InputColumns.__annotations__)}")
        return cls(inputs.get("image_column"), label, inputs.get("text_column"), group)

    @property
    def texts(self) -> list[str]:
        """Columns in which every cell is text as it is written."""
        if self.text is None:
            return [_TEXT] if self.image is None else []
        return [self.text] if isinstance(self.text, str) else list(self.text)

    @property
    def labels(self) -> list[str]:
        """Columns of labels."""
        return [self.label] if isinstance(self.label, str) else list(self.label)

    @property
    def as_written(self) -> list[str]:
        """Columns in which "007" is not 7."""
        return [*self.labels, *([] if self.group is None else [self.group])]

    def label_names(self, train: Pool | None) -> list[str] | None:
        """Names of quantities or of several labels.

        Args:
            train: The training part; None where there is none.

        Returns:
            Names; None for one column of classes, which has their names in it.
        """
        if not isinstance(self.label, str):
            return [str(name) for name in self.label]
        values = [] if train is None else train.targets
        return [self.label] if len(values) and all(isinstance(value, float) for value in values) else None

    def pool(self, frame: "pd.DataFrame", folder: Path) -> Pool:
        """The rows of a table.

        Args:
            frame: Of shape (rows, columns).
            folder: Where relative paths start.

        Returns:
            A Pool with targets of shape (rows,), or (rows, k) for several label columns.

        Raises:
            DataError: When a column is missing or holds something else, or a row has no input.
        """
        if not self.labels or len(set(self.labels)) < len(self.labels):
            raise DataError(
                "label_column must name columns, each of them once.", repr(self.label), 'Write label_column="label".'
            )
        twice = sorted({str(name) for name in frame.columns if list(frame.columns).count(name) > 1})
        if twice:
            raise DataError(f"Column names must be unique; {shortlist(twice)} stand twice.", fix="Rename one of each.")
        image = self.image or (_IMAGE if self.text is None and (_IMAGE in frame or _TEXT not in frame) else None)
        inputs = self.texts if image is None else [image]
        if same := set(inputs) & set(self.labels):
            raise DataError(
                f"The column {min(same)!r} is named for inputs and for labels.", fix="Name another for one of them."
            )
        for column in (*inputs, *self.as_written):
            if column not in frame.columns:
                raise _no_column(str(column), [str(name) for name in frame.columns], not (self.image or self.text))
        for column in inputs:
            empty = frame.index[frame[column].isna()].tolist()
            if empty:
                raise DataError(
                    f"{len(empty)} rows have no {column!r}.", f"rows {shortlist(empty)}", "Drop these rows."
                )
        rows = cells.texts(frame[inputs]) if image is None else cells.images(frame[image], folder)
        targets: Any = (
            cells.labels(frame[self.label]) if isinstance(self.label, str) else cells.numbers(frame[self.labels])
        )
        return Pool(rows, targets, None if self.group is None else frame[self.group].tolist())


def _no_column(column: str, there: list[str], guessed: bool) -> DataError:
    if guessed and column == _IMAGE:
        return DataError(
            f"There is no column {_IMAGE!r} of pictures, and none {_TEXT!r} of texts.",
            f"the columns {shortlist(there)}",
            "Name one with image_column= or text_column=.",
        )
    fix = (
        nearest(column, there)
        if len(there) > 1
        else "CSV is split at commas or semicolons, TSV at tabs: check the file."
    )
    return DataError(f"There is no column {column!r}.", f"the columns {shortlist(there)}", fix)
