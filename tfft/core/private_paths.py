"""Leave the folders of the user out of handles, values and code that other people read, such as those in a bundle."""

import ast
import io
import re
import tokenize
from collections.abc import Mapping
from typing import Any

# "/home", "~/nets", "C:\nets", "C:/nets", "\\server\nets", "./nets", "../nets"
_PATH = re.compile(r"[~/\\]|[A-Za-z]:[/\\]|\.\.?[/\\]")
_SCHEME = re.compile(r"[A-Za-z][\w.+-]+:(//)?")
_PARTS = re.compile(r"[/\\]")


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
    return {key: _converted(value) for key, value in values.items()}


def code_without_folders(code: str) -> str:
    """Return Python code in which each string that is a path outside of the working folder is its last part.

    Args:
        code: Python code.

    Returns:
        The code. Strings that are not paths, such as a separator, are unchanged, and so are comments.

    Example:
        >>> code_without_folders("data = from_csv('/home/ann/flowers.csv', separator='/')")
        "data = from_csv('flowers.csv', separator='/')"
    """
    lines = code.splitlines(keepends=True)
    found = [token for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type == tokenize.STRING]
    for token in reversed(found):
        value = ast.literal_eval(token.string)
        if not isinstance(value, str) or not _PATH.match(value) or (name := _last(value)) == value:
            continue
        (first, begin), (last, end) = token.start, token.end
        quote = token.string[-1]
        written = f"{quote}{name}{quote}" if repr(name)[1:-1] == name and quote not in name else repr(name)
        lines[first - 1 : last] = [lines[first - 1][:begin] + written + lines[last - 1][end:]]
    return "".join(lines)


def _converted(value: Any) -> Any:
    if isinstance(value, str):
        return without_folder(value) if _PATH.match(value) or _SCHEME.match(value) else value
    if isinstance(value, Mapping):
        return without_folders(value)
    return [_converted(each) for each in value] if isinstance(value, (list, tuple)) else value


def _last(path: str) -> str:
    """The last part of a path; a text of separators alone, such as "/", is unchanged."""
    return next((part for part in reversed(_PARTS.split(path)) if part not in ("", ".", "..", "~")), path)
