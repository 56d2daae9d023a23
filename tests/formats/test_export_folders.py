"""A folder of an export is told from all others, and its files from files of the user."""

import json

import pytest

from tfft.core.errors import BundleError
from tfft.formats.export_folders import ABOUT, ABOUT_SAVED_MODEL, checked, comparison_of, files_of

COMPARISON = {"examples": 4, "of": "the given examples", "largest_difference": 0.0, "agreement": 1.0}


@pytest.fixture(params=[ABOUT, ABOUT_SAVED_MODEL])
def made(request, tmp_path):
    """An export with one more file."""
    folder = tmp_path / "made"
    about = folder / request.param
    about.parent.mkdir(parents=True)
    about.write_text(json.dumps({"comparison": COMPARISON, "files": ["net", request.param.as_posix()]}))
    (folder / "net").touch()
    return folder


def test_an_export_may_be_replaced_and_says_how_it_compares(made):
    assert checked(str(made)) == made
    assert len(files_of(made)) == 2
    assert comparison_of(made).startswith("On 4 of the given examples, 100.0 % of the labels agree")


@pytest.mark.parametrize("other", ["notes.txt", "variables/notes.txt"])
def test_files_of_the_user_are_not_lost(made, other):
    (made / other).parent.mkdir(exist_ok=True)
    (made / other).touch()
    with pytest.raises(BundleError, match=f"holds other files as well, which would be lost.*{other}"):
        checked(made)


def test_a_new_and_an_empty_folder_may_be_written_and_others_may_not(tmp_path):
    assert checked(tmp_path / "new") == tmp_path / "new"
    assert checked(tmp_path) == tmp_path
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(BundleError, match=r"is no export of tfft.*thesis\.txt"):
        checked(tmp_path)
    with pytest.raises(BundleError, match=r"is no export of tfft.*a file"):
        checked(tmp_path / "thesis.txt")
    with pytest.raises(BundleError, match="is no export of tfft"):
        comparison_of(tmp_path)


@pytest.mark.parametrize("path", ["", None, 7, b"made"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(BundleError, match="takes the path of a folder"):
        checked(path)
