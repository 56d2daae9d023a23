"""Define ``evaluate`` and the Report that it returns."""

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core import files, fingerprint, forks, versions
from tfft.core.errors import DataError, kind_of, quantity
from tfft.core.html_tables import table
from tfft.core.seed import derive
from tfft.data.examples import Examples
from tfft.evaluation import render
from tfft.evaluation.predictions import Model, Predictions, aligned, predict
from tfft.evaluation.top_losses import thumbnails, worst
from tfft.measures.bootstrap import with_intervals
from tfft.models.recomputed import Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfft.evaluation.page import Run

_ENDINGS = (".json", ".html", ".htm", ".md", ".markdown", ".txt", "")


@dataclass(frozen=True)
class Report:
    """The metrics of a model on a set of examples.

    Attributes:
        task: The name of the task.
        count: The number of examples.
        names: The names of classes or quantities, in the order of their ids.
        metrics: Name -> ``value``, and ``low`` and ``high`` of the 95 % bootstrap interval.
        data: The fingerprint of the examples.
        per_class: For each class its precision, recall, F1, support and ROC-AUC, and its threshold for several labels; for masks
            its IoU; for each quantity its mean absolute error.
        confusion: The confusion matrix, shape (classes, classes), rows true, columns predicted. None for several labels, for
            quantities, and for more than 1,000 classes.
        seen: The number of examples that were training (``"train"``) or validation (``"validation"``) examples of the model; None
            when this is unknown. If it is not zero, the metrics are optimistic.
        weights: The fingerprint of the measured weights.
        worst: The examples with the highest loss: position, name, true and predicted label, their probabilities, and loss.
        residuals: True and predicted quantities of at most 2,000 examples, each a list of shape (n, quantities); None for classes.
        details: What only one kind of task reports, as JSON values by name, such as the number of entities of each kind of error,
            and ``remarks``, sentences about the metrics.
        tokens: Lengths, truncated and unknown tokens of texts, as in ``Packed.statistics``; None for images.
        versions: The versions of Python and of packages.
        model: The handle of the backbone, such as ``"vgg16"``.
        dataset: The name of the dataset; empty when it is unknown.
        date: The day of the evaluation, as ``"2026-11-28"``.
        thumbnails: Position -> small image of one of the worst examples, as data URI. Only the HTML page shows them. They are not
            in ``to_dict`` and so in no bundle, so that sharing a model does not share its images.
        sample: A few examples with their logits, which ``export`` compares with the net; not in the bundle.
    """

    task: str
    count: int
    names: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float]]
    data: str
    per_class: Sequence[Mapping[str, Any]] = ()
    confusion: Sequence[Sequence[int]] | None = None
    seen: Mapping[str, int] | None = None
    weights: str = ""
    worst: Sequence[Mapping[str, Any]] = ()
    residuals: Mapping[str, Sequence[Sequence[float]]] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    tokens: Mapping[str, float] | None = None
    versions: Mapping[str, str] = field(default_factory=versions.installed)
    model: str = ""
    dataset: str = ""
    date: str = field(default_factory=lambda: datetime.date.today().isoformat(), compare=False)
    thumbnails: Mapping[int, str] = field(default_factory=dict, repr=False, compare=False)
    sample: Sample | None = field(default=None, repr=False, compare=False)

    def describe(self) -> str:
        """Describe the first metric with its interval, with a remark if some examples were training or validation examples."""
        name, value = next(iter(self.metrics.items()))
        said, low, high = (render.number(value[key]) for key in ("value", "low", "high"))
        line = f"{name} {said} [{low}, {high}] on {self.count} example{'' if self.count == 1 else 's'}"
        return f"{line}. {remark}" if (remark := render.remark(self.seen)) else line

    def _repr_html_(self) -> str:
        """Return a table of the metrics with their intervals, which notebooks show."""
        rows = []
        for name, values in self.metrics.items():
            number, low, high = render.with_interval(values["value"], values["low"], values["high"])
            rows.append({"metric": name.replace("_", " "), "value": number, "95 % interval": f"{low} to {high}"})
        about = ", ".join(part for part in (self.model, self.task, f"{quantity(self.count, 'example')}") if part)
        remark = render.remark(self.seen)
        return table(rows, f"{about}. {remark}" if remark else about)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values; the confusion matrix, shape (classes, classes), is a list of rows."""
        return {
            "task": self.task,
            "count": self.count,
            "names": list(self.names),
            "metrics": {name: _finite(values) for name, values in self.metrics.items()},
            "per_class": [dict(row) for row in self.per_class],
            "confusion": None if self.confusion is None else [list(row) for row in self.confusion],
            "data": self.data,
            "seen": None if self.seen is None else dict(self.seen),
            "weights": self.weights,
            "worst": [dict(row) for row in self.worst],
            "residuals": None if self.residuals is None else dict(self.residuals),
            "details": dict(self.details),
            "tokens": None if self.tokens is None else dict(self.tokens),
            "versions": dict(self.versions),
            "model": self.model,
            "dataset": self.dataset,
            "date": self.date,
        }

    def to_markdown(self) -> str:
        """Return the report as a Markdown page."""
        return render.markdown(self.to_dict())

    def to_html(self, run: "Run | None" = None) -> str:
        """Return the report as one HTML page with plots and the worst images, which needs no other file.

        Args:
            run: The run that trained the model. It adds learning curves, the changed variables, and the code that repeats the run.

        Returns:
            A complete HTML document.
        """
        from tfft.evaluation import page

        return page.html(self.to_dict(), self.thumbnails, run)

    def plot(self) -> "Figure":
        """Plot the F1 of each class and the confusion matrix, shape (classes, classes); or residuals of quantities."""
        from tfft.plots import report_charts

        return report_charts.plot(self.to_dict())

    def save(self, path: str | Path, run: "Run | None" = None) -> Path:
        """Write the report in the format of the file extension.

        ``.json`` contains ``to_dict``, ``.html`` or ``.htm`` the page. ``.md``, ``.txt`` or no extension gives Markdown.

        Args:
            path: The path of the file.
            run: As for ``to_html``.

        Returns:
            The same path.

        Raises:
            DataError: When ``run`` is not a run, or the path has another extension or begins with ``~``.
            OSError: When it cannot be written, or ``path`` is a folder.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending not in _ENDINGS:
            raise DataError(
                f"A report cannot be written as {path.suffix!r}.",
                repr(str(path)),
                "Use .html (a browser prints it as PDF), .json, or .md for Markdown.",
            )
        if reason := files.unexpanded(path):
            raise DataError("The report cannot be written.", fix=f"{reason}.")
        if run is not None and not all(hasattr(run, name) for name in ("describe", "plot", "to_code")):
            raise DataError("save() takes the run that fit() returned.", kind_of(run), "Write report.save(path, run).")
        if ending == ".json":
            text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        else:
            text = self.to_html(run) if ending in (".html", ".htm") else self.to_markdown()
        files.write_text(path, text)
        return path


def evaluate(model: Model, examples: Examples | None, batch_size: int = 32, seed: int = 0) -> Report:
    """Measure the metrics of a model on examples; images are read batch by batch.

    The report counts how many of them were training or validation examples of the model.

    Args:
        model: A model from ``build``, ``run.model`` or ``load``.
        examples: The examples, such as ``data.test``: images of any size or texts, with targets of shape (n,) or (n, k). Some
            classes of the model may have no example.
        batch_size: Number of examples in a batch.
        seed: The seed of the bootstrap.

    Returns:
        A Report.

    Raises:
        TfftError: In a process that was forked after TensorFlow had started.
        DataError: When there are no examples, they have other labels than the model, or an image cannot be read.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 10)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> sorted(evaluate(model, data.train).metrics)
        ['accuracy', 'balanced_accuracy', 'log_loss', 'macro_f1', 'roc_auc', 'weighted_f1']
    """
    forks.check()
    if not all(hasattr(model, name) for name in ("net", "task", "preprocessor", "seen")):
        raise DataError(
            "evaluate() takes a model from build(), fit() or load().",
            kind_of(model),
            "Write evaluate(run.model, data.test).",
        )
    if examples is not None and not isinstance(examples, Examples):
        raise DataError(
            "evaluate() takes one part of the data.",
            kind_of(examples),
            "Write evaluate(run.model, data.test).",
        )
    if examples is None or not len(examples):
        raise DataError(
            "There are no examples to evaluate on.",
            "no test part" if examples is None else "0 examples",
            "Use data.validation, add a test folder, or name one with parts=.",
        )
    examples = aligned(examples, model.task.labels)
    return reported(model, examples, predict(model, examples, batch_size), seed)


def reported(model: Model, examples: Examples, predictions: Predictions, seed: int = 0) -> Report:
    """Measure the metrics of predictions.

    Args:
        model: The model that made them.
        examples: The n examples, with targets of shape (n,) or (n, k) and the labels of the model.
        predictions: The answers to them.
        seed: The seed of the bootstrap.

    Returns:
        A Report.
    """
    scores = model.task.score(examples, predictions.probabilities)
    rows = worst(scores, examples)
    drawn = None if model.task.drawn is None else partial(model.task.drawn, scores)
    return Report(
        task=model.task.name,
        count=len(examples),
        names=model.task.labels.names,
        metrics=with_intervals(model.task.measures, scores, derive(seed, "bootstrap")),
        data=examples.fingerprint(),
        seen=None if model.seen is None else model.seen.counts(examples),
        weights=fingerprint.combined(fingerprint.weight_digests(model.net.weights)),
        worst=rows,
        tokens=predictions.statistics,
        thumbnails=thumbnails(rows, examples, drawn),
        sample=predictions.sample,
        model=_handle(model),
        **scores.sections(),
    )


def _handle(model: Model) -> str:
    """The handle of the backbone of a TransferModel or a Predictor."""
    described = getattr(model, "backbone", None)
    return str(getattr(described, "handle", "") or getattr(model, "manifest", {}).get("backbone", {}).get("handle", ""))


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """Replace NaN by None, because JSON has no NaN; R2 of a single example is NaN."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
