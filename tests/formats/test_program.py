"""The program beside a net reads inputs exactly as tfft does; ``test_net_files`` runs whole programs without tfft."""

import io
import json
import runpy
import struct
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import tfft
from tests.conftest import picture
from tests.odd_texts import ODD
from tests.png_files import chunk, png
from tfft.bundles.predictor import Predictor
from tfft.formats import program
from tfft.inputs.image import ImagePreprocessor
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import byte_pairs
from tfft.tokenizers.tokenizer import Tokenizer
from tfft.tokenizers.tokenizer_tables import byte_signs

LABELS = ["ants", "bees"]
SIZES = [(7, 90), (91, 8), (33, 45), (1, 300), (16, 16), (5, 3)]
FITS = ("crop", "squash", "pad")
ORIENTATION = 0x0112


def of(preprocessor, task=None):
    """A model whose net the programs never call here."""
    names = [name for name, _, _ in preprocessor.inputs]
    net = SimpleNamespace(inputs=[SimpleNamespace(name=name) for name in names])
    return Predictor(net, task or tfft.tasks.classification(LABELS), preprocessor, {})


def inputs_of(predictor, folder, monkeypatch, runtime="onnx"):
    """The function ``inputs`` of a program, run with a stand-in for ONNX Runtime."""
    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(InferenceSession=lambda path: None))
    monkeypatch.setattr(sys, "argv", ["predict.py"])
    about = {"labels": LABELS, "preprocessing": predictor.preprocessor.to_dict()}
    (folder / "tfft.json").write_text(json.dumps(about), "utf-8")
    predictor.preprocessor.save(folder / "tokenizer")
    path = folder / program.NAME
    path.write_text(program.program(predictor, runtime), "utf-8")
    return runpy.run_path(str(path))["inputs"]


def file(image, name, **options):
    made = io.BytesIO()
    image.save(made, name, **options)
    return made.getvalue()


def deep_png(kind, channels, *chunks):
    """A PNG of 16 bits a channel, 9 x 7 pixels."""
    values = np.random.default_rng(channels).integers(0, 2**16, (7, 9 * channels)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    content = png((9, 7, 16, kind, 0, 0, 0), rows)
    return content[:33] + b"".join(chunk(*each) for each in chunks) + content[33:]


def turned(image, tag, name, **options):
    tags = image.getexif()
    tags[ORIENTATION] = tag
    return file(image, name, exif=tags, **options)


def images():
    """Name -> the content of a file."""
    found = {}
    for number, size in enumerate(SIZES):
        pixels = picture(number, size)
        alpha = np.random.default_rng(number).integers(0, 256, (*size, 1), np.uint8)
        rgb, rgba = Image.fromarray(pixels), Image.fromarray(np.concatenate([pixels, alpha], 2))
        palette = rgb.quantize(16)
        found |= {
            f"rgb {size}": file(rgb, "PNG"),
            f"rgba {size}": file(rgba, "PNG"),
            f"webp {size}": file(rgba, "WEBP", lossless=True),
            f"grey and alpha {size}": file(rgba.convert("LA"), "PNG"),
            f"palette {size}": file(palette, "PNG"),
            f"palette with a transparent colour {size}": file(palette, "PNG", transparency=3),
            f"palette with transparencies {size}": file(palette, "PNG", transparency=bytes(range(0, 240, 15))),
            f"transparent colour {size}": file(rgb, "PNG", transparency=tuple(map(int, pixels[0, 0]))),
            f"transparent grey {size}": file(
                rgb.convert("L"), "PNG", transparency=int(np.asarray(rgb.convert("L"))[0, 0])
            ),
            f"gif {size}": file(palette, "GIF", transparency=2),
            f"jpeg {size}": file(rgb, "JPEG"),
            f"grey jpeg {size}": file(rgb.convert("L"), "JPEG"),
            f"cmyk {size}": file(rgb.convert("CMYK"), "JPEG"),
            f"bmp {size}": file(rgb, "BMP"),
            f"ppm {size}": file(rgb, "PPM"),
            f"1 bit {size}": file(rgb.convert("1"), "PNG"),
            f"lab {size}": file(Image.frombytes("LAB", rgb.size, pixels.tobytes()), "TIFF"),
            f"ycbcr {size}": file(rgb.convert("YCbCr"), "TIFF"),
            f"tiff {size}": file(rgba, "TIFF"),
        }
    large = Image.fromarray(picture(5, (1501, 1103)).repeat(2, 1))
    found |= {f"turned jpeg {tag}": turned(large, tag, "JPEG") for tag in range(10)}
    found |= {f"turned png {tag}": turned(Image.fromarray(picture(6, (33, 14))), tag, "PNG") for tag in range(1, 9)}
    return found | {
        "16 bits": deep_png(0, 1),
        "16 bits with alpha": deep_png(4, 2),
        "16 bits in colour": deep_png(2, 3),
        "16 bits in colour with alpha": deep_png(6, 4),
    }


@pytest.fixture(scope="module")
def some_images():
    return images()


@pytest.mark.parametrize("fit", FITS)
def test_pixels_are_those_of_tfft_for_all_kinds_of_images(some_images, tmp_path, monkeypatch, fit):
    preprocessor = ImagePreprocessor(13, 22, fit)
    inputs = inputs_of(of(preprocessor), tmp_path, monkeypatch)
    path = tmp_path / "image"
    for name, content in some_images.items():
        path.write_bytes(content)
        found = inputs(path)["pixels"]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found[0], preprocessor(path), err_msg=name)


def odd_images():
    """Images whose meaning Pillow does not tell, and tfft finds out or refuses itself."""
    grey = np.arange(63, dtype=np.uint8).reshape(7, 9)
    rows = b"".join(b"\0" + bytes(range(at, at + 5)) for at in range(7))
    nibbles = png((9, 7, 4, 0, 0, 0, 0), rows)
    wide = Image.fromarray(grey.astype(np.uint16) * 900)
    return {
        "12 of 16 bits": deep_png(0, 1, (b"sBIT", b"\x0c")),
        "16 bits with a transparent grey": deep_png(0, 1, (b"tRNS", struct.pack(">H", 7))),
        "16 bits with a transparent colour": deep_png(2, 3, (b"tRNS", struct.pack(">HHH", 7, 7, 7))),
        "4 bits with a transparent grey": nibbles[:33] + chunk(b"tRNS", struct.pack(">H", 3)) + nibbles[33:],
        "16 bits in TIFF": file(wide, "TIFF"),
        "16 bits in PGM": b"P5 9 7 65535 " + grey.astype(">u2").tobytes(),
        "32 bits": file(Image.fromarray(grey.astype(np.int32)), "TIFF"),
        "floats": file(Image.fromarray(grey.astype(np.float32)), "TIFF"),
    }


@pytest.mark.parametrize("name", odd_images())
def test_images_that_pillow_reads_otherwise_than_tfft_are_refused(tmp_path, monkeypatch, name):
    inputs = inputs_of(of(ImagePreprocessor(13, 22)), tmp_path, monkeypatch)
    path = tmp_path / "image"
    path.write_bytes(odd_images()[name])
    with pytest.raises(SystemExit, match="save this image with 8 bits a channel"):
        inputs(path)


def byte_pieces(words):
    """RoBERTa's tokenizer, which has two end tokens between texts, for a net without segments."""
    signs = {sign: id for id, sign in enumerate(["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "ho", "how"])}
    made = JsonTokenizer(*byte_pairs(signs, ["h o", "ho w"]))
    return replace(words, tokenizer=Tokenizer("bytes", 2, lambda: made), segments=False)


@pytest.mark.parametrize("kind", ["words", "bytes"])
@pytest.mark.parametrize("texts", [1, 2])
def test_tokens_are_those_of_tfft(tmp_path, monkeypatch, kind, texts):
    preprocessor = tfft.load_backbone("toy_text", length=16).preprocessor
    preprocessor = byte_pieces(preprocessor) if kind == "bytes" else preprocessor
    predictor = of(preprocessor)
    monkeypatch.setattr(program, "texts_of", lambda predictor: texts)
    inputs = inputs_of(predictor, tmp_path, monkeypatch)
    some = [text for text in [*ODD, "how far is it to the next town " * 9, "how", "a b c"] if text.strip()]
    items = list(zip(some, reversed(some), strict=True)) if texts == 2 else [(text,) for text in some]
    for item in items:
        row = preprocessor(item if texts == 2 else item[0])
        found, wanted = inputs(*item), preprocessor.padded_to(len(row)).collate([row])
        assert set(found) == set(wanted)
        for name, values in wanted.items():
            assert found[name].dtype == np.int32
            np.testing.assert_array_equal(found[name], values, err_msg=repr(item))


def lines(text):
    """The lines of a program without its docstring and empty lines."""
    return [line for line in text.split('"""')[2].splitlines() if line.strip()]


@pytest.mark.parametrize("runtime", ["onnx", "litert", "keras"])
def test_programs_are_short(runtime):
    """The documentation names these numbers."""
    tasks = [tfft.tasks.classification(LABELS), tfft.tasks.multi_label(LABELS), tfft.tasks.segmentation(LABELS)]
    words = tfft.load_backbone("toy_text").preprocessor
    for task in tasks:
        assert len(lines(program.program(of(words, task), runtime))) <= 24
        for fit in FITS:
            found = program.program(of(ImagePreprocessor(13, 22, fit), task), runtime)
            assert len(lines(found)) <= (38 if fit == "pad" else 33)
            assert max(map(len, found.splitlines())) <= 132
            compile(found, "predict.py", "exec")


def test_answers_in_a_text_and_other_tokenizers_have_no_program():
    words = tfft.load_backbone("toy_text").preprocessor
    assert program.program(of(words, tfft.tasks.token_classification(["per"])), "onnx") is None
    other = replace(words, tokenizer=Tokenizer("other", 1, lambda: SimpleNamespace(start_token_id=0)))
    assert program.program(of(other), "onnx") is None
