"""Check Hugging Face's ``tokenizer.json``: the file is accepted only when each of its parts is known.

The file names a normalizer, a pre-tokenizer, a model with its vocabulary, and added tokens. The ``tokenizers`` library supports
many more of these than tfft's encoders were pretrained with, including regular expressions in the file.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from tfft.core import limits, strict_json
from tfft.core.errors import BackboneError, kind_of, shortlist
from tfft.tokenizers.tokenizer_tables import CHECKS, Refuse, added_tokens, is_sound, is_text, vocabulary

FIX = "Copy the model again; or pass a folder with vocab.txt, vocab.json and merges.txt, or a SentencePiece model."
PATTERNS = (" {2,}", r"\s{2,}|[\n\r\t]")
"""The regular expressions that the normalizers of supported encoders replace."""
_SHORTEST = dict(zip(PATTERNS, (2, 1), strict=True))  # the fewest characters that each pattern matches
_LONGEST_PATTERN = 64
_MOST_PARTS = 16  # of a normalizer or pre-tokenizer; ALBERT's has seven
# normalizers that may turn one character into many
_GROWING = {
    **dict.fromkeys(("NFC", "NFKC", "NFD", "NFKD"), "Unicode form"),
    **{name: name for name in ("BertNormalizer", "Lowercase", "Precompiled")},
}
_MODELS = {
    "WordPiece": {"BertNormalizer", "BertPreTokenizer"},
    "BPE": {"ByteLevel"},
    "Unigram": {
        *("Precompiled", "Replace", "NFC", "NFKC", "NFD", "NFKD", "StripAccents", "Lowercase", "Strip"),
        *("WhitespaceSplit", "Metaspace"),
    },
}
# options that must have one value; other options are free, or checked below
_FIXED: dict[str, dict[str, tuple[Any, ...]]] = {
    "ByteLevel": {"use_regex": (True,)},
    "Metaspace": {"replacement": ("▁",), "prepend_scheme": ("always", "first", "never"), "split": (True,)},
    "WordPiece": {"continuing_subword_prefix": ("##",)},
    "BPE": {
        **dict.fromkeys(("continuing_subword_prefix", "end_of_word_suffix"), (None, "")),
        **dict.fromkeys(("byte_fallback", "ignore_merges"), (False,)),
        "dropout": (None,),
    },
    "Unigram": {"byte_fallback": (False,)},
}
_SWITCHES = {
    "BertNormalizer": ("clean_text", "handle_chinese_chars", "lowercase"),
    "ByteLevel": ("add_prefix_space",),
    "Strip": ("strip_left", "strip_right"),
}


def parsed(content: bytes, place: str) -> dict[str, Any]:
    """Read the values of a JSON file.

    Args:
        content: The content of the file.
        place: The path, for messages.

    Returns:
        The JSON object in the file.

    Raises:
        BackboneError: When the file is larger or deeper than allowed, or is not a JSON object.
    """
    limits.check("tokenizer_bytes", len(content), place, BackboneError)
    try:
        text = content.decode("utf-8")
        limits.check("json_values", strict_json.count(text), place, BackboneError)
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, BackboneError):
            raise
        raise BackboneError(f"{place} cannot be read: {type(error).__name__}: {error}.", fix=FIX) from None
    if not isinstance(values, dict):
        raise BackboneError(f"{place} must hold a JSON object.", kind_of(values), FIX)
    return values


def checked(values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a pipeline that is safe to run and gives the same tokens.

    Args:
        values: The values of ``tokenizer.json``.
        place: The path, for messages.

    Returns:
        The values that decide tokens. Truncation, padding and special tokens around texts are left out: tfft adds its own.

    Raises:
        BackboneError: When a part is unknown or has the wrong type.
    """

    def refuse(what: str, got: Any) -> NoReturn:
        raise BackboneError(f"{place}: {what}.", repr(got)[:100], FIX)

    model = values.get("model")
    if not isinstance(model, dict):
        refuse("'model' must be an object", model)
    kind = model.get("type") or _kind(model)
    if not isinstance(kind, str) or kind not in _MODELS:
        refuse(f"the model must be one of {shortlist(_MODELS)}", kind)
    parts = [*_parts(values, "normalizer", refuse), *_parts(values, "pre_tokenizer", refuse)]
    for part in parts:
        _check_part(part, _MODELS[kind], refuse)
    names = [part["type"] for part in parts]
    growing = [_GROWING[name] for name in names if name in _GROWING]
    if len(set(growing)) != len(growing):
        refuse("each kind of normalizer that can lengthen a text may occur once", shortlist(names))
    needed = {"WordPiece": "BertPreTokenizer", "BPE": "ByteLevel", "Unigram": "Metaspace"}[kind]
    if names.count(needed) != 1:
        refuse(f"a {kind} model needs one pre-tokenizer {needed!r}", names)
    _check_options({**model, "type": kind}, refuse)
    tokens = vocabulary(model, kind, refuse)
    CHECKS[kind](model, tokens, refuse)
    added = added_tokens(values.get("added_tokens") or [], tokens, refuse)
    kept = {key: values.get(key) for key in ("normalizer", "pre_tokenizer")}
    rest = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    return {"version": "1.0", **rest, "added_tokens": added, **kept, "model": {**model, "type": kind}}


def around(values: Mapping[str, Any], place: str) -> tuple[str, str, int] | None:
    """Find the special tokens that a post-processor puts around and between texts.

    Args:
        values: The values of ``tokenizer.json``.
        place: The path, for messages.

    Returns:
        The token before a text, the token after it, and how many of the latter are between two texts; None without a
        post-processor.

    Raises:
        BackboneError: When the post-processor does anything other than add one token before a text and one after it.

    Example:
        >>> around({"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}}, "a file")
        ('[CLS]', '[SEP]', 1)
    """
    part = values.get("post_processor")
    inner: Any = part.get("processors") if isinstance(part, dict) and part.get("type") == "Sequence" else [part]
    try:
        for each in inner:
            if each is None or each["type"] == "ByteLevel":
                continue
            if each["type"] in ("BertProcessing", "RobertaProcessing"):
                start, end = str(each["cls"][0]), str(each["sep"][0])
                return start, end, 1 if each["type"] == "BertProcessing" else 2
            single, pair = (
                [str((piece.get("SpecialToken") or piece["Sequence"])["id"]) for piece in each[name]]
                for name in ("single", "pair")
            )
            if single == ["A"] and pair == ["A", "B"]:
                continue
            start, end, between = single[0], single[-1], pair[2:-2]
            if single == [start, "A", end] and pair == [start, "A", *between, "B", end] and {*between} == {end}:
                return start, end, len(between)
            raise ValueError("other tokens than one before and one after")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BackboneError(
            f"{place}: the post-processor must put one token before a text and one after it.", str(error)[:100], FIX
        ) from None
    return None


def _kind(model: Mapping[str, Any]) -> str:
    """The type of a model, for files from before 2021, which do not state it."""
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "BPE" if "merges" in model else "WordPiece"


def _parts(values: Mapping[str, Any], name: str, refuse: Refuse) -> list[dict[str, Any]]:
    part = values.get(name)
    if part is None:
        return []
    inner = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}[name]
    several = part.get(inner) if isinstance(part, dict) and part.get("type") == "Sequence" else [part]
    if not isinstance(several, list) or not all(isinstance(each, dict) for each in several):
        refuse(f"{name!r} must be an object, or a Sequence of objects", several)
    if len(several) > _MOST_PARTS:
        refuse(f"{name!r} must have at most {_MOST_PARTS} parts", len(several))
    for each in several:
        own = _PRE if name == "pre_tokenizer" else _NORMALIZERS
        if each.get("type") not in own:
            refuse(
                f"the {name.replace('_', '-')} {each.get('type')!r} is not supported; supported: {shortlist(own)}", each
            )
    return several


_PRE = ("BertPreTokenizer", "ByteLevel", "WhitespaceSplit", "Metaspace")
_NORMALIZERS = tuple(sorted((_MODELS["WordPiece"] | _MODELS["Unigram"]) - set(_PRE)))


def _check_part(part: Mapping[str, Any], allowed: Iterable[str], refuse: Refuse) -> None:
    if part["type"] not in allowed:
        refuse(f"{part['type']!r} does not belong to this kind of model", part)
    _check_options(part, refuse)
    for name in _SWITCHES.get(part["type"], ()):
        if not isinstance(part.get(name), bool):
            refuse(f"{name!r} of {part['type']!r} must be true or false", part.get(name))
    if part["type"] == "BertNormalizer" and part.get("strip_accents") not in (None, True, False):
        refuse("'strip_accents' must be true, false or null", part["strip_accents"])
    if part["type"] == "Replace":
        _check_replacement(part.get("pattern"), part.get("content"), part, refuse)
    if part["type"] == "Precompiled" and not is_sound(part.get("precompiled_charsmap")):
        refuse("the table of characters 'precompiled_charsmap' is damaged", type(part.get("precompiled_charsmap")))


def _check_replacement(pattern: Any, content: Any, part: Any, refuse: Refuse) -> None:
    known = isinstance(pattern, dict) and (
        pattern.get("Regex") in PATTERNS if "Regex" in pattern else is_text(pattern.get("String"))
    )
    if not known or not is_text(content, empty=True) or len(pattern) != 1:
        refuse(f"'Replace' must have a string, or one of the patterns {shortlist(PATTERNS)}", part)
    length = _SHORTEST[pattern["Regex"]] if "Regex" in pattern else len(pattern["String"])
    # each one that lengthens a text would multiply the effect of those before it
    if length > _LONGEST_PATTERN or len(unicodedata.normalize("NFKD", content)) > length:
        refuse(f"'Replace' must not lengthen a text, and its string has at most {_LONGEST_PATTERN} characters", part)


def _check_options(part: Mapping[str, Any], refuse: Refuse) -> None:
    for name, possible in _FIXED.get(part["type"], {}).items():
        # equal is not enough: 1 == True in Python, but the library needs a bool
        if name in part and not any(part[name] is each or (each == part[name] != 1) for each in possible):
            refuse(f"{name!r} of {part['type']!r} must be {shortlist(possible)}", part[name])
