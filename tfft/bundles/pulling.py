"""Read a bundle from Hugging Face: its own files alone, checked before they are downloaded, at one commit."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tfft.bundles import hub_client, records
from tfft.bundles.contents import MANIFEST, NET, README, TOKENIZER, is_file
from tfft.bundles.hub_handles import Repository, parsed
from tfft.core import limits, regular_files, strict_json
from tfft.core.errors import BundleError, shortlist
from tfft.core.hub_network import CONNECT

# files of KerasHub, Transformers, timm, or a SavedModel
_PRETRAINED = ("config.json", "saved_model.pb", "keras_metadata.pb")


def pin(handle: str) -> Repository:
    """Find the commit of a revision now, so that everything that follows reads the same files.

    Args:
        handle: ``hf://owner/name``, perhaps with ``@revision``.

    Returns:
        The repository at a commit. Without a connection, the newest commit in the client's cache.

    Raises:
        BundleError: When the address is invalid, there is no such revision, or there is no connection and the bundle is not in
            the cache.
    """
    repository = parsed(handle)
    if repository.is_pinned:
        return repository
    if reason := hub_client.unreachable():
        held = hub_client.cached(repository, MANIFEST)
        if held is None:
            raise _not_here(repository, reason)
        return repository.at(held.parent.name)
    return repository.at(hub_client.look(repository).commit)


@contextmanager
def pulled(handle: str) -> Iterator[tuple[Path, Repository]]:
    """Download a bundle, unless it is in the client's cache, and copy its files to a temporary folder.

    Args:
        handle: ``hf://owner/name``, perhaps with ``@revision``.

    Yields:
        The folder, whose content is still to be checked, and the repository at its commit.

    Raises:
        BundleError: As ``pin``; when the repository holds no bundle, or its files exceed a limit.
    """
    repository = pin(handle)
    if reason := hub_client.unreachable():
        held = [hub_client.cached(repository, name) for name in (NET, MANIFEST)]
    else:
        wanted = _wanted(repository, hub_client.listing(repository, TOKENIZER))
        held = [hub_client.download(repository, name) for name in wanted]
    if held[-1] is None or None in held:
        raise _not_here(repository, reason)
    if not reason and not (asked := parsed(handle)).is_pinned:
        hub_client.remember(asked, held[-1])
    with tempfile.TemporaryDirectory(prefix="tfft-") as folder:
        _copy(held[-1].parent, Path(folder), repository)
        if reason and (lacking := _lacking(Path(folder))):
            raise _not_here(repository, f"{reason}; the cache lacks {lacking}")
        yield Path(folder), repository


def _wanted(repository: Repository, there: Mapping[str, int]) -> list[str]:
    """The names of the files to download; names that a bundle does not have are left out."""
    if MANIFEST not in there or NET not in there:
        pretrained = any(name in there for name in _PRETRAINED)
        raise BundleError(
            f"{str(repository)!r} holds no bundle of tfft.",
            shortlist(sorted(there)) if there else "no files",
            f'To train a pretrained network from there, write tfft.build("hf://{repository.name}", task).'
            if pretrained
            else "Write the address of a repository that tfft.export() wrote.",
        )
    wanted = [name for name in there if is_file(name) or (name == README and records.CARD not in there)]
    limits.check("bundle_bytes", sum(there[name] for name in wanted), f"the files of {repository}", BundleError)
    for name in (MANIFEST, README, records.CARD, *records.RECORDS):
        limits.check("json_bytes", there.get(name, 0), f"{name} of {repository}", BundleError)
    # the manifest is the last one, and lies at the top
    return sorted(wanted, key=lambda name: (name == MANIFEST, name))


def _copy(snapshot: Path, folder: Path, repository: Repository) -> None:
    """Copy the files of a bundle out of the client's cache, where they are links to contents beside them."""
    cache = snapshot.parent.parent.resolve()
    names = [path.relative_to(snapshot).as_posix() for path in (*snapshot.glob("*"), *snapshot.glob(f"{TOKENIZER}/*"))]
    card = records.CARD in names
    for name in (name for name in names if is_file(name) or (name == README and not card)):
        source = (snapshot / name).resolve()
        target = folder / (records.CARD if name == README else name)
        if not source.is_relative_to(cache):
            raise BundleError(
                f"A file of {str(repository)!r} in the cache of huggingface_hub leads out of it.",
                repr(name),
                f"Delete the folder {str(cache)!r} and load the bundle again.",
            )
        limits.check("bundle_bytes", regular_files.size_of(source), f"{name} of {repository}", BundleError)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)


def _lacking(folder: Path) -> str:
    """Name the first file that the manifest mentions and the cache does not have; other programs fill the cache as well."""
    values = strict_json.read_file(folder / MANIFEST, MANIFEST, BundleError)
    said = values if isinstance(values, dict) else {}
    noted, reader = said.get("records"), said.get("preprocessor")
    names = [name for name in records.RECORDS if isinstance(noted, dict) and name in noted]
    if isinstance(reader, dict) and "tokenizer" in reader and not any((folder / TOKENIZER).glob("*")):
        names.append(f"{TOKENIZER}/")
    return next((name for name in names if not (folder / name).exists()), "")


def _not_here(repository: Repository, reason: str) -> BundleError:
    return BundleError(
        f"{str(repository)!r} is not on this machine and cannot be downloaded.",
        reason,
        f"{CONNECT}; or copy the bundle from another machine, and pass its path.",
    )
