"""Arrays need a stated value range, and are converted image by image."""

import warnings

import numpy as np
import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_arrays
from tfft.data.sources.arrays import AsPixels, looks_channels_first, to_pixels

RANDOM = np.random.default_rng(0)


def _images(count=20, dtype=np.uint8):
    return RANDOM.integers(0, 256, (count, 6, 5, 3)).astype(dtype)


@pytest.mark.parametrize(
    ("image", "value_range", "expected"),
    [
        ([0.0, 0.5, 1.0], (0, 1), [0, 128, 255]),
        ([-1.0, 0.0, 1.0], (-1, 1), [0, 128, 255]),
        ([0.0, 127.4, 255.0], (0, 255), [0, 127, 255]),
        (np.uint16([0, 257, 65535]), (0, 65535), [0, 1, 255]),
        (np.int64([0, 7, 255]), (0, 255), [0, 7, 255]),
        ([False, True], (0, 1), [0, 255]),
        (np.float16([0, 1]), (0, 1), [0, 255]),
        (np.uint8([0, 1]), (0, 1), [0, 255]),
        (np.uint8([3, 200]), None, [3, 200]),
    ],
)
def test_values_are_mapped_linearly_to_0_to_255(image, value_range, expected):
    pixels = to_pixels(np.asarray(image)[None], value_range)
    assert pixels.dtype == np.uint8
    assert pixels[0].tolist() == expected


def test_every_byte_survives_a_round_trip_through_floats():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for value_range in ((0.0, 1.0), (-1.0, 1.0), (0, 255)):
        low, high = value_range
        floats = (every / 255 * (high - low) + low).astype(np.float32)
        np.testing.assert_array_equal(to_pixels(floats, value_range), every)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16, bool])
def test_a_range_that_is_not_stated_is_asked_for(dtype):
    with pytest.raises(
        DataError, match=rf"dtype {np.dtype(dtype)} have no known range.*values from 0 to 1.*value_range="
    ):
        to_pixels(np.array([[0, 1]], dtype))


@pytest.mark.parametrize("bad", [1.5, -0.1, np.nan, np.inf])
def test_values_outside_the_range_are_refused(bad):
    with pytest.raises(DataError, match=r"within value_range=\(0, 1\).*Widen"):
        to_pixels(np.array([[0.5, bad]]), (0, 1))


@pytest.mark.parametrize("value_range", [(1, 0), (0, 0), (0,), 255, "01", (0, np.inf), (None, 1)])
def test_an_invalid_range_is_refused(value_range):
    with pytest.raises(DataError, match=r"value_range must be \(lowest, highest\).*Write") as caught:
        to_pixels(np.zeros((2, 2)), value_range)
    assert repr(value_range) in str(caught.value)


@pytest.mark.parametrize("shape", [(), (4,), (2, 2, 2), (3, 8, 8), (2, 4, 4, 3), (0, 4), (4, 4, 0)])
def test_shapes_that_are_not_images_are_refused(shape):
    with pytest.raises(DataError, match=r"\(height, width\).*Channels come last") as caught:
        to_pixels(np.zeros(shape, np.uint8))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("dtype", [complex, object, "U3"])
def test_values_that_are_no_real_numbers_are_refused(dtype):
    with pytest.raises(DataError, match=r"real numbers.*dtype.*uint8"):
        to_pixels(np.zeros((2, 2), dtype), (0, 1))


def test_integers_strings_and_booleans_are_classes_and_floats_a_quantity():
    for targets in ([0, 1] * 10, ["a", "b"] * 10, [True, False] * 10, np.array([0, 1] * 10, np.uint8)):
        assert from_arrays(_images(), targets).labels.kind == "single"
    assert from_arrays(_images(), np.linspace(0, 1, 20)).labels.kind == "real"


def test_inputs_and_targets_stay_together(toy_arrays):
    images, targets = toy_arrays
    splits = from_arrays(images, targets, class_names=["r", "g", "b"])
    for part in (splits.train, splits.validation, splits.test):
        for index in range(len(part)):
            assert part.inputs[index].mean(axis=(0, 1)).argmax() == part.targets[index]


def test_class_names_are_in_id_order():
    assert from_arrays(_images(), [0, 1] * 10, class_names=["zebra", "ant"]).train.counts().keys() == {"zebra", "ant"}
    with pytest.raises(DataError, match=r"no name.*2 for 2 class names"):
        from_arrays(_images(21), [0, 1, 2] * 7, class_names=["a", "b"])
    with pytest.raises(DataError, match="'c' have no training example"):
        from_arrays(_images(), [0, 1] * 10, class_names=["a", "b", "c"])


def test_parts_may_be_given():
    splits = from_arrays({"train": (_images(), [0, 1] * 10), "test": (_images(2), [1, 0])})
    assert splits.describe() == "16 train, 4 validation, 2 test; 2 classes"
    assert splits.test.targets.tolist() == [1, 0]


def test_images_of_several_sizes_and_channels_may_stand_in_a_list():
    images = [np.full((4 + i, 5, [1, 3, 4][i % 3]), i, np.uint8) for i in range(20)]
    assert len(from_arrays(images, [0, 1] * 10).train) == 14


def test_groups_stay_together():
    splits = from_arrays(_images(), [0, 1] * 10, groups=np.arange(20) // 4)
    groups = [
        {p.inputs.position(i) // 4 for i in range(len(p))} for p in (splits.train, splits.validation, splits.test)
    ]
    assert sum(map(len, groups)) == 5


def test_floats_are_converted_one_at_a_time():
    class Watched(np.ndarray):
        whole = 0

        def astype(self, *args, **kwargs):
            Watched.whole += self.ndim == 4
            return super().astype(*args, **kwargs)

    images = (_images() / 255).view(Watched)
    splits = from_arrays(images, [0, 1] * 10, value_range=(0, 1))
    assert splits.train.inputs[0].dtype == np.uint8
    assert Watched.whole == 0


def test_a_memory_mapped_file_stays_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", _images())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    splits = from_arrays(mapped, [0, 1] * 10)
    assert splits.train.inputs._base._images is mapped


@pytest.mark.parametrize("targets", [None, [0, 1], 5, np.array(5)])
def test_one_target_for_each_image_is_needed(targets):
    with pytest.raises(DataError, match=r"one target for each image.*20 images and (no|2) targets.*same length"):
        from_arrays(_images(), targets)


@pytest.mark.parametrize("images", [None, "pictures", 5, (x for x in [1])])
def test_images_must_be_a_sequence(images):
    with pytest.raises(DataError, match=r"array or a sequence of arrays.*from_folder") as caught:
        from_arrays(images, [0, 1])
    assert type(images).__name__ in str(caught.value)


def test_the_error_for_paths_names_the_right_functions():
    with pytest.raises(DataError, match=r"2 of 2 inputs are paths of images.*from_dataframe"):
        from_arrays(["a.png", "b.png"], [0, 1])


@pytest.mark.parametrize("part", [_images(), (_images(),), None])
def test_a_part_must_be_a_pair(part):
    with pytest.raises(DataError, match=r"train part must be a pair.*Write"):
        from_arrays({"train": part})


def test_the_image_that_is_wrong_is_named_before_training():
    images = _images(dtype=np.float32) / 255
    images[13, 0, 0] = np.nan
    with pytest.raises(DataError, match=r"Image 13 cannot be used.*value_range=\(0, 1\)"):
        from_arrays(images, [0, 1] * 10, value_range=(0, 1))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0.5, np.nan] * 10, "10 targets are missing.*rows 1, 3"),
        (np.zeros((20, 2, 2)), r"one axis or two.*shape \(20, 2, 2\)"),
        (["a", None] * 10, "10 targets are missing"),
        ([1] * 20, "two classes.*'1'"),
        (np.arange(40).reshape(20, 2), r"shape \(20, 2\).*pass shape \(n,\)"),
    ],
)
def test_targets_that_cannot_be_trained_on_are_refused(targets, message):
    with pytest.raises(DataError, match=message):
        from_arrays(_images(), targets)


@pytest.mark.parametrize("dtype", [int, np.float32, bool])
def test_one_hot_rows_are_doubted(dtype):
    with pytest.warns(DataWarning, match="argmax"):
        assert from_arrays(_images(), np.eye(2, dtype=dtype)[[0, 1] * 10]).labels.kind == "multi"


def test_an_index_past_the_end_stops_a_loop():
    assert len(list(AsPixels(_images(3), None))) == 3


@pytest.mark.parametrize("shape", [(3, 8, 9), (1, 8, 9), (4, 8, 9)])
def test_the_error_for_channels_first_shows_the_call_that_fixes_it(shape):
    assert looks_channels_first(shape)
    with pytest.raises(DataError, match=r"looks channels-first.*np\.moveaxis\(image, 0, -1\)"):
        to_pixels(np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match=r"Image 0 .*looks channels-first.*np\.moveaxis\(images, 1, -1\)"):
        from_arrays(np.zeros((20, *shape), np.uint8), [0, 1] * 10)
    assert to_pixels(np.moveaxis(np.zeros(shape, np.uint8), 0, -1)).shape == (8, 9, shape[0])


@pytest.mark.parametrize("shape", [(8, 9, 3), (8, 9), (3, 8, 3), (3, 4, 4), (2, 8, 9), (3, 3, 8, 9)])
def test_other_shapes_do_not_look_channels_first(shape):
    assert not looks_channels_first(shape)


def test_grey_images_may_be_as_many_as_there_are_channels():
    images = np.random.default_rng(0).integers(0, 255, (4, 8, 9), np.uint8)
    assert len(from_arrays(images, [0, 1, 0, 1], holdout=(0.4, 0)).train) == 2


@pytest.mark.parametrize(
    ("low", "given", "message"),
    [
        (0.0, (0, 255), r"first 20 images lie in \[0, 1\]; value_range says \(0, 255\).*black.*value_range=\(0, 1\)"),
        (-1.0, (-1, 255), r"first 20 images lie in \[-1, 1\]; value_range says .*value_range=\(-1, 1\)"),
    ],
)
def test_values_up_to_one_in_a_range_up_to_255_are_doubted(low, given, message):
    with pytest.warns(DataWarning, match=message):
        from_arrays(RANDOM.uniform(low, 1, (20, 6, 5, 3)), [0, 1] * 10, value_range=given)


@pytest.mark.parametrize(
    ("images", "value_range"),
    [
        (RANDOM.uniform(0, 1, (20, 6, 5, 3)), (0, 1)),
        (RANDOM.uniform(0, 255, (20, 6, 5, 3)), (0, 255)),
        (RANDOM.integers(0, 2, (20, 6, 5, 3)), (0, 255)),
        ([*RANDOM.uniform(0, 1, (19, 6, 5)), np.full((6, 5), 200.0)], (0, 255)),
    ],
)
def test_ranges_that_fit_are_not_doubted(images, value_range):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        warnings.filterwarnings("ignore", message=".*same content.*|.*content as another.*")
        assert len(from_arrays(images, [0, 1] * 10, value_range=value_range).train) == 14


def test_half_a_character_is_named_without_advice_to_pass_an_option_that_does_not_exist():
    with pytest.raises(DataError, match=r"1 of 4 texts cannot be read: 'example 2 .*Repair .*, or remove them\.$"):
        from_arrays(["a", "b", "\ud83d", "d"], ["x", "y", "x", "y"])
