"""Remove the operations that save or restore from a graph, except those that TensorFlow's loader runs itself."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tfft.savedmodel.allowed_operations import ALLOWED
from tfft.savedmodel.graph_calls import called
from tfft.savedmodel.graph_files import assets

SAVING = frozenset(("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"))
_SAVER_NODE = re.compile(r"(.*/)?save(_\d+)?/.*", re.DOTALL)
_FED = ("Const", "Placeholder", "PlaceholderWithDefault")
_VARIABLES = (
    *("variables", "trainable_variables", "local_variables", "model_variables", "moving_average_variables"),
    *("metric_variables", "global_step"),
)


def without_saver(graph: Any, functions: Mapping[str, Any], savers: set[str]) -> Iterator[str]:
    """Remove the nodes that save or restore and are not in functions.

    From a SavedModel of TF2 only the functions are loaded, so that all nodes except constants are removed. For a SavedModel of TF1
    the loader feeds the name of the module's own checkpoint to one tensor and runs one operation. The nodes that restore from that
    tensor are kept.

    Args:
        graph: A ``MetaGraphDef``, with tensors of any shape; it is changed in place.
        functions: The function library of the graph: name -> ``FunctionDef``.
        savers: The names of functions that save or restore.

    Yields:
        Part of a sentence for each node with an operation that is not allowed, and for each node that needs a removed node.
    """
    nodes = {node.name: node for node in graph.graph_def.node}
    for node in nodes.values():
        names = set(called(node, functions))
        known = node.op in ALLOWED or node.op in functions or (node.op in SAVING and _SAVER_NODE.fullmatch(node.name))
        if not known:
            yield node.op
        yield from (f"a call of {name[:100]}" for name in names - set(functions))
    if graph.HasField("object_graph_def"):
        _keep(graph, lambda node: node.op == "Const")
        return
    restoring = set(_restoring(graph, nodes))
    saving = {node.name for node in nodes.values() if savers & set(called(node, functions)) or node.op in SAVING}
    after = _followers(nodes, saving - restoring)
    for name in sorted({*_entries(graph)} & (after | _followers(nodes, restoring))):
        yield f"{name[:100]} that needs an operation that saves or restores"
    if _node(graph.saver_def.restore_op_name) in after:
        yield "a saver that restores from another file"
    _keep(graph, lambda node: node.name not in after)


def _keep(graph: Any, wanted: Callable[[Any], bool]) -> None:
    nodes = graph.graph_def.node
    kept = [node for node in nodes if wanted(node)]
    copies = [type(node).FromString(node.SerializeToString()) for node in kept]
    del nodes[:]
    nodes.extend(copies)


def _node(text: str) -> str:
    """Return the name of the node that outputs a tensor or is a control input."""
    return re.sub(r":\d+$", "", text.removeprefix("^"))


def _restoring(graph: Any, nodes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the operations that restore from the loader's tensor and that the loader's operation needs."""
    fed, ahead, seen = _node(graph.saver_def.filename_tensor_name), [_node(graph.saver_def.restore_op_name)], set()
    if fed not in nodes or nodes[fed].op not in _FED:
        return
    while ahead:
        name = ahead.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        node = nodes[name]
        ahead += [_node(text) for text in node.input]
        if node.op == "RestoreV2" and node.input and node.input[0] in (fed, f"{fed}:0"):
            yield name


def _followers(nodes: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """Return the given nodes and all nodes that depend on them."""
    takers = defaultdict(list)
    for node in nodes.values():
        for text in node.input:
            takers[_node(text)].append(node.name)
    found, ahead = set(), list(names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += takers[name]
    return found


def _entries(graph: Any) -> Iterator[str]:
    """Yield the nodes that run or are read when a TF1 module is loaded and called, except those that restore."""
    from tensorflow.core.framework import variable_pb2

    for signature in graph.signature_def.values():
        for tensor in (*signature.inputs.values(), *signature.outputs.values()):
            sparse = tensor.coo_sparse
            yield from map(_node, (tensor.name, sparse.values_tensor_name, sparse.indices_tensor_name))
            yield _node(sparse.dense_shape_tensor_name)
            yield from (_node(part.name) for part in tensor.composite_tensor.components)
    for name, collection in graph.collection_def.items():
        yield from map(_node, collection.node_list.value)
        for text in collection.bytes_list.value if name in _VARIABLES else ():
            held = variable_pb2.VariableDef.FromString(text)
            yield from map(
                _node, (held.variable_name, held.initializer_name, held.snapshot_name, held.initial_value_name)
            )
    yield from (_node(asset.tensor_info.name) for asset in assets(graph))
    yield _node(graph.saver_def.filename_tensor_name)
