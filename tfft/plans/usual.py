"""What is usual for a backbone's features where nobody says otherwise: which recipe, and what training examples hide."""

from tfft.core.specs import FeatureSpec
from tfft.plans.phase import Plan
from tfft.plans.recipes import ENCODER_AUGMENT, Augment, encoder, head_only, two_phase

_MANY = 50_000
# on the validation parts that recipes.py tells of, SST-2 ends after 3.3 epochs of 5 so and AG News after 3.9, with an accuracy
# that is the same to 0.001
_PATIENCE = 1


def usual(features: FeatureSpec, examples: int, can_finetune: bool = True) -> Plan:
    """What ``fit`` trains by without being told.

    Args:
        features: What the backbone emits, such as a sequence of shape (batch, tokens, width).
        examples: In the training part.
        can_finetune: Whether the backbone can be trained at all.

    Returns:
        ``head_only()`` where it cannot; ``encoder()`` for sequences, which ends after an epoch that is no better, its embeddings
        included from 50,000 examples on, and nothing hidden in those of pictures, which have no mask; ``two_phase()`` for the
        others.

    Example:
        >>> usual(FeatureSpec("map"), 100) == two_phase()
        True
    """
    if not can_finetune:
        return head_only()
    if features.kind != "sequence":
        return two_phase()
    return encoder(embeddings=examples >= _MANY, augment=hidden(features)).with_phases(patience=_PATIENCE)


def hidden(features: FeatureSpec) -> Augment:
    """What ``encoder`` hides of training examples where nobody says otherwise.

    Args:
        features: What the backbone emits, of shape (batch, steps, width).

    Returns:
        A tenth of the tokens of texts; nothing of pictures, whose features have no mask.

    Example:
        >>> hidden(FeatureSpec("sequence"))
        ()
    """
    return ENCODER_AUGMENT if features.masked else ()
