"""The features of some training examples that the head of a model gets, and how these examples are chosen."""

from collections.abc import Callable

import numpy as np

from tfft.accelerate.precision import FLOAT32
from tfft.cache.shards import Shards
from tfft.cache.sharing import ALONE
from tfft.core.seed import derive
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples
from tfft.data.feature_tables import NotKeptError
from tfft.data.loading import lengths_of
from tfft.models.assembly import TransferModel
from tfft.models.extraction import Wanted
from tfft.models.features import row_of, unpacked
from tfft.models.prepared import Prepared
from tfft.plans.recipes import head_only
from tfft.training.context import RunContext
from tfft.training.feature_schedule import turns_of
from tfft.training.trunk_cache import TrunkCache


def sample(examples: Examples, count: int, seed: int) -> Examples:
    """Choose examples at random, about the same fraction of every class.

    Args:
        examples: The examples, with targets of shape (n,) or (n, k).
        count: The largest number to choose.
        seed: The seed of the user.

    Returns:
        At most ``count`` examples in their order; all of them when there are no more, so that a ``fit`` finds their features.

    Example:
        >>> import tfft
        >>> data = tfft.data.from_arrays(np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3), np.uint8), [0, 0, 0, 1] * 10)
        >>> sample(data.train, 12, seed=0).counts()
        {'0': 9, '1': 3}
    """
    if len(examples) <= count:
        return examples
    random = np.random.default_rng(derive(seed, "rank"))
    order, strata = random.permutation(len(examples)), examples.target.strata(examples.targets)
    place = np.empty(len(examples))
    for stratum in np.unique(strata):
        members = order[strata[order] == stratum]
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return examples.take(np.sort(np.argsort(place, kind="stable")[:count]))


def frozen_features(model: TransferModel, part: Prepared, progress: Callable[[str, int, int], None]) -> np.ndarray:
    """Compute the features before the logits, or read them from the cache.

    Args:
        model: A model with a linear head, from ``build``.
        part: The prepared examples.
        progress: A function that is called with a description, the number of finished examples, and the number of all examples.

    Returns:
        float32, shape (n, width).

    Raises:
        DataError: When an image cannot be read.
    """
    context = RunContext(model, part, part, 0, progress, share=ALONE)
    cache, turns = TrunkCache(context), turns_of(model, head_only(1))
    try:
        at, (table,), _ = cache.tables(turns, FLOAT32)
        rows = table.take(np.arange(table.count))
    except NotKeptError:
        at, examples = turns[0].at, part.examples
        table, lengths = Shards(len(examples), row_of(at, FLOAT32)), lengths_of(examples)
        read, what = model.preprocessor, f"{model.backbone.handle} {at.describe()}"
        cache.extraction(FLOAT32).fill(
            [Wanted(at, table)],
            lambda index: read(unchanged(examples, index) if lengths is None else examples.inputs[index]),
            lambda done, count: progress(what, done, count),
            lengths,
        )
        rows = table.take(np.arange(table.count))
    finally:
        cache.kept.close()
    (features,) = unpacked(rows, at, FLOAT32).values()
    return features.reshape(len(features), -1)
