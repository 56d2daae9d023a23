"""An answer shows a mask in a notebook, and nothing where there is none."""

import numpy as np

from tfft.tasks.answers import Answer, Entity


def test_only_masks_are_shown():
    assert Answer("ants", 0.75, {"ants": 0.75})._repr_html_() is None
    drawn = Answer(None, 0.9, {"sky": 0.5, "road": 0.5}, mask=np.uint8([[0, 1], [1, 0]]))._repr_html_()
    assert "<img" in drawn
    assert "road" in drawn


def test_answers_are_compared_without_their_pixels():
    one, other = (Answer(None, 0.9, {"sky": 1.0}, mask=np.zeros((2, 2), np.uint8), source=source) for source in "ab")
    assert one == other
    assert Answer(None, None, {}, (Entity("Ann", "per", 0, 3, 0.9),)) != Answer(None, None, {}, ())
