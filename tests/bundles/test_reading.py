"""Inputs are read batch by batch; one that cannot be read does not stop the others."""

import numpy as np
import pytest

import tfft
from tfft.bundles.reading import read_batches
from tfft.core.errors import DataError, DataWarning

HALF = "half a character: \ud83d"


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    model = tfft.build("toy_text", tfft.tasks.classification(["good", "bad"]))
    return tfft.load(tfft.export(model, tmp_path_factory.mktemp("bundle") / "toy.tfft"))


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_unreadable_texts_are_skipped_with_answers_in_their_places(answering, batch_size):
    given = [HALF, "a good film", None, "a bad one", float("nan")]
    with pytest.warns(DataWarning, match=r"3 of 5 texts cannot be read"):
        found = answering.predict(given, batch_size=batch_size, on_corrupt="skip")
    assert [each.answer is None for each in found] == [True, False, True, False, True]
    assert "Input 0 holds half of a character" in found[0].problem
    assert "Input 2 is not a text" in found[2].problem
    assert "Input 4 is not a text" in found[4].problem
    for good in (found[1], found[3]):
        (alone,) = answering.predict([given[found.index(good)]])
        assert list(good.scores.values()) == pytest.approx(list(alone.scores.values()), abs=1e-6)


def test_an_unreadable_text_among_others_says_how_to_skip_it(answering):
    with pytest.raises(DataError, match=r'Input 1 is not a text.*pass on_corrupt="skip" to answer the other inputs'):
        answering.predict(["a film", None])
    with pytest.raises(DataError, match="half of a character") as caught:
        answering.predict(HALF)
    assert "on_corrupt" not in str(caught.value)


def test_texts_that_do_not_fit_together_are_refused_even_when_unreadable_ones_are_skipped(answering):
    with pytest.raises(DataError, match="Some examples are pairs"):
        answering.predict(["a film", ("who?", "me")], on_corrupt="skip")


def test_images_come_in_batches_in_their_order_and_each_is_read_once():
    read = []

    def preprocessor(item):
        read.append(int(item[0, 0, 0]))
        return item

    items = [(str(index), np.full((1, 1, 3), index, np.uint8)) for index in range(6)]
    batches = read_batches(preprocessor, items, 2)
    chosen, found = next(batches)
    assert [name for name, _ in chosen] == ["0", "1"]
    assert [int(each.row[0, 0, 0]) for each in found] == [0, 1]
    assert len(list(batches)) == 2
    assert sorted(read) == list(range(6))


def test_the_error_of_an_image_names_it():
    def preprocessor(item):
        raise DataError("It cannot be read.", "b'?'", "Repair it.")

    ((_, (read,)),) = read_batches(preprocessor, [("input 7", b"?")], 4)
    assert read.row is None
    assert str(read.error).startswith("input 7: It cannot be read.")
