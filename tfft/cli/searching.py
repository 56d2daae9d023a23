"""``tfft fit --auto``: a search for a backbone and a plan, with the options of ``tfft fit`` that a search can use."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfft.cli.arguments import describe_backbone, describe_task
from tfft.cli.console import name, say
from tfft.cli.training_inputs import BACKBONE_OPTIONS, read, typed_source
from tfft.core.quiet import start_tensorflow

if TYPE_CHECKING:
    from tfft.backbones.base import Backbone
    from tfft.cli.sources import TypedData
    from tfft.data.examples import Splits
    from tfft.evaluation.report import Report
    from tfft.training.run import Run

Auto = Annotated[
    bool,
    typer.Option(
        "--auto",
        help="Search for a backbone (one or several names in --backbone, separated by commas) and a plan on the validation part. "
        "With --run-folder, the same command continues an interrupted search.",
    ),
]
BudgetMinutes = Annotated[
    float | None,
    typer.Option(help="With --auto: time of the search in minutes.", show_default="10", min=0.001),
]
_MINUTES = 10.0
_OF_ALL = ("imagenet", "none")
"""Values of ``--weights`` that mean something for each backbone."""
_UNUSED = (
    "plan", "head_epochs", "tune_epochs", "blocks", "learning_rate", "augment", "teacher", "temperature", "teacher_weight", "refit",
    "save_minutes", "accumulate", "patience",
)  # fmt: skip


def asked(context: typer.Context) -> bool:
    """Tell whether the user asked for a search, and refuse options that do not belong to one.

    Args:
        context: The typer context of ``tfft fit``.

    Returns:
        The value of ``--auto``.

    Raises:
        BadParameter: When ``--budget-minutes`` is set without ``--auto``, or an option is set that a search chooses itself.
    """
    values = context.params
    if not values["auto"]:
        if values["budget_minutes"] is not None:
            raise typer.BadParameter("--budget-minutes is the time of a search. Add --auto, or leave it out.")
        return False
    typed = [each for each in _UNUSED if getattr(context.get_parameter_source(each), "name", "") == "COMMANDLINE"]
    if typed:
        options = ", ".join(f"--{each.replace('_', '-')}" for each in typed)
        raise typer.BadParameter(f"{options}: --auto chooses the plan itself and does not use this. Leave it out.")
    if values["resume"] is False:
        raise typer.BadParameter(
            "--no-resume: a search continues in its folder. Name a new --run-folder to search anew."
        )
    return True


def found(context: typer.Context, batch_size: Any) -> "tuple[Run, Report | None]":
    """Search, and print the leaderboard.

    Args:
        context: The typer context of ``tfft fit``.
        batch_size: The ``batch_size`` of ``search``.

    Returns:
        The run of the best model; and its report on the test part, or else on the validation part.

    Raises:
        TfftError: As ``tfft.search``.
    """
    import tfft

    values = context.params
    described, splits = _inputs(typed_source(values), values)
    task = describe_task(splits.labels, values["balanced"], values["task"])
    start_tensorflow()
    minutes = _MINUTES if values["budget_minutes"] is None else values["budget_minutes"]
    how = {"task": task, "cache": values["cache"].value, "precision": values["precision"].value}
    result = tfft.search(splits, described, minutes, values["seed"], batch_size, values["run_folder"], **how)
    say(result.describe())
    if result.report is not None:
        return result.run, result.report
    report = tfft.evaluate(result.model, splits.validation, result.run.batch_size)
    say(f"validation: {report.describe()}")
    return result.run, report


def _inputs(source: "TypedData", values: dict[str, Any]) -> "tuple[list[Backbone], Splits]":
    """The backbones, which are described before the data is read where they are named; and the data."""
    options = {each: values[each] for each in BACKBONE_OPTIONS}
    if values["backbone"] is not None:
        names = [each.strip() for each in values["backbone"].split(",") if each.strip()]
        _check_weights(values["weights"], names)
        described = [describe_backbone(each, values["weights"], **options) for each in names or [""]]
        return described, read(source, described[0], values["seed"], None)
    from tfft.tuning.candidate_plans import default_backbones

    splits = source.splits(values["seed"])
    names = default_backbones(splits)
    _check_weights(values["weights"], names)
    described = [describe_backbone(each, values["weights"], **options) for each in names]
    say(f"backbones: {', '.join(map(name, names))}")
    return described, read(source, described[0], values["seed"], splits)


def _check_weights(weights: str | None, names: "list[str]") -> None:
    """Refuse a file of weights for several backbones: it belongs to one of them."""
    if len(names) > 1 and weights is not None and weights.lower() not in _OF_ALL:
        raise typer.BadParameter(
            f"--weights {weights}: these are the weights of one backbone, and the search compares {', '.join(names)}. "
            "Name one backbone with --backbone."
        )
