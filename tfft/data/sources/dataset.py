"""Read any ``tf.data.Dataset`` of (image, target) or (text, target) as Splits.

The dataset is read once, element by element, into one temporary file. Its examples can then be read in any order, shuffled fully,
and split without leakage; a dataset that reshuffles itself would mix validation examples into training. No more than one batch of
images is in memory; texts stay in memory.
"""

import tempfile
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfft.core.errors import DataError, quantity
from tfft.core.specs import Text
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.sources.arrays import to_pixels
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.strings import is_encoded_text

if TYPE_CHECKING:
    import tensorflow as tf


def from_dataset(
    dataset: "tf.data.Dataset | Mapping[str, tf.data.Dataset]",
    class_names: Sequence[str] | None = None,
    value_range: tuple[float, float] | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read a finite, unbatched dataset, or one for each part.

    Args:
        dataset: Elements (image, target), or ``{"train": ..., "validation": ..., "test": ...}`` of such datasets. An image is a
            tensor of shape (height, width[, channels]) or a string scalar of encoded bytes. When all strings are UTF-8 and not
            images, they are texts. A target is as in ``from_arrays``.
        class_names: Class names in id order; None to use the ids as names.
        value_range: (lowest, highest) pixel value; required for all pixels but uint8 and encoded bytes.
        holdout: Fractions (validation, test) of the training examples, to split off missing parts.
        seed: Seed of the random split.
        on_corrupt: ``"error"``, or ``"skip"`` to leave unreadable encoded bytes out and list them in ``Splits.skipped``.

    Returns:
        Splits. The temporary file lives as long as they do, in the system's temporary folder (set ``TMPDIR`` to move it).

    Raises:
        DataError: For an infinite or batched dataset, elements that are not pairs or cannot be computed, or a full disk.

    Example:
        >>> import tensorflow as tf
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8)
        >>> from_dataset(tf.data.Dataset.from_tensor_slices((images, [0, 1] * 10))).describe()
        '14 train, 4 validation, 2 test; 2 classes'
    """
    source = as_call(from_dataset, locals())
    given = dataset if isinstance(dataset, Mapping) else {"train": dataset}
    pools = {part: spooled(elements, part, value_range) for part, elements in given.items()}
    return assemble(pools, Splitting(holdout, seed, on_corrupt), class_names, source)


class Spool(Sequence[Any]):
    """Images of any sizes in a temporary file, which is deleted with this object.

    Example:
        >>> spool = Spool()
        >>> spool.append(np.zeros((2, 3), np.uint8))
        >>> spool.append(np.zeros((5, 4, 3), np.uint8))
        >>> [image.shape for image in spool]
        [(2, 3), (5, 4, 3)]
    """

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="tfft-", suffix=".spool")  # noqa: SIM115 - lives as long as we do
        weakref.finalize(self, self._file.close)
        self._rows: list[tuple[int, int, tuple[int, ...] | None]] = []
        self._end = 0

    def append(self, item: bytes | np.ndarray) -> None:
        """Add one image at the end.

        Args:
            item: Encoded bytes, or uint8 pixels of shape (height, width[, channels]).

        Raises:
            DataError: When the disk is full.
        """
        shape = None if isinstance(item, bytes) else item.shape
        content = item if isinstance(item, bytes) else item.tobytes()
        try:
            self._file.seek(self._end)
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise DataError(
                f"The dataset does not fit on disk: {error}.",
                f"{self._end / 1e6:.0f} MB written to {self._file.name!r}",
                "Point TMPDIR to a larger disk, or use from_folder.",
            ) from error
        self._rows.append((self._end, len(content), shape))
        self._end += len(content)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        start, size, shape = self._rows[index]
        with open(self._file.name, "rb") as file:  # open the file again, because several threads read at once
            file.seek(start)
            content = file.read(size)
        return content if shape is None else np.frombuffer(content, np.uint8).reshape(shape)


def spooled(
    dataset: Any,
    part: str,
    value_range: tuple[float, float] | None = None,
    kind: Literal["image", "text"] | None = None,
) -> Pool:
    """Read a dataset once into a temporary file.

    Args:
        dataset: A finite, unbatched dataset of (image, target), as for ``from_dataset``.
        part: The name of the part, for messages.
        value_range: As for ``from_dataset``.
        kind: The kind of the strings when the source knows it; None to decide from all of them.

    Returns:
        A Pool whose inputs stay in the file, targets of shape (n,) or (n, k).

    Raises:
        DataError: As ``from_dataset``.
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        raise DataError(
            f"The {part} part is not a tf.data.Dataset.", type(dataset).__name__, "Use from_arrays for arrays."
        )
    if int(dataset.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise DataError(
            f"The {part} dataset never ends.", "an infinite dataset", "Remove repeat(); phases count epochs."
        )
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) != 2 or not all(isinstance(half, tf.TensorSpec) for half in spec):
        raise DataError(
            f"The {part} dataset must hold pairs (image, target).",
            f"elements {spec!r}",
            "Map it to pairs: dataset.map(lambda row: (row['image'], row['label'])).",
        )
    image_spec = spec[0]
    if image_spec.shape.rank == 4 or (image_spec.dtype == tf.string and image_spec.shape.rank):
        raise DataError(f"The {part} dataset is batched.", f"images {image_spec.shape}", "Call unbatch() on it.")
    inputs, targets = Spool(), []
    try:
        for image, target in dataset.as_numpy_iterator():
            targets.append(_plain(target))
            inputs.append(image if isinstance(image, bytes) else to_pixels(np.asarray(image), value_range))
    except DataError as error:
        raise DataError(
            f"Element {len(targets) - 1} of the {part} dataset: {error.what}", error.got, error.fix
        ) from None
    except tf.errors.OpError as error:
        reason = str(error.message).split("\n", 1)[0].split("}} ")[-1].rstrip(".")
        raise DataError(
            f"The {part} dataset failed at element {len(targets)}: {reason}.",
            fix="Repair its source, or pass the encoded bytes undecoded: tfft then names what cannot be read.",
        ) from error
    if len(inputs) and image_spec.dtype == tf.string and (kind or _kind(inputs, part)) == "text":
        return Pool([_text(content, index, part) for index, content in enumerate(inputs)], targets)
    return Pool(inputs, targets)


def _kind(inputs: Sequence[bytes], part: str) -> str:
    """Decide from all strings whether they are images or texts; a few damaged images or empty texts do not matter."""
    texts, others = [], []
    for index, content in enumerate(inputs):
        if content.strip() and _is_utf8(content) and is_encoded_text(content):
            texts.append(index)
        elif content.strip() or not _is_utf8(content):
            others.append(index)
    if len(others) > len(texts) or not texts:
        return "image"
    if others:
        raise DataError(
            f"Element {others[0]} of the {part} dataset is not UTF-8 (an image, or a text in another encoding), and element "
            f"{texts[0]} is a text.",
            f"{quantity(len(texts), 'text')} and {quantity(len(others), 'other')}",
            "Decode all texts to Unicode, or pass a dataset of one kind.",
        )
    return "text"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(content: bytes, index: int, part: str) -> Text:
    try:
        return Text(content.decode())
    except UnicodeDecodeError as error:
        raise DataError(
            f"Element {index} of the {part} dataset: a text is not UTF-8: {error}.", fix="Decode it to Unicode."
        ) from None


def _plain(target: Any) -> Any:
    """Convert one target to Python values: bytes to text, and a vector of bytes to a list of names."""
    if isinstance(target, bytes):
        try:
            return target.decode()
        except UnicodeDecodeError:
            raise DataError("its label is not a text.", f"{len(target)} bytes", "Map it to (image, label).") from None
    values = np.asarray(target)
    return [value.decode() for value in values.tolist()] if values.dtype == object else values[()]
