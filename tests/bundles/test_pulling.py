"""A bundle from Hugging Face is read at one commit, checked before it is downloaded, and found again without a network."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tfft
from tests import hub as fakes
from tfft.bundles.pulling import pin, pulled
from tfft.core.errors import BundleError

IMAGE = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakes.Hub:
    return fakes.install(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]), seed=1)
    return tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]), seed=1)
    return tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")


def test_a_bundle_answers_as_the_one_on_disk_and_knows_its_commit(hub: fakes.Hub, bundle: Path) -> None:
    commit = hub.add_folder("ann/flowers", bundle)
    loaded = tfft.load("hf://ann/flowers")
    assert loaded.origin == f"hf://ann/flowers@{commit}"
    assert loaded.predict(IMAGE) == tfft.load(bundle).predict(IMAGE)
    assert tfft.load(bundle).origin == str(bundle)


def test_a_tokenizer_comes_with_the_bundle(hub: fakes.Hub, texts: Path) -> None:
    hub.add_folder("ann/words", texts)
    assert tfft.load("hf://ann/words").predict("a bee") == tfft.load(texts).predict("a bee")


def test_a_revision_is_a_commit_and_the_newest_one_is_the_default(hub: fakes.Hub, bundle: Path) -> None:
    first = hub.add_folder("ann/flowers", bundle)
    second = hub.add("ann/flowers", {"notes.txt": b"the bundle was deleted"})
    assert tfft.load(f"hf://ann/flowers@{first}").origin.endswith(first)
    with pytest.raises(BundleError, match=r"holds no bundle of tfft\. Got: 'notes\.txt'"):
        tfft.load("hf://ann/flowers")
    assert (pin("hf://ann/flowers").revision, pin(f"hf://ann/flowers@{first}").revision) == (second, first)
    with pytest.raises(BundleError, match="no such revision"):
        tfft.load("hf://ann/flowers@v9")


def test_only_the_files_of_the_bundle_are_downloaded(hub: fakes.Hub, bundle: Path) -> None:
    commit = hub.add_folder("ann/flowers", bundle)
    others = {
        "model.py": b"x",
        "tokenizer/../../x": b"x",
        "tokenizer/deep/y": b"x",
        "README.md": b"# page",
        "big.bin": b"x" * 99,
    }
    hub.add("ann/flowers", {**hub.files("ann/flowers"), **others})
    tfft.load("hf://ann/flowers")
    names = {call["filename"] for call in hub.called("hf_hub_download")}
    assert names == {"manifest.json", "net.keras", "card.md"}
    assert {call["revision"] for call in hub.called("hf_hub_download")} != {commit}
    assert not (hub.cache.parent / "x").exists()


def test_the_page_of_a_repository_is_the_card_of_the_bundle(hub: fakes.Hub, bundle: Path) -> None:
    files = {path.name: path.read_bytes() for path in bundle.iterdir() if path.name != "card.md"}
    hub.add("ann/flowers", {**files, "README.md": b"# edited"})
    with pulled("hf://ann/flowers") as (folder, _):
        assert (folder / "card.md").read_bytes() == b"# edited"
        assert not (folder / "README.md").exists()


def test_the_second_time_nothing_is_downloaded_and_no_network_is_needed(hub: fakes.Hub, bundle: Path) -> None:
    commit = hub.add_folder("ann/flowers", bundle)
    hub.online = False
    with pytest.raises(BundleError, match=r"'hf://ann/flowers' is not on this machine.*no route.*HF_ENDPOINT"):
        tfft.load("hf://ann/flowers")
    hub.online = True
    first = tfft.load("hf://ann/flowers")
    hub.online, hub.calls = False, []
    for handle in ("hf://ann/flowers", "hf://ann/flowers@main", f"hf://ann/flowers@{commit}"):
        again = tfft.load(handle)
        assert again.origin == first.origin
        assert again.predict(IMAGE) == first.predict(IMAGE)
    assert hub.calls == []


def test_a_manifest_alone_in_the_cache_is_not_taken_for_a_bundle(hub: fakes.Hub, bundle: Path) -> None:
    commit = hub.add_folder("ann/flowers", bundle)
    hub.hf_hub_download("ann/flowers", "manifest.json", revision=commit)
    hub.online = False
    with pytest.raises(BundleError, match="is not on this machine"):
        tfft.load(f"hf://ann/flowers@{commit}")
    hub.online = True
    assert tfft.load(f"hf://ann/flowers@{commit}").origin.endswith(commit)


@pytest.mark.parametrize(
    ("name", "size", "limit"),
    [
        ("net.keras", 10**12, r"more than the limit.*TFFT_MAX_BUNDLE_BYTES"),
        ("seen.json", 10**9, r"seen\.json.*JSON_BYTES"),
    ],
)
def test_sizes_are_checked_before_anything_is_downloaded(
    hub: fakes.Hub, bundle: Path, name: str, size: int, limit: str
) -> None:
    hub.add("ann/flowers", {**{path.name: path.read_bytes() for path in bundle.iterdir()}, "seen.json": b"{}"})
    hub.sizes[name] = size
    with pytest.raises(BundleError, match=limit):
        tfft.load("hf://ann/flowers")
    assert hub.called("hf_hub_download") == []


@pytest.mark.parametrize(
    ("files", "got", "fix"),
    [
        ({"config.json": b"{}", "model.safetensors": b""}, r"'config\.json'", r'tfft\.build\("hf://ann/bert", task\)'),
        ({}, "no files", r"a repository that tfft\.export\(\) wrote"),
    ],
)
def test_a_repository_without_a_bundle_says_what_it_holds(hub: fakes.Hub, files: dict, got: str, fix: str) -> None:
    hub.add("ann/bert", files)
    with pytest.raises(BundleError, match=rf"'hf://ann/bert@\w+' holds no bundle of tfft\. Got: .*{got}.*{fix}"):
        tfft.load("hf://ann/bert")
    assert hub.called("hf_hub_download") == []


def test_a_bundle_that_was_changed_is_refused_as_on_disk(hub: fakes.Hub, bundle: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(bundle, tmp_path / "changed")
    values = json.loads((changed / "manifest.json").read_text())
    values["task"]["labels"]["names"] = ["bees", "ants"]
    (changed / "manifest.json").write_text(json.dumps(values))
    hub.add_folder("ann/flowers", changed)
    with pytest.raises(BundleError, match=r"in 'hf://ann/flowers@\w+' are not the ones that were exported together"):
        tfft.load("hf://ann/flowers")


def test_a_link_out_of_the_cache_is_refused(hub: fakes.Hub, bundle: Path, tmp_path: Path) -> None:
    hub.add_folder("ann/flowers", bundle)
    tfft.load("hf://ann/flowers")
    (card,) = hub.cache.rglob("card.md")
    (tmp_path / "secret.txt").write_text("secret")
    card.unlink()
    card.symlink_to(tmp_path / "secret.txt")
    with pytest.raises(
        BundleError, match=r"in the cache of huggingface_hub leads out of it\. Got: 'card\.md'\. Delete"
    ):
        tfft.load("hf://ann/flowers")


def test_a_path_that_lost_a_slash_is_answered_with_the_address(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is no path but an address.*Write it as a string"):
        tfft.load(Path("hf://ann/flowers"))


def test_without_a_connection_an_incomplete_cache_asks_for_one(hub: fakes.Hub, texts: Path) -> None:
    records = json.loads((texts / "manifest.json").read_text()) | {"records": {"seen.json": "0" * 32}}
    for name, manifest, lacks in (
        ("ann/words", (texts / "manifest.json").read_bytes(), "tokenizer/"),
        ("ann/seen", json.dumps(records).encode(), "seen.json"),
    ):
        files = {"manifest.json": manifest, "net.keras": (texts / "net.keras").read_bytes()}
        commit = hub.add(name, files)
        for file in files:
            hub.hf_hub_download(name, file, revision=commit)
        hub.online = False
        with pytest.raises(BundleError, match=f"the cache lacks {lacks}.*Connect to the network once"):
            tfft.load(f"hf://{name}@{commit}")
        hub.online = True
