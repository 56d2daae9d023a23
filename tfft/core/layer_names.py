"""Names that Keras gives to layers by itself, the same ones each time a net is built."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_names() -> Iterator[None]:
    """Let Keras count layer names from zero inside, and go on afterwards where it was.

    Some of ``keras.applications`` leave layers unnamed (InceptionV3, Xception, ResNet's and MobileNetV3's activations), and Keras
    then counts: the second InceptionV3 of a session starts at ``conv2d_94``. Blocks, ``match`` patterns, overviews and runs
    need the same names each time. Keras 3.15 has no public way to this; a test guards the private one.

    Yields:
        Nothing.

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
