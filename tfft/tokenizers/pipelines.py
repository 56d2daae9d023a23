"""The tokenizer pipelines with which the encoder families were pretrained, as the values of a ``tokenizer.json``.

::

    word_pieces       BERT, DistilBERT, ELECTRA: from the lines of vocab.txt
    byte_pairs        RoBERTa, GPT-2: from vocab.json and merges.txt
    sentence_pieces   XLM-RoBERTa, ALBERT, DeBERTa-v3: from a SentencePiece model

Each function returns the arguments of ``JsonTokenizer``: the values, the special tokens, and the number of tokens between two
texts.

Source:
    The normalizers and pre-tokenizers that Hugging Face Transformers 5.24 saves for these families. Those of DeBERTa-v3 were not
    compared with a version of Transformers.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tfft.core import limits
from tfft.core.errors import BackboneError

Made = tuple[dict[str, Any], dict[str, str], int]
BERT = {"start": "[CLS]", "end": "[SEP]", "pad": "[PAD]", "mask": "[MASK]"}
ROBERTA = {"start": "<s>", "end": "</s>", "pad": "<pad>", "mask": "<mask>"}
ALBERT = {**BERT, "pad": "<pad>"}
_GPT2 = "<|endoftext|>"
_UNIGRAM, _CHARACTERS = 1, 4
_CONTROL, _TYPED = 3, 4
_NORMALIZERS: dict[str, list[dict[str, Any]]] = {
    "albert": [
        {"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
        {"type": "Replace", "pattern": {"String": "''"}, "content": '"'},
        {"type": "NFKD"},
        {"type": "StripAccents"},
        {"type": "Lowercase"},
    ],
    "xlm_roberta": [],
    "deberta_v3": [{"type": "Strip", "strip_left": True, "strip_right": True}],
}
_METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}


def word_pieces(
    vocabulary: Iterable[str] | Mapping[str, int],
    lowercase: bool = True,
    strip_accents: bool | None = None,
    chinese: bool = True,
    tokens: Mapping[str, str] = BERT,
) -> Made:
    """Make BERT's pipeline.

    Args:
        vocabulary: Tokens in the order of their ids, or token -> id; tokens inside of a word begin with ``##``.
        lowercase: Whether to convert to lower case.
        strip_accents: Whether to remove accents; None for the value of ``lowercase``.
        chinese: Whether each Chinese character is a separate word.
        tokens: The special tokens.

    Returns:
        Values, special tokens, separators.

    Example:
        >>> word_pieces(["[UNK]"])[0]["pre_tokenizer"]
        {'type': 'BertPreTokenizer'}
    """
    ids = vocabulary if isinstance(vocabulary, Mapping) else {token: id for id, token in enumerate(vocabulary)}
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": chinese,
        "strip_accents": strip_accents,
        "lowercase": lowercase,
    }
    model: dict[str, Any] = {
        "type": "WordPiece",
        "vocab": dict(ids),
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
    }
    model["max_input_chars_per_word"] = 100
    added = [added_token(ids[token], token) for token in {*tokens.values(), "[UNK]"} if token in ids]
    return _values(normalizer, {"type": "BertPreTokenizer"}, model, added), dict(tokens), 1


def byte_pairs(
    vocabulary: Mapping[str, int],
    merges: Sequence[str],
    tokens: Mapping[str, str] | None = None,
    prefix_space: bool = False,
) -> Made:
    """Make the pipeline of GPT-2 and RoBERTa.

    Args:
        vocabulary: Token -> id.
        merges: Pairs with a space between; pairs that are merged first come first.
        tokens: The special tokens; None for RoBERTa's, or for GPT-2's single one when the vocabulary contains it.
        prefix_space: Whether to add a space before a text.

    Returns:
        Values, special tokens, separators.
    """
    if tokens is None:
        # the padding of GPT-2 is masked, so any token works
        first = next((token for token, id in vocabulary.items() if id == 0), _GPT2)
        tokens = {"start": _GPT2, "end": _GPT2, "pad": first} if _GPT2 in vocabulary else ROBERTA
    special = {*tokens.values()} if _GPT2 not in tokens.values() else {_GPT2}
    added = [
        added_token(vocabulary[token], token, lstrip=token == tokens.get("mask"))
        for token in {*special, *(("<unk>",) if special != {_GPT2} else ())}
        if token in vocabulary
    ]
    model = {
        "type": "BPE",
        "vocab": dict(vocabulary),
        "merges": list(merges),
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": "",
        "fuse_unk": False,
        "byte_fallback": False,
    }
    before = {"type": "ByteLevel", "add_prefix_space": prefix_space, "trim_offsets": True, "use_regex": True}
    return _values(None, before, model, added), dict(tokens), 1 if special == {_GPT2} else 2


def sentence_pieces(proto: bytes, family: str) -> Made:
    """Make the pipeline of XLM-RoBERTa, ALBERT or DeBERTa-v3.

    Args:
        proto: The bytes of a SentencePiece model.
        family: ``"xlm_roberta"``, ``"albert"`` or ``"deberta_v3"``.

    Returns:
        Values, special tokens, separators.

    Raises:
        BackboneError: When it is not a SentencePiece model of pieces with scores.
    """
    limits.check("tokenizer_bytes", len(proto), "The SentencePiece model", BackboneError)
    read = _proto(proto)
    pieces = [(piece.piece, float(piece.score), piece.type) for piece in read.pieces]
    if read.trainer_spec.model_type not in (_UNIGRAM, _CHARACTERS) or not read.normalizer_spec.add_dummy_prefix:
        raise BackboneError(
            "The SentencePiece model is of a kind that no supported encoder has.",
            f"model type {read.trainer_spec.model_type}",
            "It must be 'unigram' or 'char', with a dummy prefix.",
        )
    unknown = next((number for number, (_, _, kind) in enumerate(pieces) if kind == 2), 0)
    tokens = {"xlm_roberta": ROBERTA, "albert": ALBERT}.get(family, BERT)
    if family == "xlm_roberta":
        # the ids are those of fairseq, which has four tokens of its own and leaves out three of the pieces
        first = [(token, 0.0, _CONTROL) for token in ("<s>", "<pad>", "</s>", "<unk>")]
        pieces, unknown = [*first, *pieces[3:], ("<mask>", 0.0, _CONTROL)], 3
    elif "[MASK]" not in {piece for piece, _, _ in pieces}:
        pieces.append(("[MASK]", 0.0, _CONTROL))
    added = [
        added_token(id, token, lstrip=token == tokens["mask"] and family != "deberta_v3", special=kind != _TYPED)
        for id, (token, _, kind) in enumerate(pieces)
        if kind in (_CONTROL, _TYPED) or token in tokens.values() or id == unknown
    ]
    normalizers = list(_NORMALIZERS[family])
    charsmap = read.normalizer_spec.precompiled_charsmap
    if charsmap:
        normalizers.append({"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode("ascii")})
    before: list[dict[str, Any]] = [{"type": "WhitespaceSplit"}, _METASPACE]
    if family == "deberta_v3":
        before = [_METASPACE]
        normalizers.append({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})
    model = {"type": "Unigram", "unk_id": unknown, "vocab": [[token, score] for token, score, _ in pieces]}
    return (
        _values(
            {"type": "Sequence", "normalizers": normalizers},
            {"type": "Sequence", "pretokenizers": before},
            {**model, "byte_fallback": False},
            added,
        ),
        dict(tokens),
        2 if family == "xlm_roberta" else 1,
    )


def _proto(proto: bytes) -> Any:
    from google.protobuf.message import DecodeError
    from sentencepiece import sentencepiece_model_pb2

    messages: Any = sentencepiece_model_pb2  # generated code; its classes are made during import

    try:
        return messages.ModelProto.FromString(proto)
    except DecodeError as error:
        raise BackboneError(f"The SentencePiece model cannot be read: {error}.", fix="Copy the model again.") from None


def added_token(id: int, content: str, lstrip: bool = False, special: bool = True) -> dict[str, Any]:
    """Describe a token that is found in a text before all other splitting.

    Args:
        id: The id of the token.
        content: The text of the token.
        lstrip: Whether spaces before the token belong to it.
        special: Whether it is a special token.

    Returns:
        The entry for ``tokenizer.json``.
    """
    flags = {"single_word": False, "lstrip": lstrip, "rstrip": False, "normalized": False, "special": special}
    return {"id": id, "content": content, **flags}


def _values(normalizer: Any, before: Any, model: dict[str, Any], added: list[dict[str, Any]]) -> dict[str, Any]:
    added = sorted(added, key=lambda token: int(token["id"]))
    return {"normalizer": normalizer, "pre_tokenizer": before, "model": model, "added_tokens": added}
