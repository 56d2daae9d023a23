"""Show predictions in a notebook: entities and answers in their text, the best classes, or quantities."""

from typing import Any, Protocol

from tfft.core.html_tables import breakable, escape
from tfft.core.specs import Text
from tfft.plots.text_marks import STYLE, around, marked
from tfft.tasks.answers import Answer

_MOST = 20
_BEST = 5


class Shown(Protocol):
    """The parts of a ``Prediction`` that are shown.

    Attributes:
        name: The name of the input.
        answer: The answer; None when the input cannot be read.
        problem: Why the input cannot be read.
        item: The input as the model read it.
    """

    @property
    def name(self) -> str:
        """The name of the input."""

    @property
    def answer(self) -> Answer | None:
        """The answer; None when the input cannot be read."""

    @property
    def problem(self) -> str:
        """Why the input cannot be read."""

    @property
    def item(self) -> Any:
        """The input as the model read it."""


def html(predictions: "list[Any]") -> str:
    """Make a table of the first predictions.

    Args:
        predictions: As from ``predict``.

    Returns:
        HTML without scripts and outside files; everything from the data is escaped.

    Example:
        >>> from types import SimpleNamespace
        >>> found = SimpleNamespace(name="1.jpg", answer=Answer("ants", 0.75, {"ants": 0.75}), problem="", item=None)
        >>> "<td>ants 0.7500</td>" in html([found])
        True
    """
    rows = "".join(f"<tr><td>{breakable(each.name)}</td><td>{_content(each)}</td></tr>" for each in predictions[:_MOST])
    more = f"<p>... and {len(predictions) - _MOST:,} more</p>" if len(predictions) > _MOST else ""
    return f'<style>{STYLE}</style><table style="text-align: left"><tbody>{rows}</tbody></table>{more}'


def _content(each: Shown) -> str:
    """The answer to one input."""
    answer, item = each.answer, each.item
    if answer is None:
        return escape(each.problem)
    if answer.mask is not None:
        return str(answer._repr_html_())
    if answer.entities is not None and isinstance(item, Text):
        places = [{"label": found.label, "start": found.start, "end": found.end} for found in answer.entities]
        return f'<div class="marked">{marked(item.first, places, places)}</div>'
    if answer.place is not None and isinstance(item, Text):
        drawn = around(item.first, item.second or "", answer.place, answer.place)
        return f'<div class="marked">{marked(**drawn)}</div>{escape(f"{answer.probability:.4f}")}'
    ranked = sorted(answer.scores.items(), key=lambda pair: -pair[1])
    # quantities keep their order
    shown = list(answer.scores.items()) if answer.label is None and answer.probability is None else ranked[:_BEST]
    return "<br>".join(f"{breakable(name)} {escape(f'{score:.4f}')}" for name, score in shown)
