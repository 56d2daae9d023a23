"""A tokenizer.json is read when each of its parts is known; otherwise the error names the part."""

import copy

import pytest

from tfft.core.errors import BackboneError
from tfft.tokenizers.pipelines import byte_pairs, word_pieces
from tfft.tokenizers.tokenizer_json import around, checked, parsed
from tfft.tokenizers.tokenizer_tables import byte_signs

WORDS = word_pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how"])[0]
SIGNS = {sign: id for id, sign in enumerate(["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "it"])}
PAIRS = byte_pairs(SIGNS, ["i t"])[0]
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
PIECES = {
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]},
    "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.5]], "byte_fallback": False},
    "added_tokens": [],
}


def changed(values, path, value):
    """A copy with one changed value."""
    found = copy.deepcopy(values)
    *outer, last = path
    inner = found
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return found


@pytest.mark.parametrize("values", [WORDS, PAIRS, PIECES])
def test_what_tokens_depend_on_is_kept_and_the_rest_is_left_out(values):
    found = checked({**values, "truncation": {"max_length": 128}, "padding": {"strategy": {"Fixed": 128}}}, "a file")
    assert {key: found[key] for key in values} == values
    assert [found[key] for key in ("truncation", "padding", "post_processor", "decoder")] == [None] * 4


@pytest.mark.parametrize("values", [WORDS, PAIRS, PIECES])
def test_a_model_without_a_type_is_known_by_its_tables(values):
    old = copy.deepcopy(values)
    kind = old["model"].pop("type")
    assert checked(old, "a file")["model"]["type"] == kind


@pytest.mark.parametrize(
    ("values", "path", "value", "message"),
    [
        (WORDS, ["model"], None, "'model' must be an object"),
        (WORDS, ["model", "type"], "WordLevel", "the model must be one of 'WordPiece', 'BPE', 'Unigram'"),
        (WORDS, ["model", "type"], ["WordPiece"], "the model must be one of"),
        (WORDS, ["model", "vocab"], ["how"], "'vocab' must be an object"),
        (WORDS, ["model", "vocab", "far"], 5, "one id to several tokens"),
        (WORDS, ["model", "vocab", "far"], -1, "tokens and ids"),
        (WORDS, ["model", "vocab", "far"], 2**40, "ids must be below"),
        (WORDS, ["model", "vocab", "far"], True, "tokens and ids"),
        (WORDS, ["model", "vocab", "far"], "6", "tokens and ids"),
        (WORDS, ["model", "vocab", "\ud83d"], 6, "tokens and ids"),
        (WORDS, ["model", "vocab"], {}, "at least one token"),
        (WORDS, ["model", "unk_token"], "<unk>", "'unk_token' must be in the vocabulary"),
        (WORDS, ["model", "unk_token"], [], "'unk_token' must be in the vocabulary"),
        (WORDS, ["model", "max_input_chars_per_word"], 10**9, "from 1 to 1000"),
        (WORDS, ["model", "continuing_subword_prefix"], "@@", "must be '##'"),
        (WORDS, ["normalizer"], "lower", "must be an object, or a Sequence"),
        (WORDS, ["normalizer"], {"type": "Nmt"}, "normalizer 'Nmt' is not supported"),
        (WORDS, ["normalizer"], {"type": "NFC"}, "does not belong to this kind of model"),
        (WORDS, ["normalizer", "lowercase"], "yes", "'lowercase' of 'BertNormalizer' must be true or false"),
        (WORDS, ["normalizer", "strip_accents"], "no", "'strip_accents' must be"),
        (WORDS, ["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": "(a+)+$"}}, "'Split' is not supported"),
        (WORDS, ["pre_tokenizer"], None, "needs one pre-tokenizer 'BertPreTokenizer'"),
        (WORDS, ["pre_tokenizer"], {"type": "Sequence", "pretokenizers": 3}, "a Sequence of objects"),
        (WORDS, ["added_tokens"], {}, None),
        (WORDS, ["added_tokens"], "all", "'added_tokens' must be a list"),
        (WORDS, ["added_tokens", 0, "id"], 4, r"must have the id 0"),
        (WORDS, ["added_tokens", 0, "lstrip"], 1, "must have an id, content"),
        (WORDS, ["added_tokens", 0, "content"], "", "must have an id, content"),
        (PAIRS, ["model", "merges"], ["i"], "must be a pair"),
        (PAIRS, ["model", "merges"], [["i", 3]], "must be a pair"),
        (PAIRS, ["model", "merges"], ["i s"], "a pair that the vocabulary lacks"),
        (PAIRS, ["model", "merges"], None, "'merges' must be a list"),
        (PAIRS, ["model", "dropout"], 0.1, "'dropout' of 'BPE'"),
        (PAIRS, ["model", "byte_fallback"], True, "'byte_fallback' of 'BPE'"),
        (PAIRS, ["pre_tokenizer", "use_regex"], False, "'use_regex' of 'ByteLevel' must be True"),
        (PAIRS, ["pre_tokenizer", "add_prefix_space"], None, "must be true or false"),
        (PAIRS, ["model", "vocab"], {"<s>": 0, "i": 1, "t": 2, "it": 3}, "lacks 254 of the 256 bytes"),
        (PIECES, ["model", "vocab"], [["<unk>", 0.0], ["<unk>", 0.0]], "holds tokens twice"),
        (PIECES, ["model", "vocab"], [["<unk>", float("nan")]], "tokens and scores"),
        (PIECES, ["model", "vocab"], [["<unk>"]], "tokens and scores"),
        (PIECES, ["model", "unk_id"], 7, "'unk_id' must be a position"),
        (PIECES, ["model", "unk_id"], None, "'unk_id' must be a position"),
        (PIECES, ["model", "byte_fallback"], True, "'byte_fallback' of 'Unigram'"),
        (PIECES, ["normalizer"], {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}, "'Replace' must"),
        (PIECES, ["normalizer"], {"type": "Replace", "pattern": {"String": ""}, "content": "x"}, "'Replace' must"),
        (PIECES, ["normalizer"], {"type": "Precompiled", "precompiled_charsmap": "AAAA"}, "table of characters"),
        (PIECES, ["normalizer"], {"type": "Precompiled", "precompiled_charsmap": 3}, "table of characters"),
        (PIECES, ["pre_tokenizer", "pretokenizers", 1, "replacement"], "_", "'replacement' of 'Metaspace'"),
    ],
)
def test_a_part_that_is_not_known_is_refused_by_its_name(values, path, value, message):
    wrong = changed(values, path, value)
    if message is None:
        assert checked(wrong, "a file")["added_tokens"] == [], "as good as an empty list"
        return
    with pytest.raises(BackboneError, match=message) as caught:
        checked(wrong, "'here/tokenizer.json'")
    assert caught.value.what.startswith("'here/tokenizer.json'")
    assert "vocab.txt" in caught.value.fix


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"3", b"[]", b"[" * 100_000, b'{"a":' * 100_000])
def test_a_file_that_holds_no_object_is_refused(content):
    with pytest.raises(BackboneError, match=r"a file (cannot be read|must hold a JSON object)"):
        parsed(content, "a file")


def template(single, pair):
    def row(name):
        return (
            {"Sequence": {"id": name, "type_id": 0}} if name in "AB" else {"SpecialToken": {"id": name, "type_id": 0}}
        )

    rows = {"single": [row(name) for name in single.split()], "pair": [row(name) for name in pair.split()]}
    return {"type": "TemplateProcessing", **rows}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (None, None),
        ({"type": "ByteLevel"}, None),
        (template("A", "A B"), None),
        (template("[CLS] A [SEP]", "[CLS] A [SEP] B [SEP]"), ("[CLS]", "[SEP]", 1)),
        (template("<s> A </s>", "<s> A </s> </s> B </s>"), ("<s>", "</s>", 2)),
        ({"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]}, ("<s>", "</s>", 2)),
        ({"type": "BertProcessing", "cls": ["[CLS]", 0], "sep": ["[SEP]", 2]}, ("[CLS]", "[SEP]", 1)),
        (
            {"type": "Sequence", "processors": [{"type": "ByteLevel"}, template("a A b", "a A b B b")]},
            ("a", "b", 1),
        ),
    ],
)
def test_the_post_processor_says_what_stands_around_a_text(part, expected):
    assert around({"post_processor": part}, "a file") == expected


@pytest.mark.parametrize(
    "part",
    [
        template("[CLS] A", "[CLS] A B"),
        template("[CLS] A [SEP]", "[CLS] B [SEP] A [SEP]"),
        {"type": "TemplateProcessing"},
        {"type": "BertProcessing", "cls": []},
        {"type": "Sequence", "processors": None},
        {"type": "Other"},
        "[CLS] A",
        [3],
    ],
)
def test_another_post_processor_is_refused(part):
    with pytest.raises(BackboneError, match="must put one token before a text and one after it"):
        around({"post_processor": part}, "a file")
