"""What a demo made, and how its trials are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfft.bundles.writer import export
from tfft.core import files
from tfft.evaluation.render import table
from tfft.evaluation.report import Report
from tfft.training.run import Run

Trial = tuple[str, Run, Report]


@dataclass(frozen=True)
class Demo:
    """What a demo made.

    Attributes:
        table: Test accuracy of each backbone and plan, as Markdown.
        report_path: Of the report as a page; ``report.md`` beside it holds the table as well.
        bundle_path: Of the exported model.
    """

    table: str
    report_path: Path
    bundle_path: Path


def finished(home: Path, bundle: str, trials: Sequence[Trial]) -> Demo:
    """Compare trials, and write report and bundle of the last one, which is the product.

    Args:
        home: Folder to write to.
        bundle: Its name there.
        trials: Title, run and report on the same test examples, pictures of any shape or texts.

    Returns:
        What was made.

    Raises:
        OSError: When the report cannot be written.
        BundleError: When the bundle cannot.
    """
    rows = []
    for title, run, report in trials:
        value = report.metrics["accuracy"]
        seconds = sum(record.seconds for record in run.phases)
        rows.append([title, f"{value['value']:.3f}", f"{value['low']:.3f} to {value['high']:.3f}", f"{seconds:.1f}"])
    compared = table(["backbone and plan", "test accuracy", "95 % interval", "training seconds"], rows)
    _, run, report = trials[-1]
    bundle_path = export(run.model, home / bundle, report=report)
    page_path = report.save(home / "report.html", run)
    files.write_text(home / "report.md", f"# tfft demo\n\n{compared}\n\n{report.to_markdown()}\n{run.describe()}\n")
    return Demo(compared, page_path, bundle_path)
