"""Check the files that a graph reads: it may only fill tables from the module's own assets."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfft.savedmodel.graph_calls import called, passed

_FROM_FILE = ("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
_ASSETS = "saved_model_assets"


def assets(graph: Any) -> list[Any]:
    """Return the list of assets, read in the same way as TensorFlow's loader reads it.

    Args:
        graph: A ``MetaGraphDef``.

    Returns:
        One ``AssetFileDef`` for each asset.
    """
    from tensorflow.core.protobuf import meta_graph_pb2

    found = list(graph.asset_file_def)
    if not found and _ASSETS in graph.collection_def:
        for packed in graph.collection_def[_ASSETS].any_list.value:
            found.append(meta_graph_pb2.AssetFileDef())
            packed.Unpack(found[-1])
    return found


def foreign_names(graph: Any) -> Iterator[str]:
    """Find assets that are not files in the module's own folder.

    Args:
        graph: A ``MetaGraphDef``.

    Yields:
        Part of a sentence for each such asset.
    """
    for asset in assets(graph):
        name = asset.filename
        if name in ("", ".", "..") or not name.isprintable() or any(sign in name for sign in "/\\:"):
            yield f"the file {name!r}"


def foreign_files(graph: Any, functions: Mapping[str, Any]) -> Iterator[str]:
    """Find tables that might be filled from other files than assets.

    Args:
        graph: A ``MetaGraphDef``.
        functions: The function library of the graph: name -> ``FunctionDef``.

    Yields:
        Part of a sentence for each such table.
    """
    problems: set[str] = set()
    paths = _paths(functions, problems)
    own = {asset.tensor_info.name.removesuffix(":0") for asset in assets(graph)}
    # TF2 only loads the functions
    nodes = {node.name: node for node in graph.graph_def.node if not graph.HasField("object_graph_def")}
    for node in nodes.values():
        for text in _read(node, functions, paths, problems):
            source = _source(text, nodes)
            if source not in own or nodes[source].op not in ("Const", "Placeholder"):
                problems.add(_problem(node))
    problems |= set(_unbound(graph, functions, paths))
    yield from sorted(problems)


def _problem(node: Any) -> str:
    return f"{node.op} of a file that is not an asset"


def _paths(functions: Mapping[str, Any], problems: set[str]) -> dict[str, set[int]]:
    """Return function name -> positions of the arguments that become file names, directly or through calls."""
    paths: dict[str, set[int]] = {name: set() for name in functions}
    changed = True
    while changed:
        changed = False
        for name, function in functions.items():
            arguments = {argument.name: place for place, argument in enumerate(function.signature.input_arg)}
            nodes = {node.name: node for node in function.node_def}
            for node in function.node_def:
                for text in _read(node, functions, paths, problems):
                    place = arguments.get(_source(text, nodes))
                    if place is None:
                        problems.add(_problem(node))
                    elif place not in paths[name]:
                        paths[name].add(place)
                        changed = True
    return paths


def _read(node: Any, functions: Mapping[str, Any], paths: Mapping[str, set[int]], problems: set[str]) -> Iterable[str]:
    """Return the inputs of a node that become file names."""
    if node.op in _FROM_FILE:
        return [text for text in node.input if not text.startswith("^")][1:2] or [""]
    plain, inputs = passed(node, functions)
    names = list(called(node, functions))
    if names != [plain] and any(paths.get(name) for name in names):
        problems.add(f"{node.op} of a function that reads a file")
    return [inputs[place] for place in sorted(paths[plain])] if plain else []


def _source(text: str, nodes: Mapping[str, Any]) -> str:
    """Return the node or argument that a tensor comes from, through nodes that do not change it."""
    for _ in nodes:
        name = text.partition(":")[0]
        node = nodes.get(name)
        if node is None or node.op != "Identity" or not node.input:
            return name
        text = node.input[0]
    return text.partition(":")[0]


def _unbound(graph: Any, functions: Mapping[str, Any], paths: Mapping[str, set[int]]) -> Iterator[str]:
    """Yield functions that can be called from outside the graph with any file name."""
    objects = graph.object_graph_def
    bound = {name: list(found.bound_inputs) for name, found in objects.concrete_functions.items()}
    for node in objects.nodes:
        for name in (*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name):
            bound.setdefault(name, [])
    for name, numbers in bound.items():
        first = len(functions[name].signature.input_arg) - len(numbers) if name in functions else 0
        for place in paths.get(name, ()):
            number = numbers[place - first] if place >= first else -1
            if not 0 <= number < len(objects.nodes) or objects.nodes[number].WhichOneof("kind") != "asset":
                yield f"{name} of a file that is not an asset"
    for name, function in functions.items():
        if paths[name] and "api_implements" in function.attr:
            yield f"{name} that may replace another function"
