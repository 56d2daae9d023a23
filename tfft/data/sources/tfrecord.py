"""Read TFRecord files of ``tf.train.Example`` as Splits."""

from collections.abc import Iterable, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, nearest, shortlist
from tfft.core.quiet import start_tensorflow
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.files.record_lengths import check_lengths
from tfft.data.sources.dataset import spooled
from tfft.data.splits import HOLDOUT, Splitting, assemble

if TYPE_CHECKING:
    import tensorflow as tf

Paths = str | Path | Sequence[str | Path]


def from_tfrecord(
    paths: "Paths | Mapping[str, Paths]",
    input_key: str = "image",
    label_key: str = "label",
    features: "Mapping[str, tf.io.FixedLenFeature] | None" = None,
    class_names: Sequence[str] | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
) -> Splits:
    """Read TFRecord files, also compressed ones (``.gz``); files are read once each, sorted by name within a pattern.

    Args:
        paths: A file, a pattern such as ``"train-*.tfrecord"``, a list of these, or ``{"train": ..., "test": ...}`` with one of
            these for each part.
        input_key: Feature with an encoded image or a text, bytes of shape ().
        label_key: Feature with the class (its id or name), shape (); or zeros and ones for k labels, shape (k,); or floats.
        features: How both features are parsed, as for ``tf.io.parse_single_example``; None to infer it from the first record. All
            records must then have the same lengths.
        class_names: Class names in id order; None to use the ids as names.
        holdout: Fractions (validation, test) of the training examples, to split off missing parts.
        seed: Seed of the random split.

    Returns:
        Splits.

    Raises:
        DataError: When a file is missing, damaged or empty, or its records lack a feature.

    Example:
        >>> from_tfrecord("nothing-*.tfrecord")
        Traceback (most recent call last):
        tfft.core.errors.DataError: There is no file for the train part. Got: 'nothing-*.tfrecord'...
    """
    source = as_call(from_tfrecord, locals())
    given = paths if isinstance(paths, Mapping) else {"train": paths}
    pools = {}
    for part, some in given.items():
        found = _files(part, some)
        for file in found:
            check_lengths(file)
        start_tensorflow()
        parsed = dict(features or _seen(found[0], input_key, label_key))
        for key in (input_key, label_key):
            if key not in parsed:
                raise DataError(
                    f"features= does not describe {key!r}.", shortlist(parsed), "Add it, or leave features= out."
                )
        pools[part] = spooled(_pairs(found, parsed, input_key, label_key), part)
    return assemble(pools, Splitting(holdout, seed, skippable=False), class_names, source)


def _files(part: str, paths: Any) -> list[str]:
    each: Iterable[Any] = [paths] if isinstance(paths, (str, Path)) else paths
    if not isinstance(each, Iterable) or not all(isinstance(path, (str, Path)) for path in each):
        raise DataError(f"The files of the {part} part are not paths.", repr(paths), 'Write "train-*.tfrecord".')
    several = [file for path in each for file in (sorted(glob(str(path))) or [str(path)] * Path(path).is_file())]
    found = list(dict.fromkeys(file for file in several if Path(file).is_file()))
    if not found:
        raise DataError(f"There is no file for the {part} part.", repr(paths), "Check the path or the pattern.")
    return found


def _read(paths: Sequence[str]) -> "tf.data.Dataset":
    import tensorflow as tf

    sets = [tf.data.TFRecordDataset(path, "GZIP" if path.endswith(".gz") else "") for path in paths]
    whole = sets[0]
    for more in sets[1:]:
        whole = whole.concatenate(more)
    return whole


def _seen(path: str, *keys: str) -> "Iterable[tuple[str, tf.io.FixedLenFeature]]":
    """Infer from the first record how the features are parsed."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        first = next(iter(_read([path]).as_numpy_iterator()), None)
    except tf.errors.OpError as error:
        raise DataError(
            f"{path!r} cannot be read as TFRecord: {error.message}.", fix="Download or copy it again."
        ) from None
    if first is None:
        raise DataError(f"{path!r} holds no record.", fix="Leave it out.")
    try:
        record = tf.train.Example.FromString(first).features.feature
    except DecodeError:
        raise DataError(
            f"The records of {path!r} are not of type tf.train.Example.", fix="Pass a tf.data.Dataset."
        ) from None
    for key in keys:
        kind = record[key].WhichOneof("kind") if key in record else None
        if kind is None or not getattr(record[key], kind).value:
            raise DataError(f"The records of {path!r} have no feature {key!r}.", fix=nearest(key, sorted(record)))
        values = getattr(record[key], kind).value
        dtype = {"bytes_list": tf.string, "int64_list": tf.int64, "float_list": tf.float32}[kind]
        yield key, tf.io.FixedLenFeature([] if len(values) == 1 else [len(values)], dtype)


def _pairs(paths: Sequence[str], features: Mapping[str, Any], input_key: str, label_key: str) -> "tf.data.Dataset":
    import tensorflow as tf

    def pair(record: Any) -> tuple[Any, Any]:
        row = tf.io.parse_single_example(record, features)
        return row[input_key], row[label_key]

    return _read(paths).map(pair)
