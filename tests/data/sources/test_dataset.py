"""A tf.data.Dataset is read once, so that a shuffled one does not leak, and an infinite one is refused."""

import io
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_arrays, from_dataset
from tfft.data.sources.dataset import Spool

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), np.uint8)
TARGETS = np.arange(20) % 2


def _dataset(images=IMAGES, targets=TARGETS):
    return tf.data.Dataset.from_tensor_slices((images, targets))


def _parts(splits):
    return [part for part in (splits.train, splits.validation, splits.test) if part is not None]


def test_a_dataset_gives_the_same_splits_as_its_arrays():
    ours, theirs = from_dataset(_dataset(), seed=3), from_arrays(IMAGES, TARGETS, seed=3)
    assert [part.digests for part in _parts(ours)] == [part.digests for part in _parts(theirs)]
    assert [part.targets.tolist() for part in _parts(ours)] == [part.targets.tolist() for part in _parts(theirs)]
    np.testing.assert_array_equal(ours.test.inputs[1], theirs.test.inputs[1])


def test_a_dataset_that_reshuffles_itself_leaks_nothing():
    """take() and skip() on such a dataset would mix validation examples into training in every epoch."""
    splits = from_dataset(_dataset().shuffle(20, reshuffle_each_iteration=True))
    seen = [np.asarray(part.inputs[index]).tobytes() for part in _parts(splits) for index in range(len(part))]
    assert sorted(seen) == sorted(image.tobytes() for image in IMAGES)
    again = [np.asarray(part.inputs[index]).tobytes() for part in _parts(splits) for index in range(len(part))]
    assert again == seen


def test_the_dataset_is_read_once():
    reads = []

    def rows():
        reads.append(1)
        yield from zip(IMAGES, TARGETS, strict=True)

    signature = tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.int64)
    splits = from_dataset(tf.data.Dataset.from_generator(rows, output_signature=signature))
    for _ in range(3):
        assert splits.train.inputs[0].shape == (6, 5, 3)
    assert len(reads) == 1


def test_text_labels_are_text():
    splits = from_dataset(_dataset(targets=np.array(["猫", "dog"] * 10)))
    assert splits.labels.names == ("dog", "猫")


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (np.linspace(0, 1, 20), "real"),
        (np.ones((20, 2)) * [0.5, 2], "real"),
        (np.tile([[1, 1], [0, 1]], (10, 1)), "multi"),
        (TARGETS.astype(bool), "single"),
    ],
)
def test_the_kind_of_labels_is_that_of_the_tensors(targets, kind):
    assert from_dataset(_dataset(targets=targets)).labels.kind == kind


def test_vectors_of_names_of_any_length_are_several_labels():
    def rows():
        for index, image in enumerate(IMAGES):
            yield image, [["dog"], ["dog", "indoor"], []][index % 3]

    signature = tf.TensorSpec((6, 5, 3), tf.uint8), tf.TensorSpec((None,), tf.string)
    splits = from_dataset(tf.data.Dataset.from_generator(rows, output_signature=signature))
    assert (splits.labels.kind, splits.labels.names) == ("multi", ("dog", "indoor"))


def test_one_hot_rows_are_doubted():
    with pytest.warns(DataWarning, match="argmax"):
        from_dataset(_dataset(targets=np.eye(2, dtype=np.float32)[TARGETS]))


def test_float_images_need_their_range():
    with pytest.raises(DataError, match=r"Element 0 of the train dataset: .*float32 have no known range.*value_range="):
        from_dataset(_dataset(IMAGES.astype(np.float32)))
    splits = from_dataset(_dataset((IMAGES / 255).astype(np.float32)), value_range=(0, 1))
    assert splits.train.digests == from_dataset(_dataset()).train.digests


def _encoded():
    contents = []
    for image in IMAGES:
        target = io.BytesIO()
        Image.fromarray(image).save(target, "PNG")
        contents.append(target.getvalue())
    return contents


def test_encoded_bytes_stay_encoded_and_corrupt_ones_are_named_or_skipped():
    contents = _encoded()
    assert from_dataset(_dataset(contents)).train.inputs[0].startswith(b"\x89PNG")
    contents[4] = b"broken"
    with pytest.raises(DataError, match=r"1 of 20 images cannot be read: 'example 4 \(not an image\)'.*on_corrupt"):
        from_dataset(_dataset(contents))
    assert from_dataset(_dataset(contents), on_corrupt="skip").skipped == ("example 4: not an image",)


def test_one_dataset_for_each_part():
    splits = from_dataset({"train": _dataset(), "test": _dataset(IMAGES[:3] // 2, TARGETS[:3])})
    assert splits.test.targets.tolist() == [0, 1, 0]


@pytest.mark.parametrize("dataset", [_dataset().repeat(), _dataset().shuffle(5).repeat().map(lambda x, y: (x, y))])
def test_a_dataset_that_never_ends_is_refused(dataset):
    with pytest.raises(DataError, match=r"train dataset never ends.*Remove repeat\(\)"):
        from_dataset(dataset)


@pytest.mark.parametrize("dataset", [_dataset().batch(4), _dataset(_encoded()).batch(4)])
def test_a_batched_dataset_is_refused(dataset):
    with pytest.raises(DataError, match=r"train dataset is batched.*images \(None,.*unbatch\(\)"):
        from_dataset(dataset)


@pytest.mark.parametrize(
    "dataset",
    [
        _dataset().map(lambda x, y: x),
        _dataset().map(lambda x, y: (x, y, 1.0)),
        _dataset().map(lambda x, y: {"image": x, "label": y}),
        _dataset().map(lambda x, y: ({"image": x}, y)),
    ],
)
def test_elements_that_are_no_pairs_are_refused(dataset):
    with pytest.raises(DataError, match=r"pairs \(image, target\).*elements.*Map it to pairs"):
        from_dataset(dataset)


@pytest.mark.parametrize("thing", [IMAGES, [(IMAGES[0], 1)], None])
def test_an_object_that_is_not_a_dataset_is_refused(thing):
    with pytest.raises(DataError, match=r"not a tf.data.Dataset.*from_arrays") as caught:
        from_dataset(thing)
    assert type(thing).__name__ in str(caught.value)


def test_an_empty_dataset_is_refused():
    with pytest.raises(DataError, match="train part holds no examples"):
        from_dataset(_dataset().take(0))


def test_a_dataset_that_fails_is_named_with_its_element():
    contents = _encoded()
    contents[7] = b"broken"
    decoded = _dataset(contents).map(lambda x, y: (tf.io.decode_png(x), y))
    with pytest.raises(DataError, match=r"train dataset failed at element 7: .*Unknown image file format.*undecoded"):
        from_dataset(decoded)


def test_the_temporary_file_goes_with_its_last_reader():
    spool = Spool()
    for image in IMAGES[:3]:
        spool.append(image)
    spool.append(b"bytes")
    path = spool._file.name
    np.testing.assert_array_equal(spool[2], IMAGES[2])
    assert spool[3] == b"bytes"
    assert len(list(spool)) == 4
    assert os.path.exists(path)
    del spool
    assert not os.path.exists(path)


def test_a_full_disk_is_said_with_the_way_out(monkeypatch):
    class Full:
        name = "/tmp/x"

        def seek(self, position):
            pass

        def write(self, content):
            raise OSError(28, "No space left on device")

    spool = Spool()
    spool._file.close()
    spool._file = Full()
    with pytest.raises(DataError, match=r"does not fit on disk: .*No space left.*0 MB written to '/tmp/x'.*TMPDIR"):
        spool.append(b"x")
