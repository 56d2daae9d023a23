"""Read a dataset of TensorFlow Datasets as Splits, from a name in its catalogue or from a builder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfft.core.errors import DataError, nearest, shortlist
from tfft.core.offline import disconnected, is_offline
from tfft.core.quiet import start_tensorflow
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.files.parts import PART_NAMES, PARTS
from tfft.data.files.record_lengths import check_lengths
from tfft.data.sources.dataset import spooled
from tfft.data.splits import HOLDOUT, Splitting, assemble

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


def from_tfds(
    builder: "str | tfds.core.DatasetBuilder",
    split: "str | tfds.core.ReadInstruction | Mapping[str, Any] | None" = None,
    input_key: str | None = None,
    label_key: str | None = None,
    data_dir: str | Path | None = None,
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
) -> Splits:
    """Read a dataset of TensorFlow Datasets (TFDS) that is prepared on this machine, or download it once.

    Images stay encoded, and keep the order of the builder; class names come from its features.

    Args:
        builder: A name in the catalogue, or a builder such as ``tfds.builder_from_directory(folder)`` or
            ``tfds.folder_dataset.ImageFolder(folder)``.
        split: One split from which all parts are made, such as ``"train[:10%]"``; or a split for each part,
            ``{"train": "train", "test": "validation"}``. None for the builder's splits that are called train, validation (or
            valid, val, dev) and test. With several workers, ``tfds.even_splits("train", n)[worker]`` gives each a share.
        input_key: Feature with the image, of shape (height, width[, channels]), or the text. None for the builder's input for
            supervised training (``as_supervised``), or else ``"image"``.
        label_key: Feature with the class, a sequence of classes, or the quantity. None for the builder's target for supervised
            training, or else ``"label"``.
        data_dir: Folder of prepared datasets; None for the default of TFDS.
        holdout: Fractions (validation, test) of the training examples, to split off missing parts.
        seed: Seed of the random split.

    Returns:
        Splits; targets of shape (n,), or (n, classes) for sequences, with the names of the builder's ``ClassLabel``.

    Raises:
        DataError: For an unknown name, split or feature, for data that is not on this machine and cannot be downloaded, and for
            damaged or too long records.

    Example:
        >>> from_tfds("no such set")
        Traceback (most recent call last):
        tfft.core.errors.DataError: TensorFlow Datasets has no dataset 'no such set'...
    """
    start_tensorflow()
    import tensorflow_datasets as tfds

    source = as_call(from_tfds, locals())
    made = _opened(builder, data_dir)
    features = made.info.features
    default_keys = made.info.supervised_keys or ("image", "label")
    if not all(isinstance(key, str) for key in default_keys[:2]):
        default_keys = ("image", "label")  # nested features are not supported
    input_key, label_key = input_key or default_keys[0], label_key or default_keys[1]
    for key in (input_key, label_key):
        if key not in features:
            raise DataError(f"{made.name!r} has no feature {key!r}.", fix=nearest(key, list(features)))
    label, several = features[label_key], False
    if isinstance(label, tfds.features.Sequence):
        label, several = label.feature, True
    if isinstance(label, tfds.features.Image):
        raise DataError(f"The feature {label_key!r} of {made.name!r} holds images, not labels.", fix="Pass label_key=.")
    names = list(label.names) if isinstance(label, tfds.features.ClassLabel) else None
    pools = {}
    for part, name in _parts(made, split).items():
        try:
            raw = made.as_dataset(
                split=name,
                decoders=_undecoded(features, input_key),
                shuffle_files=False,
                # read one file after the other, so that the order of examples, and so the random split, is always the same
                read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
            )
        except (ValueError, KeyError) as error:
            raise DataError(
                f"{made.name!r} has no split {name!r}.", f"{error}"[:200], f"There are {shortlist(made.info.splits)}."
            ) from error
        except AssertionError as error:  # TFDS 4.9 raises it for data that is not prepared
            raise DataError(
                f"{made.name!r} is not prepared.", f"{error}"[:200], "Call download_and_prepare()."
            ) from error
        try:
            pool = spooled(raw.map(lambda row: (row[input_key], row[label_key])), part, kind=_kind(features[input_key]))
        except DataError as error:
            raise _own_words(error) from None
        if several and names is not None:
            pool = replace(pool, targets=[[names[index] for index in some] for some in pool.targets])
        pools[part] = pool
    try:
        return assemble(pools, Splitting(holdout, seed), names, source)
    except DataError as error:
        raise _own_words(error) from None


def _own_words(error: DataError) -> DataError:
    """Replace advice to pass an argument that ``from_tfds`` does not have."""
    if "on_corrupt" not in error.fix and "value_range" not in error.fix:
        return error
    way = "tfft.data.from_dataset(builder.as_dataset(split='train', as_supervised=True), ...)"
    return DataError(error.what, error.got, f"{way} takes such data, with value_range= and on_corrupt=.")


def _opened(builder: Any, data_dir: str | Path | None) -> Any:
    """The builder; the lengths of its records are checked before TensorFlow reads them."""
    made = _named(builder, data_dir) if isinstance(builder, str) else builder
    if not hasattr(made, "as_dataset") or isinstance(made, type):
        raise DataError("from_tfds() takes a name or a builder.", type(builder).__name__, 'Write from_tfds("name").')
    for file in sorted(Path(made.data_dir).glob("*.tfrecord*")):
        check_lengths(str(file))
    return made


def _named(name: str, data_dir: str | Path | None) -> "tfds.core.DatasetBuilder":
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=None if data_dir is None else str(data_dir))
    # a name with a space raises a ValueError, and an unknown version an AssertionError
    except (tfds.core.registered.DatasetNotFoundError, ValueError, AssertionError):
        known = tfds.list_builders(with_community_datasets=False)
        raise DataError(f"TensorFlow Datasets has no dataset {name!r}.", fix=nearest(name, known)) from None
    if is_offline() and not Path(builder.data_dir).is_dir():
        raise DataError(
            f"The dataset {name!r} is not on this machine, and TFFT_OFFLINE is set.",
            f"looked in {builder.data_dir!s}",
            "Copy the prepared folder and pass data_dir=, or unset TFFT_OFFLINE once.",
        )
    try:
        with disconnected():
            builder.download_and_prepare()
    except ImportError as error:
        raise DataError(f"The dataset {name!r} needs another package.", str(error), "Install it.") from error
    except Exception as error:
        # without a network, requests, urllib3, TFDS and its file systems each raise errors of their own
        raise DataError(
            f"The dataset {name!r} is not on this machine and cannot be downloaded.",
            f"looked in {builder.data_dir!s}, then {type(error).__name__}: {str(error)[:200]}",
            "Connect to the network once; or copy the prepared folder and pass data_dir=; or pass "
            "tfds.builder_from_directory(folder).",
        ) from error
    return builder


def _kind(feature: Any) -> Literal["image", "text"] | None:
    """Whether encoded inputs are images or texts; None when the builder does not say."""
    import tensorflow_datasets as tfds

    if isinstance(feature, tfds.features.Image):
        return "image"
    return "text" if isinstance(feature, tfds.features.Text) else None


def _undecoded(features: Any, input_key: str) -> dict[str, Any]:
    """Decoders that keep images encoded: ten times smaller, and tfft's own decoder reads them."""
    import tensorflow_datasets as tfds

    return {input_key: tfds.decode.SkipDecoding()} if isinstance(features[input_key], tfds.features.Image) else {}


def _parts(builder: Any, split: Any) -> dict[str, Any]:
    if isinstance(split, Mapping):
        return dict(split)
    if split is not None and not isinstance(split, str) and hasattr(split, "__iter__"):
        raise DataError(
            "split must be one split, or one for each part.",
            repr(split),
            'Write split={"train": "train", "test": "test"}.',
        )
    if split is not None:
        return {"train": split}
    if not builder.info.splits:
        raise DataError(f"{builder.name!r} is not prepared.", str(builder.data_dir), "Call download_and_prepare().")
    known = {part: [name for name in PART_NAMES[part] if name in builder.info.splits] for part in PARTS}
    found = {part: names[0] for part, names in known.items() if names}
    if "train" not in found:
        raise DataError(
            f"{builder.name!r} has no split called 'train'.",
            shortlist(builder.info.splits),
            'Say which split is which part: split={"train": "..."}.',
        )
    return found
