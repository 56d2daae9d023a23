"""Examples for the comparison are spread over those that were given, or made up."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace, Text
from tfft.data.examples import Examples
from tfft.formats.compared_examples import GIVEN, MADE_UP, chosen, encoded, strings


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    return tfft.load(tfft.export(model, tmp_path_factory.mktemp("images") / "m.tfft"))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    model = tfft.build("toy_text", tfft.tasks.classification(["a", "b"]))
    return tfft.load(tfft.export(model, tmp_path_factory.mktemp("texts") / "m.tfft"))


def test_at_most_256_examples_are_spread_over_all(texts):
    items, of = chosen([f"text {index}" for index in range(1000)], texts)
    assert (len(items), items[0].first, items[-1].first, of) == (256, "text 0", "text 999", GIVEN)
    labels = LabelSpace(("a", "b"))
    examples = Examples([Text("one"), Text("two")], np.array([0, 1]), labels, ("x", "y"))
    assert [item.first for item in chosen(examples, texts)[0]] == ["one", "two"]


def test_a_folder_stands_for_its_images(images, tmp_path):
    for name in ("1.png", "2.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    assert chosen(tmp_path, images)[0] == [str(tmp_path / "1.png"), str(tmp_path / "2.png")]


def test_images_and_texts_are_made_up_for_the_net(images, texts):
    made, of = chosen(None, images)
    assert of == MADE_UP
    assert len(made) > 4
    assert {image.dtype for image in made} == {np.dtype(np.uint8)}
    assert all(image.shape[:2] != (16, 16) for image in made), "they are resized"
    assert len({image.tobytes() for image in made}) == len(made)
    sentences, _ = chosen(None, texts)
    assert any(text.isascii() for text in sentences)
    assert not all(text.isascii() for text in sentences)
    seen = SimpleNamespace(texts=2, check_pairs=lambda item: None)
    assert all(len(pair) == 2 for pair in chosen(None, replace(texts, seen=seen))[0])


@pytest.mark.parametrize("wrong", ["nowhere.jpg", [], ["a", "b"]])
def test_other_examples_are_refused(images, wrong):
    with pytest.raises(DataError):
        chosen(wrong, images)


def test_images_in_any_form_become_the_content_of_a_file(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8)
    path = tmp_path / "1.png"
    Image.fromarray(pixels).save(path)
    for item in (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), pixels, Image.fromarray(pixels)):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encoded(item)))), pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encoded(pixels[:, :, :1])))), pixels[:, :, 0])


def test_texts_in_any_form_become_strings():
    assert strings("a film") == ("a film",)
    assert strings(Text("who?", "me")) == strings(["who?", "me"]) == ("who?", "me")
    with pytest.raises(DataError, match="not a text"):
        strings(7)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "PPM"])
def test_images_that_a_graph_cannot_read_become_png_with_the_same_pixels(kind, tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8))
    image.quantize(16).convert("P" if kind == "GIF" else "RGB").save(tmp_path / "image", kind)
    found = encoded(tmp_path / "image")
    assert found.startswith(b"\x89PNG")
    with Image.open(tmp_path / "image") as wanted:
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(found))), np.asarray(wanted.convert("RGB")))


def test_an_example_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    model = tfft.load(tfft.export(tfft.build("toy", tfft.tasks.classification(["ants", "bees"])), tmp_path / "m.tfft"))
    for examples in ([str(tmp_path / "cut.jpg")], tmp_path / "cut.jpg"):
        with pytest.raises(DataError, match=r"cut\.jpg"):
            chosen(examples, model)
