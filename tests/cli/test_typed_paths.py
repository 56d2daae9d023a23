"""Misspelt paths are reported before TensorFlow starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import hub as fakes
from tests.permissions import run_command
from tfft.cli.typed_paths import check_backbone, check_data, check_fit, check_inputs
from tfft.core.errors import BundleError, ClusterError, DataError, TfftError, WeightsError

_WITHOUT_TENSORFLOW = """
import sys
from tfft.cli.verbs import app, spoken
for words in {words!r}:
    try:
        with spoken():
            app(words)
    except SystemExit as ended:
        print(ended.code, "tensorflow" in sys.modules, "keras" in sys.modules)
"""


def bundle(folder: Path, preprocessor: dict[str, object]) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"preprocessor": preprocessor}))
    return folder


@pytest.mark.slow
def test_no_verb_starts_tensorflow_for_a_path_that_does_not_exist(tmp_path: Path) -> None:
    images, texts = bundle(tmp_path / "i.tfft", {"height": 8}), bundle(tmp_path / "t.tfft", {"tokenizer": {}})
    (tmp_path / "file").write_text("")
    words = [
        ["fit", "--data", "nowhere"],
        ["fit", "--data", str(tmp_path), "--backbone", "nowhere.keras"],
        ["fit", "--data", str(tmp_path), "--weights", "nowhere.h5"],
        ["fit", "--data", str(tmp_path), "--run-folder", str(tmp_path / "file" / "run")],
        ["evaluate", "nowhere.tfft", "--data", "nowhere"],
        ["evaluate", str(images), "--data", "nowhere"],
        ["predict", "nowhere.tfft", "x.png"],
        ["predict", str(images), "nowhere.png"],
        ["predict", str(images), "Where is my parcel?"],
        ["predict", str(texts), "nowhere.txt"],
        ["backbones", "nowhere.tar.gz"],
        ["doctor", "--source", "nowhere"],
        ["demo", "--out", str(tmp_path / "file" / "demo")],
        ["demo", "--both", "--out", str(tmp_path / "file" / "demo")],
    ]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TENSORFLOW.format(words=words)],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["2 False False"] * len(words), done.stdout + done.stderr
    said = done.stderr.splitlines()
    assert len(said) == len(words)
    assert "`tfft fit` writes a bundle" in said[4]
    assert "Texts need a model that was trained on texts" in said[8]


def test_missing_images_may_be_skipped_and_missing_texts_may_not(tmp_path: Path) -> None:
    images, texts = bundle(tmp_path / "i.tfft", {"height": 8}), bundle(tmp_path / "t.tfft", {"tokenizer": {}})
    check_inputs(images, ["nowhere.png"], skip_corrupt=True)
    with pytest.raises(DataError, match=r"'nowhere\.png' cannot be read as an image: no such file"):
        check_inputs(images, ["nowhere.png"], skip_corrupt=False)
    check_inputs(texts, ["a text", "-"], skip_corrupt=False)
    with pytest.raises(DataError, match=r"There is no file 'nowhere\.txt'"):
        check_inputs(texts, ["a text", "nowhere.txt"], skip_corrupt=True)
    for name in ("nowhere.csv", "nowhere.JSONL", "nowhere.json", "nowhere.conll", "nowhere.xlsx", "nowhere.csv.gz"):
        with pytest.raises(DataError, match=f"There is no file '{name}'"):
            check_inputs(texts, [name], skip_corrupt=True)
    check_inputs(texts, ["I cannot open report.csv", "tfft.com", "3.5"], skip_corrupt=False)


def test_a_damaged_bundle_is_left_to_load(tmp_path: Path) -> None:
    (tmp_path / "m.tfft").mkdir()
    check_inputs(tmp_path / "m.tfft", ["nowhere.png"], skip_corrupt=False)
    with pytest.raises(BundleError, match=r"no bundle at 'nowhere\.tfft'"):
        check_inputs(Path("nowhere.tfft"), [], skip_corrupt=False)


def test_what_exists_and_what_is_no_path_passes(tmp_path: Path) -> None:
    check_data(tmp_path)
    check_backbone("tfhub:https://tfhub.dev/a/1.tar.gz")
    check_backbone("vgg16")
    with pytest.raises(DataError, match=r"There is no file 'nowhere\.csv'"):
        check_data(Path("nowhere.csv"))
    with pytest.raises(WeightsError, match=r"There is no file 'nowhere\.tar\.gz'"):
        check_backbone("nowhere.tar.gz")


def test_all_paths_of_fit_are_checked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_fit(tmp_path, tmp_path / "m.tfft", None)
    with pytest.raises(BundleError, match=r"exists and is not a bundle|exists and is a file"):
        check_fit(tmp_path, tmp_path / "file", None)
    with pytest.raises(DataError, match=r"There is no folder 'nowhere'"):
        check_fit(Path("nowhere"), tmp_path / "m.tfft", None)
    with pytest.raises(TfftError, match=r"Nothing can be written to the run folder"):
        check_fit(tmp_path, tmp_path / "m.tfft", tmp_path / "file")


@pytest.mark.slow
def test_what_may_not_be_read_or_written_is_told_before_the_training(class_folder: Path, tmp_path: Path) -> None:
    images = bundle(tmp_path / "i.tfft", {"height": 8})
    (tmp_path / "t.csv").write_text("path,label\n")
    (tmp_path / "full").mkdir()
    closed = {class_folder / "reds": 0, tmp_path / "t.csv": 0, images: 0, tmp_path / "full": 0o555}
    for path, mode in closed.items():
        path.chmod(mode)
    told = [
        (["fit", "--data", "pictures"], "DataError: 'pictures/reds' cannot be read: permission denied."),
        (["fit", "--data", "t.csv"], "DataError: 't.csv' cannot be read: permission denied."),
        (["fit", "--data", "pictures/reds"], "DataError: 'pictures/reds' cannot be read: permission denied."),
        (["predict", "i.tfft", "x.png"], "BundleError: 'i.tfft' cannot be read: permission denied."),
        (["fit", "--data", "pictures", "--out", "full"], "BundleError: No bundle can be written to 'full': Permission"),
        (["demo", "--out", "full"], "BundleError: No bundle can be written to 'full/digits.tfft': Permission denied"),
    ]
    done = [run_command(tmp_path, *words) for words, _ in told]
    for path in closed:
        path.chmod(0o755)
    for (words, said), each in zip(told, done, strict=True):
        assert (each.returncode, each.stderr.startswith(said)) == (2, True), (words, each.stderr)
        assert len(each.stderr.splitlines()) == 1
        assert "epoch" not in each.stdout


def test_an_invalid_tf_config_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TF_CONFIG", "{cluster")
    with pytest.raises(ClusterError, match="TF_CONFIG"):
        check_fit(tmp_path / "absent", tmp_path / "m.tfft", None)


def test_an_address_becomes_that_of_its_commit_which_is_said_on_the_error_stream(tmp_path, monkeypatch, capsys):
    hub = fakes.install(monkeypatch, tmp_path)
    commit = hub.add("ann/flowers", {})
    assert check_inputs("hf://ann/flowers", ["new.jpg"], skip_corrupt=False) == f"hf://ann/flowers@{commit}"
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", f"hf://ann/flowers@{commit}\n")
    with pytest.raises(BundleError, match=r"'hf://ann/bees' does not exist"):
        check_inputs("hf://ann/bees", [], skip_corrupt=False)
