"""What a demo leaves behind: a table of its trials, a report, and a bundle of the last one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfft.bundles.writer import export
from tfft.core import files
from tfft.evaluation.render import table
from tfft.evaluation.report import Report
from tfft.training.run import Run


@dataclass(frozen=True)
class Trained:
    """One row of the table.

    Attributes:
        title: What was trained.
        accuracy: Test accuracy and its 95 % interval: ``value``, ``low`` and ``high``.
        seconds: How long training took.
    """

    title: str
    accuracy: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Demo:
    """What a demo made.

    Attributes:
        table: Test accuracy of each trial, as Markdown.
        report_path: Of the report as a page; ``report.md`` beside it holds the table as well.
        bundle_path: Of the exported model.
    """

    table: str
    report_path: Path
    bundle_path: Path


def trained(title: str, run: Run, report: Report) -> Trained:
    """The row of a model that tfft trained.

    Args:
        title: What was trained.
        run: Its training.
        report: Its test metrics, with an accuracy.

    Returns:
        A Trained.
    """
    return Trained(title, report.metrics["accuracy"], sum(record.seconds for record in run.phases))


def finished(home: Path, bundle: str, trials: Sequence[Trained], run: Run, report: Report) -> Demo:
    """Write the table, the report and the bundle.

    Args:
        home: Folder to write to.
        bundle: The name of the bundle there.
        trials: The rows, all measured on the same test examples.
        run: The training of the model that is exported.
        report: Its test metrics.

    Returns:
        What was made.

    Raises:
        OSError: When the report cannot be written.
        BundleError: When the bundle cannot be written.
    """
    rows = [
        [
            trial.title,
            f"{trial.accuracy['value']:.3f}",
            f"{trial.accuracy['low']:.3f} to {trial.accuracy['high']:.3f}",
            f"{trial.seconds:.1f}",
        ]
        for trial in trials
    ]
    compared = table(["trial", "test accuracy", "95 % interval", "training seconds"], rows)
    bundle_path = export(run.model, home / bundle, report=report)
    page_path = report.save(home / "report.html", run)
    files.write_text(home / "report.md", f"# tfft demo\n\n{compared}\n\n{report.to_markdown()}\n{run.describe()}\n")
    return Demo(compared, page_path, bundle_path)
