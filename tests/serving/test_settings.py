"""Settings of a service are numbers above zero."""

import pytest

from tfft.core.errors import TfftError
from tfft.serving.settings import Settings


@pytest.mark.parametrize(
    "options", [{"batch": 0}, {"batch": 1.5}, {"seconds": -1}, {"body_bytes": True}, {"queue": "8"}, {"inputs": None}]
)
def test_other_values_are_refused_with_the_default(options):
    (name,) = options
    with pytest.raises(TfftError, match=rf"{name}=.* must be a positive .*number\. The default is"):
        Settings(**options)


def test_no_wait_is_allowed():
    assert Settings(wait_milliseconds=0).wait_milliseconds == 0
