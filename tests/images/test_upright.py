"""Every colour mode is converted by its definition. Large images give the same pixels as small ones."""

import numpy as np
import pytest
from PIL import Image

from tfft.images import upright as module
from tfft.images.upright import in_strips, turned, upright

RANDOM = np.random.default_rng(0)


def _array(image):
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def test_hsv_is_converted_by_its_definition():
    hues = Image.fromarray(np.uint8([[[0, 255, 255], [85, 255, 255], [170, 255, 255], [9, 0, 77]]]), "HSV")
    assert np.abs(_array(upright(hues))[0] - [[255, 0, 0], [0, 255, 0], [0, 0, 255], [77] * 3]).max() <= 1


def test_ycbcr_is_converted_as_jfif_defines():
    values = RANDOM.integers(40, 200, (5, 6, 3), np.uint8)
    values[..., 1:] = 128 + (values[..., 1:].astype(int) - 128) // 4
    luma, blue, red = (values[..., index].astype(float) for index in range(3))
    blue, red = blue - 128, red - 128
    expected = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1)
    assert np.abs(_array(upright(Image.fromarray(values, "YCbCr"))) - expected).max() <= 1


def test_cmyk_values_are_amounts_of_ink():
    inks = np.uint8([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]])
    expected = [[255, 255, 255], [0, 255, 255], [255, 0, 0], [0, 0, 0]]
    assert _array(upright(Image.frombytes("CMYK", (4, 1), inks.tobytes())))[0].tolist() == expected


def test_lab_is_converted_as_cie_defines():
    def linear(lightness, a, b):
        middle = (lightness + 16) / 116
        roots = (middle + a / 500, middle, middle - b / 200)
        cubes = [root**3 if root > 6 / 29 else 3 * (6 / 29) ** 2 * (root - 4 / 29) for root in roots]
        xyz = np.array([0.9642, 1.0, 0.8251]) * cubes  # the white point D50
        to_rgb = [
            [3.1338561, -1.6168667, -0.4906146],
            [-0.9787684, 1.9161415, 0.0334540],
            [0.0719453, -0.2289914, 1.4052427],
        ]
        return np.clip(to_rgb @ xyz, 0, 1)

    colours = [(53, 30, 20), (80, -20, 10), (30, 5, -30), (100, 0, 0), (0, 0, 0)]
    expected = [
        255 * np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
        for value in (linear(*colour) for colour in colours)
    ]
    stored = np.uint8([[round(lightness * 2.55), a + 128, b + 128] for lightness, a, b in colours])
    image = Image.merge("LAB", [Image.fromarray(stored[None, :, index].copy()) for index in range(3)])
    assert np.abs(_array(upright(image))[0] - expected).max() <= 3


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBA", "RGBa"])
def test_transparent_images_of_all_modes_are_put_on_white(mode):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    image.putpixel((0, 0), (9, 9, 9, 0))
    image = image.convert("LA").convert(mode) if mode in ("LA", "La", "PA") else image.convert(mode)
    if mode == "PA":  # the conversion of Pillow makes everything opaque
        image.putpixel((0, 0), (9, 0))
    assert _array(upright(image))[0].tolist() == [[255] * 3, [0] * 3]


def test_a_palette_with_alpha_is_put_on_white():
    image = Image.fromarray(np.uint8([[0, 1]]))
    image.putpalette([1, 2, 3, 0, 4, 5, 6, 255], "RGBA")
    assert _array(upright(image))[0].tolist() == [[255] * 3, [4, 5, 6]]


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_a_known_range_are_refused(mode):
    with pytest.raises(ValueError, match="no known range"):
        upright(Image.new(mode, (2, 2)))


MODES = ["L", "RGB", "RGBA", "P", "CMYK", "I;16", "LA", "1", "YCbCr", "LAB"]


def _photo(mode):
    smooth = Image.fromarray(RANDOM.integers(0, 256, (9, 12, 4), np.uint8), "RGBA").resize(
        (120, 90), Image.Resampling.BICUBIC
    )
    if mode == "I;16":
        return Image.fromarray(np.asarray(smooth.convert("L")).astype(np.uint16) * 257)
    if mode == "LAB":
        return Image.frombytes("LAB", smooth.size, smooth.convert("RGB").tobytes())
    return smooth if mode == "RGBA" else smooth.convert(mode if mode == "LA" else "RGB").convert(mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_large_image_converted_in_strips_has_the_same_pixels(mode, monkeypatch):
    photo = _photo(mode)
    whole = _array(upright(photo.copy()))
    monkeypatch.setattr(module, "LARGE_PIXELS", 100)
    monkeypatch.setattr(module, "_STRIP_PIXELS", 1000)
    np.testing.assert_array_equal(_array(upright(photo.copy())), whole)
    reduced = upright(photo.copy(), least=10)
    assert reduced.size == (30, 23)
    assert np.abs(_array(reduced) - np.asarray(Image.fromarray(whole.astype(np.uint8)).reduce(4))).max() <= 1


def test_a_large_image_is_rotated_upright(monkeypatch):
    photo = _photo("RGB")
    photo.getexif()[0x0112] = 6
    whole = _array(upright(photo))
    assert whole.shape == (120, 90, 3)
    monkeypatch.setattr(module, "LARGE_PIXELS", 100)
    np.testing.assert_array_equal(_array(upright(photo)), whole)


def test_a_narrow_image_is_not_reduced_below_the_wanted_size():
    made = in_strips((5000, 30), 20, lambda top, bottom: Image.new("RGB", (5000, bottom - top)))
    assert made.size == (5000, 30)


def test_an_image_without_an_orientation_is_not_rotated():
    image = Image.new("L", (3, 2))
    assert turned(image) is image
