"""The tokenizer of a folder is what its files say, whichever of them there are; what they do not say is refused, not guessed."""

import json

import pytest

import tfft
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.tokenizer_files import of_kerashub, tokenizer
from tfft.core.errors import BackboneError, WeightsError
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import word_pieces
from tfft.tokenizers.tokenizer import Tokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "far", "How", "café", "cafe"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "num_hidden_layers": 2}))
    return tmp_path


def written(folder, words=WORDS, **files):
    """Put ``vocab.txt`` and JSON files, by the first part of their name, into a folder."""
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    for name, values in files.items():
        (folder / f"{name}.json").write_text(json.dumps(values))
    return folder


def bert_json(lowercase=True, **more):
    values = word_pieces(WORDS, lowercase)[0]
    return {"version": "1.0", "truncation": {"max_length": 4}, **values, **more}


def tokens(folder, text, name="bert"):
    made = tokenizer(str(folder), FAMILIES[name])
    known = {id: token for token, id in made.get_vocabulary().items()}
    return " ".join(known[id] for id in made.encode([text])[0].tolist())


def test_a_folder_of_transformers_5_needs_no_vocab_txt(folder):
    (folder / "tokenizer.json").write_text(json.dumps(bert_json()))
    assert tokens(folder, "HOW far\u3000CAFÉ") == "how far cafe"
    assert len(tfft.load_backbone(str(folder), weights=None).preprocessor("how far " * 20)) == 42, "not truncated"


def test_tokenizer_json_comes_before_the_vocabulary(folder):
    written(folder, WORDS[::-1], tokenizer=bert_json())
    assert tokens(folder, "How") == "how"


@pytest.mark.parametrize(
    ("stated", "expected"), [({}, "how"), ({"do_lower_case": None}, "how"), ({"do_lower_case": False}, "How")]
)
@pytest.mark.parametrize("file", [True, False])
def test_capitals_become_small_unless_the_files_say_otherwise(folder, stated, expected, file):
    written(folder, **({"tokenizer": bert_json()} if file else {}), tokenizer_config=stated)
    assert tokens(folder, "How") == expected


def test_without_a_configuration_tokenizer_json_decides(folder):
    (folder / "tokenizer.json").write_text(json.dumps(bert_json(lowercase=False)))
    assert tokens(folder, "How") == "How"
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    assert tokens(folder, "How") == "how"


@pytest.mark.parametrize(("stripped", "expected"), [(None, "cafe"), (True, "cafe"), (False, "café")])
def test_accents_are_stripped_as_the_configuration_says(folder, stripped, expected):
    written(folder, tokenizer_config={"strip_accents": stripped})
    assert tokens(folder, "CAFÉ") == expected


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_a_switch_of_another_type_is_refused(folder, value):
    written(folder, tokenizer_config={"do_lower_case": value})
    with pytest.raises(BackboneError, match="'lowercase' of 'BertNormalizer' must be true or false"):
        tokens(folder, "How")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"])
def test_a_damaged_file_is_refused_and_not_passed_over(folder, name, content):
    (written(folder) / name).write_bytes(content)
    with pytest.raises(BackboneError, match=rf"{name}' (cannot be read|must hold a JSON object)"):
        tokens(folder, "How")


def test_added_tokens_are_used_where_their_ids_follow_the_vocabulary(folder):
    written(folder, added_tokens={"covid19": 10, "<user>": 11})
    assert tokens(folder, "how covid19 far <user>") == "how covid19 far <user>"


def test_added_tokens_of_the_configuration_are_used_as_well(folder):
    row = {
        "content": "<user>",
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "single_word": False,
        "special": True,
    }
    written(folder, tokenizer_config={"added_tokens_decoder": {"4": {**row, "content": "[MASK]"}, "10": row}})
    assert tokens(folder, "how <user>[MASK]") == "how <user> [MASK]"
    written(folder, tokenizer=bert_json(), tokenizer_config={"added_tokens_decoder": {"10": row}})
    assert tokens(folder, "how <user>[MASK]") == "how <user> [MASK]"


@pytest.mark.parametrize("id", [11, 4, -1, "ten", None, 10.5])
def test_added_tokens_with_other_ids_are_refused(folder, id):
    written(folder, added_tokens={"covid19": id})
    with pytest.raises(BackboneError, match=r"'covid19' must have the id 10|must have an id, content"):
        tokens(folder, "how")


def test_additional_special_tokens_are_used_or_refused(folder):
    written(folder, special_tokens_map={"additional_special_tokens": ["how", {"content": "far"}]})
    assert tokens(folder, "howfar") == "how far"
    written(folder, special_tokens_map={"additional_special_tokens": ["<user>"]})
    with pytest.raises(BackboneError, match=r"additional special token '<user>' has no id.*added_tokens\.json"):
        tokens(folder, "how")


def test_special_tokens_are_those_that_the_configuration_names(folder):
    words = ["<pad>", "[UNK]", "<s>", "</s>", "how"]
    named = {"cls_token": "<s>", "sep_token": {"content": "</s>"}, "pad_token": "<pad>"}
    written(folder, words, tokenizer_config=named)
    made = tokenizer(str(folder), FAMILIES["bert"])
    assert (made.start_token_id, made.end_token_id, made.pad_token_id) == (2, 3, 0)


def test_a_special_token_that_is_not_there_is_refused(folder):
    written(folder, [word for word in WORDS if word != "[SEP]"])
    with pytest.raises(BackboneError, match=r"lacks special tokens\. Got: end='\[SEP\]'"):
        tokens(folder, "how")


def test_what_stands_around_texts_is_what_the_post_processor_says(folder):
    roberta = {"type": "RobertaProcessing", "cls": ["how", 5], "sep": ["far", 6], "trim_offsets": True}
    (folder / "tokenizer.json").write_text(json.dumps(bert_json(post_processor={**roberta, "add_prefix_space": False})))
    read = Tokenizer("x", 1, lambda: tokenizer(str(folder), FAMILIES["bert"]))
    assert read.pack([("cafe", "cafe")], 16).rows[0][:, 0].tolist() == [5, 9, 6, 6, 9, 6]
    assert read.between == read.to_dict()["separators"] == 2


def test_of_a_line_that_stands_twice_the_later_one_counts_and_empty_ones_have_none(folder):
    written(folder, [*WORDS, "", "how"])
    made = tokenizer(str(folder), FAMILIES["bert"])
    assert made.encode(["how"])[0].tolist() == [11]
    assert made.vocabulary_size() == 12


def test_a_folder_without_a_tokenizer_names_the_files_that_were_looked_for(folder):
    with pytest.raises(WeightsError, match=r"holds no tokenizer\. Got: 'config\.json'") as caught:
        tokens(folder, "how")
    for name in ("tokenizer.json", "vocab.txt", "vocab.json and merges.txt", "sentencepiece.bpe.model", "spiece.model"):
        assert name in caught.value.fix


def test_a_folder_whose_tokenizer_is_of_another_kind_is_refused_when_a_text_is_read(folder):
    (folder / "tokenizer.json").write_text(json.dumps({**bert_json(), "pre_tokenizer": {"type": "Split"}}))
    with pytest.raises(BackboneError, match=r"tokenizer\.json': the pre-tokenizer 'Split' is not supported"):
        tfft.load_backbone(str(folder), weights=None).preprocessor("how")


def test_a_tokenizer_of_kerashub_with_options_of_its_own_stays():
    import keras_hub

    for options in ({"split": False}, {"suffix_indicator": "@@"}):
        made = keras_hub.tokenizers.BertTokenizer(WORDS, **options)
        assert of_kerashub(made) is made
    cased = of_kerashub(keras_hub.tokenizers.BertTokenizer(WORDS, lowercase=False))
    assert isinstance(cased, JsonTokenizer)
    assert not cased.values["normalizer"]["lowercase"]
