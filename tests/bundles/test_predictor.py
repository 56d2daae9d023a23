"""predict() takes what users have at hand."""

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import DataError, DataWarning


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]), seed=1)
    return tfft.load(tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft"))


@pytest.fixture
def array():
    return np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)


@pytest.fixture
def png(array, tmp_path):
    path = tmp_path / "图片 one.PNG"
    Image.fromarray(array).save(path, "PNG")
    return path


def test_every_way_to_hand_in_one_picture_gives_the_same_answer(predictor, array, png):
    ways = [png, str(png), png.read_bytes(), array, Image.fromarray(array), [png], array[None], png.parent]
    answers = [predictor.predict(way) for way in ways]
    assert all(len(answer) == 1 for answer in answers)
    assert len({tuple(answer[0].scores.items()) for answer in answers}) == 1
    assert answers[0][0].name == str(png)


def test_a_mixture_is_answered_in_order(predictor, array, png):
    dark = np.zeros_like(array)
    mixed = predictor.predict([array, png, dark, png.read_bytes()])
    assert mixed[0].scores == mixed[1].scores == mixed[3].scores != mixed[2].scores
    assert [answer.name for answer in mixed] == ["input 0", str(png), "input 2", "input 3"]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_the_batch_size_changes_nothing(predictor, batch_size):
    images = np.random.default_rng(1).integers(0, 255, (7, 16, 16, 3), np.uint8)
    found = [list(a.scores.values()) for a in predictor.predict(images, batch_size=batch_size)]
    assert np.allclose(found, [list(a.scores.values()) for a in predictor.predict(images)], atol=1e-6)


def test_probabilities_sum_to_one_and_the_label_is_the_largest(predictor, array):
    answer = predictor.predict(array)[0]
    assert sum(answer.scores.values()) == pytest.approx(1)
    assert answer.scores[answer.label] == answer.probability == max(answer.scores.values())


def test_floats_need_their_range(predictor, array):
    with pytest.raises(DataError, match=r"float32.*value_range"):
        predictor.predict((array / 255).astype(np.float32))
    found = predictor.predict((array / 255).astype(np.float32), value_range=(0, 1))
    assert found[0].scores == predictor.predict(array)[0].scores


def test_an_unreadable_picture_is_named(predictor, png, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 not a jpeg")
    with pytest.raises(DataError, match=r"broken\.jpg.*cannot be read"):
        predictor.predict([png, tmp_path / "broken.jpg"])


def test_a_missing_file_and_an_empty_folder_are_named(predictor, tmp_path):
    with pytest.raises(DataError, match=r"nix\.png.*no such file"):
        predictor.predict("nix.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no image below.*empty"):
        predictor.predict(tmp_path / "empty")


def test_missing_files_are_counted_before_any_image_is_read(predictor, png, monkeypatch):
    monkeypatch.setattr(type(predictor.preprocessor), "__call__", None)
    with pytest.raises(DataError, match=r"2 of 3 images not found: 'nix\.png', 'no/nix\.png'\. "):
        predictor.predict(["nix.png", png, "no/nix.png"])


def test_texts_for_a_model_of_images_are_told_so(predictor):
    with pytest.raises(
        DataError, match=r"reads images.*'Where is my parcel\?'.*Texts need a model that was trained on texts"
    ):
        predictor.predict("Where is my parcel?")
    with pytest.raises(DataError, match="reads images"):
        predictor.predict(["What a long text. " * 200, "and another"])


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_unreadable_images_are_skipped_with_answers_in_their_places(predictor, array, png, tmp_path, batch_size):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 not a jpeg")
    given = [broken, array, "nix.png", png, b"no image"]
    with pytest.warns(DataWarning, match=rf"3 of 5 images cannot be read.*'{broken}', 'nix.png', 'input 4'") as caught:
        found = predictor.predict(given, batch_size=batch_size, on_corrupt="skip")
    assert caught[0].filename == __file__
    assert [each.name for each in found] == [str(broken), "input 1", "nix.png", str(png), "input 4"]
    assert [each.answer is None for each in found] == [True, False, True, False, True]
    for good, item in ((found[1], array), (found[3], png)):
        (alone,) = predictor.predict(item)
        assert good.label == alone.label
        assert list(good.scores.values()) == pytest.approx(list(alone.scores.values()), abs=1e-6)
    values = found[2].to_dict()
    assert (values["label"], values["probability"], values["scores"]) == (None, None, {})
    assert "no such file" in values["problem"]


def test_an_unreadable_image_among_others_says_how_to_skip_it(predictor, array):
    with pytest.raises(DataError, match=r'input 1: .*pass on_corrupt="skip" to answer the other inputs'):
        predictor.predict([array, b"no image"])
    with pytest.raises(DataError, match="cannot be read") as caught:
        predictor.predict(b"no image")
    assert "on_corrupt" not in str(caught.value)
    with pytest.raises(DataError, match=r"on_corrupt='ignore' is unknown\. Use 'error' or 'skip'"):
        predictor.predict(array, on_corrupt="ignore")


def test_images_are_decoded_in_several_threads_and_at_most_one_batch_ahead(predictor, array, monkeypatch):
    from tfft.bundles import image_reading
    from tfft.bundles import predictor as module

    threads, read, ahead = set(), [], []
    original = type(predictor.preprocessor).__call__

    def noted(self, item):
        threads.add(threading.get_ident())
        read.append(1)
        return original(self, item)

    monkeypatch.setattr(type(predictor.preprocessor), "__call__", noted)
    monkeypatch.setattr(image_reading, "cores", lambda: 3)
    monkeypatch.setattr(module.Predictor, "_check_usable", lambda self, names, logits: ahead.append(len(read)))
    found = predictor.predict(np.stack([array] * 40), batch_size=4)
    assert len(found) == len(read) == 40
    assert threading.get_ident() not in threads
    assert all(count <= 4 * (number + 2) for number, count in enumerate(ahead))


def test_something_that_is_no_picture_is_refused(predictor):
    with pytest.raises(DataError, match="cannot be read from a float"):
        predictor.predict([3.5])
    with pytest.raises(DataError, match="cannot be read as an image"):
        predictor.predict(io.BytesIO(b"x").getvalue())


def test_no_inputs_have_no_answers(predictor):
    assert predictor.predict([]) == []


def test_a_prediction_goes_into_json(predictor, array):
    values = predictor.predict(array)[0].to_dict()
    assert set(values) == {"name", "label", "probability", "scores"}


def test_hidden_files_of_a_folder_are_passed_over(predictor, png):
    (png.parent / "._one.png").write_bytes(b"macOS leaves these")
    (png.parent / "folder.jpg").mkdir()
    assert [answer.name for answer in predictor.predict(png.parent)] == [str(png)]


def test_bytes_and_arrays_are_named_by_their_position(predictor, array):
    with pytest.raises(DataError, match=r"input 1: .*cannot be read as an image"):
        predictor.predict([array, b"no picture"])
    with pytest.raises(DataError, match=r"input 2: .*float64"):
        predictor.predict([array, array, array / 2])


@pytest.mark.parametrize("wrong", [0, -1, 1.5, None])
def test_a_batch_size_that_is_no_positive_whole_number_is_refused(predictor, array, wrong):
    with pytest.raises(DataError, match=f"batch_size={wrong!r}"):
        predictor.predict(array, batch_size=wrong)


def test_grey_images_come_one_by_one_or_together(predictor):
    grey = np.random.default_rng(0).integers(0, 255, (5, 8, 8), np.uint8)
    together = predictor.predict(grey)
    assert len(together) == 5
    one_by_one = [predictor.predict(image)[0] for image in grey]
    for a, b in zip(together, one_by_one, strict=True):
        assert list(a.scores.values()) == pytest.approx(list(b.scores.values()))
    assert len(predictor.predict(np.zeros((8, 8, 3), np.uint8))) == 1


@pytest.mark.parametrize("count", [3, 4])
def test_one_channels_first_photo_is_refused_with_both_calls(predictor, count):
    photo = np.random.default_rng(0).integers(0, 255, (count, 16, 20), np.uint8)
    with pytest.raises(DataError, match=r"looks channels-first.*moveaxis\(image, 0, -1\).*images\[\.\.\., None\]"):
        predictor.predict(photo)
    with pytest.raises(DataError, match=r"input 0: .*looks channels-first"):
        predictor.predict([photo])
    with pytest.raises(DataError, match=r"input 0: .*looks channels-first"):
        predictor.predict(photo[None])
    assert len(predictor.predict(np.moveaxis(photo, 0, -1))) == 1
    grey = predictor.predict(photo[..., None])
    for one, image in zip(grey, photo, strict=True):
        assert one.probability == pytest.approx(predictor.predict(image)[0].probability)


def test_one_grey_image_has_one_answer_with_and_without_its_axes(predictor):
    grey = np.random.default_rng(0).integers(0, 255, (16, 20), np.uint8)
    ways = [grey, grey[None], grey[..., None], grey[None, ..., None], [grey]]
    answers = [predictor.predict(way) for way in ways]
    assert {len(answer) for answer in answers} == {1}
    assert len({tuple(answer[0].scores.items()) for answer in answers}) == 1


def test_a_folder_is_read_whatever_its_names_and_what_is_left_out_is_named(predictor, array, tmp_path):
    for name in ("1", "2.jpg_large", "3.TIF"):
        Image.fromarray(array).save(tmp_path / name, "PNG")
    (tmp_path / "labels.csv").write_text("1,ants")
    with pytest.warns(
        DataWarning, match=r"1 file below .* is not a readable image and is left out: 1 \.csv, such as 'labels\.csv'"
    ) as caught:
        found = predictor.predict(tmp_path)
    assert [Path(answer.name).name for answer in found] == ["1", "2.jpg_large", "3.TIF"]
    assert caught[0].filename == __file__


def test_pillow_images_of_more_bits_take_a_range(predictor):
    values = np.random.default_rng(0).integers(0, 4096, (16, 16)).astype(np.uint16)
    image, floats = Image.fromarray(values), Image.fromarray(values.astype(np.float32))
    wanted = predictor.predict(values, value_range=(0, 4095))[0].scores
    assert predictor.predict(image, value_range=(0, 4095))[0].scores == wanted
    assert predictor.predict([floats], value_range=(0, 4095))[0].scores == wanted
    with pytest.warns(DataWarning, match=r"input 0 has 16 bits.*value_range=\(0, 4095\)") as caught:
        predictor.predict(image)
    assert caught[0].filename == __file__


def test_only_the_first_page_of_an_image_is_answered_and_a_warning_says_so(predictor, tmp_path):
    page = Image.fromarray(np.zeros((16, 16, 3), np.uint8))
    page.save(tmp_path / "scan.tif", save_all=True, append_images=[page])
    with pytest.warns(DataWarning, match=r"scan\.tif has several pages, and only the first is read\. Save each page"):
        assert len(predictor.predict(tmp_path / "scan.tif")) == 1


def test_a_path_that_leads_nowhere_says_what_was_meant(predictor, png):
    with pytest.raises(DataError, match=r"no such file.*Did you mean '.*图片 one\.PNG'"):
        predictor.predict(png.with_suffix(""))
    with pytest.raises(DataError, match=r"That is a URL: download"):
        predictor.predict("https://example.org/cat.jpg")
