"""Huge, damaged or fake image files, pipes and devices are refused by their headers, or read correctly with little memory."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError
from tfft.core.limits import LIMITS
from tfft.data import from_arrays, from_dataset, from_folder
from tfft.data.inspection import inspect_inputs
from tfft.inputs.image import ImagePreprocessor

Attack = Any
READ = ImagePreprocessor(32, 48)
COLOUR = (10, 200, 30)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    width: int, height: int, pixel: bytes = bytes(COLOUR), *more: bytes, rows: int | None = None, after: bytes = b""
) -> bytes:
    """A PNG of a single colour, compressed row by row."""
    pack = zlib.compressobj(1)
    row = b"\0" + pixel * width
    data = b"".join(pack.compress(row) for _ in range(height if rows is None else rows)) + pack.flush()
    kind = {1: 0, 3: 2, 4: 6}[len(pixel)]
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *more, chunk(b"IDAT", data), after, chunk(b"IEND", b"")]
    )


def tiff(tags: dict[int, int], content: bytes = b"\0" * 64) -> bytes:
    usual = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: len(content)} | tags
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(usual.items()))
    return (
        struct.pack("<2sHI", b"II", 42, 8 + len(content)) + content + struct.pack("<H", len(usual)) + rows + b"\0" * 4
    )


def gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", *screen) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return head + b"\x2c" + struct.pack("<HHHH", 0, 0, *frame) + b"\0\x02\x02\x44\x01\0\x3b"


def webp(width: int, height: int, flags: int = 0) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0])
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def saved(kind: str, image: Image.Image, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def jpeg_of(width: int, height: int) -> bytes:
    content = saved("JPEG", Image.new("RGB", (8, 8)))
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


HUGE = {
    "png of 177 megapixels": png(13300, 13300, b"\x07", rows=10),
    "png between one and two limits": png(10000, 10000, b"\x07", rows=10),
    "png of the largest sides": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", b""),
    "jpeg": jpeg_of(65000, 65000),
    "bmp": b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 40000, 40000, 1, 24, 0, 0, 0, 0, 0, 0),
    "bmp upside down": b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 40000, -40000, 1, 24, 0, 0, 0, 0, 0, 0),
    "ppm": b"P6 100000 100000 255\n" + b"\0" * 30,
    "plain ppm": b"P3 100000 100000 255\n1 2 3",
    "gif": gif((65535, 65535), (8, 8)),
    "gif whose frame is larger than its screen": gif((8, 8), (65535, 65535)),
    "gif whose frame is between one and two limits": gif((8, 8), (10000, 10000)),
    "tiff": tiff({256: 100_000, 257: 100_000}),
    "tiff of small sides and huge tiles": tiff({322: 60_000, 323: 60_000, 324: 8, 325: 64}),
    "webp": webp(16384, 16384),
    "webp animation": webp(8000, 8000, flags=2),
}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Any:
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]), seed=1)
    found = tfft.load(tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft"))
    found.predict(np.zeros((8, 8, 3), np.uint8))
    return found


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_image_is_refused_by_its_header(attack: Attack, name: str) -> None:
    found = attack(lambda: READ(HUGE[name]))
    assert isinstance(found, DataError)
    assert "pixels are more than the limit" in str(found)


@pytest.mark.parametrize("name", HUGE)
def test_the_inspection_of_images_finds_a_huge_image(attack: Attack, name: str) -> None:
    found = attack(lambda: inspect_inputs([HUGE[name]]))
    assert len(found.faults) == 1


@pytest.mark.parametrize("way", ["path", "bytes", "folder", "pillow", "list"])
def test_predict_refuses_a_huge_image_in_every_form(attack: Attack, predictor: Any, tmp_path: Path, way: str) -> None:
    path = tmp_path / "images" / "bomb.png"
    path.parent.mkdir()
    path.write_bytes(png(13300, 13300, rows=10))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        image = Image.open(path)
    given = {"path": path, "bytes": path.read_bytes(), "folder": path.parent, "pillow": image, "list": [image, path]}[
        way
    ]
    found = attack(lambda: predictor.predict(given))
    assert isinstance(found, DataError)
    assert found.what.endswith("176,890,000 pixels are more than the limit.")
    image.close()


def test_training_refuses_eight_huge_images_and_names_them(attack: Attack, tmp_path: Path) -> None:
    content = png(13300, 13300, rows=10)
    for number in range(8):
        path = tmp_path / "flowers" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = attack(lambda: from_folder(tmp_path / "flowers"))
    assert isinstance(found, DataError)
    assert "8 of 8 images cannot be read" in str(found)
    assert "176,890,000 pixels" in str(found)
    assert "0.png" in str(found)


def test_huge_images_in_memory_are_refused(attack: Attack) -> None:
    import tensorflow as tf

    content = png(13300, 13300, rows=10)
    data = tf.data.Dataset.from_tensor_slices(([content] * 8, [0, 1] * 4))
    found = attack(lambda: from_dataset(data))
    assert isinstance(found, DataError)
    assert "176,890,000 pixels" in str(found)


@pytest.fixture(scope="module")
def legal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight images of 80 megapixels in class folders. Every other one is grey, which is faster to read."""
    folder = tmp_path_factory.mktemp("legal")
    for number in range(8):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(10000, 8000, bytes([10 + number, 200, 30][: 1 if number // 2 % 2 else 3])))
    return folder


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "L"])
def test_a_valid_image_of_80_megapixels_is_read_correctly(attack: Attack, predictor: Any, kind: str) -> None:
    pixel = {"RGB": bytes(COLOUR), "RGBA": bytes([0, 0, 0, 51]), "L": b"\x55"}[kind]
    content = png(10000, 8000, pixel)
    expected = {"RGB": list(COLOUR), "RGBA": [204] * 3, "L": [0x55] * 3}[kind]
    assert np.unique(attack(lambda: READ(content)).reshape(-1, 3), axis=0).tolist() == [expected]
    assert not attack(lambda: inspect_inputs([content])).faults


def test_training_with_eight_images_of_80_megapixels_takes_the_memory_of_one(attack: Attack, legal: Path) -> None:
    small = from_arrays(np.random.default_rng(0).integers(0, 255, (8, 8, 8, 3), np.uint8), [0, 1] * 4)
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]), seed=1)
    tfft.fit(tfft.build("toy", tfft.tasks.classification(small.labels)), small, tfft.plans.head_only(1), batch_size=4)
    data = attack(lambda: from_folder(legal, holdout=(0.25, 0)))
    assert not isinstance(data, DataError), data
    run = attack(lambda: tfft.fit(model, data, tfft.plans.head_only(1), batch_size=4))
    assert not isinstance(run, DataError), run


def test_narrow_images_do_not_add_up_in_memory(attack: Attack) -> None:
    content = png(100, 800_000)
    images = [content] * 4

    def read() -> list[Any]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(READ, images))

    assert all((pixels == COLOUR).all() for pixels in attack(read))


@pytest.mark.parametrize(
    ("more", "after"),
    [
        ([chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 200_000_000, 9))], b""),
        ([chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 200_000_000, 9))], b""),
        ([chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(b"\0" * 200_000_000, 9))], b""),
        ([], chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 200_000_000, 9))),
        ([chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 1_000_000, 9))] * 100, b""),
    ],
    ids=["profile", "text", "international text", "text behind the pixels", "many texts"],
)
def test_compressed_texts_of_a_png_are_limited(attack: Attack, more: list[bytes], after: bytes) -> None:
    content = png(8, 8, bytes(COLOUR), *more, after=after)
    found = attack(lambda: READ(content))
    assert (isinstance(found, DataError) and "cannot be read as an image" in str(found)) or (found == COLOUR).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_only_the_first_of_many_frames_is_read(attack: Attack, kind: str) -> None:
    frames = [
        Image.new("RGB", (64, 64), COLOUR),
        *(Image.new("RGB", (64, 64), (number % 256, 0, 0)) for number in range(2000)),
    ]
    options = {"lossless": True, "method": 0} if kind == "WEBP" else {}
    content = saved(kind, frames[0], save_all=True, append_images=frames[1:], **options)
    assert (attack(lambda: READ(content)) == COLOUR).all()


@pytest.mark.parametrize(
    "tags",
    [
        {258: 60_000},
        {277: 60_000},
        {273: 2**32 - 1, 279: 2**32 - 1},
        {278: 2**32 - 1},
        {259: 60_000},
        {256: 0},
        {322: 0, 323: 0, 324: 8, 325: 64},
        {259: 8, 279: 2**31},
    ],
    ids=["bits", "samples", "offsets", "rows", "compression", "width", "tiles", "deflate"],
)
def test_a_tiff_with_wrong_tags_is_refused_or_read(attack: Attack, tags: dict[int, int]) -> None:
    found = attack(lambda: READ(tiff(tags)))
    assert isinstance(found, DataError) or found.shape == (32, 48, 3)


def test_a_tiff_with_circular_directories_causes_no_endless_loop(attack: Attack) -> None:
    content = tiff({})
    content = content[:-4] + struct.pack("<I", 8 + 64)
    assert attack(lambda: READ(content)).shape == (32, 48, 3)


@pytest.mark.filterwarnings("ignore:Tag data larger than file:UserWarning")
def test_exif_with_invalid_offsets_is_ignored(attack: Attack) -> None:
    entry = struct.pack("<HHII", 0x0112, 3, 2**31, 2**31)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entry * 5000 + struct.pack("<I", 8)
    content = saved("JPEG", Image.new("RGB", (16, 16), COLOUR), quality=95)
    content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]
    exif_chunk = png(8, 8, bytes(COLOUR), chunk(b"eXIf", exif[6:]))
    assert (attack(lambda: READ(exif_chunk)) == COLOUR).all()
    assert attack(lambda: READ(content)).shape == (32, 48, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\nshowpage",
        b"\0\0\1\0\1\0\0\0\0\0\1\0 \0" + struct.pack("<II", 2**31, 22) + b"\0" * 40,
        b"icns" + struct.pack(">I", 2**31) + b"ic10" + struct.pack(">I", 2**31 - 8) + b"\0" * 40,
        b"8BPS\0\1\0\0\0\0\0\0\0\3" + struct.pack(">IIHH", 30000, 30000, 8, 3) + b"\0" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"\0\0\0\x18ftypheic" + b"\0" * 40,
    ],
    ids=["postscript", "ico", "icns", "psd", "svg", "heic"],
)
def test_other_formats_are_not_opened(attack: Attack, content: bytes) -> None:
    found = attack(lambda: READ(content))
    assert isinstance(found, DataError)
    assert "cannot be read as an image: not an image" in str(found)


@pytest.mark.parametrize("kind", ["pipe", "device", "sparse", "loop"])
def test_files_without_an_end_are_not_waited_for(attack: Attack, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "flowers"
    for name in ("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "b/3.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(8, 8, os.urandom(3)))
    bad = folder / "a" / "bad.png"
    if kind == "pipe":
        os.mkfifo(bad)
        os.mkfifo(folder / "a" / "without ending")
    elif kind == "device":
        bad.symlink_to("/dev/zero")
        (folder / "a" / "without ending").symlink_to("/dev/zero")
    elif kind == "loop":
        bad.symlink_to(bad)
    else:
        with bad.open("wb") as file:
            file.truncate(2 * LIMITS["input_bytes"].default)

    def read() -> Any:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tfft.core.errors.DataWarning)
            return from_folder(folder)

    found = attack(read)
    assert isinstance(found, DataError)
    assert "1 of 7 images cannot be read" in str(found)
    assert "bad.png" in str(found)


def test_a_link_out_of_the_folder_is_an_ordinary_input_and_its_content_is_never_shown(
    attack: Attack, outside: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "flowers" / "a"
    folder.mkdir(parents=True)
    (folder / "1.png").symlink_to(outside / "secret.txt")
    found = attack(lambda: READ(folder / "1.png"))
    assert isinstance(found, DataError)
    assert "not an image" in str(found)


@pytest.mark.parametrize(
    "path", ["nul\0.png", "x" * 5000, "", ".", "~root/x.png", "http://127.0.0.1:1/x.png", "//x/../../x.png"]
)
def test_invalid_paths_are_refused(attack: Attack, predictor: Any, path: str) -> None:
    found = attack(lambda: predictor.predict([path]))
    assert isinstance(found, DataError)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_headers_give_an_error_of_tfft_or_pixels(attack: Attack, seed: int) -> None:
    random = np.random.default_rng(seed)
    photo = Image.fromarray(random.integers(0, 256, (20, 30, 3), np.uint8))
    kinds = ("PNG", "BMP", "GIF", "TIFF", "PPM", "JPEG", "WEBP")

    def read() -> int:
        refused = 0
        for kind in kinds:
            content = np.frombuffer(saved(kind, photo), np.uint8)
            for _ in range(60):
                damaged = content.copy()
                where = random.integers(0, min(len(content), 120), 3)
                damaged[where] = random.integers(0, 256, 3)
                fault = inspect_inputs([damaged.tobytes()]).faults
                try:
                    pixels = READ(damaged.tobytes())
                    assert pixels.shape == (32, 48, 3)
                except DataError:
                    refused += 1
                else:
                    assert not fault
        return refused

    assert attack(read) > 50
