"""Small HTML tables of text from any source: what notebooks show of tfft's objects, and the parts of the report page."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape as escaped

from tfft.core.terminal import plain

# numbers such as -0.5 and 1,090 are never broken
_SEPARATORS = re.compile(r"(?<=\S)([/\\_:;|=-]|[.,](?!\d))(?=[^/\\_.:,;|=\s-])")
_BREAK = "\0"  # ``plain`` removes it from the text of users


def escape(text: object) -> str:
    r"""Escape text for HTML, also inside of an attribute.

    Args:
        text: One or more lines from any source.

    Returns:
        HTML without tags, and without control characters.

    Example:
        >>> escape("<b>\u202e\"")
        '&lt;b&gt;\\u202e&quot;'
    """
    return escaped(plain(text, lines=True))


def breakable(text: object) -> str:
    """Escape text for HTML, and let a browser break long names behind their separators.

    Args:
        text: Any object.

    Returns:
        HTML with ``<wbr>`` behind slashes, dots, underscores and similar characters.

    Example:
        >>> breakable("block1_conv/kernel")
        'block1_<wbr>conv/<wbr>kernel'
    """
    return escaped(_SEPARATORS.sub(rf"\1{_BREAK}", plain(text, lines=True))).replace(_BREAK, "<wbr>")


def table(rows: Sequence[Mapping[str, object]], caption: str = "", decimal: Callable[[float], str] = str) -> str:
    """Make a table with a heading for each key.

    Args:
        rows: One or more rows with the same keys. Values are shown as text; numbers are aligned to the right.
        caption: A line above the table.
        decimal: Formats the values that are floats.

    Returns:
        A ``<table>`` without scripts, links and outside files.

    Example:
        >>> table([{"part": "<train>"}])
        '<table><thead><tr><th>part</th></tr></thead><tbody><tr><td>&lt;train&gt;</td></tr></tbody></table>'
    """
    columns = list(rows[0])
    counted = {column for column in columns if any(isinstance(row[column], (int, float)) for row in rows)}
    kinds = {column: ' class="number" style="text-align: right"' if column in counted else "" for column in columns}
    above = f'<caption style="text-align: left">{breakable(caption)}</caption>' if caption else ""
    head = "".join(f"<th{kinds[column]}>{escape(column.replace('_', ' '))}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td{kinds[column]}>{_cell(row[column], decimal)}</td>" for column in columns) + "</tr>"
        for row in rows
    )
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object, decimal: Callable[[float], str]) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return escape(decimal(value))
    return breakable("" if value is None else value)
