"""The path of a bundle is looked at without TensorFlow."""

import json
import zipfile
from pathlib import Path

import pytest

import tfft
from tfft.bundles.paths import check_path, reads_texts, task_name
from tfft.core.errors import BundleError


@pytest.mark.parametrize(("preprocessor", "texts"), [({"height": 8}, False), ({"tokenizer": {}}, True)])
def test_the_manifest_says_what_the_net_reads_in_folders_and_zip_files(
    tmp_path: Path, preprocessor: dict[str, object], texts: bool
) -> None:
    content = json.dumps({"preprocessor": preprocessor, "task": {"name": "regression"}})
    (tmp_path / "m.tfft").mkdir()
    (tmp_path / "m.tfft" / "manifest.json").write_text(content)
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("manifest.json", content)
    assert reads_texts(tmp_path / "m.tfft") is reads_texts(tmp_path / "m.zip") is texts
    assert task_name(tmp_path / "m.tfft") == task_name(tmp_path / "m.zip") == "regression"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"preprocessor": 3}', "\x00"])
def test_a_damaged_manifest_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    assert reads_texts(tmp_path) is None
    assert reads_texts(tmp_path / "manifest.json") is None
    assert reads_texts(tmp_path / "nowhere") is None
    assert task_name(tmp_path) is task_name(tmp_path / "nowhere") is None


def test_a_missing_bundle_is_told_what_writes_one(tmp_path: Path) -> None:
    check_path(tmp_path)
    with pytest.raises(BundleError, match=r"no bundle at .*nowhere'.*tfft\.export\(run\.model, path\) writes a bundle"):
        check_path(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["net.keras", "manifest.json"])
def test_a_file_inside_a_bundle_is_answered_with_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "m.tfft"
    folder.mkdir()
    for file in ("net.keras", "manifest.json"):
        (folder / file).write_text("")
    with pytest.raises(BundleError, match=r"is a file inside a bundle\. Pass the folder of the bundle, '.*m\.tfft'"):
        check_path(folder / name)
    check_path(folder)


def test_a_bundle_beside_a_manifest_of_something_else_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "m.zip").write_bytes(b"")
    check_path(tmp_path / "m.zip")


@pytest.mark.parametrize(
    ("name", "got", "fix"),
    [
        ("net.keras", "a whole model that Keras 3 saved", "pass it as the backbone"),
        ("net.weights.h5", "only weights, which Keras 3 saved", "name the backbone and its weights file"),
    ],
)
def test_a_file_of_keras_is_told_from_a_bundle(tmp_path: Path, name: str, got: str, fix: str) -> None:
    net = tfft.load_backbone("toy").load()
    (net.save if name.endswith(".keras") else net.save_weights)(tmp_path / name)
    with pytest.raises(BundleError, match=rf"{name}' is not a bundle\. Got: a file that holds {got}.*{fix}"):
        tfft.load(tmp_path / name)
    with pytest.raises(BundleError, match="is not a bundle"):
        check_path(tmp_path / name)


@pytest.mark.parametrize("about", ["tfft.json", "assets.extra/tfft.json"])
def test_an_export_in_another_format_is_no_bundle(tmp_path: Path, about: str) -> None:
    (tmp_path / about).parent.mkdir(exist_ok=True)
    (tmp_path / about).write_text("{}")
    with pytest.raises(
        BundleError, match=r"is an export in another format, and no bundle\. Pass the bundle that it was made from"
    ):
        check_path(tmp_path)
