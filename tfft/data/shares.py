"""Deal the examples of each batch out to replicas, and read only those of this process."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.values import Batch

if TYPE_CHECKING:
    import tensorflow as tf

BATCHES_AHEAD = 2


class Share:
    """The shares of each batch that one process reads: example k of a batch belongs to replica k modulo the number of replicas.

    Args:
        replicas: The number of replicas that share each batch.
        own: The numbers of the replicas of this process; None for all.
        together: Whether a batch must be loaded as a whole, because the examples of a batch influence each other.

    Example:
        >>> share = Share(3, own=range(1, 2))
        >>> share.of(np.array([10, 11, 12, 13, 14])).tolist()
        [11, 14]
    """

    def __init__(self, replicas: int = 1, own: range | None = None, together: bool = False) -> None:
        self.replicas, self.own = replicas, range(replicas) if own is None else own
        # some augmentation mixes the examples of a batch, which is then loaded whole
        self.taken = range(replicas) if together else self.own

    def of(self, group: np.ndarray) -> np.ndarray:
        """Choose the examples to load.

        Args:
            group: The positions of the examples of a batch, int64, shape (n,).

        Returns:
            Some of the positions, int64, shape (m,); one at least, which may not count.
        """
        taken = group[np.isin(np.arange(len(group)) % self.replicas, self.taken)]
        return taken if len(taken) else group[:1]

    def counted(self, group: np.ndarray) -> bool:
        """Tell whether ``of`` found any.

        Args:
            group: As for ``of``, int64, shape (n,).
        """
        return len(group) > self.taken.start


def shared(batches: "tf.data.Dataset", share: Share) -> "tf.data.Dataset":
    """Deal the examples of each batch out to the replicas of this process.

    A replica without a share gets the first example, which is not counted.

    Args:
        batches: A dataset of Batch, loaded for ``share``.
        share: The shares of this process.

    Returns:
        A dataset of Batch: for each batch, one element for each replica of this process, in their order.
    """
    import tensorflow as tf

    if len(share.taken) == 1:
        return batches
    among = len(share.taken)
    own = range(share.own.start - share.taken.start, share.own.stop - share.taken.start)

    def dealt(batch: Batch) -> tf.data.Dataset:
        count = tf.shape(batch.targets)[0]

        def of(replica: Any) -> Batch:
            chosen = tf.range(replica, tf.maximum(count, replica + 1), among)
            there = chosen < count
            chosen = tf.where(there, chosen, 0)
            return tf.nest.map_structure(lambda tensor: tf.gather(tensor, chosen), batch).only(there)

        return tf.data.Dataset.range(own.start, own.stop, output_type=tf.int32).map(of)

    return batches.flat_map(dealt).prefetch(BATCHES_AHEAD * len(own))
