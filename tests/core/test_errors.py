"""Errors have three parts, which survive pickling."""

import pickle

import numpy as np
import pytest

from tfft.core import errors
from tfft.core.errors import DataError, TfftError, kind_of, nearest, quantity, shortlist, similar


def test_a_message_contains_what_got_and_fix_in_this_order():
    error = DataError("The box is empty.", "0 things", "Fill it.")
    assert str(error) == "The box is empty. Got: 0 things. Fill it."
    assert (error.what, error.got, error.fix) == ("The box is empty.", "0 things", "Fill it.")


def test_empty_parts_are_left_out_of_the_message():
    assert str(TfftError("Only this.")) == "Only this."
    assert str(TfftError("What.", fix="Fix.")) == "What. Fix."


@pytest.mark.parametrize(
    "kind",
    [
        errors.DataError,
        errors.BackboneError,
        errors.WeightsError,
        errors.TaskError,
        errors.PlanError,
        errors.ClusterError,
    ],
)
def test_wrong_values_can_be_caught_as_value_errors(kind):
    assert issubclass(kind, ValueError)
    assert issubclass(kind, TfftError)


@pytest.mark.parametrize("kind", [errors.MovementError, errors.BundleError])
def test_errors_without_a_wrong_argument_are_not_value_errors(kind):
    assert issubclass(kind, TfftError)
    assert not issubclass(kind, ValueError)


@pytest.mark.parametrize("kind", [errors.DataError, errors.WeightsError, errors.MovementError])
def test_errors_can_be_pickled(kind):
    error = pickle.loads(pickle.dumps(kind("What.", "got", "Fix.")))
    assert type(error) is kind
    assert (error.what, error.got, error.fix) == ("What.", "got", "Fix.")


def test_a_shortlist_is_cut_and_counts_the_rest():
    assert shortlist(range(12)).endswith("9, ... (12 in all)")
    assert shortlist(["a"]) == "'a'"
    assert shortlist(name for name in "ab") == "'a', 'b'"
    assert shortlist([]) == ""


def test_similar_names_are_suggested_or_all_names_are_listed():
    assert nearest("ResNet-50", ["resnet50", "vgg16"]) == "Did you mean 'resnet50'?"
    assert nearest("zzz", ["b", "a"]) == "There are: 'a', 'b'."


def test_similar_names_alone_are_suggested_where_a_message_lists_the_names_already():
    assert similar("ResNet-50", ["resnet50", "vgg16"]) == "Did you mean 'resnet50'?"
    assert similar("zzz", ["b", "a"]) == ""
    assert similar("adm", ["adam", "adam", "nadam"]) == "Did you mean 'adam' or 'nadam'?"


def test_data_warnings_can_be_filtered_as_user_warnings():
    assert issubclass(errors.DataWarning, UserWarning)


def test_a_noun_after_a_number_is_in_the_singular_only_for_one():
    assert [quantity(count, "row") for count in (0, 1, 2, 12345)] == ["0 rows", "1 row", "2 rows", "12,345 rows"]
    assert [quantity(count, "class", "classes") for count in (1, 2)] == ["1 class", "2 classes"]


class NAType:
    """As pandas names its missing value."""


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "None"),
        (3, "an int"),
        ([], "a list"),
        (KeyError(), "a KeyError"),
        (np.zeros(2), "an ndarray"),
        (np.uint8(1), "a uint8"),
        (NAType(), "an NAType"),
        (set(), "a set"),
    ],
)
def test_type_names_have_the_right_article(value, kind):
    assert kind_of(value) == kind
