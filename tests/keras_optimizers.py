"""The names of all optimizers of Keras that a phase takes; a newcomer is found by itself, and inherits all tests."""

import keras

from tfft.plans.optimizers import _UNUSABLE

KERAS_NAMES = sorted(
    name.lower()
    for name, found in vars(keras.optimizers).items()
    if isinstance(found, type) and issubclass(found, keras.optimizers.Optimizer) and name.lower() not in _UNUSABLE
)
