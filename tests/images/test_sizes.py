"""The size of an image comes from its header, with the rotation of a camera."""

import numpy as np
import pytest
from PIL import Image

from tfft.core.errors import DataError
from tfft.images.decoding import decode
from tfft.images.sizes import size_of


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_decoded_image(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = str(tmp_path / "photo.jpg")
    Image.fromarray(np.zeros((10, 14, 3), np.uint8)).save(path, exif=exif)
    found = size_of(path)
    assert (found.width, found.height) == decode(path).size
    assert (found.stored, found.turned) == ((10, 14), orientation > 1)


def test_arrays_and_bytes_have_a_size_too(tmp_path):
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(tmp_path / "grey.png")
    assert size_of((tmp_path / "grey.png").read_bytes())[:2] == (3, 5)
    assert size_of(np.zeros((3, 5), np.uint8)).describe() == "5x3"


def test_what_is_no_image_is_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="cannot be read as an image"):
        size_of(b"nothing")
    Image.fromarray(np.zeros((30, 50), np.uint8)).save(tmp_path / "large.png")
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "100")
    with pytest.raises(DataError, match="1,500 pixels are more than the limit"):
        size_of(str(tmp_path / "large.png"))
