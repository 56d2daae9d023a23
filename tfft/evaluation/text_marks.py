"""Draw true and predicted entities into their text, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

STYLE = (
    "mark{border-radius:3px;padding:0 2px;color:inherit}mark sub{font-size:.7em;margin-left:2px;white-space:nowrap}"
    ".right{background:#cfe8cf}.missed{background:#f6d0ce}.invented{background:#cfdcf4}.mistaken{background:#f7e3b5}"
    "@media(prefers-color-scheme:dark){.right{background:#245c2c}.missed{background:#7a2b28}.invented{background:#26467f}"
    ".mistaken{background:#6d5213}}"
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
