"""A hash of what users' own code computes in a net, from the operations that TensorFlow traces.

The class and configuration of a layer do not say what its code does. That depends on the body of ``call``, on constants of its
module and on values in closures. The traced graph contains all of these, but no comments, names or memory addresses.

::

    own_code            the calls of a net that run code from outside Keras and tfft
    digest              a hash of what these calls compute
    UnknownError        the hash cannot be computed
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfft.core import fingerprint
from tfft.core.foreign import is_foreign
from tfft.core.graph import nodes

if TYPE_CHECKING:
    import keras

# attributes that change from call to call in a process, or that say where an operation runs instead of what it computes
_UNSTABLE = re.compile(
    "_class|_gradient_op_type|_user_specified_name|_(input|output)_shapes|(forward|backward)_function_name|config|config_proto"
    "|executor_type|shared_name|container|_disable_call_shape_inference|_cloned"
)
# stateful operations that are allowed: their state is a weight, or they have no real state
_KNOWN = re.compile(
    "VarHandleOp|ReadVariableOp|Resource(Gather|GatherNd)|StatefulPartitionedCall|If|While|Case|Assert|NoOp|Print\\w*"
)
# operations that TensorFlow calls stateless, although they read a state that may change
_READING = re.compile("ReadFile|MatchingFiles|ImmutableConst|PyFuncStateless|EagerPyFunc|.*Dataset.*|Restore.*")


class UnknownError(Exception):
    """The graph alone does not determine what a net computes. The message gives the reason."""


def own_code(net: "keras.Model") -> list[Any]:
    """List the calls of a net that run code from outside Keras and tfft.

    Args:
        net: A functional model; its tensors have shape (batch, ...).

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
    """Hash what users' own code in nets computes.

    Args:
        nets: Functional models; their tensors have shape (batch, ...).

    Returns:
        A hash that is the same in every process and differs for different code; empty when all code belongs to Keras or tfft.

    Raises:
        UnknownError: When the code runs Python during the computation, draws random numbers, or uses a state that is not a weight.
    """
    found = []
    for net in nets:
        for node in own_code(net):
            name = f"{type(node.operation).__name__} {node.operation.name!r}"
            try:
                found.append(_traced(net, node))
            except UnknownError as error:
                raise UnknownError(f"{name} {error}") from error
            except Exception as error:  # the user's code may raise any exception
                reason = (str(error).splitlines() or [""])[0][:200]
                raise UnknownError(f"{name} cannot be traced: {type(error).__name__}: {reason}") from error
    return fingerprint.combined(found) if found else ""


def _values(node: Any) -> list[Any]:
    """List all arguments of a call."""
    return [*node.arguments.args, *node.arguments.kwargs.values()]


def _traced(net: "keras.Model", node: Any) -> str:
    """Hash the graph of one call in inference mode."""
    import tensorflow as tf

    inside, tensors = node.operation, node.input_tensors
    given = {"training": False} if getattr(inside, "_call_has_training_arg", False) else {}

    def call(*values: Any) -> Any:
        # Keras 3.15 has no public way to repeat a call; test_computation fails if this one changes
        filled = dict(zip(map(id, tensors), values, strict=True))
        args, kwargs = node.arguments.fill_in(filled)
        return inside(*args, **{**kwargs, **given})

    signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    traced = tf.function(call, autograph=False).get_concrete_function(*signature)
    graph = traced.graph.as_graph_def()
    library = {function.signature.name: function for function in graph.library.function}
    hasher = _GraphHasher(library)
    ends = [tensor.name for tensor in traced.graph.outputs]
    body = hasher.body(graph.node, [], ends)
    taken = _captured(traced, [*getattr(inside, "weights", ()), *net.weights])
    places = {node.name: index for index, node in enumerate(graph.node)}
    order = [places[tensor.op.name] for tensor in traced.graph.internal_captures]
    return fingerprint.fingerprint([body, order, taken])


def _captured(traced: Any, weights: Sequence[Any]) -> list[str]:
    """List the values that a graph captures: the index of each weight (hashed elsewhere), and a hash of any other value."""
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
    """List the ids of a variable's handles in graphs. A distributed variable has one handle for each replica."""
    return [id(copy.handle) for copy in getattr(variable, "values", (variable,))]


def _plain(value: Any) -> Any:
    """Hash an array. For an object array return the text of its values, because its bytes are memory addresses."""
    import numpy as np

    array = np.asarray(value)
    return repr(array.tolist()) if array.dtype == object else fingerprint.digest(array)


class _GraphHasher:
    """Hash graphs, independent of the names of their nodes and functions.

    Args:
        library: Function name -> ``FunctionDef``.
    """

    def __init__(self, library: Mapping[str, Any]) -> None:
        self._library = library
        self._known: dict[str, str] = {}

    def body(self, calls: Sequence[Any], arguments: Sequence[str], ends: Sequence[str]) -> str:
        """Hash nodes in their order.

        Args:
            calls: The ``NodeDef``s.
            arguments: Names of the tensors that the graph takes from outside.
            ends: Names of the tensors that the graph returns.
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
    """Return the name of an operation; raise UnknownError when the graph alone does not determine its results."""
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(operation)
    if known is None or _READING.fullmatch(operation) or (known.is_stateful and not _KNOWN.fullmatch(operation)):
        raise UnknownError(f"runs {operation}, whose results depend on more than its inputs")
    return operation
