"""Batches of examples with similar lengths, so that little of a batch is padding."""

import numpy as np

# sort within windows of this many batches: enough to group similar lengths, and few enough to keep the order random
_WINDOW = 50


def batches(
    chosen: np.ndarray, batch_size: int, lengths: np.ndarray | None, random: np.random.Generator
) -> list[np.ndarray]:
    """Cut a random order into batches of examples with similar lengths.

    Args:
        chosen: Positions in random order, int64, shape (m,).
        batch_size: Examples in a batch; one batch may be smaller, the last of the order or one in its last window.
        lengths: Length of each example, shape (n,); None when all have the same length, so that the order is kept.
        random: The generator that orders the batches; not used without ``lengths``.

    Returns:
        The positions of each batch; each position in ``chosen`` occurs once.

    Example:
        >>> lengths = np.array([9, 1, 8, 2])
        >>> found = batches(np.array([3, 0, 1, 2]), 2, lengths, np.random.default_rng(0))
        >>> sorted(sorted(batch.tolist()) for batch in found)
        [[0, 2], [1, 3]]
    """
    if lengths is None:
        return [chosen[start : start + batch_size] for start in range(0, len(chosen), batch_size)]
    found = []
    for start in range(0, len(chosen), _WINDOW * batch_size):
        window = chosen[start : start + _WINDOW * batch_size]
        window = window[np.argsort(lengths[window], kind="stable")]
        found += [window[begin : begin + batch_size] for begin in range(0, len(window), batch_size)]
    return [found[index] for index in random.permutation(len(found))]


def by_length(lengths: np.ndarray) -> np.ndarray:
    """Sort examples by length, so that neighbours have similar lengths.

    Args:
        lengths: Length of each example, shape (n,).

    Returns:
        Positions, int64, shape (n,). The longest come first: if memory runs out, it does so in the first batch.
    """
    return np.argsort(-lengths, kind="stable")
