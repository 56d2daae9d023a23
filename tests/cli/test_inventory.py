"""The verbs that say what there is."""

import shutil

import pytest
from typer.testing import CliRunner

from tests.modules import publish, tiny
from tests.permissions import run_command
from tfft.cli.verbs import app


@pytest.fixture(autouse=True)
def _started(monkeypatch):
    monkeypatch.setattr("tfft.doctor.start_tensorflow", lambda: None)
    monkeypatch.setattr("tfft.cli.arguments.start_tensorflow", lambda: None)


def run(*words):
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_sources_that_have_no_names_are_told_at_the_end():
    lines = run("backbones").splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("also")] == ["also"] * 3
    assert "a SavedModel" in lines[-3]
    assert ".keras file" in lines[-2]
    assert "in memory" in lines[-1]


def test_a_saved_model_is_shown_with_its_blocks_and_options(tmp_path):
    told = run("backbones", str(publish(tiny(), tmp_path / "hub")))
    assert "16x16 pixels" in told
    assert "block_0, block_1, block_2" in told
    assert "options: blocks, signature, output, size, fit, pixel_range" in told


def test_only_options_that_a_backbone_has_are_listed():
    assert run("backbones", "vgg16").splitlines()[-1] == "options: weights, size, fit"
    assert run("backbones", "mobilenet_v2").splitlines()[-1] == "options: weights, size, alpha, fit"


def test_the_doctor_gives_advice_for_a_shell(tmp_path, monkeypatch):
    monkeypatch.setattr("tfft.backbones.weights.keras_cache", lambda: tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["doctor", "--offline", "--source", "vgg16"])
    assert done.exit_code == 1
    assert "pass --weights path/to/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 (--weights none" in done.output
    assert "load_backbone(" not in done.output
    assert "weights=" not in done.output


def test_the_doctor_looks_at_one_source(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "nowhere"))
    told = run("doctor", "--offline", "--source", "saved_model")
    assert f"{tmp_path / 'nowhere'} (does not exist yet)" in told
    assert "tfhub.dev                  not tried" in told


def test_an_empty_cache_is_no_error():
    assert run("cache").startswith("0 entries, 0 bytes, in ")


def test_entries_that_cannot_be_deleted_say_why_and_are_no_success(tmp_path, monkeypatch):
    folder = tmp_path / ("ab" * 16)
    folder.mkdir()
    (tmp_path / ("cd" * 16)).mkdir()

    real = shutil.rmtree

    def closed(path, ignore_errors=False):
        if path != folder:
            real(path)
        elif not ignore_errors:
            raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(shutil, "rmtree", closed)
    done = CliRunner().invoke(app, ["cache", "--clear", "--folder", str(tmp_path)])
    assert done.exit_code != 0
    assert str(done.exception) == (
        f"1 entry of the cache could not be deleted. Got: Permission denied ({str(folder)!r}). "
        "Run the command as the owner of the folder, or allow writing to it."
    )
    assert "kept    abababab" in done.output
    assert "deleted cdcdcdcd" in done.output
    assert "in use" not in done.output
    assert "1 of 2 entries deleted" in done.output


@pytest.mark.slow
def test_a_cache_folder_without_permission_is_told_in_the_shell(tmp_path):
    (tmp_path / "features" / ("ab" * 16)).mkdir(parents=True)
    (tmp_path / "features").chmod(0o555)
    done = run_command(tmp_path, "cache", "--clear", "--folder", "features")
    (tmp_path / "features").chmod(0)
    listed = run_command(tmp_path, "cache", "--folder", "features")
    (tmp_path / "features").chmod(0o755)
    assert done.returncode == listed.returncode == 2
    assert "Permission denied" in done.stderr
    assert "in use" not in done.stdout
    assert "'features' cannot be read: permission denied." in listed.stderr
