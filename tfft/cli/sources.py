"""Read the labelled data of the command line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.cli.data_forms import Form, form_of
from tfft.cli.typed_masks import TypedMasks
from tfft.core.errors import DataError, shortlist

if TYPE_CHECKING:
    from tfft.core.specs import LabelSpace
    from tfft.data.examples import Examples, Splits
    from tfft.data.raw_examples import Pool
    from tfft.data.sources.columns import TableColumns
    from tfft.data.sources.folder import Parts


LABEL_COLUMN = "label"
"""The default column of labels."""


@dataclass(frozen=True)
class TypedData:
    """The options that say where inputs and labels come from.

    Attributes:
        path: A folder of class folders or of images and masks, a table, or files in the format of CoNLL or SQuAD.
        image_column: The column of image paths in a table.
        label_column: The column of labels in a table; several are separated by commas.
        skip_corrupt: Whether to skip images that cannot be read.
        text_column: The column of texts in a table; two, separated by a comma, for pairs of texts.
        parts: Which folder is which part, such as ``"train=seg_train,test=seg_test"``; ``"none"`` when all folders are classes.
        separator: The text between several labels in one cell of a table.
        decimal: The decimal sign of the labels in a table.
        quotes: Whether quotation marks enclose the cells of a table.
        masks: What is learned, and how masks are read, where the data is images and masks.
    """

    path: Path
    image_column: str | None
    label_column: str
    skip_corrupt: bool
    text_column: str | None = None
    parts: str | None = None
    separator: str | None = None
    decimal: str | None = None
    quotes: bool | None = None
    masks: TypedMasks = field(default_factory=TypedMasks)

    def check(self) -> None:
        """Check that the options fit a folder, or a table.

        Raises:
            DataError: When an option would have no effect.

        Example:
            >>> TypedData(Path(), None, "label", False, text_column="text").check()
            Traceback (most recent call last):
            tfft.core.errors.DataError: --text-column is for tables, and '.' is a folder. Leave it out...
        """
        for_tables = {
            "--text-column": self.text_column is not None,
            "--image-column": self.image_column is not None,
            "--label-column": self.label_column != LABEL_COLUMN,
            "--separator": self.separator is not None,
            "--decimal": self.decimal is not None,
            "--quotes": self.quotes is not None,
        }
        wrong = [option for option, given in (for_tables | {"--parts": self.parts is not None}).items() if given]
        if wrong and (form := self.form) is not None:
            raise DataError(f"{wrong[0]} has no effect on {form.shown}.", repr(str(self.path)), "Leave it out.")
        if self._is_table and self.parts is not None:
            raise DataError(
                f"--parts is for folders, and {str(self.path)!r} is a table.",
                fix="Leave it out; the seed draws the parts.",
            )
        wrong = [option for option, given in for_tables.items() if given]
        if wrong and self.path.is_dir():
            raise DataError(
                f"{wrong[0]} is for tables, and {str(self.path)!r} is a folder.",
                fix="Leave it out; the folders name the classes.",
            )

    def splits(self, seed: int, labels: "LabelSpace | None" = None) -> "Splits":
        """Read the training, validation and test parts.

        Args:
            seed: The seed of the parts that the source does not have.
            labels: The label space of a model, which knows what the values of masks mean; None before training.

        Returns:
            Splits with targets of shape (n,), or (n, k) for several label columns.

        Raises:
            DataError: When ``from_folder`` or ``from_csv`` cannot read the data.
        """
        import tfft

        self.check()
        on_corrupt: Any = "skip" if self.skip_corrupt else "error"
        if (form := self.form) is not None:
            return form.splits(seed, labels)
        if self._is_table:
            inputs: TableColumns = {
                "image_column": self.image_column,
                "text_column": self._texts,
                "separator": self.separator,
                "decimal": self.decimal,
                "quotes": self.quotes,
            }
            return tfft.data.from_csv(self.path, self._labels, seed=seed, on_corrupt=on_corrupt, **inputs)
        return tfft.data.from_folder(self.path, self._parts, seed=seed, on_corrupt=on_corrupt)

    @property
    def default_backbone(self) -> str:
        """The default backbone for this data: one for texts when the folders or the table hold texts, else one for images."""
        self.check()
        from tfft.data.files.file_listing import holds_texts
        from tfft.data.tables.table_files import column_names

        texts = self.text_column is not None
        if (form := self.form) is not None:
            texts = form.texts
        elif not texts and self.path.is_dir():
            texts = holds_texts(self.path)
        elif not texts and self.image_column is None and self.path.is_file():
            columns = column_names(self.path)
            texts = "text" in columns and "path" not in columns
        return "minilm_l6" if texts else "tfft_mini"

    def everything(self, labels: "LabelSpace", preprocessor: Any = None) -> "tuple[Examples, tuple[str, ...]]":
        """Read all examples, with the class ids of a model.

        Args:
            labels: The label space of the model; the source may lack some of its classes.
            preprocessor: The preprocessor of the model; None when it may take images and texts.

        Returns:
            The examples, with targets of shape (n,) or (n, k), and a sentence for each skipped example.

        Raises:
            DataError: When something cannot be read, the model takes other inputs, or a label is unknown to the model.
        """
        self.check()
        return self._unsplit(self._pools(labels), labels, preprocessor)

    def only(
        self, part: str, labels: "LabelSpace", preprocessor: Any = None
    ) -> "tuple[Examples, tuple[str, ...]] | None":
        """Read one part of a source that has no training part, such as a folder with ``test`` alone.

        Args:
            part: The name of the part.
            labels: As for ``everything``.
            preprocessor: As for ``everything``.

        Returns:
            As ``everything``; None when the source has a training part, or does not have this part.

        Raises:
            DataError: As ``everything``.
        """
        found = self._pools(labels)
        if part not in found or "train" in found:
            return None
        return self._unsplit({part: found[part]}, labels, preprocessor)

    def _unsplit(
        self, found: "dict[str, Pool]", labels: "LabelSpace", preprocessor: Any
    ) -> "tuple[Examples, tuple[str, ...]]":
        from tfft.data import raw_examples

        if preprocessor is not None:
            from tfft.models.prepared import check_kind

            for pool in found.values():
                check_kind(preprocessor, pool.inputs)
        return raw_examples.unsplit(found, labels, "skip" if self.skip_corrupt else "error")

    def _pools(self, labels: "LabelSpace") -> "dict[str, Pool]":
        """The raw examples of each part."""
        from tfft.data.sources import folder, from_table
        from tfft.data.sources.columns import Columns
        from tfft.data.tables.table_files import Writing
        from tfft.data.targets import target_of

        on_corrupt: Any = "skip" if self.skip_corrupt else "error"
        if (form := self.form) is not None:
            return form.pools(labels)
        if self._is_table:
            columns = self._labels
            if target_of(labels).listed and isinstance(columns, str) and self.separator is None:
                raise DataError(
                    "The model gives several labels for each example, and one column was named.",
                    f"--label-column {columns}",
                    'Say what is between the labels of a cell, such as --separator "|"; or name all columns of zeros and ones.',
                )
            if not isinstance(columns, str):
                if sorted(columns) != sorted(labels.names):
                    raise DataError(
                        "The label columns are not those of the model.",
                        shortlist(columns),
                        f"Name {','.join(labels.names)}, in any order.",
                    )
                columns = list(labels.names)  # targets are matched by position
            writing = Writing(self.quotes, self.decimal, self.separator)
            roles = Columns(self.image_column, columns, self._texts, None, writing)
            return from_table.table_pools(self.path, roles, on_corrupt)
        return folder.folder_pools(self.path, self._parts)

    @property
    def form(self) -> Form | None:
        """The form of the data; None for class folders and tables."""
        return form_of(self.path, self.masks, "skip" if self.skip_corrupt else "error")

    @property
    def are_masks(self) -> bool:
        """Whether the data is images and masks."""
        return self.path.is_dir() and self.masks.are_in(self.path)

    @property
    def _is_table(self) -> bool:
        return self.path.is_file() or (bool(self.path.suffix) and not self.path.exists())

    @property
    def _labels(self) -> str | list[str]:
        return _several(self.label_column)

    @property
    def _parts(self) -> "Parts":
        if self.parts is None or self.parts.strip().lower() in ("none", "false"):
            return None if self.parts is None else False
        pairs = [pair.partition("=") for pair in self.parts.split(",")]
        if not all(name.strip() for _, _, name in pairs):
            raise DataError(
                "--parts needs a folder for each part.", repr(self.parts), "Write --parts train=folder,test=folder."
            )
        return {part.strip(): name.strip() for part, _, name in pairs}

    @property
    def _texts(self) -> str | list[str] | None:
        return None if self.text_column is None else _several(self.text_column)


def _several(names: str) -> str | list[str]:
    return [name.strip() for name in names.split(",")] if "," in names else names
