"""A map from characters to the characters in their place, as SentencePiece and the ``tokenizers`` library read it."""

import base64
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.core.errors import BackboneError

_ERRORS = 2


def precompiled(characters: Mapping[str, str], place: str) -> dict[str, Any]:
    r"""Compile a map to a normalizer of ``tokenizer.json``; SentencePiece writes the table.

    The library applies the map to whole letters with their accents. When a letter has less than six bytes in UTF-8 and its first
    character is in the map, the rest of the letter is lost.

    Args:
        characters: Character -> up to 32 characters in its place; none removes it. Without NUL and halves of characters.
        place: The origin of the map, for messages.

    Returns:
        The normalizer.

    Raises:
        BackboneError: When SentencePiece cannot compile the map.

    Example:
        >>> from tokenizers import normalizers
        >>> made = precompiled({"\u3000": " ", "\u2460": "1"}, "here")
        >>> normalizers.Precompiled(base64.b64decode(made["precompiled_charsmap"])).normalize_str("\u2460\u3000a")
        '1 a'
    """
    from sentencepiece import SentencePieceNormalizer, sentencepiece_model_pb2, set_min_log_level

    set_min_log_level(_ERRORS)  # it would print each step
    messages: Any = sentencepiece_model_pb2  # generated code; its classes are made during import
    lines = (
        f"{ord(one):x}\t{' '.join(f'{ord(each):x}' for each in many)}\n"
        for one, many in characters.items()
        if one != many
    )
    with tempfile.TemporaryDirectory(prefix="tfft-") as folder:
        rules = Path(folder) / "rules.tsv"
        rules.write_text("".join(sorted(lines)), encoding="ascii")
        try:
            compiled = SentencePieceNormalizer(rule_tsv=str(rules)).serialized_model_proto()
        except (RuntimeError, OSError, ValueError) as error:
            raise BackboneError(
                f"The characters of {place} cannot be read: {error}.", fix="Copy the model again."
            ) from None
    table = messages.ModelProto.FromString(compiled).normalizer_spec.precompiled_charsmap
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode("ascii")}
