"""A report's values -> text for people."""

from collections.abc import Mapping, Sequence
from typing import Any

_MAX_CONFUSION = 20


def markdown(report: Mapping[str, Any]) -> str:
    """A Markdown page.

    Args:
        report: What ``Report.to_dict`` returned.

    Returns:
        Metrics with intervals, the table of classes, the confusion matrix of shape (classes, classes) up to 20 classes, versions.
    """
    parts = [f"# {report['task']} on {report['count']:,} examples"]
    parts += [remark(report)] if remark(report) else []
    rows = [
        [name, _number(v["value"]), f"{_number(v['low'])} to {_number(v['high'])}"]
        for name, v in report["metrics"].items()
    ]
    parts.append(table(["metric", "value", "95 % interval"], rows))
    columns = list(report["per_class"][0])
    parts.append(table(columns, [[_number(row[column]) for column in columns] for row in report["per_class"]]))
    names = report["names"]
    if report["confusion"] is not None and len(names) <= _MAX_CONFUSION:
        body = [[name, *map(str, row)] for name, row in zip(names, report["confusion"], strict=True)]
        parts += ["Rows are true classes, columns predicted ones.", table(["", *names], body)]
    parts.append("Made with " + ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + ".")
    return "\n\n".join(parts) + "\n"


def remark(report: Mapping[str, Any]) -> str:
    """A sentence when the model has seen some of the examples, so that nobody takes the numbers for what they are not.

    Args:
        report: What ``Report.to_dict`` returned.

    Returns:
        The sentence, or an empty string.

    Example:
        >>> remark({"count": 20, "seen": {"train": 14, "validation": 4}})
        'Of these 20, the model was trained on 14 and chosen by 4: the numbers flatter it.'
        >>> remark({"count": 20, "seen": None})
        ''
    """
    verbs = {"train": "trained on", "validation": "chosen by"}
    met = [f"{verbs[part]} {count:,}" for part, count in (report["seen"] or {}).items() if count]
    if not met:
        return ""
    return f"Of these {report['count']:,}, the model was {' and '.join(met)}: the numbers flatter it."


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up.

    Args:
        header: Column names.
        rows: Cells, as many in each row as there are columns.

    Returns:
        Lines joined by newlines. A ``|`` inside a cell is escaped.

    Example:
        >>> print(table(["class", "f1"], [["ants", "0.9"], ["bumblebees", "0.85"]]))
        | class      | f1   |
        |------------|------|
        | ants       | 0.9  |
        | bumblebees | 0.85 |
    """
    cells = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
