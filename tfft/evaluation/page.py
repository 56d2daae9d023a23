"""Make one HTML page of a report and its run. The page needs no other file, and fits light, dark, wide and narrow screens."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tfft.core.errors import quantity
from tfft.core.html_tables import breakable, escape, table
from tfft.evaluation import render
from tfft.plots import learning_curves, report_charts, text_marks
from tfft.plots.style import svg
from tfft.tasks import mask_images

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
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .warning { border-left: 4px solid #e07b39; padding-left: .8rem; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.charts svg { max-width: 100%; height: auto; color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; } td.number { white-space: nowrap; }
@media (max-width: 40rem) { body { padding: 1rem .8rem 3rem; } table { font-size: .8rem; } th, td { padding-right: .5rem; } }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem; }
.broad { grid-column: span 2; }
@media (max-width: 30rem) { .broad { grid-column: span 1; } }
.tile b { display: block; font-size: 1.5rem; font-weight: 600; } .tile img { width: 100%; border-radius: .3rem; display: block; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; white-space: pre-wrap;
  font-size: .85rem; }
details summary { cursor: pointer; }
"""


class Run(Protocol):
    """The parts of a ``tfft.training.run.Run`` that a page shows.

    Attributes:
        data: Counts and labels of the data, and the call that read it.
        phases: One record for each phase, with its overview of every variable's path, shape and movement.
    """

    def describe(self) -> str:
        """Describe the run in a few lines."""

    def plot(self) -> "Figure":
        """Plot the learning curves."""

    def history(self) -> Mapping[str, Sequence[float]]:
        """Return metric name -> its values over the epochs of all phases, shape (epochs,)."""

    def to_code(self) -> str:
        """Return code that repeats the run."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Counts and labels of the data, and the call that read it."""

    @property
    def phases(self) -> Sequence[Any]:
        """One record for each phase, with its overview of every variable's path, shape and movement."""


def html(report: Mapping[str, Any], thumbnails: Mapping[int, str], run: Run | None = None) -> str:
    """Make the page.

    Args:
        report: The result of ``Report.to_dict``; its confusion matrix has shape (classes, classes).
        thumbnails: Position -> data URI of the image of one of the worst examples.
        run: The Run that trained the model. It adds learning curves, the changed variables, and the code that repeats it.

    Returns:
        A complete HTML document.
    """
    title = _title(report, run)
    parts = [_head(report, title), _metrics(report)]
    if run is not None:
        parts += ["<h2>Learning curves</h2>", _charts(_curves(run)), f"<pre>{escape(run.describe())}</pre>"]
    parts += [_classes(report), _results(report), _worst(report, thumbnails)]
    if run is not None:
        parts += [_moved(run), f"<h2>Code that repeats the run</h2><pre>{escape(run.to_code())}</pre>"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    parts += [f'<h2>Versions</h2><p class="soft">{escape(versions)}</p>']
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}{text_marks.STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _title(report: Mapping[str, Any], run: Run | None) -> str:
    """The dataset, the model and the date; without a dataset, the task."""
    dataset = str(report.get("dataset") or "")
    if not dataset and run is not None:
        # the first path or name in the call that read the data
        found = re.search(r"""\((?:\{[^'"]*['"]\w+['"]: )?['"]([^'"]+)['"]""", str(run.data.get("source") or ""))
        dataset = Path(found[1]).name if found else ""
    subject = dataset or report["task"].replace("_", " ")
    return ", ".join(part for part in (subject, report.get("model"), report.get("date")) if part)


def _charts(figures: "Sequence[Figure]") -> str:
    return f'<div class="charts">{"".join(map(svg, figures))}</div>'


def _curves(run: Run) -> "list[Figure]":
    """One figure for each metric, so that a narrow page can stack them."""
    history = run.history()
    phases = [(record.phase.name, len(record.history["loss"]), record.best_epoch) for record in run.phases]
    names = sorted((name for name in history if not name.startswith("val_")), key=lambda name: name != "loss")
    return [
        learning_curves.plot({key: history[key] for key in (name, f"val_{name}") if key in history}, phases)
        for name in names
    ]


def _head(report: Mapping[str, Any], title: str) -> str:
    remark = render.remark(report["seen"])
    warning = f'<p class="warning">{escape(remark)}</p>' if remark else ""
    about = f"{report['task'].replace('_', ' ')}, {quantity(report['count'], 'example')}"
    texts = f"<p class='soft'>{escape(render.lengths(report['tokens']))}</p>" if report.get("tokens") else ""
    return f"<h1>{breakable(title)}</h1><p class='soft'>{escape(about)}</p>{texts}{warning}"


def _metrics(report: Mapping[str, Any]) -> str:
    tiles = []
    for name, value in report["metrics"].items():
        number, low, high = map(escape, render.with_interval(value["value"], value["low"], value["high"]))
        tiles.append(
            f'<div class="tile">{escape(name.replace("_", " "))}<b>{number}</b><span class="soft">{low} to {high}</span></div>'
        )
    below = '<p class="soft">Below each metric is its 95 % bootstrap interval.</p>'
    remarks = "".join(f"<p>{escape(each)}</p>" for each in (report.get("details") or {}).get("remarks", []))
    return f'<h2>Metrics</h2><div class="tiles">{"".join(tiles)}</div>{below}{remarks}'


def _classes(report: Mapping[str, Any]) -> str:
    """Plots and numbers of each class or quantity; for tasks without classes, a plot of the kinds of results."""
    plots = _charts(report_charts.panels(report))
    if not report["per_class"]:
        return f"<h2>Results</h2>{plots}"
    title = "Class by class" if report["residuals"] is None else "Residuals"
    return f"<h2>{title}</h2>{plots}{_details('in numbers', _table(report['per_class']))}"


def _results(report: Mapping[str, Any]) -> str:
    """The number of results of each kind, such as missed entities, for tasks that count them."""
    return "".join(
        f"<h2>{escape(name.capitalize())}</h2>{_table([{name: kind, 'count': count} for kind, count in counts.items()])}"
        for name, counts in (report.get("details") or {}).items()
        if isinstance(counts, Mapping)
    )


def _worst(report: Mapping[str, Any], thumbnails: Mapping[int, str]) -> str:
    tiles = []
    for row in report["worst"]:
        true, predicted, name = _label_text(row["true"]), _label_text(row["predicted"]), str(row["name"])
        image = (
            f'<img alt="{_label_text(row["true"], escape)}" src="{thumbnails[row["index"]]}">'
            if row["index"] in thumbnails
            else ""
        )
        if "marked" in row:
            image += f'<p class="marked">{text_marks.marked(**row["marked"])}</p>'
        elif "text" in row:
            image += f"<p>{escape(row['text'])}</p>"
        both = (
            f"<div>true <strong>{true}</strong>{_share(row, 'true_probability')}</div>"
            f"<div>predicted {predicted}{_share(row, 'predicted_probability')}</div>"
        )
        if "mean_iou" in row:  # image, mask and answer side by side
            both = f"<div>image, true, predicted: mean IoU <strong>{_number(row['mean_iou'])}</strong></div>"
        broad = " broad" if "mean_iou" in row or "marked" in row else ""
        tiles.append(
            f'<div class="tile{broad}">{image}{"" if "marked" in row else both}<div class="soft">'
            f"loss {_number(row['loss'])}{'' if 'text' in row else _named(name)}</div></div>"
        )
    legend = text_marks.LEGEND if any("marked" in row for row in report["worst"]) else ""
    if any("mean_iou" in row for row in report["worst"]):
        legend = mask_images.legend(report["names"], range(len(report["names"])), ignored=True)
    return f'<h2>Highest losses</h2>{legend}<div class="tiles">{"".join(tiles)}</div>'


def _share(row: Mapping[str, Any], key: str) -> str:
    """The probability of a class in percent, where there is one."""
    return f' <span class="soft">{100 * row[key]:.1f}&nbsp;%</span>' if key in row else ""


def _moved(run: Run) -> str:
    sections = []
    for record in run.phases:
        rows = [row for row in record.overview.to_rows() if row["moved"]]
        shown = [{key: row[key] for key in ("path", "block", "shape", "intent")} for row in rows[:_MOST_MOVED]]
        rest = f'<p class="soft">... and {len(rows) - _MOST_MOVED} more</p>' if len(rows) > _MOST_MOVED else ""
        title = f"{record.phase.name}: {len(rows)} of {len(record.overview.rows)} variables, {record.overview.describe()} trained"
        sections.append(_details(title, (_table(shown) if shown else "") + rest))
    return f"<h2>Changed variables of each phase</h2>{''.join(sections)}"


def _details(title: str, content: str) -> str:
    return f'<details><summary>{escape(title)}</summary><div class="wide">{content}</div></details>'


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    return table(
        [{key: "-" if value is None else value for key, value in row.items()} for row in rows], decimal=render.number
    )


def _named(name: str) -> str:
    return f'<br><span title="{escape(name)}">{breakable(_short(name))}</span>'


def _short(name: str) -> str:
    """The last two parts of a path; the whole path shows on hovering."""
    return "/".join(Path(name).parts[-2:])


def _label_text(value: Any, shown: Callable[[object], str] = breakable) -> str:
    if isinstance(value, Mapping):
        return shown(", ".join(f"{name} {number:.4g}" for name, number in value.items()))
    return shown(", ".join(value) or "none") if isinstance(value, (list, tuple)) else shown(value)


def _number(value: Any) -> str:
    return escape(render.number(value))
