"""Write the results of a demo: a table of its trials, a report, and a bundle of the last trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfft.bundles.writer import write_bundle
from tfft.core import files
from tfft.evaluation.render import table
from tfft.evaluation.report import Report
from tfft.training.run import Run

BESIDE = ("report.html", "report.md")
"""The files that a demo writes beside its bundle."""


@dataclass(frozen=True)
class Trained:
    """One row of the table.

    Attributes:
        title: The name of the trial.
        accuracy: Test accuracy and its 95 % interval: ``value``, ``low`` and ``high``.
        seconds: The training time in seconds.
    """

    title: str
    accuracy: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Demo:
    """The results of a demo.

    Attributes:
        table: Test accuracy of each trial, as Markdown.
        meaning: A sentence about the accuracies.
        report_path: The path of the HTML report; ``report.md`` beside it also contains the table.
        bundle_path: The path of the exported bundle.
    """

    table: str
    meaning: str
    report_path: Path
    bundle_path: Path


def trained(title: str, run: Run, report: Report) -> Trained:
    """Make the row of a model that tfft trained.

    Args:
        title: The name of the trial.
        run: The run of the model.
        report: The test metrics of the model, with an accuracy.

    Returns:
        A Trained.
    """
    return Trained(title, report.metrics["accuracy"], sum(record.seconds for record in run.phases))


def meaning(trials: Sequence[Trained], things: str) -> str:
    """Say what the accuracies of some trials mean, the best trial first.

    Args:
        trials: The rows.
        things: The plural of what was classified, such as ``"digits"``.

    Returns:
        A sentence.

    Example:
        >>> meaning([Trained("baseline", {"value": 0.5}, 1.0), Trained("ours", {"value": 0.934}, 2.0)], "digits")
        'Of 100 new digits, "ours" classifies about 93 correctly, "baseline" about 50.'
    """
    best, *others = sorted(trials, key=lambda trial: -trial.accuracy["value"])
    said = [f'"{best.title}" classifies about {100 * best.accuracy["value"]:.0f} correctly']
    said += [f'"{trial.title}" about {100 * trial.accuracy["value"]:.0f}' for trial in others]
    return f"Of 100 new {things}, {', '.join(said)}."


def finished(home: Path, bundle: str, trials: Sequence[Trained], run: Run, report: Report) -> Demo:
    """Write the table, the report and the bundle.

    Args:
        home: The folder to write to.
        bundle: The file name of the bundle.
        trials: The rows, all measured on the same test examples.
        run: The run of the exported model.
        report: The test metrics of the exported model.

    Returns:
        The table and the paths.

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
    sentence = meaning(trials, Path(bundle).stem)
    bundle_path = write_bundle(run.model, home / bundle, report, run)
    page_path = report.save(home / "report.html", run)
    files.write_text(
        home / "report.md", f"# tfft demo\n\n{compared}\n\n{sentence}\n\n{report.to_markdown()}\n{run.describe()}\n"
    )
    return Demo(compared, sentence, page_path, bundle_path)
