"""Hostile masks and files of classes: each is refused by its header or named, with little memory."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tfft
from tests.attacks.test_images import chunk, jpeg_of, png, saved, tiff, webp
from tfft.cli.typed_masks import classes_of
from tfft.core.errors import DataError

Attack = Any

NOISE = saved("PNG", Image.fromarray(np.random.default_rng(0).integers(0, 2, (20, 24)).astype(np.uint8)))
HOSTILE = {
    "png of 177 megapixels": png(13300, 13300, b"\x01", rows=10),
    "jpeg of 4 gigapixels": jpeg_of(65500, 65500),
    "webp of 281 terapixels": webp(2**24, 2**24),
    "tiff with one giant tile": tiff({322: 2**30, 323: 2**30}),
    "half a png": NOISE[: len(NOISE) // 2],
    "a png whose pixels end early": png(24, 20, b"\x01", rows=3),
    "a png with a wrong checksum": png(24, 20, b"\x01")[:-20] + bytes(20),
    "a text": b"P5 is a page of text",
    "nothing": b"",
    "a palette without its colours": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 20, 8, 3, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress((b"\0" + b"\x09" * 24) * 20))
    + chunk(b"IEND", b""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for kind in ("images", "masks"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    for number in range(8):
        random = np.random.default_rng(number)
        Image.fromarray(random.integers(0, 255, (20, 24, 3), np.uint8)).save(
            tmp_path / "data" / "images" / f"{number}.png"
        )
        Image.fromarray(random.integers(0, 2, (20, 24)).astype(np.uint8)).save(
            tmp_path / "data" / "masks" / f"{number}.png"
        )
    return tmp_path / "data"


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mask_is_named_or_left_out(attack: Attack, folder: Path, content: bytes) -> None:
    (folder / "masks" / "3.png").write_bytes(content)
    found = attack(lambda: tfft.data.from_masks(folder, ["a", "b"]))
    assert isinstance(found, DataError)
    assert "3.png" in str(found)
    data = attack(lambda: tfft.data.from_masks(folder, ["a", "b"], on_corrupt="skip"))
    assert len(data.everything()) == 7
    assert len(data.skipped) == 1
    assert "3.png" in data.skipped[0]


def test_a_mask_that_becomes_huge_after_it_was_read_is_refused(attack: Attack, folder: Path) -> None:
    data = tfft.data.from_masks(folder, ["a", "b"])
    path = Path(data.train.targets.items[0].source)
    path.write_bytes(png(13300, 13300, b"\x01", rows=10))
    found = attack(lambda: data.train.targets[0])
    assert isinstance(found, DataError)
    assert "has changed" in str(found)


def test_a_mask_that_leads_to_a_device_or_a_pipe_is_refused(attack: Attack, folder: Path) -> None:
    import os

    (folder / "masks" / "3.png").unlink()
    os.mkfifo(folder / "masks" / "3.png")
    assert isinstance(attack(lambda: tfft.data.from_masks(folder, ["a", "b"])), DataError)
    (folder / "masks" / "3.png").unlink()
    (folder / "masks" / "3.png").symlink_to("/dev/zero")
    assert isinstance(attack(lambda: tfft.data.from_masks(folder, ["a", "b"])), DataError)


def test_names_of_classes_from_a_file_are_text_and_nothing_else(attack: Attack, tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("\x1b[31msky\n<script>\n" + "x" * 10_000 + "\n")
    assert len(attack(lambda: classes_of(path))) == 3
    path.write_bytes(b"\xff\xfe\x00broken")
    assert isinstance(attack(lambda: classes_of(path)), DataError)
    path.write_text("99999999999999999999999 1 1 sky\n")
    found = attack(lambda: tfft.data.from_masks({"train": ([], [])}, classes_of(path)))
    assert isinstance(found, DataError)


def test_names_of_classes_cannot_begin_html(attack: Attack, folder: Path) -> None:
    data = tfft.data.from_masks(folder, ["<script>alert(1)</script>", "b"])
    model = tfft.build("toy", tfft.tasks.segmentation(data.labels, width=8))
    page = attack(lambda: tfft.evaluate(model, data.test).to_html())
    assert "<script>" not in page
    answer = model.task.decode(np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2, 3), np.uint8))
    assert "<script>" not in answer._repr_html_()


@pytest.mark.parametrize("fit", ["crop", "stretch"])
def test_a_bundle_whose_answers_would_not_lie_on_the_image_is_refused(attack: Attack, tmp_path: Path, fit: str) -> None:
    import json

    model = tfft.build("toy", tfft.tasks.segmentation(["a", "b"], width=8))
    bundle = tfft.export(model, tmp_path / "m.tfft")
    values = json.loads((bundle / "manifest.json").read_text())
    values["preprocessor"]["fit"] = fit
    (bundle / "manifest.json").write_text(json.dumps(values))
    found = attack(lambda: tfft.load(bundle))
    assert "do not belong together" in str(found) or "cannot be used" in str(found)
