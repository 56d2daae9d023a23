"""Write a plan as Python code."""

from dataclasses import MISSING, Field, fields
from typing import Any

from tfft.augment.views import Augmentation
from tfft.plans.optimizers import KerasOptimizer
from tfft.plans.phase import Phase, Plan
from tfft.plans.rates import Rates
from tfft.plans.schedule import Schedule
from tfft.trainable.policy import Policy


def to_code(plan: Plan) -> str:
    """Write the Python code that makes an equal plan.

    Args:
        plan: A plan.

    Returns:
        Python code that needs ``import tfft``, with a line for each phase.

    Example:
        >>> from tfft import plans
        >>> print(to_code(plans.head_only(epochs=3, augment=plans.augmentation.mixup())))
        tfft.Plan(
            tfft.Phase('head', tfft.trainable.nothing(), 3, 0.005, augment=(tfft.plans.augmentation.mixup(alpha=0.2),)),
        )
    """
    lines = "".join(f"    {_phase(phase)},\n" for phase in plan)
    return f"tfft.Plan(\n{lines})"


def _phase(phase: Phase) -> str:
    words = []
    for entry in fields(Phase):
        value = getattr(phase, entry.name)
        if _default(entry) is MISSING:
            words.append(_code(value))
        elif value != _default(entry):
            words.append(f"{entry.name}={_code(value)}")
    return f"tfft.Phase({', '.join(words)})"


def _default(entry: "Field[Any]") -> Any:
    return entry.default_factory() if entry.default_factory is not MISSING else entry.default


def _code(value: Any) -> str:
    if isinstance(value, Policy):
        return f"tfft.trainable.{value.describe()}"
    if isinstance(value, Schedule):
        return f"tfft.plans.{value.shape}(warmup={value.warmup!r})"
    if isinstance(value, Rates):
        return f"tfft.plans.Rates(layer_decay={value.layer_decay!r}, head={value.head!r})"
    if isinstance(value, Augmentation):
        options = ", ".join(f"{name}={option!r}" for name, option in value.options)
        return f"tfft.plans.augmentation.{value.name}({options})"
    if isinstance(value, KerasOptimizer):
        return repr(value.to_dict())
    if isinstance(value, tuple):
        return f"({', '.join(map(_code, value))}{',' if len(value) == 1 else ''})"
    return repr(value)
