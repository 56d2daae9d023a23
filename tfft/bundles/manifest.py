"""Read ``manifest.json`` of a bundle. Values whose type or size ``export`` does not write are refused.

So later code never gets a label that is a number, or an image size of 100,000 x 100,000 pixels.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from tfft.bundles.records import RECORDS
from tfft.core import limits, strict_json
from tfft.core.errors import BundleError, TaskError, kind_of, shortlist
from tfft.core.specs import LabelSpace
from tfft.core.terminal import plain
from tfft.inputs.base import TextUnit
from tfft.tokenizers import hub_tokenizers

NAME = "manifest.json"
_MOST_SEPARATORS = 8
_LONGEST_NAME = 10_000
_LONGEST_HANDLE = 4_096
_TOKENIZERS = hub_tokenizers.CLASSES | {"JsonTokenizer", "SavedTokenizer"}


def read(path: Path, shown: str, version: int) -> dict[str, Any]:
    """Read and check a manifest.

    Args:
        path: The path of the file.
        shown: The name of the bundle in messages.
        version: The supported format version.

    Returns:
        The values of the manifest: ``format``, ``versions``, ``backbone``, ``task``, ``preprocessor``, ``weights``, ``content``
        and, in newer bundles, ``records``; and ``trained_on`` after a refit.

    Raises:
        BundleError: When the file cannot be read, has another format, lacks a value, or a value has the wrong type or exceeds a
            limit.
    """
    values = strict_json.read_file(
        path,
        f"{shown} is not a bundle: {path.name}",
        BundleError,
        "Pass a folder or zip file that tfft.export() wrote.",
    )
    if not isinstance(values, dict):
        raise _wrong(shown, "", kind_of(values))
    if values.get("format") != version or isinstance(values["format"], bool):
        versions = values.get("versions")
        writer = f"tfft {versions.get('tfft') if isinstance(versions, dict) else None}"[:100]
        raise BundleError(
            f"{shown} has format {values.get('format')!r}"[:300] + f"; this version reads {version}.",
            f"written by {writer}",
            _advice(values.get("format"), version, writer),
        )
    for key, kind in (("versions", dict), ("backbone", dict), ("weights", str), ("content", str)):
        _take(values, key, kind, shown)
    _check_handle(values["backbone"], shown)
    if "trained_on" in values and values["trained_on"] != ["train", "validation"]:
        raise _wrong(shown, "trained_on", repr(values["trained_on"])[:200])
    if "records" in values:
        _check_records(_take(values, "records", dict, shown), shown)
    _check_task(_take(values, "task", dict, shown), shown)
    _check_preprocessor(_take(values, "preprocessor", dict, shown), shown)
    return values


def _advice(found: Any, version: int, writer: str) -> str:
    """What to do about a bundle in another format."""
    if not isinstance(found, int) or isinstance(found, bool):
        return "Copy or export it again."
    if found > version:
        return f"Upgrade tfft to the version that wrote the bundle ({writer}) or a newer one."
    return f"Train the model again with this version and export it, or use the bundle with the version that wrote it ({writer})."


def _check_handle(backbone: Mapping[str, Any], shown: str) -> None:
    """Refuse a handle that is not one visible line: cards, reports and code show it."""
    if "handle" in backbone:
        handle = _take(backbone, "handle", str, shown)
        if len(handle) > _LONGEST_HANDLE or plain(handle) != handle:
            raise _wrong(shown, "handle", plain(handle)[:200])


def _check_records(noted: Mapping[str, Any], shown: str) -> None:
    if wrong := [name for name, digest in noted.items() if name not in RECORDS or not isinstance(digest, str)]:
        raise _wrong(shown, "records", shortlist([str(name)[:100] for name in wrong]))


def _check_task(task: Mapping[str, Any], shown: str) -> None:
    _take(task, "name", str, shown)
    _take(task, "options", dict, shown)
    labels = _take(task, "labels", dict, shown)
    _take(labels, "kind", str, shown)
    names = _take(labels, "names", list, shown)
    wrong = [name for name in names if not isinstance(name, str) or len(name) > _LONGEST_NAME]
    if wrong or not names:
        raise _wrong(shown, "labels", shortlist([str(name)[:100] for name in wrong]) if wrong else "no labels")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise _wrong(shown, "labels", f"{shortlist(twice)} more than once")
    for key in ("mean", "scale"):
        numbers = _take(labels, key, list, shown)
        if any(isinstance(number, bool) or not isinstance(number, (int, float)) for number in numbers):
            raise _wrong(shown, key, shortlist(numbers)[:200])
    if "values" in labels:
        _take(labels, "values", list, shown)
        try:
            LabelSpace.from_dict(labels)
        except (TypeError, ValueError, TaskError) as error:
            raise _wrong(shown, "values", str(error)[:200]) from None


def _check_preprocessor(values: Mapping[str, Any], shown: str) -> None:
    if "tokenizer" not in values:
        sides = [_whole(values, key, shown) for key in ("height", "width")]
        limits.check("image_pixels", sides[0] * sides[1], f"The images that {shown} reads", BundleError)
        _take(values, "fit", str, shown)
        return
    limits.check("text_tokens", _whole(values, "length", shown), f"The texts that {shown} reads", BundleError)
    _take(values, "segments", bool, shown)
    if "answers" in values:
        if _take(values, "answers", str, shown) not in get_args(TextUnit):
            raise _wrong(shown, "answers", repr(values["answers"])[:100])
        stride = _take(values, "stride", int, shown)
        if isinstance(stride, bool) or stride < 0:
            raise _wrong(shown, "stride", repr(stride)[:100])
    tokenizer = _take(values, "tokenizer", dict, shown)
    if _whole(tokenizer, "separators", shown) > _MOST_SEPARATORS:
        raise _wrong(shown, "separators", repr(tokenizer["separators"]))
    _take(tokenizer, "files", str, shown)
    if _take(tokenizer, "class", str, shown) not in _TOKENIZERS:
        raise _wrong(shown, "tokenizer", tokenizer["class"][:200])
    _check_tokenizer(_take(tokenizer, "config", dict, shown), shown)


def _check_tokenizer(config: Mapping[str, Any], shown: str) -> None:
    tokens = config.get("tokens", {})  # for a JsonTokenizer: the text of its special tokens
    if not isinstance(tokens, dict) or not all(isinstance(token, str) for token in tokens.values()):
        raise _wrong(shown, "tokens of the tokenizer", f"{tokens!r}"[:200])
    others = {key: value for key, value in config.items() if key != "tokens"}
    found = hub_tokenizers.refusal(others, shown, BundleError)
    if found is not None:
        raise _wrong(shown, f"{found[0]} of the tokenizer" if found[0] else "tokenizer", found[1])


def _take(values: Mapping[str, Any], key: str, kind: type, shown: str) -> Any:
    if key not in values:
        raise BundleError(f"{shown} is damaged: its manifest lacks {key!r}.", fix="Copy or export it again.")
    if not isinstance(values[key], kind):
        raise _wrong(shown, key, f"{kind_of(values[key])}: {values[key]!r}"[:200])
    return values[key]


def _whole(values: Mapping[str, Any], key: str, shown: str) -> int:
    number = _take(values, key, int, shown)
    if isinstance(number, bool) or number < 1:
        raise _wrong(shown, key, repr(number)[:100])
    return int(number)


def _wrong(shown: str, key: str, got: str) -> BundleError:
    place = f"the value of {key!r} in its manifest" if key else "its manifest"
    return BundleError(f"{shown} is damaged: {place} is not what export() writes.", got, "Copy or export it again.")
