"""Group the variables of a SavedModel into blocks by their names."""

import re
from collections.abc import Sequence
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.savedmodel.signatures import Variable

_NORM_ENDINGS = ("gamma", "beta", "moving_mean", "moving_variance")
_NORM = re.compile(r"(layer|batch|group)_?norm", re.IGNORECASE)
_NUMBERED = re.compile(r".*?\d+")

Groups = dict[str, list[int]]


def grouped(variables: Sequence[Variable], patterns: Sequence[str] = ()) -> Groups:
    """Group variables into blocks, in the order in which the SavedModel uses them. Variables that are not floats are left out.

    Args:
        variables: All variables of the SavedModel, of any shape.
        patterns: Regular expressions, one for each block. Without patterns, variables whose names are equal up to the first number
            form a block, and consecutive variables without a number form a block.

    Returns:
        Block name -> the positions of its variables in ``variables``; blocks are in the order of the patterns or variables.

    Raises:
        BackboneError: When a pattern is not valid or matches nothing, or no pattern matches a variable.

    Example:
        >>> names = ["net/stem/kernel", "net/layer_1/kernel", "net/layer_1/bias", "net/layer_2/kernel"]
        >>> list(grouped([Variable(name, (1,), "float32", True) for name in names]))
        ['stem', 'layer_1', 'layer_2']
    """
    ordered = sorted(range(len(variables)), key=lambda number: variables[number].position)
    floats = [(number, variables[number].path) for number in ordered if "float" in variables[number].dtype]
    return _by_patterns(floats, patterns) if patterns else _by_names(floats)


def _by_patterns(variables: Sequence[tuple[int, str]], patterns: Sequence[str]) -> Groups:
    if isinstance(patterns, str):
        raise BackboneError("blocks= takes a list of patterns.", repr(patterns), f"Write blocks=[{patterns!r}].")
    try:
        compiled = {f"block{number + 1}": re.compile(pattern) for number, pattern in enumerate(patterns)}
    except (re.error, TypeError) as error:
        raise BackboneError(
            f"blocks={list(patterns)!r} are not valid patterns: {error}.", fix="Pass regular expressions."
        ) from error
    found: Groups = {name: [] for name in compiled}
    left = []
    for number, path in variables:
        name = next((name for name, pattern in compiled.items() if pattern.match(path)), None)
        if name is None:
            left.append(path)
        else:
            found[name].append(number)
    if left:
        raise BackboneError(
            f"No pattern of blocks= covers {shortlist(left)}.", fix="Add a pattern for these variables."
        )
    empty = [pattern for pattern, some in zip(patterns, found.values(), strict=True) if not some]
    if empty:
        raise BackboneError(
            f"The pattern {empty[0]!r} of blocks= covers no variable.",
            shortlist([path for _, path in variables]),
            "Patterns match from the start of a name, and a variable belongs to the first pattern that matches.",
        )
    return found


def _by_names(variables: Sequence[tuple[int, str]]) -> Groups:
    parts = [path.split("/") for _, path in variables]
    shared = 0
    while parts and all(len(path) > shared + 2 and path[shared] == parts[0][shared] for path in parts):
        shared += 1
    found: Groups = {}
    loose = ""
    for (number, _), path in zip(variables, parts, strict=True):
        numbered = _NUMBERED.match("_".join(path[shared:-1]))
        loose = "" if numbered else loose or path[shared]
        found.setdefault(numbered.group() if numbered else loose, []).append(number)
    return found


def rows_of(variables: Sequence[Variable], numbers: Sequence[int], output: str = "") -> list[dict[str, Any]]:
    """Describe the variables of one block for ``SavedModelLayer``.

    Args:
        variables: All variables of the SavedModel, of any shape.
        numbers: The positions of the variables in the block.
        output: The name of the output that becomes the features. Variables that do not affect it never train, such as the pooler
            of a BERT when the sequence is the output.

    Returns:
        JSON values for each variable: ``path``, ``shape``, ``dtype``, ``kind`` (weight or statistic), ``norm`` (whether it belongs
        to a normalisation), and ``number``, its position.

    Example:
        >>> rows_of([Variable("bn/gamma", (4,), "float32", True, ("features",))], [0], "features")[0]["kind"]
        'weight'
    """
    return [
        {
            "path": variables[number].path,
            "shape": list(variables[number].shape),
            "dtype": variables[number].dtype,
            "kind": "weight" if variables[number].trains and output in variables[number].outputs else "statistic",
            # a variable that affects the output but does not train is a statistic of a norm, whatever its name
            "norm": _is_norm(variables[number].path)
            or (not variables[number].trains and output in variables[number].outputs),
            "number": number,
        }
        for number in numbers
    ]


def _is_norm(path: str) -> bool:
    return path.rpartition("/")[2] in _NORM_ENDINGS or bool(_NORM.search(path))
