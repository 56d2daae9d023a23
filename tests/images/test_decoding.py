"""Every kind of image file is decoded correctly, compared with references made without tfft."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.data.inspection import inspect_inputs
from tfft.images.decoding import decode

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (12, 17, 3), np.uint8)
# blocks of one colour survive lossy compression, and differ in every rotation and mirror image
_COLOURS = np.uint8([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [0, 250, 250], [0, 0, 0]]])
BLOCKS = _COLOURS.repeat(16, axis=0).repeat(16, axis=1)


def _bytes(image, kind, **options):
    target = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(target, kind, **options)
    return target.getvalue()


def _exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _pixels(item):
    image = decode(item)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("PNG", {"optimize": True})]
)
def test_lossless_colours_are_exact(kind, options):
    np.testing.assert_array_equal(_pixels(_bytes(PIXELS, kind, **options)), PIXELS)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "quality": 95}])
def test_jpeg_colours_are_as_exact_as_the_compression(options):
    assert np.abs(_pixels(_bytes(BLOCKS, "JPEG", **options)).astype(int) - BLOCKS).mean() < 12


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG", "GIF", "WEBP"])
def test_grey_becomes_three_equal_channels(kind):
    grey = np.repeat(np.arange(0, 240, 15, np.uint8)[None], 16, axis=0)
    found = _pixels(_bytes(grey, kind)).astype(int)
    assert np.abs(found - grey[..., None]).max() <= 6
    assert np.ptp(found, axis=2).max() <= 2


def test_one_bit_images_become_black_and_white():
    np.testing.assert_array_equal(np.unique(_pixels(_bytes(Image.fromarray(PIXELS).convert("1"), "PNG"))), [0, 255])


def test_16_bit_grey_is_scaled_and_not_clipped():
    deep = RANDOM.integers(0, 2**16, (9, 7)).astype(np.uint16)
    expected = np.floor(deep / 256).astype(np.uint8)
    np.testing.assert_array_equal(_pixels(_bytes(deep, "PNG")), np.repeat(expected[..., None], 3, axis=2))


def test_16_bit_grey_keeps_its_top_byte_whatever_the_byte_order():
    for order in ("<u2", ">u2"):
        image = Image.frombytes(
            "I;16" if order == "<u2" else "I;16B", (2, 1), np.array([[255, 65535]], order).tobytes()
        )
        assert np.asarray(decode(image))[0, :, 0].tolist() == [0, 255]


def test_palettes_are_converted_to_colours():
    image = Image.fromarray(np.uint8([[0, 1], [2, 1]]))
    image.putpalette([255, 0, 0, 0, 255, 0, 9, 8, 7])
    expected = [[[255, 0, 0], [0, 255, 0]], [[9, 8, 7], [0, 255, 0]]]
    for kind in ("PNG", "GIF", "BMP"):
        assert _pixels(_bytes(image, kind)).tolist() == expected


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 128])])
def test_transparent_palette_entries_become_white(transparency):
    image = Image.fromarray(np.uint8([[0, 1, 2]]))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 200])
    blue = [0, 0, 200] if isinstance(transparency, int) else [127, 127, 227]
    assert _pixels(_bytes(image, "PNG", transparency=transparency))[0].tolist() == [[255, 0, 0], [255, 255, 255], blue]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_rgba_is_put_on_white(kind):
    alpha = RANDOM.integers(0, 256, (12, 17, 1), np.uint8)
    alpha[:2], alpha[2:4] = 0, 255
    content = _bytes(
        np.concatenate([PIXELS, alpha], axis=2), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {})
    )
    share = alpha / 255
    assert np.abs(_pixels(content) - (PIXELS * share + 255 * (1 - share))).max() <= 1


def test_grey_with_alpha_is_put_on_white():
    image = Image.merge("LA", [Image.new("L", (2, 1), 10), Image.fromarray(np.uint8([[0, 255]]))])
    assert _pixels(_bytes(image, "PNG"))[0].tolist() == [[255] * 3, [10] * 3]


def test_the_transparent_colour_of_an_rgb_png_becomes_white():
    assert _pixels(_bytes(np.uint8([[[1, 2, 3], [4, 5, 6]]]), "PNG", transparency=(1, 2, 3)))[0].tolist() == [
        [255] * 3,
        [4, 5, 6],
    ]


def test_cmyk_is_read_as_colour_and_not_as_its_negative():
    cmyk = np.zeros((16, 32, 4), np.uint8)
    cmyk[:, 16:, 1:3] = 255  # magenta and yellow ink make red
    found = _pixels(_bytes(Image.frombytes("CMYK", (32, 16), cmyk.tobytes()), "JPEG")).astype(int)
    assert np.abs(found[:, :12] - 255).max() < 12
    assert np.abs(found[:, 20:] - [255, 0, 0]).max() < 12


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (200, 90, 10)]
    content = _bytes(
        frames[0], kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {})
    )
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert np.unique(_pixels(content)).tolist() == [200]


def test_an_opened_animation_gives_its_first_frame_whatever_its_current_frame():
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (200, 90)]
    image = Image.open(io.BytesIO(_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    image.seek(1)
    assert np.unique(np.asarray(decode(image))).tolist() == [200]


STORED = {  # how a camera stores an upright image with each orientation tag (EXIF 2.3, tag 0x0112)
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_rotation_is_undone(kind, orientation):
    stored = np.ascontiguousarray(STORED[orientation](BLOCKS))
    found = _pixels(_bytes(stored, kind, exif=_exif(orientation)))
    assert found.shape == BLOCKS.shape
    assert np.abs(found.astype(int) - BLOCKS).mean() < 12


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_invalid_orientation_is_ignored(orientation):
    np.testing.assert_array_equal(_pixels(_bytes(PIXELS, "PNG", exif=_exif(orientation))), PIXELS)


def test_images_with_damaged_tags_are_read():
    content = _bytes(PIXELS, "WEBP", lossless=True, exif=_exif(6))
    at = content.rindex(b"MM\x00*") if b"MM\x00*" in content else content.rindex(b"II*\x00")
    broken = content[:at] + b"M?" + content[at + 2 :]
    np.testing.assert_array_equal(_pixels(broken), PIXELS)


def test_images_can_be_decoded_exactly_if_they_pass_the_inspection():
    exif = _exif(6)
    exif[0x0131] = "camera"
    sound = [_bytes(PIXELS, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP")]
    sound += [_bytes(PIXELS, kind) for kind in ("GIF", "BMP")]
    random = np.random.default_rng(1)
    damaged = []
    for content in sound:
        for _ in range(60):
            copy = bytearray(content)
            for _ in range(random.integers(1, 4)):
                copy[random.integers(0, len(copy))] = random.integers(0, 256)
            damaged.append(bytes(copy[: random.integers(1, len(copy))] if random.random() < 0.3 else copy))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about damaged tags
        faults = {index for index, _ in inspect_inputs(damaged).faults}
        undecodable = set()
        for index, content in enumerate(damaged):
            try:
                decode(content, (8, 8))
            except DataError:
                undecodable.add(index)
    assert faults == undecodable
    assert 0 < len(faults) < len(damaged)


@pytest.mark.parametrize(
    "item",
    [PIXELS, PIXELS[..., :1], PIXELS[..., 0], np.dstack([PIXELS, np.full((12, 17), 255, np.uint8)]), PIXELS[::-1, ::2]],
)
def test_arrays_are_used_as_pixels(item):
    wanted = item[..., None] if item.ndim == 2 else item
    np.testing.assert_array_equal(_pixels(item), np.broadcast_to(wanted[..., :3], (*wanted.shape[:2], 3)))


@pytest.mark.parametrize(
    "item",
    [
        PIXELS.astype(np.float32),
        PIXELS[..., :2],
        np.zeros((2, 2, 5), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
    ],
)
def test_the_error_for_an_invalid_array_gives_shape_and_dtype(item):
    with pytest.raises(DataError, match=r"must be uint8 of shape.*value_range") as caught:
        decode(item)
    assert str(item.dtype) in str(caught.value)
    assert str(item.shape) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not an image", _bytes(PIXELS, "PNG")[:80]])
def test_bytes_that_are_not_an_image_are_refused(content):
    with pytest.raises(DataError, match=r"The given value cannot be read as an image: .*Repair or remove"):
        decode(content)


def test_the_error_names_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"bad\.jpg' cannot be read.*Repair"):
        decode(tmp_path / "bad.jpg")
    with pytest.raises(DataError, match=r"gone\.jpg' cannot be read as an image: no such file"):
        decode(str(tmp_path / "gone.jpg"))
    with pytest.raises(DataError, match="cannot be read"):
        decode(tmp_path)


@pytest.mark.parametrize(
    ("item", "named"), [(7, "an int"), (None, "None"), (["a.jpg"], "a list"), (1.5, "a float")], ids=str
)
def test_the_error_for_a_value_that_is_not_an_image_gives_its_type(item, named):
    with pytest.raises(DataError, match=rf"from {named}\. Pass a path"):
        decode(item)


def test_floating_point_pixels_are_refused():
    with pytest.raises(DataError, match="floating-point pixels have no known range"):
        decode(Image.fromarray(np.zeros((2, 2), np.float32)))


def test_postscript_in_a_jpg_is_refused_and_starts_no_program():
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(DataError, match="cannot be read as an image"):
        decode(postscript)
    assert inspect_inputs([postscript]).faults == ((0, "not an image"),)


def test_a_multi_picture_jpeg_of_a_phone_gives_its_first_image():
    content = _bytes(BLOCKS, "MPO", save_all=True, append_images=[Image.new("RGB", (48, 32))], quality=95)
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.n_frames == 2
        assert np.array_equal(np.asarray(decode(content)), np.asarray(opened.convert("RGB")))
    assert not inspect_inputs([content]).faults
