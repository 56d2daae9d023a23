"""The presets of KerasHub's text encoders, with the family and number of layers of each."""

import os

HUGGING_FACE = "hf://"
REMOTE = (HUGGING_FACE, "kaggle://")

ARCHITECTURES: dict[str, tuple[str, int]] = {
    "bert_tiny_en_uncased": ("bert", 2),
    "bert_small_en_uncased": ("bert", 4),
    "bert_medium_en_uncased": ("bert", 8),
    "bert_base_en_uncased": ("bert", 12),
    "bert_base_en": ("bert", 12),
    "bert_base_zh": ("bert", 12),
    "bert_base_multi": ("bert", 12),
    "bert_large_en_uncased": ("bert", 24),
    "bert_large_en": ("bert", 24),
    "distil_bert_base_en_uncased": ("distil_bert", 6),
    "distil_bert_base_en": ("distil_bert", 6),
    "distil_bert_base_multi": ("distil_bert", 6),
    "roberta_base_en": ("roberta", 12),
    "roberta_large_en": ("roberta", 24),
    "xlm_roberta_base_multi": ("xlm_roberta", 12),
    "xlm_roberta_large_multi": ("xlm_roberta", 24),
    "albert_base_en_uncased": ("albert", 12),
    "albert_large_en_uncased": ("albert", 24),
    "albert_extra_large_en_uncased": ("albert", 24),
    "albert_extra_extra_large_en_uncased": ("albert", 12),
    "deberta_v3_extra_small_en": ("deberta_v3", 12),
    "deberta_v3_small_en": ("deberta_v3", 6),
    "deberta_v3_base_en": ("deberta_v3", 12),
    "deberta_v3_large_en": ("deberta_v3", 24),
    "deberta_v3_base_multi": ("deberta_v3", 12),
    "electra_small_discriminator_uncased_en": ("electra", 12),
    "electra_base_discriminator_uncased_en": ("electra", 12),
    "electra_large_discriminator_uncased_en": ("electra", 24),
    "gpt2_base_en": ("gpt2", 12),
    "gpt2_medium_en": ("gpt2", 24),
    "gpt2_large_en": ("gpt2", 36),
    "gpt2_extra_large_en": ("gpt2", 48),
}
"""Preset -> family and number of transformer layers, from the papers and model cards of the families."""


def is_own(handle: str) -> bool:
    """Return whether a handle is an address or a path, which KerasHub can read, and not a name.

    Args:
        handle: The handle that the user passed.

    Returns:
        True for ``hf://``, ``kaggle://`` and paths.

    Example:
        >>> is_own("hf://owner/model"), is_own("./folder"), is_own("vgg16"), is_own("keras://vgg16")
        (True, True, False, False)
    """
    return handle.startswith(REMOTE) or (os.sep in handle and "://" not in handle)
