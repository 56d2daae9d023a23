"""Check the configuration of a net from other people before Keras reads it. Only listed classes and functions are allowed.

Keras 3.15 refuses some dangerous classes, but allows them after ``enable_unsafe_deserialization()``. It also prefers a class that
this process has registered to the class that a configuration names. This check depends on neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from tfft.core.errors import BundleError, TfftError
from tfft.keras_files import net_sizes
from tfft.keras_files.allowed_classes import CLASSES, FUNCTIONS, REGISTERED

# parts that are values and not classes: shape and origin of a tensor, ends of a slice
_VALUES = frozenset(("__keras_tensor__", "__slice__", "__ellipsis__", "__tensor__", "__numpy__"))
_DTYPES = frozenset(
    (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "bfloat16", "float32", "float64", "string",
    )
)  # fmt: skip
# keys whose values are names of layers, or are checked together with the class
_FREE = frozenset(("name", "keras_history", "class_name", "module", "registered_name", "input_layers", "output_layers"))
# modules of tfft's own layers, by the name that a file gives; tfft wrote the last one until version 0.1
_OWN = {
    "tfft.core.packed_embedding": "tfft.core.packed_embedding",
    "tfft.savedmodel.saved_layer": "tfft.savedmodel.saved_layer",
    "tfft.core.saved_layer": "tfft.savedmodel.saved_layer",
}
_TRUST = ("register it with keras.saving.register_keras_serializable", "pass own_classes=[...] to tfft.load")


def check(config: Any, what: str, error: type[TfftError] = BundleError, own_classes: Sequence[Any] = ()) -> None:
    """Refuse a configuration with a class, function or name that could run other code or access files.

    Args:
        config: The ``config.json`` of a ``.keras`` file, read by ``strict_json``, which limits its depth.
        what: The name of the file in messages.
        error: The exception class to raise.
        own_classes: Registered classes and functions that the caller also trusts.

    Raises:
        TfftError: An instance of ``error`` that names the class, when the configuration is not allowed, or when Keras would compute
            or repeat something while it reads the configuration.

    Example:
        >>> check({"module": "keras.layers", "class_name": "ReLU", "config": {}, "registered_name": None}, "'a.keras'")
        >>> check({"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None}, "'a.keras'")
        Traceback (most recent call last):
        tfft.core.errors.BundleError: The net in 'a.keras' contains a layer that could run code of its own. Got: \
keras.layers.Lambda. tfft only reads layers of Keras and KerasHub that cannot run other code. \
Find out where the file comes from, or if the class is your own, \
pass own_classes=[...] to tfft.load.
    """
    for key, part in _parts(uncompiled(config), ""):
        found = _refusal_of_name(key, part, own_classes) if isinstance(part, str) else _refusal(part, own_classes)
        if found:
            raise error(
                f"The net in {what} contains {found[0]}.",
                found[1],
                "tfft only reads layers of Keras and KerasHub that cannot run other code. Find out where the file comes from, or "
                f"if the class is your own, {_TRUST[error is BundleError]}.",
            )
    net_sizes.check(uncompiled(config), what, error)


def uncompiled(config: Any) -> Any:
    """Remove the optimizer, losses and metrics of the whole net from a configuration, because ``check`` ignores them.

    Pass only the result to Keras, because Keras would create these objects. Keras 3.15 also creates those of a net inside the net;
    they are kept and checked.

    Args:
        config: The ``config.json`` of a ``.keras`` file.

    Returns:
        A changed copy of the configuration.

    Example:
        >>> uncompiled({"class_name": "Sequential", "compile_config": {"loss": "mse"}})
        {'class_name': 'Sequential', 'compile_config': None}
    """
    return config | {"compile_config": None} if isinstance(config, dict) else config


def _parts(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield all parts of a configuration that name a class, and strings that Keras could use as the name of one."""
    if isinstance(value, str) and key not in _FREE:
        yield key, value
    elif isinstance(value, dict):
        if "class_name" in value:
            yield key, value
        for name, item in value.items():
            yield from _parts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item, key)


def _refusal_of_name(key: str, name: str, own: Sequence[Any] = ()) -> tuple[str, str] | None:
    import keras

    found = keras.saving.get_registered_object(name)
    if any(found is each for each in own):
        return None
    if name not in FUNCTIONS and found is not None:
        return "the name of an object that this process has registered with Keras", f"{key}={name!r}"[:200]
    if name in FUNCTIONS and not _is_keras(found):
        return "a name that has another meaning in this process", f"{key}={name!r}"
    return None


def _refusal(part: Mapping[str, Any], own_classes: Sequence[type]) -> tuple[str, str] | None:
    """Return the problem with a part of the configuration that names a class, and the class; None when it is allowed."""
    name, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
    shown = f"{module}.{name}" + (f" registered as {registered!r}" if registered not in (None, name) else "")
    if not isinstance(name, str) or not isinstance(module, (str, type(None))):
        return "a class without a name", shown[:200]
    if name in _VALUES and module is None and registered is None:
        return _refusal_of_values(part["class_name"], part.get("config"))
    if "keras_hub" in f"{module} {part.get('config')}"[:200]:
        import keras_hub  # noqa: F401
    if name == "function":
        allowed = module in ("builtins", "keras.activations") and part.get("config") in FUNCTIONS
        if any(keras_name(own) == part.get("config") == registered for own in own_classes):
            return None
        refusal = allowed and registered in (None, "function", part["config"]) and _refusal_of_name("", part["config"])
        return (
            None
            if allowed and refusal is None
            else ("a function that could do anything", f"{part.get('config')!r}"[:200])
        )
    if any(_is(own, module, name, registered) for own in own_classes):
        return None
    if module is None or name not in CLASSES.get(module, ()) or not _resolves(module, name, registered):
        return "a layer that could run code of its own", shown[:200]
    return None


def _refusal_of_values(name: str, config: Any) -> tuple[str, str] | None:
    known = isinstance(config, dict) and config.get("dtype", "float32") in _DTYPES
    return None if known else ("an array of an unknown type", f"{name} {config!r}"[:200])


def _resolves(module: str, name: str, registered: Any) -> bool:
    """Return whether Keras uses the class of this module for the name. Keras prefers any class registered under the name."""
    import keras

    package = REGISTERED.get(module.partition(".")[0])
    if registered not in (None, name, f"{package}>{name}"):
        return False
    if module in _OWN:
        # Keras finds tfft's classes by their registration; they refuse graphs that read files or run Python
        module = _OWN[module]
        import_module(module)
    found = keras.saving.get_registered_object(name if registered is None else registered)
    return found is None or (getattr(found, "__module__", None) == module and getattr(found, "__name__", None) == name)


def registered() -> tuple[Any, ...]:
    """List the classes and functions that the user's own code has registered with Keras.

    Returns:
        The registered objects, except those of Keras, KerasHub, TensorFlow and tfft.

    Example:
        >>> import keras
        >>> keras.layers.Dense in registered()
        False
    """
    import keras

    known = keras.saving.get_custom_objects().values()
    roots = ("keras", "keras_hub", "tfft", "tensorflow", "tensorflow_text", "tf_keras")
    return tuple(each for each in known if str(getattr(each, "__module__", "keras")).partition(".")[0] not in roots)


def keras_name(own: Any) -> str:
    """Return the name under which a class or function is registered with Keras.

    Args:
        own: A class or function, such as an item of ``registered()``.

    Returns:
        The name, such as ``"package>name"``.

    Example:
        >>> import keras
        >>> keras_name(keras.layers.Dense)
        'Dense'
    """
    import keras

    return str(keras.saving.get_registered_name(own))


def _is(own: type, module: str | None, name: str, registered: Any) -> bool:
    import keras

    known = keras_name(own)
    written = (None if own.__module__ == "__main__" else own.__module__, own.__name__, known)
    return (module, name, registered) == written and keras.saving.get_registered_object(known) is own


def _is_keras(found: Any) -> bool:
    return found is None or str(getattr(found, "__module__", "")).partition(".")[0] in ("keras", "keras_hub")
