"""Predicted masks get files of their own; images and existing files are never overwritten."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tfft.bundles.prediction import Prediction
from tfft.cli import mask_files
from tfft.cli.mask_files import check_folder, mask_paths, predicted_masks, write_mask
from tfft.cli.verbs import app
from tfft.core.errors import DataError
from tfft.images.mask_colors import colors
from tfft.tasks import Answer


def photos(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 6, 3), 90, np.uint8)).save(folder / name)
    return folder


def answered(name, number=0):
    return Prediction(name, Answer(None, 0.5, {"a": 1.0, "b": 0.0}, mask=np.full((2, 3), number, np.uint8)))


class Model:
    """Answers with the class 1, and counts its calls."""

    task = SimpleNamespace(labels=SimpleNamespace(values=()))

    def __init__(self):
        self.calls = []

    def predict(self, inputs, on_corrupt):
        self.calls.append(len(inputs))
        return [answered(each, 1) for each in inputs]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("given", [".", "1.png", "sub"])
def test_a_folder_that_holds_inputs_is_refused_before_predicting(tmp_path, given):
    home, model = photos(tmp_path / "photos", "1.png", "sub/2.png"), Model()
    before = contents(tmp_path)
    out = home / "sub" if given == "sub" else home
    with pytest.raises(DataError, match=r"Masks cannot be written to .* it (is a folder of|holds 1) input"):
        list(predicted_masks(model, [home / given], out, "error"))
    with pytest.raises(DataError, match="Masks cannot be written to"):
        list(predicted_masks(model, [home], home / "sub", "error"))
    assert (model.calls, contents(tmp_path)) == ([], before)


def test_the_shell_keeps_the_photos(tmp_path):
    import tfft

    home = photos(tmp_path / "photos", "1.png")
    bundle = tfft.export(tfft.build("toy", tfft.tasks.segmentation(["a", "b"])), tmp_path / "m.tfft")
    before = contents(home)
    with pytest.raises(DataError, match=r"is a folder of inputs.*Choose another folder with --out"):
        CliRunner().invoke(app, ["predict", str(bundle), str(home), "--out", str(home)], catch_exceptions=False)
    assert contents(home) == before


def test_existing_files_are_never_overwritten(tmp_path):
    home, out, model = photos(tmp_path / "photos", "1.jpg", "2.jpg"), photos(tmp_path / "out", "2.png"), Model()
    before = contents(out)
    with pytest.raises(DataError, match=r"would overwrite 1 file\..*2\.png.*remove these files"):
        list(predicted_masks(model, [home], out, "error"))
    assert (model.calls, contents(out)) == ([], before)
    with pytest.raises(FileExistsError):
        write_mask(answered("2"), out / "2.png")
    assert contents(out) == before


def test_masks_are_written_batch_by_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(mask_files, "_AT_ONCE", 2)
    home, model = photos(tmp_path / "photos", "1.jpg", "2.jpg", "3.jpg"), Model()
    found = predicted_masks(model, [home], tmp_path / "a" / "out", "error")
    assert next(found)[1] == tmp_path / "a" / "out" / "1.png"
    assert (model.calls, list(contents(tmp_path / "a"))) == ([2], ["1.png"])
    assert len(list(found)) == 2
    assert (model.calls, sorted(contents(tmp_path / "a"))) == ([2, 1], ["1.png", "2.png", "3.png"])
    assert [file for _, file in predicted_masks(model, [home], None, "error")] == [None] * 3


def test_missing_images_are_told_before_predicting(tmp_path):
    home, model = photos(tmp_path / "photos", "1.jpg"), Model()
    with pytest.raises(DataError, match="no such file"):
        list(predicted_masks(model, [home, tmp_path / "none.jpg"], tmp_path / "out", "error"))
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"No mask can be written .*it is a file"):
        check_folder(tmp_path / "file")


def test_masks_of_equal_names_get_files_of_their_own(tmp_path):
    paths = mask_paths(["x/1.jpg", "y/1.JPG", "y/2.jpg"], tmp_path)
    assert [path.name for path in paths] == ["1.png", "1-2.png", "2.png"]
    assert write_mask(SimpleNamespace(mask=None), paths[0]) is None
    assert write_mask(answered("y/1.JPG", 1), paths[1]) == paths[1]
    with Image.open(paths[1]) as image:
        assert (image.mode, image.convert("RGB").getpixel((0, 0))) == ("P", colors(2)[1])


@pytest.mark.parametrize(
    ("classes", "ignore", "shift"),
    [
        (["void", "road", "car"], "void", 1),
        ({7: "road", 8: "car"}, None, 7),
        ({(128, 0, 0): "road", (0, 0, 9): "car"}, None, None),
        (None, None, 0),
    ],
)
def test_written_masks_are_read_with_the_labels_of_the_model(tmp_path, classes, ignore, shift):
    import tfft

    ids = [(np.arange(64).reshape(8, 8) // (2 + row % 3) % 2).astype(np.uint8) for row in range(9)]
    colored = np.uint8([(128, 0, 0), (0, 0, 9)])
    masks = [colored[mask] if shift is None else mask + np.uint8(shift) for mask in ids]
    images = [np.dstack([mask * 200 + np.uint8(row)] * 3) for row, mask in enumerate(ids)]
    data = tfft.data.from_masks({"train": (images, masks)}, classes=classes, ignore=ignore)
    model = tfft.build("toy", tfft.tasks.segmentation(data.labels))
    (tmp_path / "photos").mkdir()
    for row, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "photos" / f"{row}.png")
    bundle = tfft.export(model, tmp_path / "m.tfft")
    command = ["predict", str(bundle), str(tmp_path / "photos"), "--out", str(tmp_path / "masks")]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folders = {"test": (tmp_path / "photos", tmp_path / "masks")}
    own = tfft.data.from_masks(folders, classes=model.task.labels).test
    answers = [each.mask for each in tfft.load(bundle).predict(images)]
    assert len({*np.concatenate([mask.ravel() for mask in answers])}) == 2, "both classes are predicted"
    for target, answer in zip([own.targets[row] for row in range(9)], answers, strict=True):
        np.testing.assert_array_equal(target, answer)
