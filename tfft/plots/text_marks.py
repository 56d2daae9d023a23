"""Draw true and predicted entities and answers into their text, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

_AROUND = 120
_LEAST = 20
_LONGEST_WORD = 20
Place = tuple[int, int] | None
STYLE = (
    ".marked{white-space:pre-line}"
    "mark{border-radius:3px;padding:0 2px;color:inherit}mark sub{font-size:.7em;margin-left:2px;white-space:nowrap}"
    "mark.right{background:#cfe8cf}mark.missed{background:#f6d0ce}mark.invented{background:#cfdcf4}"
    "mark.mistaken{background:#f7e3b5}"
    "@media(prefers-color-scheme:dark){mark.right{background:#245c2c}mark.missed{background:#7a2b28}"
    "mark.invented{background:#26467f}mark.mistaken{background:#6d5213}}"
)
LEGEND = (
    '<p class="soft">Marked: <mark class="right">right</mark> <mark class="missed">missed</mark> '
    '<mark class="invented">invented</mark> <mark class="mistaken">wrong type or border: true &gt; predicted</mark></p>'
)


def marked(text: str, true: Sequence[Mapping[str, Any]], predicted: Sequence[Mapping[str, Any]]) -> str:
    """Mark the entities of a text.

    Args:
        text: The text.
        true: The true entities, with ``label``, ``start`` and ``end`` in characters.
        predicted: The predicted entities.

    Returns:
        HTML; everything from the data is escaped.

    Example:
        >>> ann = {"label": "person", "start": 0, "end": 3}
        >>> marked("Ann <3", [ann], [])
        '<mark class="missed">Ann<sub>person</sub></mark> &lt;3'
    """
    cuts = sorted({0, len(text), *(entity[edge] for entity in (*true, *predicted) for edge in ("start", "end"))})
    parts = []
    for begin, end in pairwise(cuts):
        piece = escape(text[begin:end])
        own, said = (_at(entities, begin) for entities in (true, predicted))
        if own is None and said is None:
            parts.append(piece)
            continue
        kind, label = _verdict(own, said, true, predicted)
        parts.append(f'<mark class="{kind}">{piece}<sub>{escape(label)}</sub></mark>')
    return "".join(parts)


def around(question: str, context: str, true: Place, given: Place) -> dict[str, Any]:
    """Make the arguments of ``marked`` for an answer in a context, of which only the parts around both answers are shown.

    Args:
        question: The question, which comes first.
        context: The text with the answer.
        true: Begin and end of the accepted answer in characters; None when there is none.
        given: Begin and end of the answer of a model.

    Returns:
        ``text``, ``true`` and ``predicted``.

    Example:
        >>> around("Who?", "Ann sleeps.", None, (0, 3))["predicted"]
        [{'label': 'answer', 'start': 5, 'end': 8}]
    """
    places = [place for place in (true, given) if place is not None]
    parts: list[tuple[int, int]] = []
    for begin, end in sorted(_widened(context, *place) for place in places):
        if parts and begin <= parts[-1][1] + _LEAST:
            parts[-1] = (parts[-1][0], max(parts[-1][1], end))
        else:
            parts.append((begin, end))
    parts = parts or [(0, _widened(context, 0, _AROUND)[1])]
    text, moved = f"{question}\n", dict[tuple[int, int], int]()
    for number, (begin, end) in enumerate(parts):
        text += " ... " if number else "... " if begin else ""
        moved |= {place: place[0] + len(text) - begin for place in places if begin <= place[0] and place[1] <= end}
        text += context[begin:end]
    text += " ..." if parts[-1][1] < len(context) else ""

    def placed(place: Place) -> list[dict[str, Any]]:
        if place is None:
            return []
        return [{"label": "answer", "start": moved[place], "end": moved[place] + place[1] - place[0]}]

    return {"text": text, "true": placed(true), "predicted": placed(given)}


def _widened(context: str, begin: int, end: int) -> tuple[int, int]:
    """The place with the text around it, cut between words where there are spaces."""
    first, last = max(0, begin - _AROUND), min(len(context), end + _AROUND)
    space = context.find(" ", first, first + _LONGEST_WORD) if first else -1
    first = min(begin, space + 1) if space >= 0 else first
    space = context.rfind(" ", last - _LONGEST_WORD, last) if last < len(context) else -1
    return first, max(end, space) if space >= 0 else last


def _at(entities: Sequence[Mapping[str, Any]], place: int) -> Mapping[str, Any] | None:
    return next((entity for entity in entities if entity["start"] <= place < entity["end"]), None)


def _verdict(
    own: Mapping[str, Any] | None,
    said: Mapping[str, Any] | None,
    true: Sequence[Mapping[str, Any]],
    predicted: Sequence[Mapping[str, Any]],
) -> tuple[str, str]:
    """The class of a piece of text, and its label."""
    if own is not None and said is not None:
        same = all(own[key] == said[key] for key in ("label", "start", "end"))
        label = str(own["label"])
        return (
            ("right", label)
            if same
            else ("mistaken", label if label == said["label"] else f"{label} > {said['label']}")
        )
    found = own if own is not None else said
    others = predicted if own is not None else true
    if found is None:  # one of both is there
        return "", ""
    met = any(other["start"] < found["end"] and found["start"] < other["end"] for other in others)
    if met:
        return "mistaken", f"{own['label']} > none" if own is not None else f"none > {found['label']}"
    return ("missed" if own is not None else "invented"), str(found["label"])
