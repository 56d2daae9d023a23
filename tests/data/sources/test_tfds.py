"""TensorFlow Datasets, offline: a builder for a folder gives the same examples as the folder."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.data import from_folder, from_tfds


@pytest.fixture
def root(tmp_path):
    random = np.random.default_rng(0)
    for part, count in (("train", 12), ("test", 4)):
        for hue, name in enumerate(["greens", "reds"]):
            (tmp_path / "set" / part / name).mkdir(parents=True)
            for index in range(count):
                pixels = random.integers(0, 120, (20, 24, 3)).astype(np.uint8)
                pixels[..., 1 - hue] += 130
                Image.fromarray(pixels).save(tmp_path / "set" / part / name / f"{index}.png")
    return tmp_path / "set"


@pytest.fixture
def builder(root):
    return tfds.folder_dataset.ImageFolder(str(root))


def test_a_builder_gives_the_images_and_names_of_its_folder(builder, root):
    data, folder = from_tfds(builder, seed=1), from_folder(root, seed=1)
    assert data.labels == folder.labels
    assert data.describe() == folder.describe()
    # byte for byte: images are not decoded and encoded again
    assert set(data.everything().digests) == set(folder.everything().digests)
    assert data.test.counts() == folder.test.counts()
    assert [data.labels.names[i] for i in data.test.targets] == [
        folder.labels.names[dict(zip(folder.test.digests, folder.test.targets, strict=True))[d]]
        for d in data.test.digests
    ]


def test_the_same_builder_gives_the_same_parts_twice_and_can_be_trained_on(builder):
    first, again = from_tfds(builder, seed=3), from_tfds(builder, seed=3)
    assert first.train.digests == again.train.digests
    run = tfft.fit(tfft.build("toy", tfft.tasks.classification(first.labels)), first, tfft.plans.head_only(1))
    assert len(run.phases) == 1


def test_splits_can_be_named(builder):
    assert (
        from_tfds(builder, split="test", holdout=(0.25, 0)).describe()
        == "6 train, 2 validation, no test part; 2 classes"
    )
    data = from_tfds(builder, split={"train": "train", "validation": "test"}, holdout=(0, 0))
    assert (len(data.train), len(data.validation), data.test) == (24, 8, None)


def test_a_feature_that_is_not_there_is_answered_with_those_that_are(builder):
    with pytest.raises(DataError, match=r"no feature 'images'.*Did you mean 'image'"):
        from_tfds(builder, input_key="images")
    with pytest.raises(DataError, match=r"no feature 'x'.*There are: 'image', 'image/filename', 'label'"):
        from_tfds(builder, label_key="x")


def test_a_split_that_is_not_there_is_answered_with_those_that_are(builder):
    with pytest.raises(DataError, match=r"no split 'vall'.*There are 'test', 'train'"):
        from_tfds(builder, split={"train": "train", "validation": "vall"})


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match=r"no dataset 'mnistt'.*'mnist'"):
        from_tfds("mnistt")


def test_the_error_for_an_unavailable_dataset_says_where_it_was_searched(tmp_path, monkeypatch):
    def no_network(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", no_network)
    with pytest.raises(
        DataError, match=r"'mnist' is not on this machine.*looked in .*mnist.*ConnectionError.*data_dir="
    ):
        from_tfds("mnist", data_dir=tmp_path)


def test_a_builder_that_was_never_prepared_is_named(tmp_path):
    with pytest.raises(DataError, match=r"'mnist'"):
        from_tfds(tfds.builder("mnist", data_dir=str(tmp_path)), split="train")


def test_something_else_is_refused():
    with pytest.raises(DataError, match=r"a name or a builder.*int"):
        from_tfds(5)


def several(tmp_path, images=None):
    """A prepared builder whose examples have a sequence of classes, as TFDS stores several labels."""
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(8, 8, 3)),
            "tags": tfds.features.Sequence(tfds.features.ClassLabel(names=["dog", "indoor", "night"])),
            "heat": tfds.features.Tensor(shape=(8, 8, 3), dtype=np.float32),
        }
    )
    tags = [[], ["dog"], ["dog", "night"], ["indoor"]] * 6

    class Several(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for index, some in enumerate(tags):
                image = np.random.default_rng(index).integers(0, 255, (8, 8, 3), np.uint8)
                yield index, {"image": image, "tags": some, "heat": image / np.float32(255)}

    return Several(data_dir=str(tmp_path))


def test_a_sequence_of_classes_is_several_labels(tmp_path):
    builder = several(tmp_path)
    builder.download_and_prepare()
    data = from_tfds(builder, label_key="tags")
    assert (data.labels.kind, data.labels.names) == ("multi", ("dog", "indoor", "night"))
    assert data.everything().counts() == {"dog": 12, "indoor": 6, "night": 6}


def test_records_with_a_damaged_length_are_refused_before_tensorflow_reads_them(tmp_path):
    builder = several(tmp_path)
    builder.download_and_prepare()
    file = next(Path(builder.data_dir).glob("*.tfrecord*"))
    content = bytearray(file.read_bytes())
    content[4:8] = b"\xff\xff\xff\x7f"  # half of the length of the first record
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as TFRecord: the length of record 0 is damaged"):
        from_tfds(builder, label_key="tags")


def test_advice_names_what_can_be_done(tmp_path):
    builder = several(tmp_path)
    with pytest.raises(DataError, match=r"is not prepared.*download_and_prepare"):
        from_tfds(builder, label_key="tags")
    builder.download_and_prepare()
    with pytest.raises(DataError, match=r"from_dataset\(builder\.as_dataset.*with value_range="):
        from_tfds(builder, input_key="heat", label_key="tags")
    with pytest.raises(DataError, match=r"'image'.*holds images, not labels"):
        from_tfds(builder, label_key="image")
    with pytest.raises(DataError, match=r"split must be one split, or one for each part"):
        from_tfds(builder, split=["train", "test"], label_key="tags")


def test_texts_are_found_by_what_the_builder_names_for_supervised_training(tmp_path):
    features = tfds.features.FeaturesDict(
        {"review": tfds.features.Text(), "mood": tfds.features.ClassLabel(names=["down", "up"])}
    )

    class Reviews(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=("review", "mood"))

        def _split_generators(self, manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for index in range(20):
                yield index, {"review": f"text number {index}", "mood": index % 2}

    builder = Reviews(data_dir=str(tmp_path))
    builder.download_and_prepare()
    data = from_tfds(builder)
    assert data.labels.names == ("down", "up")
    assert data.train.inputs[0].first.startswith("text number ")
    assert len(from_tfds(builder, split="train[:50%]").everything()) == 10


@pytest.mark.filterwarnings("ignore:The validation part has no example")
def test_several_workers_read_a_share_each(tmp_path):
    builder = several(tmp_path)
    builder.download_and_prepare()
    whole = from_tfds(builder, label_key="tags", holdout=(0.3, 0)).everything()
    shares = [
        from_tfds(builder, split=part, label_key="tags", holdout=(0.3, 0)).everything()
        for part in tfds.even_splits("train", n=3)
    ]
    assert [len(share) for share in shares] == [8, 8, 8]
    assert sorted(digest for share in shares for digest in share.digests) == sorted(whole.digests)
    again = from_tfds(builder, split=tfds.even_splits("train", n=3)[1], label_key="tags", holdout=(0.3, 0)).everything()
    assert again.digests == shares[1].digests


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beans", "tf_flowers", "mnist", "imdb_reviews"])
def test_names_of_the_catalogue_are_read_as_the_catalogue_describes_them(name):
    with tfds.testing.mock_data(num_examples=300):
        data = from_tfds(tfds.builder(name), split="train")
    assert len(data.everything()) == 300
    assert data.labels.names == tuple(tfds.builder(name).info.features["label"].names)


def test_offline_nothing_is_asked_of_anybody(tmp_path, monkeypatch):
    monkeypatch.setenv("TFFT_OFFLINE", "1")
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", lambda self: pytest.fail("it was asked for"))
    with pytest.raises(DataError, match=r"not on this machine, and TFFT_OFFLINE is set.*looked in .*mnist"):
        from_tfds("mnist", split="train", data_dir=tmp_path)
