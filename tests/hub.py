"""A hub in memory behind the functions of ``huggingface_hub`` that tfft calls; each call must fit the signature of the real one."""

import hashlib
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants, errors
from huggingface_hub.hf_api import RepoFile, RepoFolder

from tfft.bundles import hub_client


class Hub:
    """Repositories in memory.

    Attributes:
        repositories: Name -> private, and commits in order: hash and path -> content.
        calls: The name of each function that was called, and its arguments.
        fails: The name of a function -> the exception that it raises.
        online: Whether there is a connection.
        sizes: Path -> the size that the listing states, where it is not that of the content.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.repositories: dict[str, SimpleNamespace] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fails: dict[str, Exception] = {}
        self.online = True
        self.sizes: dict[str, int] = {}

    def add(self, name: str, files: dict[str, bytes], private: bool = False) -> str:
        """Put files into a repository as a new commit, and return its hash."""
        found = self.repositories.setdefault(name, SimpleNamespace(private=private, commits=[]))
        commit = hashlib.sha1(f"{name}{len(found.commits)}".encode()).hexdigest()
        found.commits.append((commit, dict(files)))
        return commit

    def add_folder(self, name: str, folder: Path, **options: Any) -> str:
        """Put all files of a folder into a repository."""
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return self.add(name, files, **options)

    def files(self, name: str) -> dict[str, bytes]:
        """The files of the newest commit."""
        return self.repositories[name].commits[-1][1]

    def called(self, name: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a function."""
        return [arguments for called, arguments in self.calls if called == name]

    def _at(self, repo_id: str, revision: str | None) -> tuple[str, dict[str, bytes]]:
        if repo_id not in self.repositories:
            raise error(errors.RepositoryNotFoundError, 404)
        commits = self.repositories[repo_id].commits
        for commit, files in reversed(commits):
            if revision in (None, "main", commit):
                return commit, files
        raise error(errors.RevisionNotFoundError, 404)

    # the functions of the client

    def repo_info(self, repo_id, *, revision=None, repo_type=None, expand=None):
        commit, _ = self._at(repo_id, revision)
        return SimpleNamespace(sha=commit, private=self.repositories[repo_id].private)

    def repo_exists(self, repo_id, *, repo_type=None):
        return repo_id in self.repositories

    def list_repo_tree(self, repo_id, path_in_repo=None, *, revision=None, repo_type=None):
        _, files = self._at(repo_id, revision)
        start = "" if path_in_repo is None else f"{path_in_repo}/"
        folders = set()
        for name, content in files.items():
            if not name.startswith(start):
                continue
            first, below, _ = name.removeprefix(start).partition("/")
            if not below:
                yield RepoFile(path=name, size=self.sizes.get(name, len(content)), oid="0" * 40)
            elif first not in folders:
                folders.add(first)
                yield RepoFolder(path=start + first, oid="0" * 40)

    def hf_hub_download(self, repo_id, filename, *, repo_type=None, revision=None):
        commit, files = self._at(repo_id, revision)
        home = self.cache / f"models--{repo_id.replace('/', '--')}"
        link = home / "snapshots" / commit / filename
        if not link.exists():
            blob = home / "blobs" / hashlib.sha256(files[filename]).hexdigest()
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(files[filename])
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(blob)
        return str(link)

    def create_repo(self, repo_id, *, private=None, repo_type=None):
        if repo_id in self.repositories:
            raise error(errors.HfHubHTTPError, 409)
        self.add(repo_id, {".gitattributes": b""}, private=bool(private))

    def create_commit(self, repo_id, operations, *, commit_message, repo_type=None, parent_commit=None):
        commit, files = self._at(repo_id, None)
        if parent_commit not in (None, commit):
            raise error(errors.HfHubHTTPError, 412)
        files = dict(files)
        for operation in operations:
            if isinstance(operation, huggingface_hub.CommitOperationDelete):
                del files[operation.path_in_repo]
            else:
                files[operation.path_in_repo] = Path(operation.path_or_fileobj).read_bytes()
        return SimpleNamespace(oid=self.add(repo_id, files))


class Client:
    """What ``hub_client.client`` returns: the functions of a hub, called as the real ones may be called."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        real = inspect.signature(getattr(huggingface_hub.HfApi, name))

        def call(*positional: Any, **named: Any) -> Any:
            arguments = real.bind(self, *positional, **named).arguments
            self._hub.calls.append((name, {key: value for key, value in arguments.items() if key != "self"}))
            if name in self._hub.fails:
                raise self._hub.fails[name]
            return getattr(self._hub, name)(*positional, **named)

        return call


def error(kind: type[Exception], status: int, said: str = "") -> Exception:
    """An exception of the client, as it raises it for an answer of the server."""
    response = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind(f"{status} Client Error", response=response, server_message=said or None)


def install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Hub:
    """Put a hub in the place of Hugging Face, with a cache of its own."""
    hub = Hub(folder / "cache")
    monkeypatch.setattr(hub_client, "client", lambda: Client(hub))
    monkeypatch.setattr(
        hub_client, "no_connection", lambda: "" if hub.online else "no connection to huggingface.co: no route"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(hub.cache))
    return hub
