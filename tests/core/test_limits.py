"""Limits are checked. The message gives the limit and the environment variable that raises it."""

import pytest

from tfft.core import limits
from tfft.core.errors import BundleError, DataError


@pytest.mark.parametrize("name", limits.LIMITS)
def test_an_amount_at_the_limit_passes_and_one_above_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    most = limits.LIMITS[name].default
    limits.check(name, most, "'a'")
    with pytest.raises(BundleError) as caught:
        limits.check(name, most + 1, "'a'", BundleError)
    variable = f"TFFT_MAX_{name.upper()}"
    assert f"{variable}={most + 1}" in caught.value.fix
    monkeypatch.setenv(variable, str(most + 1))
    limits.check(name, most + 1, "'a'", BundleError)


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "many", "٣", "1.5"])
def test_a_limit_that_is_not_a_positive_whole_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", text)
    with pytest.raises(DataError, match="TFFT_MAX_IMAGE_PIXELS"):
        limits.highest("image_pixels")


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "")
    assert limits.highest("image_pixels") == limits.LIMITS["image_pixels"].default
