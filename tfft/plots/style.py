"""Matplotlib figures that are readable on light and dark backgrounds. As SVG in a page they use the text colour of the page."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#7f7f7f"
COLORS = ("#3b82c4", "#e07b39", "#3a9d6e", "#b3589a", "#9a8b2f")


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure without a window.

    Args:
        width: The width in inches.
        height: The height in inches.

    Returns:
        A Figure with a transparent background, which notebooks show.

    Example:
        >>> tuple(new_figure(6, 4).get_size_inches().tolist())
        (6.0, 4.0)
    """
    from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_html_(self) -> str:
            """Return HTML for notebooks, because they only show figures of pyplot automatically."""
            return f'<div style="max-width: {100 * width:.0f}px">{svg(self)}</div>'

    # do not make it with pyplot, which would keep every figure and choose a window system for the whole process
    figure = Shown(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    return figure


def label(name: str, letters: int = 24) -> str:
    r"""Shorten a name so that it fits next to an axis.

    Args:
        name: Any name.
        letters: The largest number of characters.

    Returns:
        The name on one line, cut with an ellipsis, without characters that are invalid in SVG.

    Example:
        >>> label("a class of photos of very small bees"), label("two\nlines")
        ('a class of photos of ve…', 'two lines')
    """
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    return plain if len(plain) <= letters else f"{plain[: letters - 1]}…"


@contextmanager
def inked() -> Iterator[None]:
    """Plot axes, ticks and text in the colour ``INK`` inside this context. The settings of the user are restored afterwards.

    Yields:
        None.
    """
    import matplotlib as mpl

    keys = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    settings: Any = dict.fromkeys(keys, INK)
    settings |= {"axes.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none"}
    # names of classes may contain $, which must not start a formula; with a fixed salt, equal figures give identical SVG text
    settings |= {"text.parse_math": False, "svg.hashsalt": "tfft"}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # an SVG contains text and not shapes, so the fonts of the reader show letters that are missing in Matplotlib's font
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def svg(figure: "Figure") -> str:
    """Convert a figure to an SVG element for a web page.

    Args:
        figure: A figure from ``new_figure``.

    Returns:
        The element ``<svg ...>...</svg>``, which takes the colour of the text around it.
    """
    content = io.StringIO()
    with inked():
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    element = content.getvalue()
    # replace the colour in styles, but not in text
    return element[element.index("<svg") :].replace(f": {INK}", ": currentColor")
