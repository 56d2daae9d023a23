"""Addresses of bundles at Hugging Face: ``hf://owner/name``, perhaps with ``@`` and a branch, a tag or a commit hash."""

import re
from dataclasses import dataclass, replace
from typing import Any

from tfft.core.errors import BundleError

PREFIX = "hf://"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_LONGEST = 250


@dataclass(frozen=True)
class Repository:
    """A repository, and one of its revisions.

    Attributes:
        name: ``"owner/name"``.
        revision: A branch, a tag or a commit hash; empty for the newest revision.

    Example:
        >>> str(Repository("ann/flowers").at("v1")), Repository("ann/flowers").page
        ('hf://ann/flowers@v1', 'https://huggingface.co/ann/flowers')
    """

    name: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}{self.name}" + (f"@{self.revision}" if self.revision else "")

    def at(self, revision: str) -> "Repository":
        """Return the same repository at another revision."""
        return replace(self, revision=revision)

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit hash, so that its files never change."""
        return _COMMIT.fullmatch(self.revision) is not None

    @property
    def page(self) -> str:
        """The address of its page for a browser."""
        return f"https://huggingface.co/{self.name}"


def is_hub(path: Any) -> bool:
    """Return whether a path is the address of a repository.

    Args:
        path: The path of a bundle.

    Returns:
        True for texts that begin with ``hf://``.

    Example:
        >>> is_hub("hf://ann/flowers"), is_hub("flowers.tfft")
        (True, False)
    """
    return isinstance(path, str) and path.startswith(PREFIX)


def parsed(handle: str) -> Repository:
    """Read the address of a repository.

    Args:
        handle: ``hf://owner/name`` or ``hf://owner/name@revision``.

    Returns:
        The repository.

    Raises:
        BundleError: When the address has another form.

    Example:
        >>> parsed("hf://ann/flowers@v1").revision
        'v1'
        >>> parsed("hf://flowers")
        Traceback (most recent call last):
        tfft.core.errors.BundleError: 'hf://flowers' is not the address of a bundle at Hugging Face. Write hf://owner/name, ...
    """
    name, at, revision = handle.removeprefix(PREFIX).partition("@")
    fits = _NAME.fullmatch(name) and (_REVISION.fullmatch(revision) if at else True)
    if not fits or ".." in handle or "--" in name or len(handle) > _LONGEST:
        raise BundleError(
            f"{handle[:_LONGEST]!r} is not the address of a bundle at Hugging Face.",
            fix="Write hf://owner/name, or hf://owner/name@revision with a branch, a tag or a commit hash.",
        )
    return Repository(name, revision)
