"""Settings of a service are numbers above zero."""

import pytest

from tfft.core.errors import TfftError
from tfft.serving.settings import Settings


@pytest.mark.parametrize(
    "options",
    [{"batch": 0}, {"batch": 1.5}, {"seconds": -1}, {"body_bytes": True}, {"queue": "8"}, {"inputs": None},
     {"batch": 8.0}, {"seconds": float("inf")}, {"seconds": float("nan")}, {"body_bytes": float("inf")}],
)  # fmt: skip
def test_other_values_are_refused_with_the_default(options):
    (name,) = options
    with pytest.raises(TfftError, match=rf"{name}=.* must be a positive .*number\. The default is"):
        Settings(**options)


def test_no_wait_is_allowed():
    assert Settings(wait_milliseconds=0).wait_milliseconds == 0


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"queue": 8}, "Raise queue, or lower inputs."),
        ({"queue": 63}, "Raise queue, or lower inputs."),
        ({"held_bytes": 2**20}, "Raise held_bytes, or lower body_bytes."),
        ({"seconds": 1.0, "wait_milliseconds": 1000.0}, "Lower wait_milliseconds, or raise seconds."),
    ],
)
def test_settings_under_which_some_requests_never_get_an_answer_are_refused(options, fix):
    with pytest.raises(TfftError) as found:
        Settings(**options)
    assert found.value.fix == fix


def test_a_batch_may_be_larger_than_the_queue_and_a_request_as_large():
    assert Settings(batch=512).batch == 512
    assert Settings(queue=64).queue == 64
