"""The default plan of ``fit`` and the default augmentation of ``encoder``, by the kind of features of the backbone."""

from tfft.core.specs import FeatureSpec
from tfft.plans.phase import Plan
from tfft.plans.recipes import ENCODER_AUGMENT, Augment, encoder, head_only, segmenter, two_phase

_MANY = 50_000
# early stopping saves time: in the experiments of recipes.py, training stops on average after 3.3 of 5 epochs for SST-2 and 3.9
# for AG News, and the validation accuracy changes by less than 0.001
_PATIENCE = 1
_PIXELS = 2


def default_plan(features: FeatureSpec, examples: int, can_finetune: bool = True, axes: int = 0) -> Plan:
    """Return the default plan of ``fit``.

    Args:
        features: The features of the backbone, such as a sequence of shape (batch, tokens, width).
        examples: The number of training examples.
        can_finetune: Whether the backbone can be trained.
        axes: As in ``Task``: 2 when each pixel has an answer.

    Returns:
        ``head_only()`` for backbones that cannot be trained. ``segmenter()`` for answers of each pixel. ``encoder()`` for
        sequences: it stops after an epoch without improvement, trains embeddings from 50,000 examples on, and masks tokens of
        texts, but not of images. ``two_phase()`` for all others.

    Example:
        >>> default_plan(FeatureSpec("map"), 100) == two_phase()
        True
    """
    if not can_finetune:
        return head_only()
    if axes == _PIXELS:
        return segmenter()
    if features.kind != "sequence":
        return two_phase()
    return encoder(embeddings=examples >= _MANY, augment=hidden(features)).with_phases(patience=_PATIENCE)


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
