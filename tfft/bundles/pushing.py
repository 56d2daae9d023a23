"""Write a bundle to a repository at Hugging Face: its own files alone, in one commit, private by default."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfft.bundles import hub_client
from tfft.bundles.card import USE
from tfft.bundles.contents import MANIFEST, README, TOKENIZER, is_file
from tfft.bundles.copying import names_of
from tfft.bundles.hub_client import Found
from tfft.bundles.hub_handles import Repository, parsed
from tfft.bundles.records import CARD, REPORT
from tfft.core import limits, strict_json, versions
from tfft.core.errors import BundleError, quantity, shortlist
from tfft.core.private_paths import without_folder, without_folders

_UNKNOWN = 'license: "unknown"'


@dataclass(frozen=True)
class Pushed:
    """What was written to a repository; ``tfft.load`` takes it like a path.

    Attributes:
        handle: The address with the commit, which ``tfft.load`` reads.
        page: The address of the page for a browser.
        is_public: Whether everybody can read it.
        written: The names of the files in the commit.
        replaced: Those of them that the repository had before.
        deleted: Files of the older bundle that the new one does not have.
        remarks: Sentences about what is left to do.
    """

    handle: str
    page: str
    is_public: bool
    written: tuple[str, ...]
    replaced: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.handle

    def __fspath__(self) -> str:
        return self.handle

    def describe(self) -> str:
        """Return lines that say what was written, what was replaced, and who can read it."""
        lines = [
            f"wrote {self.handle}: {quantity(len(self.written), 'file')}, "
            f"{'public' if self.is_public else 'private'}, {self.page}"
        ]
        if self.replaced:
            lines.append(f"replaced {', '.join(self.replaced)}; the older files stay in the history")
        if self.deleted:
            lines.append(f"deleted {', '.join(self.deleted)}, which the older bundle had")
        return "\n".join((*lines, *self.remarks))


def check_address(handle: str) -> Repository:
    """Check the address that a bundle is written to, before anything is computed.

    Args:
        handle: ``hf://owner/name``.

    Returns:
        The repository.

    Raises:
        BundleError: When the address is invalid, or has a revision.
    """
    repository = parsed(handle)
    if repository.revision:
        raise BundleError(
            "A bundle is written to the newest revision of a repository.",
            repr(handle),
            f'Leave out the part after @: "hf://{repository.name}".',
        )
    return repository


def push(folder: Path, handle: str, public: bool = False) -> Pushed:
    """Write a bundle to a repository, which is created where it does not exist.

    All files change in one commit, so after a failure the repository has its older revision. The model card becomes ``README.md``;
    its line that loads the model gets the address, unless somebody edited it.

    Args:
        folder: The folder of a bundle that was checked.
        handle: ``hf://owner/name``.
        public: Whether everybody may read a new repository.

    Returns:
        What was written.

    Raises:
        BundleError: When there is no connection, login or permission; when the repository holds other files with the names of a
            bundle; when the bundle names folders, as those of older versions do; when the repository is public or private and
            ``public`` says otherwise; or when somebody else changes it at the same time.
    """
    repository = check_address(handle)
    if reason := hub_client.unreachable():
        raise BundleError(
            f"{str(repository)!r} cannot be written.", reason, "Connect to the network, and export again."
        )
    _check_private(folder)
    added = {README if name == CARD else name: folder / name for name in names_of(folder)}
    before, held = _before(repository, public)
    replaced = sorted(set(added) & set(held))
    older = before is not None and MANIFEST in held and _is_bundle(repository.at(before.commit), held)
    if replaced and not older:
        raise BundleError(
            f"{str(repository)!r} holds other files with the names of a bundle.",
            shortlist(replaced),
            "Delete them there, or choose the name of a new repository.",
        )
    deleted = sorted(name for name in held if is_file(name) and name not in added) if older else []
    if before is None:
        hub_client.create(repository, private=not public)
    message = f"Bundle of tfft {versions.installed(('tfft',))['tfft']}"
    with tempfile.TemporaryDirectory(prefix="tfft-") as place:
        sent = added | ({README: _page(added[README], repository, Path(place))} if README in added else {})
        commit = hub_client.commit(repository, sent, deleted, message, None if before is None else before.commit)
    return Pushed(
        str(repository.at(commit)),
        repository.page,
        public,
        tuple(added),
        tuple(replaced),
        tuple(deleted),
        _remarks(added),
    )


def _check_private(folder: Path) -> None:
    """Refuse a bundle of an older version that names folders: the manifest holds the digest of its report."""
    backbone = strict_json.read_file(folder / MANIFEST, MANIFEST, BundleError)["backbone"]
    cut = without_folders(backbone)
    found = [f"{key} {backbone[key]!r}"[:200] for key in backbone if cut[key] != backbone[key]]
    found += [f"{REPORT} {name!r}"[:200] for name in _reported(folder / REPORT) if without_folder(name) != name]
    if found:
        raise BundleError(
            "The bundle names folders of the machine where an older version wrote it; readers of the repository would see them.",
            "; ".join(found[:3]),
            "Export the model again with this version.",
        )


def _reported(path: Path) -> list[str]:
    """The names of backbone and worst examples in the report of a bundle, if it has one."""
    report = strict_json.read_file(path, REPORT, BundleError, nan=True) if path.is_file() else {}
    rows = report.get("worst") if isinstance(report, dict) else None
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    names = [report.get("model") if isinstance(report, dict) else None, *(row.get("name") for row in rows)]
    return [name for name in names if isinstance(name, str)]


def _page(card: Path, repository: Repository, folder: Path) -> Path:
    """Write the card with the address of the repository where it loads the model, unless somebody changed that line."""
    address = USE.replace("model.tfft", f"hf://{repository.name}")
    page = folder / README
    page.write_bytes(re.sub(rb"(?m)^%b(?=\r?$)" % re.escape(USE.encode()), address.encode(), card.read_bytes()))
    return page


def _before(repository: Repository, public: bool) -> tuple[Found | None, Mapping[str, int]]:
    """The repository as it is, and the sizes of its files; None when it does not exist."""
    if not hub_client.exists(repository):
        return None, {}
    found = hub_client.look(repository)
    if found.private == public:
        is_now, wanted = ("private", "public") if found.private else ("public", "private")
        raise BundleError(
            f"{str(repository)!r} exists and is {is_now}, but it was to be {wanted}.",
            repository.page,
            f"{'Leave out public=True' if public else 'Pass public=True to write to a public repository'}; or change its "
            "visibility on its page, under Settings.",
        )
    return found, hub_client.listing(repository.at(found.commit), TOKENIZER)


def _is_bundle(repository: Repository, held: Mapping[str, int]) -> bool:
    """Whether the manifest in a repository was written by tfft."""
    limits.check("config_bytes", held[MANIFEST], f"{MANIFEST} of {repository}", BundleError)
    path = hub_client.download(repository, MANIFEST)
    try:
        values = strict_json.read_file(path, MANIFEST, BundleError)
    except BundleError:
        return False
    return isinstance(values, dict) and {"format", "weights"} <= set(values)


def _remarks(added: Mapping[str, Path]) -> tuple[str, ...]:
    if README not in added:
        return (
            "The bundle has no model card, because an older version wrote it, so the page of the repository is empty.",
        )
    lines: Sequence[str] = added[README].read_text(encoding="utf-8", errors="replace").splitlines()
    if _UNKNOWN in lines:
        return (f"The licence in {README} is unknown: fill it in, in card.md or on the page of the repository.",)
    return ()
