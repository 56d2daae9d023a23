"""Ask Hugging Face through its own client, ``huggingface_hub``; errors of the client become sentences.

All connections of bundles are made here. The client finds the user's token itself: tfft never reads, shows or stores it.
"""

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tfft.bundles.hub_handles import Repository
from tfft.core import files, limits, versions
from tfft.core.errors import BundleError, TfftError
from tfft.core.hub_network import no_connection
from tfft.core.offline import disconnected
from tfft.core.terminal import plain

_KIND = "model"
_NEWEST = "main"
_LOG_IN = "Log in with `hf auth login`, or set the environment variable HF_TOKEN."
_TOKEN = re.compile(r"(Bearer\s+|hf_|api_org_)[^\s'\",;)]+")
_NETWORK = (
    "OfflineModeIsEnabled",
    "OfflineError",
    "LocalEntryNotFoundError",
    "ConnectionError",
    "TransportError",
    "TimeoutError",
)
# class of the client's exceptions -> what was wrong, and how to fix it; the first that fits
_BY_CLASS = (
    ("GatedRepoError", "{shown} is gated: its owner decides who may read it.", "Ask for access at {page}. " + _LOG_IN),
    ("DisabledRepoError", "{shown} was disabled by Hugging Face.", "Use another repository."),
    ("RevisionNotFoundError", "{shown} does not exist: the repository has no such revision.",
     "Leave out the part after @, or write a branch, a tag or a commit hash from {page}."),
    ("RepositoryNotFoundError", "{shown} does not exist, or it is private and you may not read it.",
     "Check the name. For a private repository: " + _LOG_IN),
    ("LocalTokenNotFoundError", "You are not logged in at Hugging Face.", _LOG_IN),
)  # fmt: skip
_BY_STATUS = {
    401: ("Hugging Face does not accept your login.", _LOG_IN),
    403: ("Your token does not allow to {doing} {shown}.",
          "Use a token with this permission, https://huggingface.co/settings/tokens, and your own name or organization."),
    409: ("{shown} was changed by somebody else at the same time.", "Try again."),
    412: ("{shown} was changed by somebody else at the same time.", "Try again."),
    429: ("Hugging Face refuses more requests from you for now.", "Wait some minutes, and try again. " + _LOG_IN),
}  # fmt: skip

_HOME = "set the environment variable HF_HOME to another folder before Python starts."
# the disk, and not the network
_BY_NUMBER = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), f"Free some space; or {_HOME}"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), f"Allow to write there; or {_HOME}"),
}


class Found(NamedTuple):
    """A repository as it is now.

    Attributes:
        commit: The commit hash of the revision.
        private: Whether only its owner can read it.
    """

    commit: str
    private: bool


def client() -> Any:
    """Return the client; tests replace this function."""
    import huggingface_hub

    return huggingface_hub.HfApi(library_name="tfft", library_version=versions.installed(("tfft",))["tfft"])


def unreachable() -> str:
    """Return the reason why there is no connection to Hugging Face; an empty string when there is one."""
    with disconnected():
        return no_connection()


def look(repository: Repository) -> Found:
    """Look at a repository.

    Args:
        repository: The repository, and perhaps a revision.

    Returns:
        The commit hash of the revision, and whether the repository is private.

    Raises:
        BundleError: When there is no such repository or revision, or it cannot be read.
    """
    with explained(repository, "read"):
        found = client().repo_info(
            repository.name, revision=repository.revision or None, repo_type=_KIND, expand=["sha", "private"]
        )
    if not repository.at(str(found.sha)).is_pinned:
        raise BundleError(f"{repository} has no commit.", plain(found.sha)[:100], "Check the address.")
    return Found(found.sha, bool(found.private))


def exists(repository: Repository) -> bool:
    """Return whether there is a repository that this user can see.

    Args:
        repository: The repository.

    Returns:
        False also for a private repository of somebody else.

    Raises:
        BundleError: When Hugging Face cannot be asked.
    """
    with explained(repository, "read"):
        return bool(client().repo_exists(repository.name, repo_type=_KIND))


def listing(repository: Repository, folder: str) -> dict[str, int]:
    """List the files at the top of a repository and in one of its folders, without those further below.

    Args:
        repository: The repository at a commit.
        folder: The name of the folder; it need not exist.

    Returns:
        The path of each file -> its size in bytes.

    Raises:
        BundleError: When there are more than ``archive_members``, or they cannot be listed.
    """
    rows: list[Any] = []
    most = limits.highest("archive_members")
    for place in (None, folder):
        if place is None or any(row.path == folder for row in rows):
            with explained(repository, "read"):
                tree = client().list_repo_tree(repository.name, place, revision=repository.revision, repo_type=_KIND)
                # the client asks for one page after the other
                rows += islice(tree, most + 1)
            limits.check("archive_members", len(rows), f"the files of {repository}", BundleError)
    return {row.path: row.size for row in rows if hasattr(row, "size")}


def download(repository: Repository, name: str) -> Path:
    """Download a file into the client's cache, unless it is there.

    Args:
        repository: The repository at a commit.
        name: The path of the file in it.

    Returns:
        The path in the cache: a link to the content.

    Raises:
        BundleError: When it cannot be downloaded.
    """
    with explained(repository, "read"):
        return Path(client().hf_hub_download(repository.name, name, repo_type=_KIND, revision=repository.revision))


def cached(repository: Repository, name: str) -> Path | None:
    """Find a file in the client's cache, without a connection.

    Args:
        repository: The repository; without a revision, the newest one that was used.
        name: The path of the file in it.

    Returns:
        Its path, ``snapshots/<commit>/<name>``; None when it is not there.
    """
    import huggingface_hub

    found = huggingface_hub.try_to_load_from_cache(repository.name, name, revision=repository.revision or _NEWEST)
    return Path(found) if isinstance(found, str) else None


def remember(repository: Repository, held: Path) -> None:
    """Note in the client's cache which commit a branch or tag has, so that it is found without a connection.

    The client notes it only where it downloads a file of the branch, and not for the files of a commit. In a cache that may only be
    read, nothing is noted.

    Args:
        repository: The repository with the branch or tag; without a revision, its newest one.
        held: The path of a file at the top of the repository in the cache, ``snapshots/<commit>/<name>``.

    Source:
        "refs" in https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
    """
    note = held.parent.parent.parent / "refs" / (repository.revision or _NEWEST)
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(note, held.parent.name)


def create(repository: Repository, private: bool) -> None:
    """Make an empty repository.

    Args:
        repository: The repository.
        private: Whether only its owner can read it.

    Raises:
        BundleError: When it cannot be made.
    """
    with explained(repository, "write"):
        client().create_repo(repository.name, private=private, repo_type=_KIND)


def commit(
    repository: Repository, added: dict[str, Path], deleted: Sequence[str], message: str, parent: str | None
) -> str:
    """Change the files of a repository in one commit: either all of them change, or none.

    Args:
        repository: The repository.
        added: The path of each file in the repository -> the file on this machine.
        deleted: The paths of files to delete.
        message: The commit message.
        parent: The commit hash that the repository must have; None for a new one.

    Returns:
        The new commit hash.

    Raises:
        BundleError: When the upload fails, or somebody else changed the repository.
    """
    import huggingface_hub

    operations: list[Any] = [
        huggingface_hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(path)) for name, path in added.items()
    ]
    operations += [huggingface_hub.CommitOperationDelete(path_in_repo=name) for name in deleted]
    with explained(repository, "write"):
        done = client().create_commit(
            repository.name, operations, commit_message=message, repo_type=_KIND, parent_commit=parent
        )
    return str(done.oid)


@contextmanager
def explained(repository: Repository, doing: str) -> Iterator[None]:
    """Turn exceptions of the client into errors of tfft; with offline mode, connections are refused.

    Args:
        repository: The repository, for messages.
        doing: ``"read"`` or ``"write"``.

    Raises:
        BundleError: In place of every exception. Its message and its cause hold no token.
    """
    try:
        with disconnected():
            yield
    except TfftError:
        raise
    except Exception as error:  # the client raises its own exceptions, those of httpx, and those of Python
        # not "from error": the text of some exceptions of httpx holds the token
        raise _error(error, repository, doing) from None


def _error(error: Exception, repository: Repository, doing: str) -> BundleError:
    classes = [kind.__name__ for kind in type(error).__mro__]
    status = getattr(getattr(error, "response", None), "status_code", None)
    said = str(getattr(error, "server_message", None) or error or type(error).__name__)
    text = plain(_TOKEN.sub("...", (said.strip().splitlines() or [""])[0]))[:200].rstrip(".")
    got = f"status {status}: {text}" if status is not None else f"{type(error).__name__}: {text}"
    fixed = {"shown": repr(str(repository)), "page": repository.page, "doing": doing}
    for name, what, fix in _BY_CLASS:
        if name in classes:
            return BundleError(what.format(**fixed), got, fix.format(**fixed))
    if status in _BY_STATUS:
        what, fix = _BY_STATUS[status]
        return BundleError(what.format(**fixed), got, fix)
    if status is not None and status >= 500:
        return BundleError("Hugging Face has a fault at the moment.", got, "Try again later.")
    if any(name in classes for name in _NETWORK):
        return BundleError("There is no connection to Hugging Face.", got, "Connect to the network, and try again.")
    if "EntryNotFoundError" in classes:
        return BundleError(f"A file of {fixed['shown']} does not exist.", got, "Check the address.")
    if "Invalid metadata" in said:
        return BundleError(
            "Hugging Face refuses the metadata of the model card.",
            plain(_TOKEN.sub("...", said))[:500],
            "Correct the first lines of card.md in the bundle.",
        )
    number = error.errno if isinstance(error, OSError) else None
    fix = _BY_NUMBER.get(number or 0, "Check the address and your login.")
    return BundleError(f"It was not possible to {doing} {fixed['shown']}.", got, fix)
