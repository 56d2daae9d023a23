"""Batches of examples of like length, so that little of a batch is padding."""

import numpy as np

# examples are sorted within so many batches at a time: enough to find others of like length, and few enough to stay shuffled
_WINDOW = 50


def batches(
    chosen: np.ndarray, batch_size: int, lengths: np.ndarray | None, random: np.random.Generator
) -> list[np.ndarray]:
    """Cut an order into batches.

    Args:
        chosen: Positions in random order, int64, shape (m,).
        batch_size: Examples in a batch; one, the last of the order or of its last window, may be smaller.
        lengths: Of all examples, shape (n,); None where they are all alike.
        random: Orders the batches, where lengths differ.

    Returns:
        Positions of each batch; each of ``chosen`` once.

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
    """The order in which neighbours are of like length.

    Args:
        lengths: Shape (n,).

    Returns:
        Positions, int64, shape (n,), from the longest on: should memory run out, it does so at once.
    """
    return np.argsort(-lengths, kind="stable")
