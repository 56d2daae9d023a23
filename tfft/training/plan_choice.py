"""The default plan for a model and the number of its training examples."""

from tfft.core.tpus import is_tpu
from tfft.core.workers import cluster_of
from tfft.heads.vector import LOGITS
from tfft.models.assembly import TransferModel
from tfft.plans.defaults import default_plan
from tfft.plans.phase import Plan

# To solve a head takes time in proportion to examples x width x outputs, and five epochs of Adam hardly depend on outputs.
# ``python -m benchmarks.solving``
_MOST_PRODUCTS = 50_000_000


def plan_for(model: TransferModel, examples: int, solving: bool = True) -> Plan:
    """Return the plan that ``fit`` takes by default.

    Args:
        model: From ``build``, with weights of any shape.
        examples: The number of training examples.
        solving: Whether the head may be solved exactly, as it cannot be with a teacher.

    Returns:
        A Plan, from ``default_plan``. It solves the head exactly where this is possible and takes seconds: the head is linear,
        and its loss plain; one process trains, not on a TPU; and the product of examples, width of the features and outputs is
        at most 50 million.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["cat", "dog"]))
        >>> print(plan_for(model, examples=100).describe())
        head: nothing(), the head solved exactly
        tune: last_blocks(1), 5 epochs, learning rate 1e-05 (cosine)
    """
    about = model.backbone.features, examples, model.backbone.can_finetune, model.task.name
    if not solving or model.task.solve is None or cluster_of(model.strategy) is not None or is_tpu(model.strategy):
        return default_plan(*about)
    width, outputs = model.head_net.get_layer(LOGITS).kernel.shape
    return default_plan(*about, solved=examples * width * outputs <= _MOST_PRODUCTS)
