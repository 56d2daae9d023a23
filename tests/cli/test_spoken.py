"""Errors, warnings and interruptions as the shell shows them."""

import warnings

import pytest

from tfft.cli.spoken import in_shell, spoken
from tfft.core.errors import DataError, DataWarning


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ('Pass on_corrupt="skip".', "Pass --skip-corrupt."),
        ("Pass size=32 or more.", "Pass --size 32 or more."),
        (
            'weights="path/to/a.h5" (weights=None starts from random ones)',
            "--weights path/to/a.h5 (--weights none starts",
        ),
        ("Name another column with image_column=, or", "Name another column with --image-column , or"),
        ("nothing to say", "nothing to say"),
    ],
)
def test_arguments_become_options(python, said):
    assert in_shell(python).startswith(said)


def test_an_error_of_ours_is_one_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as ended, spoken():
        raise DataError("No.", "size=3", "Pass size=32.")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "DataError: No. Got: --size 3. Pass --size 32.\n"


def test_a_full_disk_is_one_line_and_a_bug_keeps_its_traceback(capsys):
    with pytest.raises(SystemExit), spoken():
        raise OSError(28, "No space left on device")
    assert "No space left" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError), spoken():
        _ = 1 / 0


def test_a_warning_of_ours_comes_without_source_lines_and_the_way_to_show_them_is_put_back(capsys):
    before = warnings.showwarning
    with spoken():
        warnings.simplefilter("always")
        warnings.warn("Two photos are alike.", DataWarning, stacklevel=1)
    assert capsys.readouterr().err == "DataWarning: Two photos are alike.\n"
    assert warnings.showwarning is before


def test_an_interruption_is_answered(capsys):
    with pytest.raises(SystemExit) as ended, spoken():
        raise SystemExit(130)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Stopped. No bundle was written.\n"
