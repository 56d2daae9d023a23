"""Derive independent seeds for named purposes from the single seed of the user."""

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral

from tfft.core.errors import TfftError

# all threads share Python's generator; a thread may enter the context again inside of it
_ONE_AT_A_TIME = threading.RLock()


def derive(seed: int, purpose: str) -> int:
    """Derive a seed for one purpose. The number of random draws for one purpose then does not affect any other.

    Args:
        seed: The integer that the user passed.
        purpose: The purpose: ``"split"``, ``"shuffle"``, ``"init"``, ``"dropout"`` or ``"bootstrap"``, for example.

    Returns:
        An integer in [0, 2**31), the same on every machine.

    Raises:
        TfftError: When the seed is not a whole number.

    Example:
        >>> derive(0, "split") == derive(0, "split"), derive(0, "split") == derive(0, "shuffle")
        (True, False)
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TfftError(f"seed={seed!r} must be a whole number.", fix="Write seed=0.")
    return int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=4).digest()) >> 1


@contextmanager
def seeded_initializers(seed: int) -> Iterator[None]:
    """Make Keras initializers and dropout layers created in this context reproducible. The user's random state stays unchanged.

    Layers without a seed take one from Python's ``random`` (Keras 3.15, ``keras.random.SeedGenerator`` and ``RandomInitializer``),
    so it is enough to seed that module inside this context. ``keras.utils.set_random_seed`` would also reset the user's NumPy and
    TensorFlow generators. The same seed gives the same weights only when the same layers are created in the same order with
    the same shapes. Only one thread at a time is in this context; others wait.

    Args:
        seed: Any integer.

    Yields:
        None.

    Example:
        >>> import keras
        >>> def first_weights(seed):
        ...     with seeded_initializers(seed):
        ...         layer = keras.layers.Dense(2)
        ...     layer.build((None, 3))
        ...     return layer.kernel.numpy().tolist()
        >>> first_weights(0) == first_weights(0), first_weights(0) == first_weights(1)
        (True, False)
    """
    with _ONE_AT_A_TIME:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)
