"""Columns: the roles of the columns of a table, and the conversion of its rows to a Pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from tfft.core.errors import DataError, nearest, shortlist, similar
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.sources import cells
from tfft.data.strings import refuse_paths
from tfft.data.tables.table_files import AS_FOUND, Writing, check_names

if TYPE_CHECKING:
    import pandas as pd

_IMAGE, _TEXT = "path", "text"
# the columns of other forms of data, what they are called, and what reads them
_OTHER_TABLES = (
    (frozenset(("text", "entities")), "entities as places in texts", "from_spans"),
    (frozenset(("question", "context", "answers")), "questions about texts", "from_squad"),
)


class InputColumns(TypedDict, total=False):
    """The input columns of a table (images or texts, not both), and how its labels are written.

    Attributes:
        image_column: Column of paths, encoded bytes or uint8 arrays of shape (height, width[, channels]).
        text_column: Column of texts, or two columns for pairs of texts.
        separator: The text between several labels in one cell, such as ``"|"``.
        decimal: The decimal sign of labels in text, ``","`` or ``"."``.
    """

    image_column: str | None
    text_column: str | Sequence[str] | None
    separator: str | None
    decimal: str | None


class TableColumns(InputColumns, total=False):
    """The options of ``InputColumns``, and one more for tables in files.

    Attributes:
        quotes: Whether quotation marks enclose cells (True) or belong to the texts (False).
    """

    quotes: bool | None


@dataclass(frozen=True)
class Columns:
    """Names of columns.

    Attributes:
        image: The column of paths, encoded bytes or uint8 arrays of shape (height, width[, channels]).
        label: One column, or several columns of zeros and ones or of floats.
        text: One column of texts, or two for pairs of texts. When neither images nor texts are named, the column ``"path"`` is used
            for images, or else ``"text"`` for texts.
        group: The column of groups; rows of the same group belong to the same part.
        writing: How the cells are written.

    Raises:
        DataError: When both images and texts are named, when the text columns are not one or two, or when a separator is given for
            several label columns.

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
    writing: Writing = AS_FOUND

    def __post_init__(self) -> None:
        if self.image is not None and self.text is not None:
            raise DataError(
                "A table holds images or texts, not both.",
                f"image_column={self.image!r} and text_column={self.text!r}",
                "Name one of them.",
            )
        if self.text is not None and (len(self.texts) not in (1, 2) or len(set(self.texts)) < len(self.texts)):
            raise DataError(
                "text_column must name one column, or two for pairs of texts.",
                repr(self.text),
                'Write text_column="text", or text_column=["question", "answer"].',
            )
        if self.writing.separator is not None and not isinstance(self.label, str):
            raise DataError(
                "separator= splits the labels of a single column.",
                f"separator={self.writing.separator!r} and the label columns {shortlist(self.label)}",
                "Name one column, or leave separator= out.",
            )

    @classmethod
    def of(
        cls,
        label: str | Sequence[str],
        group: str | None,
        inputs: Mapping[str, Any],
        options: type[InputColumns] = InputColumns,
    ) -> "Columns":
        """Make Columns from the arguments of ``from_csv``.

        Args:
            label: The ``label_column``; a list with one column means that column.
            group: The ``group_column``.
            inputs: Input columns, by the names in ``options``.
            options: The option names that the caller supports.

        Returns:
            Columns.

        Raises:
            DataError: As the constructor.
            TypeError: For an argument of another name, as Python raises it.
        """
        for name in inputs:
            if name not in options.__annotations__:
                raise TypeError(f"unexpected keyword argument {name!r}. {nearest(name, options.__annotations__)}")
        for option, value in (("label_column", label), ("text_column", inputs.get("text_column"))):
            if value is not None and (isinstance(value, bytes) or not isinstance(value, (str, Sequence))):
                raise DataError(
                    f"{option}={value!r} is not the name of a column.",
                    fix=f'Columns have names, in the first line of a file: write {option}="name".',
                )
        one = label[0] if not isinstance(label, str) and len(label) == 1 else label
        writing = Writing(inputs.get("quotes"), inputs.get("decimal"), inputs.get("separator"))
        return cls(inputs.get("image_column"), one, inputs.get("text_column"), group, writing)

    @property
    def texts(self) -> list[str]:
        """The text columns, in which every cell keeps its spelling."""
        if self.text is None:
            return [_TEXT] if self.image is None else []
        return [self.text] if isinstance(self.text, str) else list(self.text)

    @property
    def labels(self) -> list[str]:
        """The label columns."""
        return [self.label] if isinstance(self.label, str) else list(self.label)

    @property
    def as_written(self) -> list[str]:
        """The label and group columns, in which "007" is not 7."""
        return [*self.labels, *([] if self.group is None else [self.group])]

    def label_names(self, train: Pool | None) -> list[str] | None:
        """Return the names of quantities or of several labels.

        Args:
            train: The training part, with targets of shape (rows,) or (rows, k); None when there is no training part.

        Returns:
            The names; None for one column of classes, whose cells are the names.
        """
        if not isinstance(self.label, str):
            return [str(name) for name in self.label]
        values = [] if train is None else train.targets
        return [self.label] if len(values) and all(isinstance(value, float) for value in values) else None

    def chosen(self, names: Sequence[Any]) -> list[str]:
        """Choose the columns of a table to read.

        Args:
            names: The names of all columns.

        Returns:
            The names of the input, label and group columns.

        Raises:
            DataError: When a column is missing, or is named for two purposes.
        """
        if not self.labels or len(set(self.labels)) < len(self.labels):
            raise DataError(
                "label_column must name at least one column, and no column twice.",
                repr(self.label),
                'Write label_column="label".',
            )
        inputs = self._inputs(names)
        if same := set(inputs) & set(self.labels):
            raise DataError(
                f"The column {min(same)!r} is named both for inputs and for labels.",
                fix="Name another column for one of them.",
            )
        for column in (*inputs, *self.as_written):
            if column not in names:
                raise self._no_column(str(column), [str(name) for name in names])
        return list(dict.fromkeys([*inputs, *self.as_written]))

    def _inputs(self, names: Sequence[Any]) -> list[str]:
        return self.texts if self._image(names) is None else [str(self._image(names))]

    def _image(self, names: Sequence[Any]) -> str | None:
        guessed = self.text is None and (_IMAGE in names or _TEXT not in names)
        return self.image or (_IMAGE if guessed else None)

    def pool(self, frame: "pd.DataFrame", folder: Path, on_corrupt: OnCorrupt = "error") -> Pool:
        """Convert the rows of a table to a Pool.

        Args:
            frame: A table of shape (rows, columns).
            folder: The folder from which relative paths start.
            on_corrupt: ``"error"``, or ``"skip"`` to leave out rows without an input.

        Returns:
            A Pool with targets of shape (rows,), or (rows, k) for several label columns.

        Raises:
            DataError: When a column is missing or has the wrong type, or a row has no target, or no input.
        """
        names = list(frame.columns)
        check_names(names, "The table")
        self.chosen(names)
        image, inputs = self._image(names), self._inputs(names)
        frame, skipped = cells.with_inputs(frame, inputs, on_corrupt)
        if image is None:
            rows = cells.texts(frame[inputs])
            refuse_paths([text.first for text in rows], f"Name the column with image_column={inputs[0]!r}.")
        else:
            rows = cells.images(frame[image], folder)
        targets: Any = (
            cells.labels(frame[self.label], self.writing)
            if isinstance(self.label, str)
            else cells.numbers(frame[self.labels], self.writing)
        )
        cells.refuse_missing(targets, frame.index)
        groups = None if self.group is None else frame[self.group].tolist()
        return Pool(rows, targets, groups, skipped=skipped)

    def _no_column(self, column: str, there: list[str]) -> DataError:
        """The error for a column that the table does not have; it lists the existing columns once."""
        got = f"the columns {shortlist(there)}"
        for needed, what, source in _OTHER_TABLES:
            if needed <= {*there} and not similar(column, there):
                fix = f"For {what}, use {source}(), which reads JSON lines."
                return DataError(f"There is no column {column!r}.", got, fix)
        if column == _IMAGE and not (self.image or self.text):
            return DataError(
                f"There is neither a column {_IMAGE!r} of images nor a column {_TEXT!r} of texts.",
                got,
                "Name one with image_column= or text_column=.",
            )
        if len(there) < 2:
            fix = "CSV is split at commas or semicolons, TSV at tabs: check the file."
            fix += " Rows without labels can be predicted, but not measured." if column in self.labels else ""
        elif column in self.labels:
            fix = similar(column, there) or "Name the column of labels with label_column=."
        else:
            option = "group_column=" if column == self.group else "image_column=" if self.image else "text_column="
            fix = similar(column, there) or f"Name an existing column with {option}."
        return DataError(f"There is no column {column!r}.", got, fix)
