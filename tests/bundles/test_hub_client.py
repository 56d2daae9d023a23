"""The client of Hugging Face is called as its signatures say, and its errors become sentences without a token."""

import errno
import inspect
import traceback
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants, errors

import tfft
from tests import hub as fakes
from tests.hub_server import served
from tfft.bundles import hub_client
from tfft.bundles.hub_handles import Repository
from tfft.core.errors import BundleError

FLOWERS = Repository("ann/flowers")
SECRET = "hf_" + "aB3" * 10


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakes.Hub:
    return fakes.install(monkeypatch, tmp_path)


def test_the_functions_of_the_fake_have_names_and_arguments_of_the_real_client() -> None:
    names = ["repo_info", "repo_exists", "list_repo_tree", "hf_hub_download", "create_repo", "create_commit"]
    for name in names:
        real = inspect.signature(getattr(huggingface_hub.HfApi, name)).parameters
        for parameter in inspect.signature(getattr(fakes.Hub, name)).parameters.values():
            assert real[parameter.name].kind == parameter.kind, (name, parameter.name)
    cached = inspect.signature(huggingface_hub.try_to_load_from_cache).parameters
    assert list(cached)[:2] == ["repo_id", "filename"]
    assert "revision" in cached


def test_the_real_client_names_tfft_and_asks_nobody() -> None:
    made = hub_client.client()
    assert made.library_name == "tfft"
    assert made.token is None  # the client finds the token itself


def test_a_repository_is_listed_at_its_top_and_in_one_folder(hub: fakes.Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a.json": b"12", "tokenizer/v.txt": b"123", "tokenizer/deep/x": b"", "other/x": b"1"}
    commit = hub.add("ann/flowers", files)
    at = FLOWERS.at(hub_client.look(FLOWERS).commit)
    assert at.revision == commit
    assert hub_client.listing(at, "tokenizer") == {"a.json": 2, "tokenizer/v.txt": 3}
    assert hub_client.listing(at, "nowhere") == {"a.json": 2}
    monkeypatch.setenv("TFFT_MAX_ARCHIVE_MEMBERS", "2")
    with pytest.raises(BundleError, match=r"3 members are more than the limit\. Got: limit 2"):
        hub_client.listing(at, "tokenizer")


def test_a_file_is_in_the_cache_once_it_was_downloaded(hub: fakes.Hub) -> None:
    at = FLOWERS.at(hub.add("ann/flowers", {"a.json": b"12"}))
    assert hub_client.cached(at, "a.json") is None
    path = hub_client.download(at, "a.json")
    assert path.read_bytes() == b"12"
    assert hub_client.cached(at, "a.json") == path
    assert hub_client.cached(FLOWERS, "a.json") is None
    hub_client.remember(FLOWERS, path)
    hub_client.remember(FLOWERS.at("refs/pr/1"), path)
    assert hub_client.cached(FLOWERS, "a.json") == hub_client.cached(FLOWERS.at("refs/pr/1"), "a.json") == path


CASES = {
    "gated": (fakes.error(errors.GatedRepoError, 403), r"is gated.*Ask for access at https://huggingface\.co/ann/flowers.*hf auth"),
    "private": (fakes.error(errors.RepositoryNotFoundError, 401), r"does not exist, or it is private.*hf auth login.*HF_TOKEN"),
    "missing": (fakes.error(errors.RepositoryNotFoundError, 404), r"'hf://ann/flowers' does not exist.*Check the name"),
    "revision": (fakes.error(errors.RevisionNotFoundError, 404), r"no such revision.*Leave out the part after @"),
    "login": (fakes.error(errors.HfHubHTTPError, 401, "Invalid token"), r"does not accept your login.*status 401: Invalid token"),
    "permission": (fakes.error(errors.HfHubHTTPError, 403, "No rights"), r"does not allow to write 'hf://ann/flowers'.*No rights"),
    "file": (fakes.error(errors.RemoteEntryNotFoundError, 404), r"A file of 'hf://ann/flowers' does not exist"),
    "conflict": (fakes.error(errors.HfHubHTTPError, 412), r"changed by somebody else at the same time.*Try again"),
    "rate": (fakes.error(errors.HfHubHTTPError, 429), r"refuses more requests.*Wait some minutes"),
    "fault": (fakes.error(errors.HfHubHTTPError, 503), r"has a fault at the moment.*503.*Try again later"),
    "no token": (errors.LocalTokenNotFoundError("Token is required"), r"not logged in.*hf auth login"),
    "offline": (errors.OfflineModeIsEnabled("Cannot reach"), r"no connection to Hugging Face.*OfflineModeIsEnabled"),
    "network": (ConnectionError("refused"), r"no connection to Hugging Face\. Got: ConnectionError: refused"),
    "metadata": (ValueError("Invalid metadata in README.md.\n- \"license\" must be one of"), r"the metadata.*license.*card\.md"),
    "not cached": (errors.LocalEntryNotFoundError("Cannot find"), r"no connection to Hugging Face.*Cannot find"),
    "other": (RuntimeError("strange"), r"not possible to write 'hf://ann/flowers'\. Got: RuntimeError: strange"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_failure_says_what_was_wrong_and_what_to_do(case: str) -> None:
    raised, expected = CASES[case]
    with pytest.raises(BundleError, match=f"(?s){expected}") as caught, hub_client.explained(FLOWERS, "write"):
        raise raised
    assert caught.value.fix


@pytest.mark.parametrize(
    "raised",
    [
        RuntimeError(f"Illegal header value b'Bearer {SECRET}\\n'"),
        fakes.error(errors.HfHubHTTPError, 403, f"the token {SECRET} may not"),
        ValueError(f"Invalid metadata in README.md. {SECRET}"),
    ],
)
def test_a_token_is_in_no_message_and_no_traceback(raised: Exception) -> None:
    with pytest.raises(BundleError) as caught, hub_client.explained(FLOWERS, "write"):
        raise raised
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in str(caught.value)
    assert SECRET not in shown


def test_control_characters_of_a_server_are_escaped() -> None:
    with pytest.raises(BundleError) as caught, hub_client.explained(FLOWERS, "read"):
        raise fakes.error(errors.HfHubHTTPError, 400, "\x1b[31mred")
    assert "\x1b" not in str(caught.value)


def test_offline_mode_refuses_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setenv("TFFT_OFFLINE", "1")
    assert hub_client.unreachable().startswith("offline mode is on")
    with pytest.raises(BundleError, match="no connection to Hugging Face"), hub_client.explained(FLOWERS, "read"):
        socket.create_connection(("huggingface.co", 443), timeout=1)


def test_the_real_client_writes_a_bundle_and_reads_it_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", SECRET)
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]), seed=1)
    local = tfft.export(model, tmp_path / "m.tfft")
    with served() as (store, address):
        monkeypatch.setattr(hub_client, "client", lambda: huggingface_hub.HfApi(endpoint=address, library_name="tfft"))
        monkeypatch.setattr(hub_client, "no_connection", lambda: "")
        pushed = tfft.export(local, "hf://ann/words")
        assert store.private == {"ann/words": True}
        first, second = store.commits["ann/words"]
        assert set(second[1]) == {
            ".gitattributes",
            "README.md",
            "manifest.json",
            "net.keras",
            "tokenizer/tokenizer.json",
        }
        assert str(pushed) == f"hf://ann/words@{second[0]}"
        loaded = tfft.load("hf://ann/words")
        assert loaded.origin == str(pushed)
        assert loaded.predict("a bee") == tfft.load(local).predict("a bee")
        again = tfft.export(local, "hf://ann/words")
        assert set(again.replaced) == set(again.written)
        store.requests.clear()
        assert tfft.load(f"hf://ann/words@{second[0]}").origin == str(pushed)
        assert not [each for each in store.requests if "/resolve/" in each], "files come from the cache"
        for handle, said in (
            ("hf://ann/nothing", "does not exist, or it is private"),
            ("hf://ann/words@v9", "no such revision"),
        ):
            with pytest.raises(BundleError, match=said):
                tfft.load(handle)
        with pytest.raises(BundleError, match="holds no bundle of tfft"):
            tfft.load(f"hf://ann/words@{first[0]}")
    monkeypatch.setattr(hub_client, "no_connection", lambda: "HF_HUB_OFFLINE is set")
    assert tfft.load("hf://ann/words@main").origin == str(pushed)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.ENOSPC, "Free some space; or .*HF_HOME"),
        (errno.EDQUOT, "Free some space"),
        (errno.EACCES, "Allow to write there; or .*HF_HOME"),
        (errno.ENOTDIR, "Check the address"),
    ],
)
def test_a_fault_of_the_disk_is_not_taken_for_one_of_the_network(number: int, fix: str) -> None:
    with pytest.raises(BundleError, match=fix), hub_client.explained(FLOWERS, "read"):
        raise OSError(number, "of the disk")


def test_a_cache_that_may_only_be_read_notes_nothing(hub: fakes.Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hub_client.download(FLOWERS.at(hub.add("ann/flowers", {"a.json": b"12"})), "a.json")

    def closed(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(hub_client.files, "write_text", closed)
    hub_client.remember(FLOWERS, path)
    assert hub_client.cached(FLOWERS, "a.json") is None
