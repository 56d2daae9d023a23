"""Leave the folders of the user out of handles, values and code that other people read, such as those in a bundle."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

# "/home", "~/nets", "C:\nets", "C:/nets", "\\server\nets", "./nets", "../nets"
_PATH = re.compile(r"[~/\\]|[A-Za-z]:[/\\]|\.\.?[/\\]")
_SCHEME = re.compile(r"[A-Za-z][\w.+-]+:(//)?")
_PARTS = re.compile(r"[/\\]")
# functions whose first argument is a path, or several; and arguments and keys that are paths, also relative ones
_FORMS = ("folder", "csv", "conll", "squad", "masks", "spans", "tfrecord")
_READERS = frozenset(("load", "load_backbone", *(f"from_{form}" for form in _FORMS)))
_PATHS = frozenset(("handle", "weights", "vocabulary", "tokenizer", "data_dir", "parts"))
# arguments that hold names and signs, which may contain a slash or begin with one
_COLUMNS = ("image", "text", "label", "group", "spans", "input")
_NAMES = frozenset(
    (
        "class_names",
        "classes",
        "class_weights",
        "separator",
        "input_key",
        "label_key",
        *(f"{role}_column" for role in _COLUMNS),
    )
)


def without_folder(handle: str) -> str:
    r"""Return the handle of a backbone without the user's folders.

    Args:
        handle: A name, the address of a hub, or a path.

    Returns:
        The last part of a path; names and addresses are unchanged.

    Example:
        >>> without_folder("/home/ann/nets/vgg.keras"), without_folder(r"C:\nets\bert"), without_folder("models/bert/")
        ('vgg.keras', 'bert', 'bert')
        >>> without_folder("hf://owner/model"), without_folder("vgg16"), without_folder("keras:///home/ann/vgg.keras")
        ('hf://owner/model', 'vgg16', 'keras://vgg.keras')
    """
    scheme = _SCHEME.match(handle)
    if scheme is None:
        return _last(handle)
    rest = handle[scheme.end() :]
    return scheme[0] + _last(rest) if _PATH.match(rest) or scheme[0].lower() == "file://" else handle


def without_folders(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values in which each text that is a path, such as that of a vocabulary, is its last part.

    Args:
        values: JSON values.

    Returns:
        The same keys; values inside of lists and other mappings are converted as well.

    Example:
        >>> without_folders({"vocabulary": "/home/ann/vocab.txt", "length": 64, "blocks": ["block1"]})
        {'vocabulary': 'vocab.txt', 'length': 64, 'blocks': ['block1']}
    """
    return {key: _converted(value, key in _PATHS) for key, value in values.items()}


def code_without_folders(code: str) -> str:
    """Return Python code in which each string that is a path is its last part.

    A relative path is known by its place: the first argument of a function that reads files, such as ``from_csv``, and arguments
    such as ``weights``.

    Args:
        code: Python code.

    Returns:
        The code. Strings that are not paths, such as a separator or the name of a class, are unchanged, and so are comments.

    Example:
        >>> code_without_folders("data = from_csv('acme/flowers.csv', label_column='kind/main', separator='/')")
        "data = from_csv('flowers.csv', label_column='kind/main', separator='/')"
    """
    lines = code.splitlines(keepends=True)
    paths, names = _places(code)
    found = [token for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type == tokenize.STRING]
    for token in reversed(found):
        value = ast.literal_eval(token.string)
        (first, begin), (last, end) = token.start, token.end
        place = first, len(lines[first - 1][:begin].encode())
        if not isinstance(value, str) or place in names or (name := _converted(value, place in paths)) == value:
            continue
        quote = token.string[-1]
        written = f"{quote}{name}{quote}" if repr(name)[1:-1] == name and quote not in name else repr(name)
        lines[first - 1 : last] = [lines[first - 1][:begin] + written + lines[last - 1][end:]]
    return "".join(lines)


def _places(code: str) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Where the strings begin that are paths, and those that are names: line and byte in it."""
    paths: set[tuple[int, int]] = set()
    names: set[tuple[int, int]] = set()
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if function in _READERS and call.args:
            paths.update(_strings(call.args[0]))
        for argument in call.keywords:
            if argument.arg in _PATHS:
                paths.update(_strings(argument.value))
            elif argument.arg in _NAMES:
                names.update((node.lineno, node.col_offset) for node in ast.walk(argument.value) if _is_string(node))
    return paths, names


def _strings(node: ast.expr) -> Iterator[tuple[int, int]]:
    """Where strings begin in a value, in a sequence, or in the values of a mapping, whose keys are the names of parts."""
    if isinstance(node, ast.Dict):
        inner: Sequence[ast.expr] = node.values
    else:
        inner = node.elts if isinstance(node, (ast.List, ast.Tuple)) else ()
    if _is_string(node):
        yield node.lineno, node.col_offset
    for each in inner:
        yield from _strings(each)


def _is_string(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _converted(value: Any, is_path: bool = False) -> Any:
    if isinstance(value, str):
        return without_folder(value) if is_path or _PATH.match(value) or _SCHEME.match(value) else value
    if isinstance(value, Mapping):
        return without_folders(value)
    return [_converted(each, is_path) for each in value] if isinstance(value, (list, tuple)) else value


def _last(path: str) -> str:
    """The last part of a path; a text of separators alone, such as "/", is unchanged."""
    return next((part for part in reversed(_PARTS.split(path)) if part not in ("", ".", "..", "~")), path)
