"""Format the values of a report as Markdown and sentences."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tfft.core.errors import quantity
from tfft.core.terminal import plain

_MAX_CONFUSION = 20
# characters that could begin HTML, an entity, a link, an image, code or another cell
_ENTITIES = str.maketrans({sign: f"&#{ord(sign)};" for sign in "<>[]`\\"} | {"&": "&amp;", "|": "\\|"})
_PLAIN = (1e-3, 1e5)


def markdown(report: Mapping[str, Any]) -> str:
    """Format a report as a Markdown page.

    Args:
        report: The result of ``Report.to_dict``.

    Returns:
        Metrics with intervals, the table of classes, the confusion matrix, shape (classes, classes), of up to 20 classes, and
        versions.
    """
    parts = [f"# {report['task']} on {quantity(report['count'], 'example')}"]
    said = remark(report["seen"])
    parts += [said] if said else []
    parts += [lengths(report["tokens"])] if report.get("tokens") else []
    rows = [
        [name, number(v["value"]), f"{number(v['low'])} to {number(v['high'])}"]
        for name, v in report["metrics"].items()
    ]
    parts.append(table(["metric", "value", "95 % interval"], rows))
    details = dict(report.get("details") or {})
    parts += details.pop("remarks", [])
    if report["per_class"]:
        columns = list(report["per_class"][0])
        parts.append(table(columns, [[number(row[column]) for column in columns] for row in report["per_class"]]))
    for name, counts in details.items():
        parts.append(table([name, "count"], [[kind, number(count)] for kind, count in counts.items()]))
    names = report["names"]
    if report["confusion"] is not None and len(names) <= _MAX_CONFUSION:
        body = [[name, *map(str, row)] for name, row in zip(names, report["confusion"], strict=True)]
        parts += ["Rows are true classes, columns predicted ones.", table(["", *names], body)]
    parts.append("Made with " + ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + ".")
    return "\n\n".join(parts) + "\n"


def remark(seen: Mapping[str, int] | None) -> str:
    """Say in a sentence that some of the examples were training or validation examples of the model.

    Args:
        seen: The number of training and validation examples among the measured ones; None when this is unknown.

    Returns:
        The sentence; empty when there are none.

    Example:
        >>> remark({"train": 14, "validation": 4})
        'Includes 14 training and 4 validation examples of the model, so these metrics are optimistic.'
        >>> remark(None)
        ''
    """
    names = {"train": "training", "validation": "validation"}
    met = [f"{number:,} {names[part]}" for part, number in (seen or {}).items() if number]
    examples = "example" if sum((seen or {}).values()) == 1 else "examples"
    return f"Includes {' and '.join(met)} {examples} of the model, so these metrics are optimistic." if met else ""


def lengths(tokens: Mapping[str, float]) -> str:
    """Say how long the texts are, and how many are truncated.

    Args:
        tokens: The value of ``Report.tokens``.

    Returns:
        Two sentences.

    Example:
        >>> lengths({"median": 12.0, "p95": 21.0, "longest": 41, "limit": 512, "truncated": 0.0, "unknown": 0.0012})
        'Texts have 12 tokens in the median, 95 % of them up to 21, the longest 41. 0.0 % have more than the 512 that are read, and
        0.1 % of the tokens are unknown.'
    """
    limit = f"{tokens['limit']:,}"
    read = f"{tokens['truncated'] * 100:.1f} % have more than the {limit} that are read"
    if "rows" in tokens:
        read = f"They are read in {quantity(int(tokens['rows']), 'row')} of at most {limit} tokens"
    return (
        f"Texts have {tokens['median']:,.0f} tokens in the median, 95 % of them up to {tokens['p95']:,.0f}, the longest "
        f"{tokens['longest']:,}. {read}, and "
        f"{tokens['unknown'] * 100:.1f} % of the tokens are unknown."
        + (
            f" {quantity(int(cut), 'question loses its', 'questions lose their')} end."
            if (cut := tokens.get("cut_questions"))
            else ""
        )
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table with aligned columns.

    Args:
        header: Column names.
        rows: Rows of cells, as many as there are columns.

    Returns:
        The lines of the table. Cells are escaped, so that their text cannot begin another cell, HTML, a link or an image. A line
        break becomes a space, and other control characters are replaced by escape sequences.

    Example:
        >>> print(table(["class", "f1"], [["ants", "0.9"], ["bumblebees", "0.85"]]))
        | class      | f1   |
        |------------|------|
        | ants       | 0.9  |
        | bumblebees | 0.85 |
    """
    cells = [[" ".join(map(shown, cell.splitlines())) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def shown(text: str) -> str:
    """Escape a text, so that it cannot begin another cell, HTML, a link or an image.

    Args:
        text: A text in one line. A backslash before the separator of cells is not enough, because the text may end in a backslash.

    Example:
        >>> shown("<b>bees")
        '&#60;b&#62;bees'
    """
    return plain(text).translate(_ENTITIES)


def with_interval(value: float | None, low: float | None, high: float | None) -> tuple[str, str, str]:
    """Format a metric and its interval with as many digits as the interval carries: two digits of its width.

    Args:
        value: The metric; None or NaN when it is undefined.
        low: The lower end of the interval.
        high: The upper end.

    Returns:
        The three numbers as text.

    Example:
        >>> with_interval(0.93333, 0.85512, 0.98213), with_interval(0.5, 0.5, 0.5), with_interval(None, None, None)
        (('0.93', '0.86', '0.98'), ('0.5000', '0.5000', '0.5000'), ('-', '-', '-'))
    """
    numbers = (value, low, high)
    known = [each for each in numbers if each is not None and math.isfinite(each)]
    if len(known) < 3 or known[1] == known[2]:
        return number(value), number(low), number(high)
    decimals = 1 - math.floor(math.log10(known[2] - known[1]))
    if not 0 <= decimals <= 6:
        return number(value), number(low), number(high)
    return f"{known[0]:.{decimals}f}", f"{known[1]:.{decimals}f}", f"{known[2]:.{decimals}f}"


def number(value: Any) -> str:
    """Format a value for a cell.

    Args:
        value: Any value.

    Returns:
        Floats with four decimals, or with four significant digits when they are very small or large; a dash for None and NaN;
        other values as text.

    Example:
        >>> number(0.5), number(0.00001234), number(None), number("ants")
        ('0.5000', '1.234e-05', '-', 'ants')
    """
    if value is None or value != value:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4f}" if value == 0 or _PLAIN[0] <= abs(value) < _PLAIN[1] else f"{value:.4g}"
