"""Texts in memory are recognised, from arrays and from tf.data."""

import io

import numpy as np
import pandas
import pytest
import tensorflow as tf
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace, Text
from tfft.data import from_arrays, from_csv, from_dataframe
from tfft.data.raw_examples import unsplit
from tfft.data.sources.columns import Columns
from tfft.data.sources.from_table import table_pools
from tfft.data.strings import are_texts, as_texts, is_encoded_text, refuse_swapped, text_of


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b"],
        ("a",),
        np.array(["a", "b"]),
        [("a", "b")],
        [["a", "b"]],
        np.array([["a", "b"]]),
        np.array(["a"], object),
    ],
)
def test_strings_and_pairs_of_them_are_texts(values):
    assert are_texts(values)
    assert all(isinstance(text, Text) for text in as_texts(values))


@pytest.mark.parametrize(
    "values", ["a", b"a", [], [1], [b"a"], [("a", "b", "c")], [("a", 1)], np.zeros((2, 8, 8)), None, 3]
)
def test_other_values_are_not_texts(values):
    assert not are_texts(values)


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (["a", np.zeros((8, 8))], r"input 0 is a text, and input 1 is not.*'a' and an ndarray"),
        ([np.zeros((8, 8))] * 3 + ["a"], "input 3 is a text, and input 0 is not"),
        (["a", None], "input 0 is a text, and input 1 is not"),
        (["1.png", "2.PNG"], r"2 of 2 inputs are paths of images.*from_folder"),
        (["1.png", "2.jpg", ""], r"2 of 3 inputs are paths.*Input 0 is one, and input 2 is not.*'1.png' and ''"),
    ],
)
def test_a_mixture_is_refused_with_both_rows(values, rows):
    with pytest.raises(DataError, match=rows):
        are_texts(values)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", Text("a")),
        (np.str_("a"), Text("a")),
        (("a", "b"), Text("a", "b")),
        (["a", "b"], Text("a", "b")),
        (np.array(["a", "b"]), Text("a", "b")),
        (Text("a", "b"), Text("a", "b")),
        (("a", 1), None),
        (("a",), None),
        (("a", "b", "c"), None),
        (np.array([["a", "b"]]), None),
        (np.array([1, 2]), None),
        (b"a", None),
        (None, None),
    ],
)
def test_strings_and_pairs_become_one_text_and_other_values_do_not(value, expected):
    found = text_of(value)
    assert found == expected
    assert found is None or all(type(part) in (str, type(None)) for part in (found.first, found.second))


def test_texts_of_an_array_are_not_given_as_text_objects():
    assert not are_texts([Text("a"), Text("b")])
    with pytest.raises(DataError, match="Input 0 is not like the first input"):
        as_texts([Text("a")])


@pytest.mark.parametrize("first", ["", " ", "see logo.png", "logo.png"])
def test_what_the_first_text_looks_like_decides_nothing(first):
    data = tfft.data.from_arrays([first, *TEXTS[1:]], ["a", "b"] * 10)
    assert first in {text.first for text in data.everything().inputs}
    rows = tf.data.Dataset.from_tensor_slices(([first, *TEXTS[1:]], ["a", "b"] * 10))
    assert first in {text.first for text in tfft.data.from_dataset(rows).everything().inputs}


def test_images_before_and_after_texts_in_a_dataset_are_refused_with_both_elements():
    for content in ([image(), "a", "b"], ["a", "b", image()]):
        rows = tf.data.Dataset.from_tensor_slices((content, ["a", "b", "a"]))
        with pytest.raises(
            DataError, match=r"Element \d of the train dataset is not UTF-8 \(an image.*and element \d is a text"
        ):
            tfft.data.from_dataset(rows)


def test_bytes_among_images_that_are_no_images_are_unreadable_images():
    rows = tf.data.Dataset.from_tensor_slices(
        ([b"version https://git-lfs"] + [image(shade) for shade in range(19)], ["a", "b"] * 10)
    )
    with pytest.raises(DataError, match=r"1 of 20 images cannot be read"):
        tfft.data.from_dataset(rows)
    assert len(tfft.data.from_dataset(rows, on_corrupt="skip").everything()) == 19


@pytest.mark.parametrize(
    ("values", "index"), [(["a", 1], 1), (["a", ("b", "c")], 1), ([("a", "b"), "c"], 1), (["a", "b", None], 2)]
)
def test_an_input_unlike_the_first_is_named(values, index):
    with pytest.raises(DataError, match=rf"Input {index} is not like the first input.*Pass one string"):
        as_texts(values)


def image(shade=0):
    content = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(content, "PNG")
    return content.getvalue()


def test_encoded_images_and_other_bytes_are_no_texts():
    assert is_encoded_text("ein Satz, 好看".encode())
    assert not is_encoded_text(image())
    assert not is_encoded_text(b"\xff\xfe\xfa")
    assert not is_encoded_text(b"")


TEXTS = [f"{word} number {number}, 好" for number in range(10) for word in ("one", "two")]


@pytest.mark.parametrize("make", [list, np.array, lambda texts: [(text, "and then") for text in texts]])
def test_arrays_of_texts_become_examples(make):
    data = tfft.data.from_arrays(make(TEXTS), ["a", "b"] * 10)
    assert data.describe() == "14 train, 4 validation, 2 test; 2 classes"
    assert {text.first for part in (data.train, data.validation, data.test) for text in part.inputs} == set(TEXTS)


def test_texts_without_a_target_each_are_refused():
    with pytest.raises(DataError, match=r"one target for each text.*20 texts and 3 targets"):
        tfft.data.from_arrays(TEXTS, ["a", "b", "c"])


def test_a_dataset_of_strings_holds_texts_where_the_first_one_is_no_image():
    data = tfft.data.from_dataset(tf.data.Dataset.from_tensor_slices((TEXTS, ["a", "b"] * 10)))
    assert {text.first for part in (data.train, data.validation, data.test) for text in part.inputs} == set(TEXTS)
    images = tfft.data.from_dataset(
        tf.data.Dataset.from_tensor_slices(([image(shade) for shade in range(20)], ["a", "b"] * 10)), holdout=(0.2, 0)
    )
    assert isinstance(images.train.inputs[0], bytes)


def test_a_text_that_is_not_utf8_is_named_by_its_element():
    rows = tf.data.Dataset.from_tensor_slices((["good", b"\xff\xfe"], ["a", "b"]))
    with pytest.raises(DataError, match=r"Element 1 of the train dataset is not UTF-8.*and element 0 is a text"):
        tfft.data.from_dataset(rows)


def test_a_series_keeps_every_text_at_its_label_whatever_its_index():
    table = pandas.DataFrame({"text": TEXTS, "label": [number % 2 for number in range(20)]}).sample(
        frac=1, random_state=1
    )
    data = tfft.data.from_arrays(table.text[table.index > 1], table.label[table.index > 1], holdout=(0.2, 0))
    for part in (data.train, data.validation):
        assert [TEXTS.index(text.first) % 2 for text in part.inputs] == part.targets.tolist()


def test_half_an_emoji_in_a_text_is_said():
    with pytest.raises(
        DataError, match=r"1 of 20 texts cannot be read: 'example 19 \(half a character.*Repair the program"
    ):
        tfft.data.from_arrays([*TEXTS[:-1], "half \ud83d"], ["a", "b"] * 10)


REVIEWS = [f"a long review of film number {number}, which was worth seeing" for number in range(40)]
SIGNS = ["pos", "neg"] * 20


@pytest.mark.parametrize(
    "read",
    [
        lambda _: from_arrays(SIGNS, REVIEWS),
        lambda _: from_arrays(np.array(SIGNS), np.array(REVIEWS)),
        lambda _: from_dataframe(pandas.DataFrame({"text": SIGNS, "label": REVIEWS})),
        lambda path: from_csv(path),
        lambda path: from_csv({"train": path, "test": path}),
        lambda path: unsplit(table_pools(path, Columns()), LabelSpace(("neg", "pos"))),
    ],
)
def test_swapped_texts_and_labels_are_refused_with_both_sides(tmp_path, read):
    pandas.DataFrame({"text": SIGNS, "label": REVIEWS}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(
        DataError,
        match=r"seem to be swapped\. Got: 40 different labels and 2 different texts in 40 examples; the first label is "
        r"'a long review.*first text is 'pos'\. Exchange .*text_column= and label_column=",
    ):
        read(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (REVIEWS, SIGNS),
        (REVIEWS, [f"class {number}" for number in range(40)]),  # as many labels as texts
        (SIGNS, SIGNS[::-1]),
        (SIGNS, [float(number) for number in range(40)]),
        (SIGNS[:8], REVIEWS[:8]),  # too few to be sure
        (["see 1", "see 2"] * 20, [str(number) for number in range(40)]),  # short labels
    ],
)
def test_texts_and_labels_that_may_be_right_are_not_refused(texts, labels):
    refuse_swapped([Text(text) for text in texts], labels)
