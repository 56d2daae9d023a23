"""Hostile texts and tokenizer files give correct tokens, or an error that names the text or the part of the file."""

import base64
import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest

import tfft
from tfft.core.errors import BackboneError, DataError, TfftError
from tfft.inputs.text import TextPreprocessor
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import byte_pairs, word_pieces
from tfft.tokenizers.tokenizer import Tokenizer
from tfft.tokenizers.tokenizer_tables import byte_signs

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far", "e", "好"]
SIGNS = {sign: id for id, sign in enumerate(["<s>", "<pad>", "</s>", "<mask>", *byte_signs()])}
FAMILIES = {"words": word_pieces(WORDS), "pairs": byte_pairs(SIGNS, [])}


def read(text: Any, family: str = "words") -> Any:
    made = JsonTokenizer(*FAMILIES[family])
    return TextPreprocessor(Tokenizer(family, 1, lambda: made), 64).many([text])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        # a control character is removed and does not separate words, as in pretraining: an unknown word, and "how"
        ("how\0far how", 4),
        ("\0" * 1_000_000 + "how", 3),
        ("\u200b\u00ad\ufeff\u202e" * 250_000 + "how", 3),
        (" \u3000\u2028\u0085" * 250_000, 2),
        ("e" + "\u0301" * 1_000_000, 3),
        ("\u0301" * 1_000_000, 2),
        ("how " * 1_000_000, 1_000_002),
        ("e " * 2_000_000, 2_000_002),
        ("z" * 4_000_000, 3),
        ("好" * 300_000, 300_002),
        ("[MASK]" * 100_000, 100_002),
        ("[" * 300_000, 300_002),
        ("\U0001f468\u200d" * 100_000, 3),
    ],
)
def test_a_hostile_text_has_the_tokens_that_bert_gives_it(attack: Any, text: str, whole: int) -> None:
    found = attack(lambda: read(text))
    assert not isinstance(found, TfftError), found
    assert found.whole.tolist() == [whole]
    assert len(found.rows[0]) == min(whole, 64)


def test_a_text_above_the_limit_is_refused_with_the_way_to_raise_it(attack: Any) -> None:
    error = attack(lambda: read("how far " * 1_250_000))
    assert isinstance(error, DataError)
    assert "Text 0: 10,000,000 characters" in str(error)
    assert "TFFT_MAX_TEXT_CHARACTERS" in error.fix


@pytest.mark.parametrize("text", ["how\0far", "a" * 200_000, "\u0301" * 100_000, " " * 1_000_000])
def test_byte_pairs_keep_every_byte(attack: Any, text: str) -> None:
    found = attack(lambda: read(text, "pairs"))
    assert found.whole.tolist() == [len(text.encode()) + 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("how \ud83d far", "half of a character"),
        ("\udc80\udcff", "half of a character"),
        (b"how \xff far", "a bytes"),
        (("how", b"\xff"), "a tuple"),
        (("how", "\ud83d"), "half of a character"),
        (3, "an int"),
        (None, "Got: None"),
    ],
)
def test_the_error_for_a_value_that_is_not_a_text_gives_its_number(attack: Any, text: Any, message: str) -> None:
    error = attack(lambda: read(text))
    assert isinstance(error, DataError)
    assert message in str(error)
    assert "Input 0" in error.what


def hostile(path: list[Any], value: Any, family: str = "words") -> dict[str, Any]:
    """A tokenizer file with one changed value."""
    values = copy.deepcopy(FAMILIES[family][0])
    inner: Any = values
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return values


def _nested(depth: int) -> Any:
    found: Any = {"type": "BertPreTokenizer"}
    for _ in range(depth):
        found = {"type": "Sequence", "pretokenizers": [found]}
    return found


def _charsmap(unit: int) -> str:
    return base64.b64encode(struct.pack("<I", 1024) + struct.pack("<I", unit) * 256 + b"a\0").decode()


METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}


def unigram(**parts: Any) -> dict[str, Any]:
    vocabulary = [[token, -1.0] for token in ("<unk>", *WORDS, "▁how")]
    model = {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": vocabulary}
    return {"normalizer": None, "pre_tokenizer": METASPACE, "added_tokens": [], "model": model, **parts}


def _replaced(content: str, pattern: str = "a") -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def _sequence(*parts: Any) -> dict[str, Any]:
    return unigram(normalizer={"type": "Sequence", "normalizers": list(parts)})


def _lengthening(replacement: str) -> dict[str, Any]:
    """A valid table of characters that replaces each "a" by a text."""
    units = [0] * 512
    units[0] = 256 << 10  # "a" leads from the root to the unit 256 ^ 97, whose leaf is 1
    units[256 ^ 97] = 97 | 1 << 8 | (256 ^ 97 ^ 1) << 10
    units[1] = 1 << 31  # the text at position 0
    table = struct.pack("<I", 2048) + struct.pack("<512I", *units) + replacement.encode() + b"\0"
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


def _pieces(*tokens: str) -> dict[str, Any]:
    vocabulary = [[token, -1.0] for token in ("<unk>", *tokens)]
    return unigram(model={"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": vocabulary})


BOMB = {"type": "Split", "pattern": {"Regex": "(a|a)*(a|a)*(a|a)*b"}, "behavior": "Isolated", "invert": False}
FILES: dict[str, Any] = {
    "a regular expression that never ends": hostile(["pre_tokenizer"], BOMB),
    "one inside of a sequence": hostile(["pre_tokenizer"], {"type": "Sequence", "pretokenizers": [BOMB]}),
    "one in a normalizer": unigram(normalizer={"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}),
    "sequences inside each other": hostile(["pre_tokenizer"], _nested(100)),
    "a step outside of the table": unigram(
        normalizer={"type": "Precompiled", "precompiled_charsmap": _charsmap(0x7FFFFE00)}
    ),
    "a text outside of the table": unigram(
        normalizer={"type": "Precompiled", "precompiled_charsmap": _charsmap(0xFFFFFFFF)}
    ),
    "texts that grow tenfold, seven times": _sequence(*[_replaced("a" * 10)] * 7),
    "a text that grows a millionfold": _sequence(_replaced("b" * 1_000_000)),
    "spaces that become words": _sequence(
        {"type": "Replace", "pattern": {"Regex": r"\s{2,}|[\n\r\t]"}, "content": "words"}
    ),
    "letters that become eighteen": _sequence(_replaced("ﷺ"), {"type": "NFKD"}),
    "forms of Unicode again and again": _sequence(_replaced("a", "ل"), {"type": "NFKD"}, {"type": "NFKC"}),
    "a long text to search for": _sequence(_replaced("", "a" * 1000 + "b")),
    "a thousand normalizers": _sequence(*[{"type": "StripAccents"}] * 1000),
    "a thousand pre-tokenizers": unigram(
        pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}] * 1000 + [METASPACE]}
    ),
    "a table that lengthens texts": _sequence(_lengthening("b" * 100_000)),
    "a table that lengthens texts by compatible characters": _sequence(_lengthening("ﷺ" * 30)),
    "pieces inside each other": _pieces(*("a" * length for length in range(1, 3000))),
    "a token of 100,000 characters": hostile(["model", "vocab", "z" * 100_000], 9),
    "an added token of 100,000 characters": hostile(["added_tokens", 0, "content"], "z" * 100_000),
    "a million added tokens": hostile(["added_tokens"], [{}] * 1_000_000),
    "an id that takes all memory": hostile(["model", "vocab", "z"], 2**62),
    "an id below zero": hostile(["model", "vocab", "z"], -(2**62)),
    "a word of any length": hostile(["model", "max_input_chars_per_word"], 2**62),
    "half of a character in the vocabulary": hostile(["model", "vocab", "\ud83d"], 9),
    "scores that are no numbers": unigram(model={"type": "Unigram", "unk_id": 0, "vocab": [["a", "1"], ["b", None]]}),
    "an infinite score": unigram(model={"type": "Unigram", "unk_id": 0, "vocab": [["a", float("inf")]]}),
    "an unknown token outside": unigram(model={"type": "Unigram", "unk_id": 2**40, "vocab": [["a", 0.0]]}),
    "merges of nothing": hostile(["model", "merges"], [["", ""]] * 100, "pairs"),
    "tokens at random": hostile(["model", "dropout"], 1.0, "pairs"),
    "added tokens of empty texts": hostile(["added_tokens", 0, "content"], ""),
    "added tokens beyond the embeddings": hostile(["added_tokens", 0, "id"], 2**31),
    "lists for objects": {"model": [], "normalizer": [], "pre_tokenizer": [], "added_tokens": []},
    "numbers for objects": {"model": 1, "normalizer": 2, "pre_tokenizer": 3, "added_tokens": 4},
    "special tokens that are lists": {
        **FAMILIES["words"][0],
        "post_processor": {"type": "BertProcessing", "cls": [[]], "sep": [[]]},
    },
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_tokenizer_json_is_refused(attack: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "num_hidden_layers": 2}))
    (tmp_path / "tokenizer.json").write_text(json.dumps(FILES[name]))
    error = attack(lambda: tfft.load_backbone(str(tmp_path), weights=None).preprocessor("a" * 50))
    assert isinstance(error, BackboneError), error
    assert "tokenizer.json'" in str(error)


def test_a_table_that_replaces_plain_letters_by_longer_texts_is_refused(attack: Any) -> None:
    tokens = dict.fromkeys(("start", "end", "pad"), "<unk>")
    made = JsonTokenizer(_sequence(_lengthening("bbb")), tokens)
    assert made._made.normalizer.normalize_str("xax") == "xbbbx"
    error = attack(lambda: JsonTokenizer(_sequence(_lengthening("b" * 30)), tokens))
    assert isinstance(error, BackboneError)
    assert "lengthens texts" in str(error)


def test_a_text_that_grows_beyond_the_limit_is_refused(attack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = JsonTokenizer(_sequence({"type": "NFKD"}), dict.fromkeys(("start", "end", "pad"), "<unk>"))
    monkeypatch.setenv("TFFT_MAX_TEXT_CHARACTERS", "100_000")
    assert not isinstance(attack(lambda: made.encode(["é" * 50_000])), TfftError)
    error = attack(lambda: made.encode(["how", "ﷺ" * 50_000]))
    assert isinstance(error, DataError)
    assert str(error).startswith("Text 1: 225,000 characters are more than the limit")


@pytest.mark.parametrize(
    "content", [b"[" * 1_000_000, b'{"model":' * 1_000_000, b" " * (64 * 2**20 + 1), b'{"model": 1e999}']
)
def test_a_file_too_deep_or_too_large_is_refused(attack: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "num_hidden_layers": 2}))
    (tmp_path / "tokenizer.json").write_bytes(content)
    error = attack(lambda: tfft.load_backbone(str(tmp_path), weights=None).preprocessor("how"))
    assert isinstance(error, BackboneError), error


@pytest.mark.parametrize("damage", [b"", b"{}", b"[" * 100_000, b'{"model": {"type": "BPE"}}'])
def test_a_hostile_tokenizer_in_a_bundle_is_refused(attack: Any, tmp_path: Path, damage: bytes) -> None:
    made = JsonTokenizer(*FAMILIES["words"])
    described = Tokenizer("words", 1, lambda: made)
    described.save(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(damage)
    error = attack(lambda: Tokenizer.read(tmp_path, described.to_dict()))
    assert isinstance(error, TfftError)
    assert str(tmp_path) in str(error)
