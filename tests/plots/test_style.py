"""Figures use the text colour of the page and do not change the user's Matplotlib settings."""

import matplotlib as mpl

from tfft.plots.style import INK, inked, new_figure, svg


def test_an_svg_has_the_colour_of_the_text_around_it_and_a_transparent_background():
    with inked():
        figure = new_figure(3, 2)
        figure.subplots().set_title("a title")
    element = svg(figure)
    assert element.startswith("<svg")
    assert element.rstrip().endswith("</svg>")
    assert "currentColor" in element
    assert INK not in element
    assert ">a title<" in element


def test_settings_are_restored():
    before = dict(mpl.rcParams)
    with inked():
        svg(new_figure(2, 2))
    assert dict(mpl.rcParams) == before


def test_a_notebook_shows_a_figure():
    assert "<svg" in new_figure(3, 2)._repr_html_()
