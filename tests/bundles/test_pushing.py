"""A bundle is written to Hugging Face in one commit, privately, and over nothing but an older bundle."""

import json
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import errors

import tfft
from tests import hub as fakes
from tfft.bundles.pushing import check_address, push
from tfft.core.errors import BundleError

IMAGE = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakes.Hub:
    return fakes.install(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def model() -> "tfft.models.assembly.TransferModel":
    return tfft.build("toy", tfft.tasks.classification(["ants", "bees"]), seed=1)


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")


def test_a_model_is_written_privately_and_comes_back(hub: fakes.Hub, model, bundle: Path) -> None:
    pushed = tfft.export(model, "hf://ann/flowers")
    assert hub.repositories["ann/flowers"].private
    assert set(hub.files("ann/flowers")) == {".gitattributes", "README.md", "manifest.json", "net.keras"}
    assert hub.files("ann/flowers")["README.md"].decode().startswith("---\nlibrary_name")
    assert len(hub.called("create_commit")) == 1
    loaded = tfft.load(pushed)
    assert loaded.origin == str(pushed) == f"hf://ann/flowers@{hub.repositories['ann/flowers'].commits[-1][0]}"
    assert loaded.predict(IMAGE) == tfft.load(bundle).predict(IMAGE)
    said = pushed.describe()
    assert "3 files, private, https://huggingface.co/ann/flowers" in said
    assert "The licence in README.md is unknown" in said
    assert "replaced" not in said


def test_a_new_repository_is_public_only_when_asked(hub: fakes.Hub, model) -> None:
    pushed = tfft.export(model, "hf://ann/flowers", public=True)
    assert not hub.repositories["ann/flowers"].private
    assert "public" in pushed.describe()


def test_a_bundle_on_disk_is_written_with_its_edited_card_and_without_other_files(
    hub: fakes.Hub, bundle: Path, tmp_path: Path
) -> None:
    mine = tfft.export(str(bundle), tmp_path / "mine.tfft")
    card = (mine / "card.md").read_text().replace('license: "unknown"', 'license: "mit"')
    (mine / "card.md").write_text(card)
    (mine / "diary.txt").write_text("private")
    pushed = tfft.export(mine, "hf://ann/flowers")
    assert hub.files("ann/flowers")["README.md"].decode() == card.replace('"model.tfft"', '"hf://ann/flowers"')
    assert "diary.txt" not in hub.files("ann/flowers")
    assert "licence" not in pushed.describe()
    zipped = tfft.export(mine, tmp_path / "mine.zip")
    assert set(tfft.export(zipped, "hf://ann/zipped").written) == set(pushed.written)


def test_an_older_bundle_is_replaced_and_what_was_replaced_is_said(hub: fakes.Hub, bundle: Path) -> None:
    old = {path.name: path.read_bytes() for path in bundle.iterdir() if path.name != "card.md"}
    old |= {
        "README.md": b"# mine",
        "report.json": b"{}",
        "tokenizer/old.txt": b"x",
        "paper.pdf": b"x",
        "tokenizer/deep/x": b"x",
    }
    before = hub.add("ann/flowers", old, private=True)
    pushed = push(bundle, "hf://ann/flowers")
    assert pushed.replaced == ("README.md", "manifest.json", "net.keras")
    assert pushed.deleted == ("report.json", "tokenizer/old.txt")
    assert set(hub.files("ann/flowers")) == {"README.md", "manifest.json", "net.keras", "paper.pdf", "tokenizer/deep/x"}
    assert "replaced README.md, manifest.json, net.keras; the older files stay in the history" in pushed.describe()
    assert "deleted report.json, tokenizer/old.txt" in pushed.describe()
    assert hub.called("create_commit")[0]["parent_commit"] == before


@pytest.mark.parametrize("manifest", [None, b"{", b'{"name": "a web page"}', b"[]"])
def test_files_of_others_are_not_overwritten(hub: fakes.Hub, bundle: Path, manifest: bytes | None) -> None:
    files = {"README.md": b"# a paper"} | ({} if manifest is None else {"manifest.json": manifest})
    hub.add("ann/paper", files, private=True)
    with pytest.raises(
        BundleError, match=r"holds other files with the names of a bundle\. Got: 'README\.md'.*new repository"
    ):
        push(bundle, "hf://ann/paper")
    assert hub.files("ann/paper") == files


def test_other_files_stay_beside_a_first_bundle(hub: fakes.Hub, bundle: Path) -> None:
    hub.add("ann/mixed", {"paper.pdf": b"x"}, private=True)
    assert push(bundle, "hf://ann/mixed").replaced == ()
    assert "paper.pdf" in hub.files("ann/mixed")


@pytest.mark.parametrize(
    ("private", "public", "said"), [(False, False, "is public.*Pass public=True"), (True, True, "is private.*Leave")]
)
def test_a_repository_keeps_its_visibility(
    hub: fakes.Hub, bundle: Path, private: bool, public: bool, said: str
) -> None:
    hub.add("ann/flowers", {"x": b""}, private=private)
    with pytest.raises(BundleError, match=said):
        push(bundle, "hf://ann/flowers", public)
    assert set(hub.files("ann/flowers")) == {"x"}


def test_a_failed_upload_leaves_the_older_revision(hub: fakes.Hub, bundle: Path) -> None:
    push(bundle, "hf://ann/flowers")
    before = dict(hub.files("ann/flowers"))
    hub.fails["create_commit"] = ConnectionError("reset by peer")
    with pytest.raises(BundleError, match=r"no connection to Hugging Face.*reset by peer"):
        push(bundle, "hf://ann/flowers")
    assert hub.files("ann/flowers") == before
    hub.fails["create_commit"] = fakes.error(errors.HfHubHTTPError, 412)
    with pytest.raises(BundleError, match="changed by somebody else"):
        push(bundle, "hf://ann/flowers")


def test_without_login_nothing_is_written(hub: fakes.Hub, bundle: Path) -> None:
    hub.fails["create_repo"] = fakes.error(errors.HfHubHTTPError, 401, "Invalid username or password.")
    with pytest.raises(BundleError, match=r"does not accept your login.*hf auth login"):
        push(bundle, "hf://ann/flowers")
    assert hub.repositories == {}


def test_without_a_connection_nothing_is_asked(hub: fakes.Hub, bundle: Path) -> None:
    hub.online = False
    with pytest.raises(BundleError, match=r"'hf://ann/flowers' cannot be written\. Got: no connection.*no route"):
        push(bundle, "hf://ann/flowers")
    assert hub.calls == []


def test_an_address_is_checked_before_anything_is_computed(hub: fakes.Hub, model) -> None:
    with pytest.raises(BundleError, match=r"newest revision.*Leave out the part after @"):
        tfft.export(model, "hf://ann/flowers@v1")
    with pytest.raises(BundleError, match=r"Only bundles are written.*format='onnx'.*hf upload"):
        tfft.export(model, "hf://ann/flowers", format="onnx")
    with pytest.raises(BundleError, match="is not the address"):
        tfft.export(model, "hf://flowers")
    with pytest.raises(BundleError, match=r"public=True is for repositories"):
        tfft.export(model, "m.tfft", public=True)
    with pytest.raises(BundleError, match=r"no path but an address.*tfft export PATH --to hf://"):
        tfft.export(model, Path("hf://ann/flowers"))
    assert check_address("hf://ann/flowers").name == "ann/flowers"
    assert hub.calls == []


def test_a_bundle_without_a_card_says_that_the_page_is_empty(hub: fakes.Hub, bundle: Path, tmp_path: Path) -> None:
    old = tfft.export(str(bundle), tmp_path / "old.tfft")
    (old / "card.md").unlink()
    pushed = tfft.export(old, "hf://ann/flowers")
    assert "README.md" not in hub.files("ann/flowers")
    assert "no model card" in pushed.describe()


def test_the_page_loads_the_model_from_its_address_unless_somebody_wrote_another_line(
    hub: fakes.Hub, bundle: Path, tmp_path: Path
) -> None:
    before = (bundle / "card.md").read_text()
    push(bundle, "hf://ann/flowers")
    assert 'predictor = tfft.load("hf://ann/flowers")' in hub.files("ann/flowers")["README.md"].decode()
    assert (bundle / "card.md").read_text() == before
    mine = tfft.export(bundle, tmp_path / "mine.tfft")
    edited = before.replace('tfft.load("model.tfft")', 'tfft.load("model.tfft", [Mine])') + "\xe9"
    (mine / "card.md").write_bytes(edited.encode("latin-1"))
    push(mine, "hf://ann/flowers")
    assert hub.files("ann/flowers")["README.md"] == edited.encode("latin-1")


@pytest.mark.parametrize(
    "values", [{"handle": "/home/ann/net.keras"}, {"handle": "acme/bert"}, {"options": {"weights": "/home/ann/w.h5"}}]
)
def test_a_bundle_of_an_older_version_that_names_folders_is_not_published(
    hub: fakes.Hub, bundle: Path, tmp_path: Path, values: dict[str, object]
) -> None:
    old = tfft.export(bundle, tmp_path / "old.tfft")
    manifest = json.loads((old / "manifest.json").read_text())
    manifest["backbone"] |= values
    (old / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=r"names folders of the machine.*(ann|acme).*Export the model again"):
        tfft.export(old, "hf://ann/flowers")
    assert hub.calls == []


def test_a_report_that_names_folders_is_not_published(hub: fakes.Hub, bundle: Path, tmp_path: Path) -> None:
    old = tfft.export(bundle, tmp_path / "old.tfft")
    for report in ({"model": "/home/ann/net.keras"}, {"model": "toy", "worst": [{"name": "/home/ann/1.jpg"}]}):
        (old / "report.json").write_text(json.dumps(report))
        with pytest.raises(BundleError, match=r"names folders.*report\.json '/home/ann"):
            push(old, "hf://ann/flowers")
    for report in ([], {"model": 7, "worst": [3]}, {"model": "toy", "worst": [{"name": "1.jpg"}]}):
        (old / "report.json").write_text(json.dumps(report))
        assert "report.json" in push(old, "hf://ann/flowers").written
