"""One integer in, named and independent seeds out."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral

from tfft.core.errors import TfftError


def derive(seed: int, purpose: str) -> int:
    """A seed for one purpose, so that changing how often one consumer draws never shifts another.

    Args:
        seed: The user's single integer.
        purpose: What it is for: ``"split"``, ``"shuffle"``, ``"init"``, ``"dropout"``, ``"bootstrap"``.

    Returns:
        An integer in [0, 2**31), the same on every machine.

    Raises:
        TfftError: When the seed is no whole number.

    Example:
        >>> derive(0, "split") == derive(0, "split"), derive(0, "split") == derive(0, "shuffle")
        (True, False)
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TfftError(f"seed={seed!r} must be a whole number.", fix="Write seed=0.")
    return int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=4).digest()) >> 1


@contextmanager
def seeded_initializers(seed: int) -> Iterator[None]:
    """Make the Keras initializers and dropout layers created inside repeatable, and leave the user's random state alone.

    Layers that are given no seed ask Python's ``random`` for one (Keras 3.15, ``keras.random.SeedGenerator`` and
    ``RandomInitializer``), so seeding that module for the while is enough; ``keras.utils.set_random_seed`` would also reset
    the user's NumPy and TensorFlow generators. The same seed gives the same weights only to the same layers, made in the same
    order and with the same shapes.

    Args:
        seed: Any integer.

    Yields:
        Nothing.

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
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
