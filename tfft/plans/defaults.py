"""The default plan of ``fit`` and the default augmentation of ``encoder``, by the kind of features of the backbone and the task."""

from collections.abc import Mapping
from typing import Any

from tfft.core.specs import FeatureSpec
from tfft.plans.phase import Plan
from tfft.plans.recipes import ENCODER_AUGMENT, Augment, encoder, head_only, linear_probe, segmenter, two_phase

_MANY = 50_000
# early stopping saves time: in the experiments of recipes.py, training stops on average after 3.3 of 5 epochs for SST-2 and 3.9
# for AG News, and the validation accuracy changes by less than 0.001
_PATIENCE = 1
# Chosen on validation parts (never on test) with MiniLM and one seed each. WNUT-17, entity F1 after five epochs with 5e-5, 1e-4
# and 2e-4: 0.549, 0.569 and 0.554; without token dropout 0.553; with a head of the same learning rate 0.537. With trained
# embeddings, the mean over three seeds rises from 0.563 to 0.575. XQuAD in English, F1 of 816 questions: 0.460 after six epochs
# with 2e-4, 0.455 after eight with 3e-4 and a head of the same learning rate; after three epochs with 2e-4, 0.429 without and
# 0.219 with token dropout.
_OF_TASK: Mapping[str, Mapping[str, Any]] = {
    "token_classification": {"learning_rate": 1e-4, "embeddings": True},
    "question_answering": {"epochs": 6, "learning_rate": 2e-4, "augment": ()},
}


def default_plan(
    features: FeatureSpec, examples: int, can_finetune: bool = True, task: str = "", solved: bool = False
) -> Plan:
    """Return the default plan of ``fit``.

    Args:
        features: The features of the backbone, such as a sequence of shape (batch, tokens, width).
        examples: The number of training examples.
        can_finetune: Whether the backbone can be trained.
        task: The name of the task.
        solved: Whether the head can be solved exactly: see ``tfft.training.plan_choice``.

    Returns:
        ``linear_probe()`` or ``head_only()`` for backbones that cannot be trained. ``segmenter()`` for segmentation. ``encoder()``
        for sequences: it stops after an epoch without improvement, trains embeddings from 50,000 examples on and for entities, and
        masks tokens of texts, but not of images and not for questions. ``two_phase()`` for all others, whose first phase solves
        the head when ``solved`` is set.

    Example:
        >>> default_plan(FeatureSpec("map"), 100, solved=True) == two_phase(head_epochs=None)
        True
    """
    if not can_finetune:
        return linear_probe() if solved else head_only()
    if task == "segmentation":
        return segmenter()
    if features.kind != "sequence":
        return two_phase(head_epochs=None) if solved else two_phase()
    options: dict[str, Any] = {"augment": hidden(features), "embeddings": examples >= _MANY, **_OF_TASK.get(task, {})}
    return encoder(**options).with_phases(patience=_PATIENCE)


def hidden(features: FeatureSpec) -> Augment:
    """Return the default augmentation of ``encoder``.

    Args:
        features: The features of the backbone, of shape (batch, steps, width).

    Returns:
        Masking of a tenth of the tokens for texts; no augmentation for images, whose features have no mask.

    Example:
        >>> hidden(FeatureSpec("sequence"))
        ()
    """
    return ENCODER_AUGMENT if features.masked else ()
