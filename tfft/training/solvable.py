"""Whether the head of a model can be solved exactly; this is checked before TensorFlow starts."""

from tfft.core.errors import PlanError, shortlist
from tfft.core.workers import cluster_of
from tfft.models.assembly import TransferModel
from tfft.plans.phase import Phase


def check_solved(model: TransferModel, phase: Phase, has_teacher: bool = False) -> None:
    """Refuse to solve a head that is not linear, or that is not all that trains.

    Args:
        model: The model.
        phase: A phase with the optimizer ``"lbfgs"``.
        has_teacher: Whether there is a ``teacher`` argument.

    Raises:
        PlanError: When the head cannot be solved.
    """
    what = f"Phase {phase.name!r} solves the head exactly"
    if phase.trainable.name != "nothing":
        raise PlanError(
            f"{what}, so nothing else can train.",
            phase.trainable.describe(),
            "Write trainable.nothing(), or another optimizer.",
        )
    if model.task.solve is None:
        raise PlanError(
            f"{what}, which needs a single Dense layer and a plain loss.",
            f"{model.task.name} with {shortlist([f'{name}={value!r}' for name, value in model.task.options.items()])}",
            'Write hidden=(), dropout=0 and label_smoothing=0, or optimizer="adam".',
        )
    if has_teacher:
        raise PlanError(f"{what} for the labels alone.", "a teacher", 'Leave teacher= out, or write optimizer="adam".')
    if cluster_of(model.strategy) is not None:
        raise PlanError(f"{what} on one machine.", "several workers", 'Write optimizer="adam".')
