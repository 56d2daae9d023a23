"""Give unnamed Keras layers the same names each time a net is built."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_names() -> Iterator[None]:
    """Let Keras number layer names from zero inside this context. Afterwards, Keras continues with its previous numbers.

    Some nets of ``keras.applications`` leave layers unnamed (InceptionV3, Xception, activations of ResNet and MobileNetV3). Keras
    then numbers them: the second InceptionV3 of a session starts at ``conv2d_94``. Blocks, ``match`` patterns, overviews and runs
    need the same names each time. Keras 3.15 has no public way to do this; a test fails if the private one changes.

    Yields:
        None.

    Example:
        >>> import keras
        >>> with own_names():
        ...     first = keras.layers.ReLU().name
        >>> with own_names():
        ...     first == keras.layers.ReLU().name == "re_lu"
        True
    """
    from keras.src.backend.common import global_state

    outer = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", outer)
