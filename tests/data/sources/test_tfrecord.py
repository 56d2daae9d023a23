"""TFRecord files."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.data import from_tfrecord


def record(number: int, label: object) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 255, (20, 24, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    kinds = {
        bytes: lambda v: tf.train.Feature(bytes_list=tf.train.BytesList(value=[v])),
        int: lambda v: tf.train.Feature(int64_list=tf.train.Int64List(value=[v])),
        list: lambda v: tf.train.Feature(float_list=tf.train.FloatList(value=v)),
    }
    rows = {"image": kinds[bytes](stream.getvalue()), "label": kinds[type(label)](label)}
    return tf.train.Example(features=tf.train.Features(feature=rows)).SerializeToString()


def write(path, records, compression=""):
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for each in records:
            writer.write(each)
    return path


def test_records_become_splits_that_can_be_trained_on(tmp_path):
    for shard in range(2):
        write(tmp_path / f"train-{shard}.tfrecord", [record(20 * shard + n, n % 2) for n in range(20)])
    data = from_tfrecord(str(tmp_path / "train-*.tfrecord"), class_names=["reds", "greens"])
    assert data.describe() == "28 train, 6 validation, 6 test; 2 classes"
    assert data.labels.names == ("reds", "greens")
    tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(1), progress=False)
    again = from_tfrecord(
        [tmp_path / "train-0.tfrecord", tmp_path / "train-1.tfrecord"], class_names=["reds", "greens"]
    )
    assert again.train.digests == data.train.digests


def test_parts_compression_and_labels_as_names(tmp_path):
    parts = {
        part: write(
            tmp_path / f"{part}.tfrecord.gz", [record(first + n, b"ab"[n % 2 :][:1]) for n in range(count)], "GZIP"
        )
        for part, first, count in (("train", 0, 12), ("test", 50, 4))
    }
    data = from_tfrecord(parts, holdout=(0.25, 0))
    assert (data.describe(), data.labels.names) == ("8 train, 4 validation, 4 test; 2 classes", ("a", "b"))


def test_several_numbers_are_quantities(tmp_path):
    path = write(tmp_path / "rows.tfrecord", [record(n, [n / 2, n / 4]) for n in range(12)])
    data = from_tfrecord(path)
    assert data.labels.kind == "real"
    assert data.train.targets.shape[1] == 2


def test_how_features_are_parsed_may_be_said(tmp_path):
    path = write(tmp_path / "rows.tfrecord", [record(n, n % 2) for n in range(12)])
    spec = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    assert len(from_tfrecord(path, features=spec).train) == 8
    with pytest.raises(DataError, match=r"does not describe 'label'.*'image'"):
        from_tfrecord(path, features={"image": spec["image"]})


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file for the test part.*'gone-\*'"):
        from_tfrecord({"test": "gone-*"})
    good = write(tmp_path / "rows.tfrecord", [record(n, n % 2) for n in range(12)])
    with pytest.raises(DataError, match=r"no feature 'pixels'.*'image'"):
        from_tfrecord(good, input_key="pixels")
    (tmp_path / "half.tfrecord").write_bytes(good.read_bytes()[: good.stat().st_size // 2 - 7])
    with pytest.raises(DataError, match=r"half\.tfrecord' cannot be read as TFRecord: it ends inside record 5"):
        from_tfrecord(tmp_path / "half.tfrecord")
    (tmp_path / "text.tfrecord").write_text("no records here, only a sentence")
    with pytest.raises(DataError, match=r"text\.tfrecord' cannot be read as TFRecord"):
        from_tfrecord(tmp_path / "text.tfrecord")
    with pytest.raises(DataError, match="holds no record"):
        from_tfrecord(write(tmp_path / "empty.tfrecord", []))
    with pytest.raises(DataError, match=r"are not of type tf\.train\.Example"):
        from_tfrecord(write(tmp_path / "other.tfrecord", [b"\xff\xff plain bytes"]))


def test_a_record_with_another_length_is_told_with_its_number(tmp_path):
    rows = [record(n, [1.0, 2.0]) for n in range(5)] + [record(6, [1.0, 2.0, 3.0])]
    with pytest.raises(DataError, match="train dataset failed at element 5"):
        from_tfrecord(write(tmp_path / "rows.tfrecord", rows))


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    path = write(tmp_path / "rows.tfrecord", [record(n, n % 2) for n in range(12)])
    assert len(from_tfrecord([path, str(tmp_path / "*.tfrecord")]).everything()) == 12


def test_keys_the_wrong_way_round_and_things_that_are_no_paths_are_told(tmp_path):
    path = write(tmp_path / "rows.tfrecord", [record(n, n % 2) for n in range(12)])
    with pytest.raises(DataError, match="its label is not a text"):
        from_tfrecord(path, input_key="label", label_key="image")
    for wrong in (5, None, [3]):
        with pytest.raises(DataError, match="are not paths"):
            from_tfrecord(wrong)


def test_a_broken_image_is_named_without_advice_to_pass_an_option_that_does_not_exist(tmp_path):
    broken = tf.train.Example.FromString(record(1, 1))
    broken.features.feature["image"].bytes_list.value[0] = b""
    write(tmp_path / "a.tfrecord", [record(0, 0), broken.SerializeToString(), record(2, 1)])
    with pytest.raises(
        DataError, match=r"1 of 3 images cannot be read: 'example 1 \(empty file\)'\. Repair or remove them\.$"
    ):
        from_tfrecord(tmp_path / "a.tfrecord")
