"""Figures take the page's ink and leave the user's matplotlib alone."""

import matplotlib as mpl

from tfft.plots.style import INK, inked, new_figure, svg


def test_an_svg_has_the_ink_of_the_text_around_it_and_no_ground():
    with inked():
        figure = new_figure(3, 2)
        figure.subplots().set_title("a title")
    element = svg(figure)
    assert element.startswith("<svg")
    assert element.rstrip().endswith("</svg>")
    assert "currentColor" in element
    assert INK not in element
    assert ">a title<" in element


def test_settings_come_back_and_no_window_system_is_chosen():
    before = dict(mpl.rcParams)
    with inked():
        svg(new_figure(2, 2))
    assert dict(mpl.rcParams) == before


def test_a_notebook_shows_a_figure():
    assert "<svg" in new_figure(3, 2)._repr_html_()
