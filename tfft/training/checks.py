"""What ``fit`` finds out before anything is trained: nobody should wait for an hour and then hear of a slip."""

from tfft.core.errors import DataError, PlanError, shortlist
from tfft.core.specs import Text
from tfft.core.strategy import check_batch, replicas
from tfft.data.examples import Splits
from tfft.data.pipeline import check_batch_size
from tfft.models.assembly import TransferModel
from tfft.plans.phase import Plan
from tfft.trainable.overview import survey
from tfft.trainable.policy import plan_rows


def check(model: TransferModel, data: Splits, plan: Plan, batch_size: int) -> None:
    """Find everything that can be known to fail.

    Args:
        model: What ``fit`` was given for one.
        data: The same; pictures of any shape.
        plan: The same.
        batch_size: The same.

    Raises:
        DataError: When the first two are something else, the labels differ, or there is less than one example for each replica.
        PlanError: When the plan does not fit the net, the labels or the strategy.
    """
    if not isinstance(model, TransferModel) or not isinstance(data, Splits):
        raise DataError(
            "fit() takes a model from build() and data from tfft.data.",
            f"a {type(model).__name__} and a {type(data).__name__}",
            "Write fit(model, data), with all parts of the data, not data.train.",
        )
    if not isinstance(plan, Plan):
        raise PlanError("plan must be a Plan.", type(plan).__name__, "Use tfft.plans.two_phase() or Plan(Phase(...)).")
    check_batch_size(batch_size)
    copies = replicas(model.strategy)
    check_batch(batch_size, copies)
    if min(len(data.train), len(data.validation)) < copies:
        raise DataError(
            "Every replica needs an example of training and validation.",
            f"{data.describe()} for {copies} replicas",
            "Add some, or use fewer devices.",
        )
    if isinstance(data.train.inputs[0], Text):
        raise DataError(
            f"{model.backbone.handle!r} takes pictures, and the data holds texts.",
            f"{data.train.name(0)!r} first",
            "Name the column of pictures with image_column=, or pass a folder of them.",
        )
    ours, theirs = model.task.labels, data.labels
    if (ours.kind, ours.names) != (theirs.kind, theirs.names):
        raise DataError(
            "The data has other labels than the model's task.",
            f"{theirs.kind} {shortlist(theirs.names)} for a model of {ours.kind} {shortlist(ours.names)}",
            "Build the model with task(data.labels).",
        )
    rows = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    for phase in plan:
        intended = plan_rows(phase.trainable, rows, phase.train_norms)
        if phase.trainable.name != "nothing" and not any(
            r.intent == "train" and r.block != "head" for r in intended.rows
        ):
            raise PlanError(
                f"Phase {phase.name!r} trains no variable of the backbone: {phase.trainable.describe()} chooses none.",
                f"norms {'included' if phase.train_norms else 'left out'}",
                "Choose others, or set train_norms=True to train norms; for the head alone write nothing().",
            )
        mixing = [step.describe() for step in phase.augment if step.mixes]
        if mixing and model.task.labels.kind == "real":
            raise PlanError(
                f"Phase {phase.name!r} mixes examples, and a mixture of two pictures does not have the mean of their quantities.",
                f"{shortlist(mixing)} for {model.task.name}",
                "Leave it out; flips(), crops() and colors() suit regression where they do not change the quantity.",
            )
        if not model.backbone.can_finetune and any(r.intent == "train" and r.block != "head" for r in intended.rows):
            raise PlanError(
                f"Phase {phase.name!r} trains the backbone {model.backbone.handle!r}, which cannot be trained.",
                fix="Use plans.head_only().",
            )
