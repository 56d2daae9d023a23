"""The default backbone for texts on the command line: one for English, another for all other languages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from tfft.core.specs import Text

if TYPE_CHECKING:
    from tfft.data.examples import Examples

ENGLISH, OTHERS = "minilm_l6", "multilingual_e5_small"
# Measured shares of letters outside of ASCII: English 0 to 0.01 %, German 3 %, Chinese 98 %.
_MOST_IN_ENGLISH = 0.005
_LOOKED_AT = 1000


def text_backbone(examples: "Examples") -> tuple[str, str]:
    """Choose a backbone by the letters of up to 1,000 training texts.

    Texts in a language without accents, such as Indonesian or Dutch, are taken for English.

    Args:
        examples: The training examples, n texts or pairs of texts.

    Returns:
        The name of the backbone, and a line that says why and how to choose another one.

    Example:
        >>> import tfft
        >>> german = tfft.data.from_arrays([f"Schöne Grüße {number}" for number in range(20)], [0, 1] * 10)
        >>> text_backbone(german.train)[0]
        'multilingual_e5_small'
    """
    positions = np.unique(np.linspace(0, len(examples) - 1, _LOOKED_AT).astype(int))
    share = outside_ascii(examples.inputs[int(position)] for position in positions)
    chosen, other = (ENGLISH, OTHERS) if share < _MOST_IN_ENGLISH else (OTHERS, ENGLISH)
    return chosen, (
        f"backbone: {chosen}, because {share:.1%} of the letters are not ASCII (English: less than {_MOST_IN_ENGLISH:.1%}); "
        f"--backbone {other} overrides this"
    )


def outside_ascii(texts: Iterable[Text]) -> float:
    """Count letters that English does not have.

    Args:
        texts: Texts or pairs of texts.

    Returns:
        The share of letters outside of ASCII, in [0, 1]; 0 without letters.

    Example:
        >>> outside_ascii([Text("naïve"), Text("1 + 1", "Zoë")])
        0.25
    """
    letters = [sign for text in texts for part in (text.first, text.second or "") for sign in part if sign.isalpha()]
    return sum(not sign.isascii() for sign in letters) / max(len(letters), 1)
