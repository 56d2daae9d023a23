"""Read examples and labels from folders, tables, arrays, any ``tf.data.Dataset`` and TensorFlow Datasets.

Every ``from_...`` function reads the labels and inspects each input once: whether it can be read, and the hash of its content. It
returns ``Splits``: seeded training, validation and test parts. Files stay on disk until a batch needs them. ``Cache`` sets where
their features are stored.
"""

from tfft.cache.settings import Cache
from tfft.data.examples import Examples, Splits
from tfft.data.sources.arrays import from_arrays
from tfft.data.sources.conll import from_conll
from tfft.data.sources.dataset import from_dataset
from tfft.data.sources.folder import from_folder
from tfft.data.sources.from_table import from_csv, from_dataframe
from tfft.data.sources.huggingface import from_huggingface
from tfft.data.sources.masks import from_masks
from tfft.data.sources.spans import from_spans
from tfft.data.sources.squad import from_squad
from tfft.data.sources.tfds import from_tfds
from tfft.data.sources.tfrecord import from_tfrecord

__all__ = [
    "Cache",
    "Examples",
    "Splits",
    "from_arrays",
    "from_conll",
    "from_csv",
    "from_dataframe",
    "from_dataset",
    "from_folder",
    "from_huggingface",
    "from_masks",
    "from_spans",
    "from_squad",
    "from_tfds",
    "from_tfrecord",
]
