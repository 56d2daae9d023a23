"""A report, and the run before it -> one HTML page that needs no other file, light or dark, wide or narrow."""

from collections.abc import Mapping, Sequence
from html import escape as escaped
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tfft.core.terminal import plain
from tfft.evaluation import render
from tfft.plots import report_charts
from tfft.plots.style import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_MOVED = 40
_STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1d2329; --soft: #66707a; --line: #dfe3e7; --card: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181c; --ink: #e6e9ec; --soft: #98a2ab; --line: #2c333a; --card: #1c2227; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .warning { border-left: 4px solid #e07b39; padding-left: .8rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.number, th.number { text-align: right; } svg { max-width: 100%; min-width: 36rem; height: auto; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem; overflow-wrap: anywhere; }
.tile b { display: block; font-size: 1.5rem; font-weight: 600; } .tile img { width: 100%; border-radius: .3rem; display: block; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; overflow-x: auto; }
details summary { cursor: pointer; }
"""


class Run(Protocol):
    """What a page shows of a training: a ``tfft.training.run.Run``.

    Attributes:
        phases: One record for each phase, with its overview of every variable's path, shape and movement.
    """

    def describe(self) -> str:
        """A few lines for a person."""

    def plot(self) -> "Figure":
        """Learning curves."""

    def to_code(self) -> str:
        """The call that repeats it."""

    @property
    def phases(self) -> Sequence[Any]:
        """One record for each, with its overview of every variable's path, shape and movement."""


def html(report: Mapping[str, Any], thumbnails: Mapping[int, str], run: Run | None = None) -> str:
    """The page.

    Args:
        report: What ``Report.to_dict`` returned; its confusion matrix has shape (classes, classes).
        thumbnails: Data URI of each of the worst examples, by position.
        run: The Run that trained the model, for curves, what moved, and the call that repeats it.

    Returns:
        A whole HTML document.
    """
    parts = [_head(report), _metrics(report)]
    if run is not None:
        parts += [
            "<h2>How it learned</h2>",
            f'<div class="wide">{svg(run.plot())}</div>',
            f"<pre>{escape(run.describe())}</pre>",
        ]
    parts += ["<h2>Class by class</h2>" if report["residuals"] is None else "<h2>Residuals</h2>"]
    parts += [
        f'<div class="wide">{svg(report_charts.plot(report))}</div>',
        _details("in numbers", _table(report["per_class"])),
    ]
    parts += [_worst(report, thumbnails)]
    if run is not None:
        parts += [_moved(run), f"<h2>The call that repeats it</h2><pre>{escape(run.to_code())}</pre>"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    parts += [f'<h2>Made with</h2><p class="soft">{escape(versions)}</p>']
    title = f"{report['task']} on {report['count']:,} examples"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def escape(text: str) -> str:
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


def _head(report: Mapping[str, Any]) -> str:
    remark = render.remark(report["count"], report["seen"])
    warning = f'<p class="warning">{escape(remark)}</p>' if remark else ""
    title = escape(report["task"].replace("_", " "))
    texts = f"<p class='soft'>{escape(render.lengths(report['tokens']))}</p>" if report.get("tokens") else ""
    return f"<h1>{title}</h1><p class='soft'>{report['count']:,} examples</p>{texts}{warning}"


def _metrics(report: Mapping[str, Any]) -> str:
    tiles = [
        f'<div class="tile">{escape(name.replace("_", " "))}<b>{_number(value["value"])}</b>'
        f'<span class="soft">{_number(value["low"])} to {_number(value["high"])}</span></div>'
        for name, value in report["metrics"].items()
    ]
    return f'<h2>Metrics</h2><div class="tiles">{"".join(tiles)}</div><p class="soft">Below each its 95 % bootstrap interval.</p>'


def _worst(report: Mapping[str, Any], thumbnails: Mapping[int, str]) -> str:
    tiles = []
    for row in report["worst"]:
        true, said, name = _said(row["true"]), _said(row["said"]), str(row["name"])
        image = f'<img alt="{true}" src="{thumbnails[row["index"]]}">' if row["index"] in thumbnails else ""
        image += f"<p>{escape(row['text'])}</p>" if "text" in row else ""
        tiles.append(
            f'<div class="tile">{image}<div>true <strong>{true}</strong></div><div>said {said}</div><div class="soft">'
            f"loss {_number(row['loss'])}{'' if 'text' in row else _named(name)}</div></div>"
        )
    return f'<h2>Where it is most wrong</h2><div class="tiles">{"".join(tiles)}</div>'


def _moved(run: Run) -> str:
    sections = []
    for record in run.phases:
        rows = [row for row in record.overview.to_rows() if row["moved"]]
        shown = [{key: row[key] for key in ("path", "block", "shape", "intent")} for row in rows[:_MOST_MOVED]]
        rest = f'<p class="soft">... and {len(rows) - _MOST_MOVED} more</p>' if len(rows) > _MOST_MOVED else ""
        title = f"{record.phase.name}: {len(rows)} of {len(record.overview.rows)} variables, {record.overview.describe()} trained"
        sections.append(_details(title, (_table(shown) if shown else "") + rest))
    return f"<h2>What moved in each phase</h2>{''.join(sections)}"


def _details(title: str, content: str) -> str:
    return f'<details><summary>{escape(title)}</summary><div class="wide">{content}</div></details>'


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(rows[0])
    counted = {column for column in columns if any(isinstance(row[column], (int, float)) for row in rows)}
    kinds = {column: ' class="number"' if column in counted else "" for column in columns}
    head = "".join(f"<th{kinds[column]}>{escape(column.replace('_', ' '))}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td{kinds[column]}>{_number(row[column])}</td>" for column in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _named(name: str) -> str:
    return f'<br><span title="{escape(name)}">{escape(_short(name))}</span>'


def _short(name: str) -> str:
    """The last two parts of a path; the whole one shows on hovering."""
    return "/".join(Path(name).parts[-2:])


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return escape(", ".join(f"{name} {number:.4g}" for name, number in value.items()))
    return escape(", ".join(value) or "none") if isinstance(value, (list, tuple)) else escape(str(value))


def _number(value: Any) -> str:
    return escape(render.number(value))
