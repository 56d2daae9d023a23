"""Read a ``datasets.Dataset`` of Hugging Face, in memory or on disk, as Splits."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, kind_of, nearest, quantity
from tfft.core.specs import Text
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.files.parts import PART_NAMES, PARTS
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.sources import cells
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.strings import are_texts
from tfft.data.tables.table_files import Writing

if TYPE_CHECKING:
    import datasets


def from_huggingface(
    dataset: "datasets.Dataset | Mapping[str, datasets.Dataset]",
    input_column: str | Sequence[str] | None = None,
    label_column: str = "label",
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
    separator: str | None = None,
) -> Splits:
    """Read a dataset of the package ``datasets``, or a ``DatasetDict`` with one for each part; nothing is downloaded.

    Args:
        dataset: The result of ``datasets.load_dataset`` or ``datasets.load_from_disk``. From a dict, the parts called train,
            validation (or valid, val, dev) and test are used. A label of -1, which marks an unknown label, is an error. Streaming
            datasets are not supported, because examples are shuffled fully and split without leakage.
        input_column: Column of images or of texts; two names for pairs of texts. None for ``"image"``, or else ``"text"``.
        label_column: Column of classes, shape (n,), of lists of classes, or of floats.
        holdout: Fractions (validation, test) of the training examples, to split off missing parts.
        seed: Seed of the random split.
        on_corrupt: ``"error"``, or ``"skip"`` to leave unreadable images out and list them in ``Splits.skipped``.
        separator: The text between several labels in one string, such as ``"|"``; None when each string is one label.

    Returns:
        Splits; images stay encoded as they are stored, and class names come from the dataset's ``ClassLabel``.

    Raises:
        DataError: When the object is not a dataset of this package, or a column or label is missing.

    Example:
        >>> from_huggingface([1, 2])
        Traceback (most recent call last):
        tfft.core.errors.DataError: from_huggingface() takes a datasets.Dataset, or a dict of them. Got: list...
    """
    import pandas

    source = as_call(from_huggingface, locals())
    parts = _parts(dataset)
    names: list[str] | None = None
    pools: dict[str, Pool] = {}
    for part, rows in parts.items():
        columns = _columns(rows, input_column)
        for name in (*columns, label_column):
            if name not in rows.column_names:
                raise DataError(f"The {part} part has no column {name!r}.", fix=nearest(name, rows.column_names))
        targets, known = _targets(rows, label_column, part)
        if known is None:
            targets = cells.labels(
                pandas.Series(targets, name=label_column, dtype=object), Writing(separator=separator)
            )
        if pools and known != names:
            raise DataError(
                f"The classes of the {part} part are not those of training.",
                f"{known} and {names}",
                "Cast both to one ClassLabel.",
            )
        names = known
        pools[part] = Pool(_inputs(rows, columns), targets)
    return assemble(pools, Splitting(holdout, seed, on_corrupt), names, source)


def _parts(dataset: Any) -> dict[str, Any]:
    given = dict(dataset) if isinstance(dataset, Mapping) else {"train": dataset}
    for rows in given.values():
        if hasattr(rows, "take") and hasattr(rows, "features") and not hasattr(rows, "__len__"):
            raise DataError(
                "from_huggingface() takes no streaming dataset, because its examples can be neither counted nor shuffled.",
                type(rows).__name__,
                "Load it without streaming=True, or keep some: datasets.Dataset.from_list(list(dataset.take(10_000))).",
            )
        if not hasattr(rows, "features") or not hasattr(rows, "column_names"):
            raise DataError(
                "from_huggingface() takes a datasets.Dataset, or a dict of them.",
                type(rows).__name__,
                "Pass the result of datasets.load_dataset().",
            )
    found = {part: [given[name] for name in PART_NAMES[part] if name in given] for part in PARTS}
    return {part: some[0] for part, some in found.items() if some}


def _columns(rows: Any, given: str | Sequence[str] | None) -> tuple[str, ...]:
    if given is None:
        given = "image" if "image" in rows.column_names else "text"
    return (given,) if isinstance(given, str) else tuple(given)


def _inputs(rows: Any, columns: Sequence[str]) -> Sequence[Any]:
    import datasets

    if isinstance(rows.features[columns[0]], datasets.Image):
        # keep images encoded: tfft's own decoder then reads them, and its errors name a broken image
        stored = rows.cast_column(columns[0], datasets.Image(decode=False))[columns[0]]
        return [each["bytes"] if each["bytes"] is not None else each["path"] for each in stored]
    found = [list(rows[name]) for name in columns]
    for name, values in zip(columns, found, strict=True):
        wrong = next((number for number, value in enumerate(values) if not isinstance(value, str)), None)
        if wrong is not None:
            raise DataError(
                f"Row {wrong} of the column {name!r} is not a text.",
                f"{kind_of(values[wrong])}, of {rows.features[name]}",
                "Name another column with input_column=, filter such rows, or cast_column(..., datasets.Image()) for images.",
            )
    are_texts(found[0])  # raises for image paths
    return [Text(*texts) for texts in zip(*found, strict=True)]


def _targets(rows: Any, column: str, part: str) -> tuple[Any, list[str] | None]:
    """Raw targets, and the class names when the dataset knows them."""
    feature, values = rows.features[column], list(rows[column])
    inner = getattr(feature, "feature", feature)
    names = list(getattr(inner, "names", None) or []) or None
    several = inner is not feature
    if names is not None and not several:
        unknown = [number for number, value in enumerate(values) if value is None or value < 0]
        if unknown:
            raise DataError(
                f"{quantity(len(unknown), 'example')} of the {part} part {'have' if len(unknown) > 1 else 'has'} no label; "
                f"the first is number {unknown[0]}.",
                fix="Leave them out: dataset.filter(lambda row: row['label'] >= 0).",
            )
    if names is not None and several:
        values = [[names[index] for index in some] for some in values]
    return values, names
