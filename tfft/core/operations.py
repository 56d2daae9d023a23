"""Which operations a SavedModel from somebody else may have: those that compute, and nothing that reads, writes, calls or waits."""

import re
from collections.abc import Iterator
from typing import Any

# of operations without a state, families that touch files, other processes, Python or what other people wrote
_NOT_STATELESS = re.compile(
    r"Dataset|Iterator|Reader|File|Summary|Debug|PyFunc|Save|Restore|Load|Print|Remote|Worker|Collective|TPU|Tpu|Snapshot|Send|Recv"
    r"|Configure|Register|Sql|LMDB|Cache|Event|Proto|Bigtable|Kafka|Gcs|Xla|Custom"
)
_STATEFUL = re.compile(
    r"(VarHandleOp|VarIsInitializedOp|VariableV2|Variable|ReadVariableOp|DestroyResourceOp|DisableCopyOnRead|Resource(Gather|GatherNd|Scatter\w+)"
    r"|Assign\w*VariableOp|Assign(Add|Sub)?|Placeholder\w*|_Arg|_Retval|Assert|NoOp|ControlTrigger|Const"
    r"|(Stateful)?PartitionedCall|(Stateless)?(If|While|Case)|SymbolicGradient"
    r"|(Mutable|Anonymous)?\w*HashTable\w*|LookupTable\w+|InitializeTable(FromTextFile)?(V2)?"
    r"|Random\w+|Multinomial|TruncatedNormal|ParameterizedTruncatedNormal|Stateful\w*(Normal|Uniform\w*|Random\w*|Binomial)"
    r"|RngSkip|RngReadAndSkip|SentencepieceOp|SentencepieceTokenizeOp|SentencepieceTokenizeWithOffsetsOp"
    r"|TensorList\w+|EmptyTensorList|Stack\w*|TensorArray\w+|FakeQuant\w+)"
)
# TensorFlow writes these two itself, to save and to restore; nothing else may call them
_SAVER = ("__inference__traced_save", "__inference__traced_restore")
_SAVING = frozenset(("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"))


def refused(graph: Any) -> list[str]:
    """What a graph does besides computing.

    Args:
        graph: A ``MetaGraphDef``, of tensors of any shape.

    Returns:
        Names of operations and of files, sorted; none where it only computes.
    """
    return sorted({*_operations(graph), *_assets(graph)})


def _operations(graph: Any) -> Iterator[str]:
    for node in graph.graph_def.node:
        saves = node.name.startswith("save")
        if not _computes(node.op) and not (saves and node.op in _SAVING):
            yield node.op
        if not saves and any(text.lstrip("^").startswith("save/") for text in node.input):
            yield f"what {node.name} takes of the saver"
    for function in graph.graph_def.library.function:
        of_saver = function.signature.name.startswith(_SAVER)
        for node in function.node_def:
            if not _computes(node.op) and not (of_saver and node.op in _SAVING):
                yield node.op
            if any(value.func.name.startswith(_SAVER) for value in node.attr.values()):
                yield f"a call of {_SAVER[0]}"
    for name in graph.object_graph_def.concrete_functions:
        if name.startswith(_SAVER):
            yield name


def _computes(name: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(name)
    if known is None:  # of a library that is not loaded: TensorFlow itself refuses it
        return True
    return bool(_STATEFUL.fullmatch(name)) or not (known.is_stateful or _NOT_STATELESS.search(name))


def _assets(graph: Any) -> Iterator[str]:
    for asset in graph.asset_file_def:
        if asset.filename in ("", ".", "..") or "/" in asset.filename or "\\" in asset.filename:
            yield f"the file {asset.filename!r}"
