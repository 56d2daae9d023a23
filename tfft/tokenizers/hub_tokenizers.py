"""Check KerasHub tokenizers from other people: only known classes are allowed, and their vocabulary must be in the model's files.

Without these checks, Keras would make an object of any class that a ``tokenizer.json`` or a manifest names, and the tokenizer would
open any path in its arguments.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tfft.core import limits, regular_files, strict_json
from tfft.core.errors import BackboneError, TfftError
from tfft.keras_files import net_config

CLASSES = frozenset(
    (
        "AlbertTokenizer", "BertTokenizer", "DebertaV3Tokenizer", "DistilBertTokenizer", "ElectraTokenizer", "GPT2Tokenizer",
        "RobertaTokenizer", "XLMRobertaTokenizer",
    )
)  # fmt: skip
"""Classes in ``keras_hub.tokenizers`` that tfft reads."""
_ARGUMENTS = frozenset(
    (
        "trainable", "dtype", "config_file", "sequence_length", "lowercase", "strip_accents", "split", "split_on_cjk",
        "suffix_indicator", "oov_token", "special_tokens", "special_tokens_in_strings", "add_prefix_space", "unsplittable_tokens",
        "add_bos", "add_eos", "separators",
    )
)  # fmt: skip
_IN_FILES = frozenset(("vocabulary", "merges", "proto"))


def refusal(config: Mapping[str, Any], what: str, error: type[TfftError]) -> tuple[str, str] | None:
    """Find an argument of a tokenizer that must not be used.

    Args:
        config: Argument -> value.
        what: The name of the file in messages.
        error: The exception class to raise.

    Returns:
        The name of the argument, or an empty string for an unknown argument; and a description. None when all arguments are safe.

    Raises:
        TfftError: An instance of ``error``, when ``dtype`` could run code.

    Example:
        >>> refusal({"lowercase": True, "vocabulary": None}, "'a.tfft'", BackboneError)
        >>> refusal({"vocabulary": "/etc/passwd"}, "'a.tfft'", BackboneError)
        ('vocabulary', "'/etc/passwd'")
    """
    for key, value in config.items():
        if key not in _ARGUMENTS and key not in _IN_FILES:
            return "", f"{key}={value!r}"[:200]
        if key == "dtype":
            net_config.check([value], what, error)
        elif (
            isinstance(value, dict)
            or (key in (*_IN_FILES, "sequence_length") and value is not None)
            or (key == "config_file" and ("/" in str(value) or "\\" in str(value)))
        ):
            return key, f"{value!r}"[:200]
    return None


def check_files(paths: Iterable[Path]) -> None:
    """Check the files of a tokenizer before KerasHub reads them.

    Args:
        paths: Vocabulary (``.txt`` or ``.json``), merges (``.txt``) or SentencePiece model (``.spm``).

    Raises:
        BackboneError: When a file is larger than allowed, or is not valid JSON.
        OSError: When a file does not exist, or is a pipe or a device.
    """
    for path in paths:
        shown = repr(str(path))
        content = regular_files.read(path, "tokenizer_bytes", shown, BackboneError)
        count = 0
        if path.suffix == ".json":
            values = strict_json.read(content, shown, BackboneError, "Copy the model again.")
            if not isinstance(values, dict):
                raise BackboneError(f"{shown} is not a JSON object.", type(values).__name__, "Copy the model again.")
            count = len(values)
        elif path.suffix == ".txt":
            count = content.count(b"\n")
        limits.check("vocabulary_tokens", count, shown, BackboneError)
