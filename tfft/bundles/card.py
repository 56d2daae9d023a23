"""Write the model card of a bundle: what the model does, its data, its training, its metrics and its limits, with metadata."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tfft.core.private_paths import code_without_folders, without_folder
from tfft.core.terminal import plain
from tfft.evaluation import render
from tfft.models.assembly import TransferModel

if TYPE_CHECKING:
    from tfft.evaluation.report import Report
    from tfft.training.run import Run

USE = 'predictor = tfft.load("model.tfft")'
"""The line that loads the model. In a repository it has the address in place of the path."""
_UNKNOWN = "unknown"
_MOST_LABELS = 100
# what the hub of Hugging Face calls each task; regression has no name of its own there
_PIPELINES = {
    ("classification", "image"): "image-classification",
    ("multi_label", "image"): "image-classification",
    ("segmentation", "image"): "image-segmentation",
    ("classification", "text"): "text-classification",
    ("multi_label", "text"): "text-classification",
    ("token_classification", "text"): "token-classification",
    ("question_answering", "text"): "question-answering",
}
_DOES = {
    "classification": "gives each {noun} one class",
    "multi_label": "says which of several labels each {noun} has",
    "regression": "gives each {noun} {names}",
    "segmentation": "gives each pixel of an image a class",
    "token_classification": "finds entities in texts",
    "question_answering": "answers a question with a part of a text",
}
# an input of each kind, as code; a task may have its own
_EXAMPLES = {
    "image": '["new.jpg"]',
    "text": '["A text."]',
    "pair": '[("A text.", "Another text.")]',
    "question_answering": '[("Which question?", "A text with the answer.")]',
}


_REFIT = (
    "The weights were fitted to training and validation examples together (refit), after the validation part had chosen the "
    "epochs. No metric on its validation part is one of unseen examples."
)
_NO_REFIT = (
    "A refit on training and validation examples together was asked for. It did not happen, because no phase improved the "
    "validation. No weight was fitted to the validation part."
)


def card(model: TransferModel, report: "Report | None" = None, run: "Run | None" = None) -> str:
    """Write the card of a model as Markdown.

    Its metadata follows the model cards of the Hugging Face hub. tfft does not know the licences of weights and data, so the card
    asks for them. Folders of the user are left out.

    Args:
        model: The model.
        report: A report on it; without one there are no metrics.
        run: The run that trained it; without one there is nothing about data and training.

    Returns:
        The page.

    Source:
        Mitchell et al. 2019, "Model Cards for Model Reporting", https://arxiv.org/abs/1810.03993; for the metadata,
        https://huggingface.co/docs/hub/model-cards.

    Example:
        >>> import tfft
        >>> page = card(tfft.build("toy", tfft.tasks.classification(["ants", "bees"])))
        >>> page.splitlines()[0], "gives each image one class" in page
        ('---', True)
    """
    noun, task = model.preprocessor.noun, model.task
    backbone = without_folder(model.backbone.handle)
    title = f"{backbone} for {task.name.replace('_', ' ')}"
    does = _DOES.get(task.name, task.name).format(noun=noun, names=_listed(task.labels.names))
    parts = [
        _metadata(model, report, title),
        f"# {_text(title)}",
        f"This model {_text(does)}. It was fine-tuned with tfft from the backbone `{_code(backbone)}`.",
        "## Labels",
        _text(_listed(task.labels.names)),
        *([] if run is None else _training(run)),
        *([_REFIT] if model.seen is not None and model.seen.refit else []),
        *([] if report is None else _metrics(report)),
        *_limits(model, report, run),
        "## Licences",
        render.table(
            ["of", "licence"],
            [["this model", "fill in"], ["the pretrained weights", "fill in"], ["the training data", "fill in"]],
        ),
        "## Use",
        f"```python\nimport tfft\n\n{USE}\nprint(predictor.predict({_example(model)}))\n```",
        *([] if run is None else ["## Repeat", f"```python\n{_block(code_without_folders(run.to_code()))}```"]),
    ]
    return "\n\n".join(parts) + "\n"


def _example(model: TransferModel) -> str:
    """An input of the kind that the model reads, as code."""
    pairs = model.seen is not None and model.seen.texts == 2
    return _EXAMPLES.get(model.task.name) or _EXAMPLES["pair" if pairs else model.preprocessor.noun]


def _metadata(model: TransferModel, report: "Report | None", title: str) -> str:
    """The YAML at the beginning. JSON values are YAML as well, and no text in them can end the block."""
    pipeline = _PIPELINES.get((model.task.name, model.preprocessor.noun))
    values: list[tuple[str, Any]] = [
        ("library_name", "keras"),
        ("license", _UNKNOWN),
        ("tags", ["tfft", "keras", "transfer-learning"]),
    ]
    if pipeline is not None:
        values.append(("pipeline_tag", pipeline))
    if model.backbone.handle.startswith("hf://"):
        values.append(("base_model", model.backbone.handle.removeprefix("hf://")))
    if report is not None:
        found = [
            {"type": name, "value": row["value"], "name": name.replace("_", " ")}
            for name, row in report.metrics.items()
            if math.isfinite(row["value"])
        ]
        data = {"type": report.dataset or _UNKNOWN, "name": report.dataset or _UNKNOWN}
        result = {"task": {"type": pipeline or model.task.name}, "dataset": data, "metrics": found}
        values += [("metrics", list(report.metrics)), ("model-index", [{"name": title, "results": [result]}])]
    lines = [f"{key}: {json.dumps(value)}" for key, value in values]
    return "\n".join(["---", *lines, "---"])


def _training(run: "Run") -> Iterator[str]:
    yield "## Data"
    yield render.table(["part", "examples"], [[part, f"{count:,}"] for part, count in run.data["counts"].items()])
    left_out = len(run.data["skipped"])
    yield f"Parts that the data did not have were drawn with seed {run.data['seed']}." + (
        f" {left_out:,} examples that could not be used were left out." if left_out else ""
    )
    yield "## Training"
    if run.selection is not None:
        yield "The first training, on the training part:"
        yield _phases(run.selection)
        yield "The refit, on training and validation part:"
    yield _phases(run)
    if run.refit_left_out:
        yield _NO_REFIT
    yield (
        "Bytes of all variables were compared before and after each phase; only those that were meant to change did. Batches had "
        f"{run.batch_size} examples, the seed was {run.seed}, and the network computed in {run.precision.trunk} and "
        f"{run.precision.tail}."
    )


def _phases(run: "Run") -> str:
    """A table of the phases of a training, with the validation loss of the kept weights."""
    return render.table(
        ["phase", "trained", "epochs", "kept epoch", "validation loss", "seconds"],
        [
            [
                record.phase.name,
                record.overview.describe(),
                str(len(record.history.get("loss", ()))),
                str(record.best_epoch),
                "-" if record.best_loss is None else render.number(record.best_loss),
                f"{record.seconds:.1f}",
            ]
            for record in run.phases
        ],
    )


def _metrics(report: "Report") -> Iterator[str]:
    yield "## Metrics"
    yield f"On {report.count:,} examples{f' of {_text(report.dataset)}' if report.dataset else ''}, {report.date}."
    rows = [
        [
            name.replace("_", " "),
            render.number(row["value"]),
            f"{render.number(row['low'])} to {render.number(row['high'])}",
        ]
        for name, row in report.metrics.items()
    ]
    yield render.table(["metric", "value", "95 % interval"], rows)
    if said := render.remark(report.seen):
        yield said


def _limits(model: TransferModel, report: "Report | None", run: "Run | None") -> Iterator[str]:
    yield "## Limits"
    found = [f"Inputs have {model.preprocessor.size}; others are resized or cut."]
    if report is None:
        found.append("Nothing was measured.")
    else:
        found.append("The metrics hold for examples like those measured. Intervals do not cover other data.")
    if run is None:
        found.append("How the model was trained is not recorded.")
    found.append(
        "Fill in: for whom and for what the model is not meant, and which groups of people or things were not measured."
    )
    yield "\n".join(f"- {sentence}" for sentence in found)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_LABELS])
    return shown if len(names) <= _MOST_LABELS else f"{shown}, ... ({len(names):,} in all)"


def _text(words: str) -> str:
    """A text from elsewhere in one line, in which nothing begins HTML, a link or an image."""
    return render.shown(" ".join(words.split()))


def _code(name: str) -> str:
    """A name in one line, in which nothing ends a code span."""
    return plain(name).replace("`", "'")


def _block(code: str) -> str:
    """Code in which nothing ends a code block."""
    return code.replace("```", "~~~")
