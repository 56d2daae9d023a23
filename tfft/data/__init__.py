"""Examples and labels, whatever they come from: folders, tables, arrays, any ``tf.data.Dataset``, TensorFlow Datasets.

Every ``from_...`` function reads the labels, checks each image once (it decodes, and which content it has), and returns
``Splits``: seeded training, validation and test parts that stay on disk until a batch needs them. ``Cache`` says where features
of them are kept.
"""

from tfft.data.arrays import from_arrays
from tfft.data.cache import Cache
from tfft.data.dataset import from_dataset
from tfft.data.examples import Examples, Splits
from tfft.data.folder import from_folder
from tfft.data.huggingface import from_huggingface
from tfft.data.table import from_csv, from_dataframe
from tfft.data.tfds import from_tfds
from tfft.data.tfrecord import from_tfrecord

__all__ = [
    "Cache",
    "Examples",
    "Splits",
    "from_arrays",
    "from_csv",
    "from_dataframe",
    "from_dataset",
    "from_folder",
    "from_huggingface",
    "from_tfds",
    "from_tfrecord",
]
