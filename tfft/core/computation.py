"""What users' own code in a net computes: a hash of the operations that TensorFlow traces from it.

A layer's class and configuration do not say what its code does: the body of ``call``, a constant of its module, a value in a
closure. The traced graph says all of it, wherever it was written, and nothing else: not comments, names or addresses in memory.

::

    own_code            the calls of a net in which code runs that is neither Keras' nor tfft's
    digest              what these calls compute
    UnknownError        why that cannot be known
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfft.core import fingerprint
from tfft.core.foreign import is_foreign
from tfft.core.graph import nodes

if TYPE_CHECKING:
    import keras

# attributes that count up in a process, or say where and not what is computed
_UNSTABLE = re.compile(
    "_class|_gradient_op_type|_user_specified_name|_(input|output)_shapes|(forward|backward)_function_name|config|config_proto"
    "|executor_type|shared_name|container|_disable_call_shape_inference|_cloned"
)
# of operations with a state, those whose state is a weight, or none
_KNOWN = re.compile(
    "VarHandleOp|ReadVariableOp|Resource(Gather|GatherNd)|StatefulPartitionedCall|If|While|Case|Assert|NoOp|Print\\w*"
)
# without a state, and yet they read what may change
_READING = re.compile("ReadFile|MatchingFiles|ImmutableConst|PyFuncStateless|EagerPyFunc|.*Dataset.*|Restore.*")


class UnknownError(Exception):
    """Why nobody can know what a net computes from its graph, in words for the user."""


def own_code(net: "keras.Model") -> list[Any]:
    """The calls of a net in which code runs that is neither Keras' nor tfft's.

    Args:
        net: A functional model, its tensors of shape (batch, ...).

    Returns:
        Calls of operations, in topological order.

    Example:
        >>> import functools, keras, tfft
        >>> own_code(tfft.load_backbone("toy").load())
        []
        >>> inputs = keras.Input((4,))
        >>> clipped = functools.partial(keras.ops.clip, x_min=0, x_max=6)
        >>> net = keras.Model(inputs, keras.layers.Dense(2, activation=clipped, name="own")(inputs))
        >>> [call.operation.name for call in own_code(net)]
        ['own']
    """
    return [node for node in nodes(net) if is_foreign(node.operation) or is_foreign(_values(node))]


def digest(nets: Iterable["keras.Model"]) -> str:
    """What users' own code in nets computes.

    Args:
        nets: Functional models, their tensors of shape (batch, ...).

    Returns:
        A hash that is the same in every process and another one for other code; empty where all code is Keras' or tfft's.

    Raises:
        UnknownError: When the code runs Python while the net computes, draws random numbers, changes or reads what is no weight.
    """
    found = []
    for net in nets:
        for node in own_code(net):
            name = f"{type(node.operation).__name__} {node.operation.name!r}"
            try:
                found.append(_traced(net, node))
            except UnknownError as error:
                raise UnknownError(f"{name} {error}") from error
            except Exception as error:  # of any kind: it is the user's code that runs
                reason = (str(error).splitlines() or [""])[0][:200]
                raise UnknownError(f"{name} cannot be traced: {type(error).__name__}: {reason}") from error
    return fingerprint.combined(found) if found else ""


def _values(node: Any) -> list[Any]:
    """What a call takes beside tensors."""
    return [*node.arguments.args, *node.arguments.kwargs.values()]


def _traced(net: "keras.Model", node: Any) -> str:
    """A hash of the graph of one call, in inference."""
    import tensorflow as tf

    inside, tensors = node.operation, node.input_tensors
    given = {"training": False} if getattr(inside, "_call_has_training_arg", False) else {}

    def call(*values: Any) -> Any:
        # Keras 3.15 has no public way to repeat a call; test_computation guards this one
        filled = dict(zip(map(id, tensors), values, strict=True))
        args, kwargs = node.arguments.fill_in(filled)
        return inside(*args, **{**kwargs, **given})

    signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    traced = tf.function(call, autograph=False).get_concrete_function(*signature)
    graph = traced.graph.as_graph_def()
    library = {function.signature.name: function for function in graph.library.function}
    written = _Written(library)
    ends = [tensor.name for tensor in traced.graph.outputs]
    body = written.body(graph.node, [], ends)
    taken = _captured(traced, [*getattr(inside, "weights", ()), *net.weights])
    places = {node.name: index for index, node in enumerate(graph.node)}
    order = [places[tensor.op.name] for tensor in traced.graph.internal_captures]
    return fingerprint.fingerprint([body, order, taken])


def _captured(traced: Any, weights: Sequence[Any]) -> list[str]:
    """What a graph takes from outside: the numbers of weights, which are hashed elsewhere, and the values of all else."""
    import numpy as np
    import tensorflow as tf

    ordered = reversed(list(enumerate(weights)))
    numbers = {handle: f"weight {index}" for index, weight in ordered for handle in _handles(weight.value)}
    others = {handle: variable for variable in traced.graph.variables for handle in _handles(variable)}
    found = []
    for tensor in traced.captured_inputs:
        if id(tensor) in numbers:
            found.append(numbers[id(tensor)])
        elif id(tensor) in others:
            found.append(fingerprint.digest(np.asarray(others[id(tensor)].numpy())))
        elif tensor.dtype in (tf.resource, tf.variant):
            raise UnknownError("uses a table, or another resource that is no weight")
        else:
            found.append(fingerprint.fingerprint(_plain(tensor.numpy())))
    return found


def _handles(variable: Any) -> list[int]:
    """By which graphs know a variable; one that is spread over replicas has one for each of them."""
    return [id(copy.handle) for copy in getattr(variable, "values", (variable,))]


def _plain(value: Any) -> Any:
    """An array; one of strings has no bytes to hash, but addresses."""
    import numpy as np

    array = np.asarray(value)
    return repr(array.tolist()) if array.dtype == object else fingerprint.digest(array)


class _Written:
    """Graphs as hashes, whatever their nodes and functions are called.

    Args:
        library: Name to ``FunctionDef``.
    """

    def __init__(self, library: Mapping[str, Any]) -> None:
        self._library = library
        self._known: dict[str, str] = {}

    def body(self, calls: Sequence[Any], arguments: Sequence[str], ends: Sequence[str]) -> str:
        """A hash of nodes, in their order.

        Args:
            calls: ``NodeDef``s.
            arguments: Names of what the graph takes beside its nodes.
            ends: Names of the tensors that it gives.
        """
        names = {name: f"argument {index}" for index, name in enumerate(arguments)}
        names |= {call.name: f"call {index}" for index, call in enumerate(calls)}

        def renamed(tensor: str) -> str:
            control, name = tensor.startswith("^"), tensor.lstrip("^")
            name, _, output = name.partition(":")
            return f"{'^' if control else ''}{names[name]}:{output}"

        rows = [
            [
                _checked(call.op),
                [renamed(tensor) for tensor in call.input],
                [[name, self._value(value)] for name, value in sorted(call.attr.items()) if _is_stable(name)],
            ]
            for call in calls
        ]
        return fingerprint.fingerprint([rows, [renamed(end) for end in ends]])

    def _value(self, value: Any) -> Any:
        if value.WhichOneof("value") == "func":
            return self._function(value.func.name)
        if value.list.func:
            return [self._function(function.name) for function in value.list.func]
        return fingerprint.digest(value.SerializeToString(deterministic=True))

    def _function(self, name: str) -> str:
        if name not in self._library:
            return name
        if name not in self._known:
            function = self._library[name]
            results = [function.ret[argument.name] for argument in function.signature.output_arg]
            arguments = [argument.name for argument in function.signature.input_arg]
            compiled = str(function.attr["_XlaMustCompile"].b)
            self._known[name] = self.body(function.node_def, arguments, results) + compiled
        return self._known[name]


def _is_stable(name: str) -> bool:
    return _UNSTABLE.fullmatch(name) is None


def _checked(operation: str) -> str:
    """The name of an operation, all of whose results its graph decides."""
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(operation)
    if known is None or _READING.fullmatch(operation) or (known.is_stateful and not _KNOWN.fullmatch(operation)):
        raise UnknownError(f"runs {operation}, whose results its code alone does not decide")
    return operation
