"""Datasets of Hugging Face in memory."""

import io

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.data import from_huggingface

datasets = pytest.importorskip("datasets", reason="needs: pip install datasets")


def png(number: int) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 255, (20, 24, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def images(count: int) -> "datasets.Dataset":
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["ants", "bees"])})
    rows = {"image": [{"bytes": png(n), "path": None} for n in range(count)], "label": [n % 2 for n in range(count)]}
    return datasets.Dataset.from_dict(rows, features=features)


def texts(count: int, **more: object) -> "datasets.Dataset":
    return datasets.Dataset.from_dict(
        {"text": [f"text {n}" for n in range(count)], "label": ["good", "bad"] * (count // 2), **more}
    )


def test_images_stay_encoded_and_classes_keep_their_names():
    data = from_huggingface(images(20))
    assert (data.describe(), data.labels.names) == ("14 train, 4 validation, 2 test; 2 classes", ("ants", "bees"))
    assert set(data.everything().inputs) == {png(n) for n in range(20)}
    run = tfft.fit(
        tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(1), progress=False
    )
    assert len(run.phases) == 1


def test_a_dict_has_its_parts():
    parts = datasets.DatasetDict({"train": images(12), "dev": images(4), "unsupervised": images(8)})
    with pytest.warns(Warning, match="same content"):
        data = from_huggingface(parts, holdout=(0, 0))
    assert data.describe() == "12 train, 4 validation, no test part; 2 classes"


def test_texts_and_pairs_are_texts():
    data = from_huggingface(texts(20))
    assert data.train.inputs[0].first.startswith("text ")
    pairs = from_huggingface(texts(20, other=[f"other {n}" for n in range(20)]), input_column=["text", "other"])
    assert {pair.second.split()[0] for pair in pairs.train.inputs} == {"other"}


def test_lists_of_classes_are_several_labels():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.Sequence(datasets.ClassLabel(names=["a", "b", "c"]))}
    )
    labels = [[0, 2] if number % 2 else [number % 3] for number in range(60)]
    rows = {"text": [f"text {number}" for number in range(60)], "label": labels}
    data = from_huggingface(datasets.Dataset.from_dict(rows, features=features))
    assert (data.labels.kind, data.labels.names) == ("multi", ("a", "b", "c"))


def test_a_column_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(DataError, match=r"train part has no column 'sentence'.*There are: 'label', 'text'"):
        from_huggingface(texts(4), input_column="sentence")


def test_unknown_labels_of_catalogues_are_told():
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["a", "b"])})
    rows = datasets.Dataset.from_dict({"text": ["x", "y", "z"], "label": [0, -1, 1]}, features=features)
    with pytest.raises(DataError, match=r"1 example of the train part has no label; the first is number 1.*filter"):
        from_huggingface(rows)


def test_rows_without_text_and_other_classes_in_another_part_are_refused():
    rows = datasets.Dataset.from_dict({"text": ["a", None, "c", "d"], "label": ["x", "y"] * 2})
    with pytest.raises(DataError, match=r"Row 1 of the column 'text' is not a text. Got: None"):
        from_huggingface(rows)
    with pytest.raises(DataError, match=r"Row 0 of the column 'label' is not a text.*an int"):
        from_huggingface(images(4), input_column="label")
    other = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["bees", "ants"])})
    swapped = datasets.Dataset.from_dict(
        {"image": [{"bytes": png(90 + n), "path": None} for n in range(4)], "label": [0, 1] * 2}, features=other
    )
    with pytest.raises(DataError, match="classes of the test part are not those of training"):
        from_huggingface({"train": images(12), "test": swapped})
