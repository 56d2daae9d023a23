"""An address names one repository and perhaps one revision; everything else is refused."""

import pytest

from tfft.bundles.hub_handles import Repository, is_hub, parsed
from tfft.core.errors import BundleError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("handle", "name", "revision"),
    [
        ("hf://ann/flowers", "ann/flowers", ""),
        ("hf://Ann-1/flowers_v2.0@v1.0", "Ann-1/flowers_v2.0", "v1.0"),
        ("hf://ann/flowers@refs/pr/1", "ann/flowers", "refs/pr/1"),
        (f"hf://ann/flowers@{COMMIT}", "ann/flowers", COMMIT),
    ],
)
def test_an_address_has_a_repository_and_a_revision(handle: str, name: str, revision: str) -> None:
    found = parsed(handle)
    assert (found.name, found.revision, str(found)) == (name, revision, handle)
    assert found.is_pinned == (revision == COMMIT)


@pytest.mark.parametrize(
    "handle",
    [
        *(
            "hf://",
            "hf://flowers",
            "hf://ann/flowers/x",
            "hf://../flowers",
            "hf://ann/..",
            "hf://ann/a..b",
            "hf://ann/flowers@",
        ),
        *(
            "hf://ann/flowers@../x",
            "hf://ann/flowers@/etc",
            "hf:///etc/passwd",
            "hf://ann/flo wers",
            "hf://ann/flowers@a@b",
        ),
        *("hf://ann/a--b", "hf://änn/flowers", "hf://ann/flowers\n", "hf://https://huggingface.co/ann/flowers"),
        "hf://a/" + "b" * 300,
    ],
)
def test_another_form_is_refused(handle: str) -> None:
    with pytest.raises(
        BundleError, match=r"is not the address of a bundle.*Write hf://owner/name, or .*@revision"
    ) as caught:
        parsed(handle)
    assert len(str(caught.value)) < 500


def test_a_repository_at_a_commit_has_an_address_of_its_own() -> None:
    assert str(Repository("ann/flowers", "main").at(COMMIT)) == f"hf://ann/flowers@{COMMIT}"
    assert [is_hub(path) for path in ("hf://ann/flowers", "hf:/ann/flowers", "m.tfft", None)] == [
        True,
        False,
        False,
        False,
    ]
