"""matplotlib figures that read well on white and on black, and as SVG inside of a page take the page's own ink."""

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
    """An empty figure without a window.

    Args:
        width: In inches.
        height: In inches.

    Returns:
        A Figure with a transparent ground, which notebooks show.

    Example:
        >>> tuple(new_figure(6, 4).get_size_inches().tolist())
        (6.0, 4.0)
    """
    from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_html_(self) -> str:
            """What a notebook shows; it knows figures of pyplot only by itself."""
            return f'<div style="max-width: {100 * width:.0f}px">{svg(self)}</div>'

    # not pyplot, which would keep every figure and choose a window system for the whole process
    figure = Shown(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    return figure


def label(name: str, letters: int = 24) -> str:
    r"""A name that fits beside an axis.

    Args:
        name: Any.
        letters: How many at most.

    Returns:
        The name on one line, cut with an ellipsis, and without what no SVG may hold.

    Example:
        >>> label("a class of photos of very small bees"), label("two\nlines")
        ('a class of photos of ve…', 'two lines')
    """
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    return plain if len(plain) <= letters else f"{plain[: letters - 1]}…"


@contextmanager
def inked() -> Iterator[None]:
    """Axes, ticks and words in our ink; what the user has set is back afterwards.

    Yields:
        Nothing.
    """
    import matplotlib as mpl

    keys = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    settings: Any = dict.fromkeys(keys, INK)
    settings |= {"axes.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none"}
    # names are names: $ is no formula; and the same figure is the same text
    settings |= {"text.parse_math": False, "svg.hashsalt": "tfft"}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # letters that the font of the drawing lacks are text in an SVG, which the reader's own fonts show
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def svg(figure: "Figure") -> str:
    """A figure as an SVG element to put into a page.

    Args:
        figure: From ``new_figure``.

    Returns:
        ``<svg ...>...</svg>``, as wide as its place, with the ink of the text around it.
    """
    content = io.StringIO()
    with inked():
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    element = content.getvalue()
    # in styles only, not in words
    return element[element.index("<svg") :].replace(f": {INK}", ": currentColor")
