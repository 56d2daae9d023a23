"""Every input is inspected once before training: faults are named, duplicates are found, and memory use stays constant."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from tests.png_files import rgb_png
from tfft.core.errors import DataError, DataWarning
from tfft.core.fingerprint import digest
from tfft.core.specs import Text
from tfft.data import inspection
from tfft.data.inspection import inspect_inputs, named_faults, refuse_faults, warn_doubts

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def _bytes(kind, **options):
    target = io.BytesIO()
    Image.fromarray(PIXELS).save(target, kind, **options)
    return target.getvalue()


KINDS = [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("BMP", {}), ("GIF", {}), ("WEBP", {})]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_sound_images_pass(kind, options):
    found = inspect_inputs([_bytes(kind, **options)])
    assert found.faults == ()
    assert len(found.digests[0]) == 32


def test_images_with_several_pages_are_named():
    pages = _bytes("TIFF", save_all=True, append_images=[Image.fromarray(PIXELS)] * 2)
    found = inspect_inputs([_bytes("TIFF"), pages])
    assert (found.faults, found.pages) == ((), (1,))
    with pytest.warns(DataWarning, match=r"1 of 2 images have several pages, and only the first is read: .example 1'"):
        warn_doubts([b"", b""], found)


@pytest.mark.parametrize(("kind", "options"), [pair for pair in KINDS if pair[0] != "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_images_are_found_wherever_they_end(kind, options, share):
    content = _bytes(kind, **options)
    found = inspect_inputs([content, content[: int(len(content) * share)]])
    assert [index for index, _ in found.faults] == [1]
    assert found.digests[1] == ""


@pytest.mark.parametrize("content", [b"<html>not found</html>", b"\x00" * 100, b"\xff\xd8\xff"])
def test_what_is_no_image_is_found(content):
    assert [reason for _, reason in inspect_inputs([content]).faults] == ["not an image"]


def test_a_zero_byte_image_is_named(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    with pytest.raises(DataError, match=r'1 of 1 images cannot be read: .*empty.jpg \(empty file\).*on_corrupt="skip"'):
        refuse_faults([str(path)], inspect_inputs([str(path)]))


def test_a_missing_file_and_a_broken_link_are_named(tmp_path):
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone")
    inputs = [str(tmp_path / "gone.jpg"), str(tmp_path / "link.jpg")]
    faults = named_faults(inputs, inspect_inputs(inputs))
    assert faults == tuple(f"{path}: no such file" for path in inputs)


def test_images_that_may_not_be_read_are_answered_with_the_permission_and_not_with_repair(tmp_path, monkeypatch):
    paths = [str(tmp_path / f"{number}.png") for number in range(2)]
    for path in paths:
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)

    def closed(item):
        raise PermissionError(13, "Permission denied", item)

    monkeypatch.setattr(inspection, "opened", closed)
    found = inspect_inputs(paths)
    assert found.faults == ((0, "permission denied"), (1, "permission denied"))
    with pytest.raises(DataError) as caught:
        refuse_faults(paths, found)
    assert caught.value.what.startswith("2 of 2 images cannot be read: ")
    assert f"`chmod u+rX {paths[0]}`" in caught.value.fix
    assert caught.value.fix.endswith('To leave them out pass on_corrupt="skip".')
    assert "Repair" not in caught.value.fix


def test_a_folder_called_like_an_image_is_a_fault(tmp_path):
    (tmp_path / "album.jpg").mkdir()
    assert len(inspect_inputs([str(tmp_path / "album.jpg")]).faults) == 1


@pytest.mark.parametrize(
    ("item", "kind"), [(7, "an int"), (10**15, "an int"), ({"bytes": b""}, "a dict"), (None, "None")]
)
def test_what_is_neither_path_nor_bytes_nor_array_is_a_fault_by_its_type(item, kind):
    assert inspect_inputs([item]).faults[0][1].startswith(f"{kind} is neither a path")


def test_floating_point_pixels_are_found_before_training():
    target = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.float32)).save(target, "TIFF")
    assert "no known range" in inspect_inputs([target.getvalue()]).faults[0][1]


def test_a_bomb_is_named_and_not_decoded(monkeypatch):
    monkeypatch.setenv("TFFT_MAX_IMAGE_PIXELS", "50")
    assert "pixels are more than the limit" in inspect_inputs([_bytes("PNG")]).faults[0][1]


def test_a_long_list_of_faults_is_cut_with_its_count():
    with pytest.raises(DataError, match=r"12 of 13 images.*example 0.*example 9.*\(12 in all\)"):
        refuse_faults([b"x"] * 12 + [PIXELS], inspect_inputs([b"x"] * 12 + [PIXELS]))


def test_nothing_wrong_raises_nothing():
    refuse_faults([PIXELS], inspect_inputs([PIXELS]))
    assert inspect_inputs([]) == inspection.Inspection((), ())


def test_equal_content_has_equal_digests_whatever_its_name(tmp_path):
    for name in ("a.png", "b.PNG"):
        (tmp_path / name).write_bytes(_bytes("PNG"))
    one, two, other = inspect_inputs([str(tmp_path / "a.png"), str(tmp_path / "b.PNG"), _bytes("BMP")]).digests
    assert one == two != other


def test_positions_survive_parallel_work():
    inputs = [b"bad" if index % 7 == 3 else np.full((2, 2), index % 251, np.uint8) for index in range(200)]
    found = inspect_inputs(inputs)
    assert [index for index, _ in found.faults] == list(range(3, 200, 7))
    expected = ["" if isinstance(item, bytes) else digest(item) for item in inputs]
    assert list(found.digests) == expected
    assert len(set(found.digests)) == 200 - len(found.faults) + 1


def test_inputs_are_read_as_they_are_needed_and_not_kept():
    """No more arrays are in memory than threads are at work, so a memory-mapped file may have any size."""
    lock, alive, most = threading.Lock(), 0, 0

    class Tracked(np.ndarray):
        def __del__(self):
            nonlocal alive
            with lock:
                alive -= 1

    class Inputs(list):
        def __getitem__(self, index):
            nonlocal alive, most
            with lock:
                alive += 1
                most = max(most, alive)
            return np.ndarray.__new__(Tracked, (64, 64), np.uint8)

    inspect_inputs(Inputs(range(500)))
    assert most <= 4 * inspection.cores() + 4


def test_an_array_that_cannot_be_pixels_stops_everything():
    class Inputs(list):
        def __getitem__(self, index):
            raise DataError("Image 3 cannot be used.")

    with pytest.raises(DataError, match="Image 3"):
        inspect_inputs(Inputs("abc"))


def test_texts_count_as_what_they_say_and_half_a_character_is_a_fault():
    texts = [Text("a"), Text("a", "b"), Text("ab"), Text("a"), Text(""), Text("\ud83d"), Text("好🎬")]
    found = inspect_inputs(texts)
    assert found.faults == ((5, "half a character (a lone surrogate)"),)
    assert found.digests[0] == found.digests[3]
    assert len({*found.digests[:3], found.digests[4], found.digests[6]}) == 5


def test_a_png_without_all_of_its_rows_is_a_fault():
    """Pillow fills the missing rows with black."""

    assert inspect_inputs([rgb_png(6)]).faults == ()
    assert inspect_inputs([rgb_png(6), rgb_png(4)]).faults == ((1, "its rows are not complete"),)
