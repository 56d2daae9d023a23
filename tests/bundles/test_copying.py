"""A bundle is copied whole, after it was checked."""

import json
from pathlib import Path

import pytest

import tfft
from tests import hub as fakes
from tfft.bundles.copying import copy_bundle, names_of
from tfft.core.errors import BundleError


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]), seed=1)
    return tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")


def test_folder_and_zip_file_become_each_other(bundle: Path, tmp_path: Path) -> None:
    zipped = copy_bundle(bundle, tmp_path / "m.zip")
    again = copy_bundle(zipped, tmp_path / "again.tfft")
    assert names_of(again) == names_of(bundle) == ["card.md", "manifest.json", "net.keras", "tokenizer/tokenizer.json"]
    for name in names_of(bundle):
        assert (again / name).read_bytes() == (bundle / name).read_bytes()
    assert tfft.load(zipped).predict("a bee") == tfft.load(bundle).predict("a bee")
    copy_bundle(zipped, again)  # an older bundle is replaced


def test_other_files_are_neither_copied_nor_lost(bundle: Path, tmp_path: Path) -> None:
    mine = copy_bundle(bundle, tmp_path / "mine.tfft")
    (mine / "diary.txt").write_text("private")
    assert names_of(copy_bundle(mine, tmp_path / "copy.tfft")) == names_of(bundle)
    assert not (tmp_path / "copy.tfft" / "diary.txt").exists()
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        copy_bundle(bundle, mine)


def test_a_damaged_bundle_is_not_copied(bundle: Path, tmp_path: Path) -> None:
    damaged = copy_bundle(bundle, tmp_path / "damaged.tfft")
    values = json.loads((damaged / "manifest.json").read_text())
    (damaged / "manifest.json").write_text(json.dumps(values | {"weights": "0" * 32}))
    with pytest.raises(BundleError, match="are not the ones that were exported together"):
        copy_bundle(damaged, tmp_path / "copy.tfft")
    assert not (tmp_path / "copy.tfft").exists()


def test_a_bundle_is_not_copied_onto_itself(bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"onto itself.*Choose another path"):
        copy_bundle(bundle, bundle)
    with pytest.raises(BundleError, match=r"no bundle at 'nowhere\.tfft'"):
        copy_bundle("nowhere.tfft", bundle)


def test_a_bundle_from_hugging_face_is_copied_with_its_page_as_card(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = fakes.install(monkeypatch, tmp_path)
    tfft.export(bundle, "hf://ann/words")
    copied = tfft.export("hf://ann/words", tmp_path / "words.tfft")
    assert names_of(copied) == names_of(bundle)
    assert (copied / "card.md").read_bytes() == hub.files("ann/words")["README.md"]


def test_a_full_disk_is_named(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfft.bundles.copying.shutil.copyfile", full)
    with pytest.raises(BundleError, match=r"could not be written: .*No space left.*Free some space"):
        copy_bundle(bundle, tmp_path / "copy.tfft")
    assert list(tmp_path.iterdir()) == []


def test_reports_belong_to_models(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"report= and run= belong to a model"):
        tfft.export(bundle, tmp_path / "copy.tfft", report=object())


def test_a_bundle_is_not_copied_into_itself(bundle: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.tfft"
    link.symlink_to(bundle)
    for target in (bundle / "in.tfft", bundle / "tokenizer" / "in.zip", link / "in.tfft"):
        with pytest.raises(BundleError, match=r"copied into itself.*path outside of it"):
            tfft.export(bundle, target)
    assert not list(bundle.rglob("in.*"))
    assert tfft.export(bundle, tmp_path / "m.tfft").is_dir()
