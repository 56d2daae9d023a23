"""The fixture works: a test fails if its attack succeeds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfft.core.errors import DataError

Attack = Any


def test_a_file_written_outside_fails(attack: Attack, outside: Path) -> None:
    with pytest.raises(AssertionError, match="written"):
        attack(lambda: (outside / "new.txt").write_text("x"))


@pytest.mark.parametrize("where", ["~/new.txt", "new.txt"])
def test_a_file_written_at_home_or_in_the_working_folder_fails(attack: Attack, where: str) -> None:
    with pytest.raises(AssertionError, match="written"):
        attack(lambda: Path(where).expanduser().write_text("x"))


def test_a_secret_in_the_result_fails(attack: Attack, outside: Path) -> None:
    with pytest.raises(AssertionError, match="read"):
        attack(lambda: (outside / "secret.txt").read_text())


def test_an_error_of_another_library_fails(attack: Attack) -> None:
    with pytest.raises(ZeroDivisionError):
        attack(lambda: 1 / 0)


def test_too_much_memory_fails(attack: Attack) -> None:
    with pytest.raises(AssertionError, match="bytes"):
        attack(lambda: int(np.ones(1_100_000_000, np.uint8)[-1]))


def test_too_much_time_fails(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.attacks.conftest.MOST_SECONDS", -1.0)
    with pytest.raises(AssertionError, match="seconds"):
        attack(lambda: None)


def test_a_refusal_is_returned(attack: Attack) -> None:
    def refuse() -> None:
        raise DataError("no")

    assert isinstance(attack(refuse), DataError)
