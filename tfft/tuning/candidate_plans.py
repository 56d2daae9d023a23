"""The candidates of a search: backbones that need no download, and plans around the default plan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfft.augment import augmentation
from tfft.backbones import packages
from tfft.backbones.base import Backbone
from tfft.core.errors import WeightsError
from tfft.data.examples import Splits
from tfft.models.prepared import noun_of, read
from tfft.plans.optimizers import LBFGS
from tfft.plans.phase import Phase, Plan
from tfft.plans.recipes import linear_probe
from tfft.tasks.base import Task
from tfft.trainable.policy import last_blocks
from tfft.training.plan_choice import plan_for

DEFAULT = "default plan"
"""The label of the default plan."""
_HIGHEST = 10.0


@dataclass(frozen=True)
class Candidate:
    """A backbone and a plan that a search may choose.

    Attributes:
        backbone: The name of the backbone.
        label: The name of the plan in the leaderboard.
        plan: The plan with all its epochs.
    """

    backbone: str
    label: str
    plan: Plan


def default_backbones(data: Splits) -> list[str]:
    """Name the backbones for this kind of inputs that are available without a download.

    Args:
        data: Images of any shape, or texts.

    Returns:
        ``["tfft_mini"]`` for images. For texts ``"minilm_l6"`` and ``"multilingual_e5_small"``, where their packages are installed.

    Raises:
        WeightsError: When no package with a text encoder is installed, with the command that installs one.

    Example:
        >>> import numpy as np, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), np.uint8)
        >>> default_backbones(tfft.data.from_arrays(images, [0, 1] * 10))
        ['tfft_mini']
    """
    if noun_of(read(data.train, 0)) == "image":
        return ["tfft_mini"]
    found = [name for name in packages.PACKAGES if (path := packages.find(name)) is not None and path.exists()]
    if not found:
        raise WeightsError(
            "search() has no backbone for texts, because no package with one is installed.",
            fix=f"Run: {packages.PACKAGES['minilm_l6'].install}; or pass backbones=.",
        )
    return found


def plans_around_default(backbone: Backbone, task: Task, examples: int, strategy: Any = None) -> list[tuple[str, Plan]]:
    """List the plans that a search tries with a backbone: the default plan of ``fit``, and variants of its last phase.

    Args:
        backbone: The backbone, with features of any shape.
        task: The task.
        examples: The number of training examples.
        strategy: The result of ``resolve``; None for a single device.

    Returns:
        Pairs of label and plan, the default plan first, then the most promising variants.

    Example:
        >>> import tfft
        >>> toy, task = tfft.load_backbone("toy"), tfft.tasks.classification(["ants", "bees"])
        >>> [label for label, _ in plans_around_default(toy, task, 100)][:3]
        ['default plan', 'learning rate x 10', 'linear probe']

    Source:
        The learning rates of encoders: Devlin et al. 2019, appendix A.3. Layer decay: Howard and Ruder 2018, section 3.1.
    """
    default = plan_for(backbone, task, examples, strategy)
    # a solved head has no learning rate, and no augmentation
    varied = plan_for(backbone, task, examples, strategy, solving=False) if default == linear_probe() else default
    images = backbone.preprocessor.noun == "image"
    if not backbone.can_finetune:
        variants = [("learning rate x 0.2", _tuned(varied, 0.2)), ("learning rate x 5", _tuned(varied, 5))]
        if varied != default:
            variants.insert(0, ("head alone, trained", varied))
    elif default.phases[-1].trainable.name == "last_blocks":
        variants = _of_blocks(default, len(backbone.blocks))
    else:
        variants = _of_all_layers(default)
    if images:
        factor = 10.0 if default.phases[-1].trainable.name == "last_blocks" else 1.0
        label = "flips and crops" + (f", learning rate x {factor:g}" if factor != 1 else "")
        variants.insert(1, (label, _tuned(_augmented(varied), factor)))
    if task.solve is not None and linear_probe().phases[0].optimizer != default.phases[-1].optimizer:
        variants.insert(1, ("linear probe", linear_probe()))
    return [(DEFAULT, default), *variants]


def shortened(plan: Plan, fraction: float) -> Plan:
    """Return a plan with a fraction of the epochs of each phase, at least one. Schedules end with the last epoch.

    Args:
        plan: The plan.
        fraction: In (0, 1].

    Returns:
        A plan with the same phases.

    Example:
        >>> from tfft import plans
        >>> [phase.epochs for phase in shortened(plans.two_phase(head_epochs=5, tune_epochs=1), 0.25)]
        [2, 1]
    """
    return plan if fraction == 1 else Plan(*(_shortened(phase, fraction) for phase in plan))


def interleaved(plans: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """Order the candidates of several backbones: the first plan of each backbone, then the second of each, and so on.

    Args:
        plans: The candidates of each backbone, the best backbone first.

    Returns:
        All candidates.

    Example:
        >>> from tfft import plans
        >>> one, two = (Candidate(name, "default plan", plans.head_only()) for name in ("vgg16", "resnet50"))
        >>> [each.backbone for each in interleaved([[one], [two]])]
        ['vgg16', 'resnet50']
    """
    most = max(map(len, plans), default=0)
    return [own[place] for place in range(most) for own in plans if place < len(own)]


def _of_blocks(default: Plan, blocks: int) -> list[tuple[str, Plan]]:
    """Variants of a plan whose last phase trains the last blocks."""
    found = [("learning rate x 10", _tuned(default, 10)), ("learning rate x 100", _tuned(default, 100))]
    for count in (3, 2):
        if count <= blocks:
            deeper = _last(default, trainable=last_blocks(count))
            found.append((f"{count} blocks, learning rate x 10", _tuned(deeper, 10)))
    return found


def _of_all_layers(default: Plan) -> list[tuple[str, Plan]]:
    """Variants of a plan whose last phase trains all layers, or all but the first block."""
    last = default.phases[-1]
    decayed = _last(default, rates=replace(last.rates, layer_decay=0.9))
    return [
        ("learning rate x 2", _tuned(default, 2)),
        ("learning rate x 0.4", _tuned(default, 0.4)),
        ("layer decay 0.9, learning rate x 2", _tuned(decayed, 2)),
    ]


def _last(plan: Plan, **changes: Any) -> Plan:
    return Plan(*plan.phases[:-1], replace(plan.phases[-1], **changes))


def _tuned(plan: Plan, factor: float) -> Plan:
    """Multiply the learning rate of the last phase; rounded, so that 10 * 1e-05 is written as 1e-4."""
    rate = min(plan.phases[-1].learning_rate * factor, _HIGHEST)
    return _last(plan, learning_rate=float(f"{rate:.6g}"))


def _augmented(plan: Plan) -> Plan:
    views = augmentation.flips(), augmentation.crops()
    return Plan(*(phase if phase.optimizer == LBFGS else replace(phase, augment=views) for phase in plan))


def _shortened(phase: Phase, fraction: float) -> Phase:
    epochs = max(1, math.ceil(phase.epochs * fraction))
    last = None if phase.last_epoch is None else min(phase.last_epoch, epochs)
    return replace(phase, epochs=epochs, last_epoch=last)
