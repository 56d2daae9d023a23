"""The files of a bundle are known by name; names with tricks are not among them."""

import pytest

from tfft.bundles.contents import is_file


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "net.keras", "seen.json", "report.json", "report.md", "card.md", "tokenizer/tokenizer.json"],
)
def test_files_of_a_bundle(name: str) -> None:
    assert is_file(name)


@pytest.mark.parametrize(
    "name",
    [
        *("tokenizer", "tokenizer/", "tokenizer/..", "tokenizer/../x", "tokenizer/a/b", "tokenizer/.x", "tokenizer\\x"),
        *("../net.keras", "/etc/passwd", "net.keras/x", "model.py", "README.md", "", "tokenizer/a\nb"),
    ],
)
def test_other_names(name: str) -> None:
    assert not is_file(name)
