"""Files are told apart by what is in them; whatever else they hold is no kind."""

import zipfile

import h5py
import pytest

import tfft
from tfft.keras_files.file_kinds import MODEL, OLD_MODEL, OLD_WEIGHTS, WEIGHTS, kind_of_file


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    net = tfft.load_backbone("toy").load()
    net.save(folder / "model.keras")
    net.save_weights(folder / "new.weights.h5")
    with h5py.File(folder / "old_weights.h5", "w") as file:
        file.attrs["layer_names"] = [b"conv"]
    with h5py.File(folder / "split_names.h5", "w") as file:
        file.attrs["layer_names0"] = [b"conv"]
    with h5py.File(folder / "old_model.h5", "w") as file:
        file.attrs["model_config"] = "{}"
        file.create_group("model_weights")
    return folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model.keras", MODEL),
        ("new.weights.h5", WEIGHTS),
        ("old_weights.h5", OLD_WEIGHTS),
        ("split_names.h5", OLD_WEIGHTS),
        ("old_model.h5", OLD_MODEL),
    ],
)
def test_the_content_decides_and_not_the_name(files, tmp_path, name, kind):
    assert kind_of_file(files / name) is kind
    other = tmp_path / "other.bin"
    other.write_bytes((files / name).read_bytes())
    assert kind_of_file(str(other)) is kind


def test_other_and_damaged_files_are_no_kind(files, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("config.json", "{}")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["values"] = [1.0]
    (tmp_path / "half.keras").write_bytes((files / "model.keras").read_bytes()[:2000])
    (tmp_path / "half.h5").write_bytes((files / "new.weights.h5").read_bytes()[:100])
    (tmp_path / "empty.h5").touch()
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "nowhere"):
        assert kind_of_file(path) is None


@pytest.mark.parametrize(
    ("kind", "path", "fits", "renamed"),
    [
        (WEIGHTS, "a.weights.h5", True, "a.weights.h5"),
        (WEIGHTS, "a.h5", False, "a.weights.h5"),
        (OLD_WEIGHTS, "a.h5", True, "a.h5"),
        (OLD_WEIGHTS, "a.weights.h5", False, "a.h5"),
        (MODEL, "v1.5/a.h5", False, "v1.5/a.keras"),
        (MODEL, "a.v1", False, "a.v1.keras"),
    ],
)
def test_keras_chooses_a_reader_by_the_ending(kind, path, fits, renamed):
    assert (kind.fits(path), kind.renamed(path)) == (fits, renamed)
