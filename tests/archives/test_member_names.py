"""Names in an archive are accepted only if they are plain and different on every file system."""

import pytest

from tfft.archives.member_names import MemberNames


@pytest.mark.parametrize(
    "name",
    [
        "saved_model.pb",
        "./assets/vocab.txt",
        "variables/variables.data-00000-of-00001",
        "资产/词表.txt",
        "a b/c.d",
        "..a/b",
    ],
)
def test_plain_names_are_accepted(name):
    assert MemberNames().add(name, is_folder=False) == ""


@pytest.mark.parametrize("name", [".", "./", "assets/", "a/./b"])
def test_folders_are_accepted(name):
    assert MemberNames().add(name, is_folder=True) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "..",
        "a/../b",
        "a/..",
        "a\\b",
        "c:",
        "C:/b",
        "a:stream",
        "a\0b",
        "a\x1b[2J",
        "a\u202eb",
        "\udcff",
        "a/",
        "a.",
        "a /b",
        "NUL",
        "com1.txt",
        "x" * 256,
        "x/" * 600 + "x",
    ],
)
def test_other_names_are_refused(name):
    assert MemberNames().add(name, is_folder=False) != ""


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("a", "a"),
        ("a", "A"),
        ("Straße", "STRASSE"),
        ("\u00e9", "e\u0301"),
        ("\ufb01le", "file"),
        ("a", "a/b"),
        ("a/b", "a"),
    ],
)
def test_files_that_overwrite_each_other_somewhere_are_refused(one, two):
    names = MemberNames()
    assert names.add(one, is_folder=False) == ""
    assert names.add(two, is_folder=False) != ""


def test_a_folder_may_appear_twice_but_not_in_two_spellings():
    names = MemberNames()
    assert [names.add(name, is_folder=True) for name in ("a", "a/", "./a")] == ["", "", ""]
    assert names.add("A/b", is_folder=False) != ""


def test_parent_folders_count_as_members():
    names = MemberNames()
    names.add("a/b/c", is_folder=False)
    assert len(names) == 3
