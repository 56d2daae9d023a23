"""The default plan for a backbone, a task and a number of training examples."""

from typing import Any

from tfft.backbones.base import Backbone
from tfft.core.tpus import is_tpu
from tfft.core.workers import cluster_of
from tfft.plans.defaults import default_plan
from tfft.plans.phase import Plan
from tfft.tasks.base import Task

# To solve a head takes time in proportion to examples x width x outputs, where 1,280 is a common width; epochs of Adam hardly
# depend on outputs. ``python -m benchmarks.solving``
_MOST_LOGITS = 40_000


def plan_for(backbone: Backbone, task: Task, examples: int, strategy: Any = None, solving: bool = True) -> Plan:
    """Return the plan that ``fit`` takes by default.

    Args:
        backbone: The backbone, with features of any shape.
        task: The task.
        examples: The number of training examples.
        strategy: The result of ``resolve``; None for a single device.
        solving: Whether the head may be solved exactly. With a teacher it cannot be.

    Returns:
        A Plan, from ``default_plan``. It solves the head exactly where this is possible and takes seconds: the head is linear,
        on features that are not flattened, and its loss is plain; one process trains, not on a TPU; and examples times outputs
        are at most 40,000.

    Example:
        >>> import tfft
        >>> toy, task = tfft.load_backbone("toy"), tfft.tasks.classification(["ants", "bees"])
        >>> print(plan_for(toy, task, examples=100).describe())
        head: nothing(), the head solved exactly
        tune: last_blocks(1), 5 epochs, learning rate 1e-05 (cosine)
    """
    solved = solving and task.solve is not None and cluster_of(strategy) is None and not is_tpu(strategy)
    few = examples * task.outputs <= _MOST_LOGITS and task.options.get("pooling") != "flatten"
    return default_plan(backbone.features, examples, backbone.can_finetune, task.name, solved=solved and few)
