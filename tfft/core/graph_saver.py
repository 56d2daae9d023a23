"""The part of a graph that saves and restores: taken out, but for the restoring that TensorFlow's loader itself runs."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tfft.core.allowed_operations import ALLOWED
from tfft.core.graph_calls import called
from tfft.core.graph_files import assets

SAVING = frozenset(("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"))
_SAVER_NODE = re.compile(r"(.*/)?save(_\d+)?/.*", re.DOTALL)
_FED = ("Const", "Placeholder", "PlaceholderWithDefault")
_VARIABLES = (
    *("variables", "trainable_variables", "local_variables", "model_variables", "moving_average_variables"),
    *("metric_variables", "global_step"),
)


def without_saver(graph: Any, functions: Mapping[str, Any], savers: set[str]) -> Iterator[str]:
    """Remove the nodes beside the functions of a graph that save.

    In a SavedModel of TF2, where the functions are all that is loaded, constants stay. In one of TF1 the loader feeds the name
    of the module's own checkpoint to one tensor and runs one operation: what restores from that tensor for it stays.

    Args:
        graph: A ``MetaGraphDef``, of tensors of any shape; it is changed.
        functions: Its library: name to ``FunctionDef``.
        savers: Names of functions that save or restore.

    Yields:
        What does more than compute, or needs one of the removed nodes: a part of a sentence on each.
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
        yield f"what {name[:100]} takes of the saver"
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
    """The node of a tensor or control input."""
    return re.sub(r":\d+$", "", text.removeprefix("^"))


def _restoring(graph: Any, nodes: Mapping[str, Any]) -> Iterator[str]:
    """The operations that restore from the tensor which the loader feeds, for the operation which it runs."""
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
    """Nodes and all that depends on them."""
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
    """Nodes that are run or read when a module of TF1 is loaded and called, besides those that restore."""
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
