"""The numbers of a teacher are checked where they are written."""

import pytest

import tfft
from tfft.core.errors import PlanError
from tfft.plans.teacher import Teacher


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": 0}, r"Teacher\(temperature=0\) cannot be used\. It must be a number above 0"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"temperature": float("inf")}, "temperature=inf"),
        ({"temperature": "2"}, "temperature='2'"),
        ({"temperature": True}, "temperature=True"),
        ({"weight": 0}, r"Teacher\(weight=0\) cannot be used\. It must be in \(0, 1\]"),
        ({"weight": 1.01}, "weight=1.01"),
        ({"weight": None}, "weight=None"),
    ],
)
def test_numbers_out_of_range_are_refused(given, message):
    with pytest.raises(PlanError, match=message):
        Teacher("large.tfft", **given)


def test_a_model_becomes_a_teacher_with_the_default_numbers_and_a_teacher_stays():
    made = Teacher.of("large.tfft")
    assert (made.model, made.temperature, made.weight) == ("large.tfft", 1.0, 0.5)
    own = tfft.plans.Teacher("large.tfft", 2, 1)
    assert Teacher.of(own) is own
