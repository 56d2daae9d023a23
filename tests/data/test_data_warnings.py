"""Warnings for valid data that is probably a mistake; ordinary data gives no warning."""

import warnings

import numpy as np
import pytest
from PIL import Image

import tfft.data
from tfft.core.errors import DataWarning
from tfft.core.specs import LabelSpace
from tfft.data import data_warnings
from tfft.data.examples import Examples
from tfft.data.targets import target_of

TWO = LabelSpace(("a", "b"), "multi")
AGE = LabelSpace(("age",), "real", (0.0,), (1.0,))


def test_one_hot_rows_read_as_several_labels_are_doubted():
    with pytest.warns(DataWarning, match=r"exactly one of 2 labels.*argmax\(axis=1\)"):
        data_warnings.warn_labels(target_of(TWO), np.float32([[0, 1], [1, 0], [1, 0]]))


def test_class_ids_as_floats_are_doubted():
    with pytest.warns(DataWarning, match=r"floats 0.0 to 2.*treated as a quantity.*pass integers"):
        data_warnings.warn_labels(target_of(AGE), np.float32([[0], [1], [2], [0], [1], [2]]))
    with pytest.warns(DataWarning, match=r"floats 1.0 to 3"):
        data_warnings.warn_labels(target_of(AGE), np.float32([[1], [2], [1], [2], [3], [3]]))


@pytest.mark.parametrize("names", [("cat", "Cat"), ("cat", "cat "), ("cat", " CAT", "dog")])
def test_labels_that_differ_in_capitals_or_spaces_are_doubted(names):
    with pytest.warns(DataWarning, match=r"capitals, spaces or Unicode form.*'cat'.*spell them in the same way"):
        data_warnings.warn_labels(target_of(LabelSpace(names)), np.arange(len(names)))


@pytest.mark.parametrize(
    "names",
    [("caf\u00e9", "cafe\u0301"), ("\u00e9", "e\u0301"), ("ABC", "\uff21\uff22\uff23"), ("\uac00", "\u1100\u1161")],
    ids=["accent", "one letter", "full width", "Hangul"],
)
@pytest.mark.parametrize("kind", ["single", "multi", "tags"])
def test_labels_that_differ_in_their_unicode_form_are_doubted(names, kind):
    target = target_of(LabelSpace(names, kind))
    values = {
        "single": np.arange(2),
        "multi": np.float32([[1, 1], [0, 1]]),
        "tags": target.read([[f"B-{name}" for name in names]], "train") if kind == "tags" else None,
    }
    with pytest.warns(DataWarning, match=r"Unicode form.*str\.normalize\('NFKC'\)"):
        data_warnings.warn_labels(target, values[kind])


def test_one_letter_classes_may_differ_in_capitals():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data_warnings.warn_labels(target_of(LabelSpace(("A", "a"))), np.arange(2))


@pytest.mark.parametrize(
    ("labels", "targets"),
    [
        (TWO, np.float32([[0, 1], [1, 1]])),
        (TWO, np.float32([[0, 0], [1, 0]])),
        (AGE, np.float32([[20], [40], [20], [40]])),
        (AGE, np.float32([[0], [1], [2]])),
        (AGE, np.float32([[0], [0.5], [0], [0.5]])),
        (AGE, np.float32([[0], [0]])),
        (LabelSpace(("a", "A", "b")), np.arange(3)),
    ],
)
def test_ordinary_labels_are_not_doubted(labels, targets):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data_warnings.warn_labels(target_of(labels), targets)


def _part(*digests):
    return Examples([f"{d}.png" for d in digests], np.zeros(len(digests), int), LabelSpace(("a", "b")), digests)


def test_one_image_in_two_parts_is_named_with_both_its_files():
    with pytest.warns(DataWarning, match=r"1 input is in two parts.*x.png \(train\) = x.png \(test\).*remove one"):
        data_warnings.warn_overlap({"train": _part("x", "y"), "validation": _part("z"), "test": _part("x")})


def test_one_image_twice_in_a_part_is_no_leak():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data_warnings.warn_overlap({"train": _part("x", "x"), "test": _part("y", "y")})


@pytest.mark.parametrize(
    ("kind", "targets", "doubted"),
    [
        ("single", np.array([0, 0, 1]), False),
        ("single", np.array([0, 1, 0]), True),
        ("multi", np.array([[1, 0], [1, 0], [0, 1]], np.float32), False),
        ("multi", np.array([[1, 0], [1, 1], [0, 1]], np.float32), True),
    ],
)
def test_one_content_with_two_targets_is_named(kind, targets, doubted):
    examples = Examples(["1.jpg", "2.jpg", "3.jpg"], targets, LabelSpace(("a", "b"), kind), ("x", "x", "y"))
    with warnings.catch_warnings(record=True, action="always") as caught:
        data_warnings.warn_contradictions({"train": examples})
    assert [("'2.jpg = 1.jpg'" in str(found.message)) for found in caught] == [True] * doubted


def test_looking_for_overlaps_reads_no_input_that_is_not_named():
    class Unreadable(list):
        def __getitem__(self, index):
            raise AssertionError("read")

    part = Examples(Unreadable("ab"), np.zeros(2, int), LabelSpace(("a", "b")), ("1", "2"))
    data_warnings.warn_overlap({"train": part})


def test_a_group_in_two_parts_is_named():
    with pytest.warns(DataWarning, match=r"1 group is in two parts: 'ann \(train and test\)'"):
        data_warnings.warn_groups(
            {"train": np.array(["ann", "bob"]), "validation": None, "test": np.array(["ann", "ann"])}
        )


def test_a_warning_points_at_the_users_line(class_folder):
    Image.open(class_folder / "reds" / "0.png").save(class_folder / "reds" / "copy.png")
    (class_folder / "stray.png").write_bytes((class_folder / "reds" / "1.png").read_bytes())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for seed in range(10):
            tfft.data.from_folder(class_folder, seed=seed)
    messages = " ".join(str(warning.message) for warning in caught)
    assert "copy.png" in messages
    assert "stray.png" in messages
    assert {warning.filename for warning in caught} == {__file__}
