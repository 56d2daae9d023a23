"""Keras' optimizers as frozen values of a plan, without the numbers that a phase decides."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core.errors import PlanError, nearest

if TYPE_CHECKING:
    import keras

ADAM, ADAMW, LBFGS = "adam", "adamw", "lbfgs"
# A name stands for Keras' defaults, but for these. With Adafactor's own 1e-30, the product of a row and a column without gradients
# becomes 0 in Keras 3.15, and the weights NaN; units that never answer have such rows.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "sgd": {"momentum": 0.9, "nesterov": True},
    "adafactor": {"epsilon_1": 1e-16},
}
_UNUSABLE = {
    "optimizer": "it is the base class of all optimizers",
    "ftrl": "its first step moves pretrained weights to near zero, because it expects to begin at zero",
    "multioptimizer": "a phase has one optimizer; its rates= give head and blocks learning rates of their own",
    "lossscaleoptimizer": "tfft scales the loss itself where a net computes in float16",
}
_RATE, _DECAYS = "learning_rate", ("weight_decay", "adam_weight_decay")
_ELSEWHERE = {
    "clipnorm": "Write clip_norm= of the phase.",
    "global_clipnorm": "Write clip_norm= of the phase.",
    "clipvalue": "Write clip_norm= of the phase.",
    "use_ema": "Write averaging= of the phase.",
    "gradient_accumulation_steps": "Write accumulate= of fit.",
    "loss_scale_factor": "Leave it out; tfft scales the loss itself where a net computes in float16.",
}
_DROPPED = {"name", _RATE, *_DECAYS, *_ELSEWHERE, "ema_momentum", "ema_overwrite_frequency"}


@dataclass(frozen=True)
class KerasOptimizer:
    """An optimizer of Keras, or a registered one of the user's own, with its options.

    Attributes:
        class_name: The name of the class in ``keras.optimizers``, or the name under which it is registered.
        config: Its options as JSON text, without learning rate, weight decay, clipping and averaging.
    """

    class_name: str
    config: str

    @property
    def options(self) -> dict[str, Any]:
        """The options as JSON values."""
        return dict(json.loads(self.config))

    def describe(self) -> str:
        """Return a text such as ``"SGD(momentum=0.5)"``, with the options that are not Keras' defaults."""
        defaults = _defaults(class_of(self.class_name))
        chosen = [f"{name}={value!r}" for name, value in self.options.items() if value != defaults.get(name, ...)]
        return f"{self.class_name}({', '.join(chosen)})"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values, which ``Phase`` accepts as ``optimizer``.

        Example:
            >>> KerasOptimizer("SGD", '{"momentum": 0.5, "nesterov": false}').to_dict()
            {'class_name': 'SGD', 'config': {'momentum': 0.5, 'nesterov': False}}
        """
        return {"class_name": self.class_name, "config": self.options}


def optimizer_value(value: Any, learning_rate: float, weight_decay: float) -> "str | KerasOptimizer":
    """Convert the argument ``optimizer`` of a phase to a value.

    The phase decides learning rate, weight decay, clipping and averaging. An optimizer may repeat the numbers of the phase, or
    have the defaults of its class, which are not used.

    Args:
        value: A name, a configuration, a KerasOptimizer, or an instance of ``keras.optimizers.Optimizer``.
        learning_rate: The learning rate of the phase.
        weight_decay: The weight decay of the phase, as a fraction of the learning rate.

    Returns:
        A name in small letters; a KerasOptimizer when its options are not those of the name.

    Raises:
        PlanError: When there is no such optimizer, it was already used, or it has numbers that differ from those of the phase.

    Example:
        >>> optimizer_value("SGD", 0.1, 0.0)
        'sgd'
        >>> optimizer_value({"class_name": "Lion", "config": {"beta_1": 0.95}}, 0.1, 0.0).describe()
        'Lion(beta_1=0.95)'
    """
    if isinstance(value, KerasOptimizer):
        return value
    if isinstance(value, str):
        name = value.lower()
        if name not in (ADAM, ADAMW, LBFGS):
            name = value if class_of(value).__name__.lower() != name else name
        return name
    import keras

    if isinstance(value, Mapping) and isinstance(value.get("class_name"), str):
        config = value.get("config") or {}
        if not isinstance(config, Mapping) or isinstance(config.get(_RATE), Mapping):
            raise PlanError(
                "The learning rate of an optimizer in a plan must be a number.",
                repr(config)[:200],
                "Write schedule= of the phase.",
            )
        registered = value.get("registered_name")
        name = registered if registered and ">" in registered else value["class_name"]
        value = _made(name, {_RATE: learning_rate, **config})
    if not isinstance(value, keras.optimizers.Optimizer):
        raise PlanError(
            f"optimizer={value!r} cannot be used.",
            fix='Write a name such as "adam", "sgd" or "muon", a configuration {"class_name": ..., "config": ...}, or an optimizer '
            "of keras.optimizers.",
        )
    if value.built or int(value.iterations.numpy()):
        raise PlanError(
            f"The optimizer {value.name!r} was already used, and a phase needs a new one.",
            fix=f"Write optimizer=keras.optimizers.{type(value).__name__}(...), made for this phase.",
        )
    return _described(value, {_RATE: learning_rate, **dict.fromkeys(_DECAYS, weight_decay)})


def class_of(name: str) -> Any:
    """Return the class of an optimizer.

    Args:
        name: A name in ``keras.optimizers``, in any case, or the name under which a class of the user's own is registered.

    Returns:
        A subclass of ``keras.optimizers.Optimizer``.

    Raises:
        PlanError: When there is no such optimizer, or it cannot be used.

    Example:
        >>> class_of("rmsprop").__name__
        'RMSprop'
    """
    import keras

    base = keras.optimizers.Optimizer
    known = {key.lower(): found for key, found in vars(keras.optimizers).items() if _is_class(found, base)}
    if name.lower() in _UNUSABLE:
        raise PlanError(
            f"The optimizer {name!r} cannot be used: {_UNUSABLE[name.lower()]}.",
            fix='Write optimizer="adam", for example.',
        )
    found = known.get(name.lower()) or keras.saving.get_registered_object(name)
    if not _is_class(found, base):
        fix = (
            "Import the module that registers it first."
            if ">" in name
            else nearest(name.lower(), [ADAM, LBFGS, *known.keys() - _UNUSABLE.keys()])
        )
        raise PlanError(f"The optimizer {name!r} does not exist.", fix=fix)
    if found.apply is not base.apply:
        raise PlanError(
            f"The optimizer {name!r} has a method apply() of its own, which would not see the gradients of the whole batch.",
            fix="Write its step in update_step(gradient, variable, learning_rate).",
        )
    return found


def options_of(optimizer: "str | KerasOptimizer") -> tuple[Any, dict[str, Any]]:
    """Return the class of an optimizer and the options to make it with.

    Args:
        optimizer: The result of ``optimizer_value``.

    Returns:
        A subclass of ``keras.optimizers.Optimizer``, and its options, without a learning rate.

    Raises:
        PlanError: When there is no such optimizer, or it cannot be used.

    Example:
        >>> options_of("sgd")[1]
        {'momentum': 0.9, 'nesterov': True}
    """
    if isinstance(optimizer, KerasOptimizer):
        return class_of(optimizer.class_name), optimizer.options
    return class_of(optimizer), dict(_OPTIONS.get(optimizer, {}))


def _is_class(found: Any, base: type) -> bool:
    return isinstance(found, type) and issubclass(found, base)


def _defaults(kind: Any) -> dict[str, Any]:
    parameters = signature(kind.__init__).parameters.items()
    return {name: parameter.default for name, parameter in parameters if parameter.default is not parameter.empty}


def _made(name: str, config: Mapping[str, Any]) -> "keras.optimizers.Optimizer":
    """An instance of an optimizer with these options."""
    kind = class_of(name)
    try:
        return kind.from_config(copy.deepcopy(dict(config)))
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"The optimizer {name!r} cannot be made: {error}",
            repr(dict(config))[:200],
            f"Pass options of {kind.__name__} alone.",
        ) from error


def _described(optimizer: "keras.optimizers.Optimizer", ours: Mapping[str, float]) -> "str | KerasOptimizer":
    """The value of an instance, after the check that the numbers of the phase are not lost in silence."""
    kind, config = type(optimizer), optimizer.get_config()
    name = _name_of(kind)
    defaults = _defaults(class_of(name))
    for key, decides in ours.items():
        number = config.get(key)
        if isinstance(number, Mapping):
            raise PlanError(
                f"{kind.__name__} has a learning rate schedule, which the phase decides.",
                str(number.get("class_name")),
                "Write schedule= of the phase, and no learning rate in the optimizer.",
            )
        allowed = {np.float32(each) for each in (decides, defaults.get(key)) if each is not None}
        if number is not None and (key == _RATE or number) and np.float32(number) not in allowed:
            phase = key if key == _RATE else _DECAYS[0]
            raise PlanError(
                f"{kind.__name__} and its phase have different values of {phase}.",
                f"{number:g} in the optimizer, {decides:g} in the phase",
                f"Write {phase}={number:g} in the phase, and leave it out in the optimizer.",
            )
    for key, fix in _ELSEWHERE.items():
        if config.get(key):
            raise PlanError(f"{key}={config[key]!r} of {kind.__name__} is not decided by the optimizer.", fix=fix)
    options = {key: value for key, value in config.items() if key not in _DROPPED}
    try:
        text = json.dumps(options, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"The options of {kind.__name__} are not JSON values: {error}.",
            fix="get_config() must return numbers, texts, lists and dicts.",
        ) from error
    again = _scalars(_made(name, config))
    lost = {key: value for key, value in _scalars(optimizer).items() if again.get(key, value) != value}
    if lost:
        raise PlanError(
            f"An optimizer made from the get_config() of {kind.__name__} differs.",
            ", ".join(f"{key}={value!r}" for key, value in list(lost.items())[:10]),
            "Return these options from its get_config().",
        )
    short = name.lower()
    usual = {**{key: value for key, value in defaults.items() if key in options}, **_OPTIONS.get(short, {})}
    return short if ">" not in name and options == json.loads(json.dumps(usual)) else KerasOptimizer(name, text)


def _scalars(optimizer: Any) -> dict[str, Any]:
    found = {key: value for key, value in vars(optimizer).items() if isinstance(value, (bool, int, float, str))}
    return {key: value for key, value in found.items() if key != "name"}


def _name_of(kind: type) -> str:
    """The name under which a class is found again."""
    import keras

    if getattr(keras.optimizers, kind.__name__, None) is kind:
        return str(kind.__name__)
    name = keras.saving.get_registered_name(kind)
    if keras.saving.get_registered_object(name) is not kind:
        raise PlanError(
            f"The optimizer class {kind.__name__!r} is not registered with Keras, so a plan could not be read back.",
            fix=f'Write @keras.saving.register_keras_serializable("mine") above class {kind.__name__}.',
        )
    return str(name)
