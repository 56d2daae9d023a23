"""Turn accelerations off, all or one by one, by the environment variable ``TFFT_ACCELERATE_OFF``.

    TFFT_ACCELERATE_OFF=folding,adam     turns folding and adam off
    TFFT_ACCELERATE_OFF=all              turns all of them off

Without an acceleration, Keras computes the same result, equal up to rounding. Lower precision does change
results, so it has its own switch: ``precision="float32"`` in ``tfft.build`` turns it off.
"""

import os

from tfft.core.errors import PlanError, nearest

VARIABLE = "TFFT_ACCELERATE_OFF"
ACCELERATIONS = {
    "folding": "frozen batch normalisation as part of the convolution before it",
    "fusing": "GELU and layer normalisation with gradients in fewer passes",
    "convolutions": "gradients of convolutions in bfloat16 and float16 as matrix products",
    "adam": "Adam in one pass over memory",
}
"""Name -> what it does. The module of the same name in ``accelerate`` or ``training`` has the measurements.

Without ``convolutions``, TensorFlow sums the gradients of biases in bfloat16 or float16, which is less exact; see ``biased``.
"""


def is_on(name: str) -> bool:
    """Return whether an acceleration is on. It is read when a net is traced, so a change affects only nets that are built later.

    Args:
        name: A key of ``ACCELERATIONS``.

    Returns:
        False when the environment variable names the acceleration or ``all``.

    Raises:
        PlanError: When the environment variable contains an unknown name.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, TFFT_ACCELERATE_OFF="folding,adam"):
        ...     is_on("folding"), is_on("fusing")
        (False, True)
    """
    off = {word.strip().lower() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()}
    unknown = sorted(off - {*ACCELERATIONS, "all"})
    if unknown:
        raise PlanError(
            f"The environment variable {VARIABLE} names an unknown acceleration.",
            repr(unknown[0]),
            nearest(unknown[0], [*ACCELERATIONS, "all"]),
        )
    return not off & {name, "all"}
