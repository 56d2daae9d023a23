"""A folder with a text encoder becomes a backbone; what is missing in it, or of another kind, is named."""

import json
import shutil
import string
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import tfft
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.packages import PACKAGES
from tfft.core.errors import BackboneError, DataError, WeightsError

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A BERT of KerasHub with a vocabulary of letters; tests work on copies."""
    import keras
    import keras_hub

    folder = tmp_path_factory.mktemp("saved")
    letters = [mark + letter for letter in string.ascii_lowercase for mark in ("", "##")]
    tokenizer = keras_hub.models.BertTokenizer([*SPECIAL, *letters], lowercase=True)
    keras.utils.set_random_seed(1)
    net = keras_hub.models.BertBackbone(tokenizer.vocabulary_size(), 2, 2, 8, 16)
    for part in (net, tokenizer):
        part.save_to_preset(str(folder))
    return folder


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    return shutil.copytree(saved, tmp_path / "encoder")


def test_a_folder_becomes_a_backbone_with_its_weights(folder):
    import keras_hub

    described = tfft.load_backbone(str(folder))
    assert [block.name for block in described.blocks] == ["embeddings", "layer1", "layer2"]
    assert (described.handle, dict(described.options)) == (str(folder), {"weights": "pretrained"})
    expected = keras_hub.models.BertBackbone.from_preset(str(folder)).get_layer("token_embedding").embeddings
    np.testing.assert_array_equal(described.load(seed=7).get_layer("token_embedding").embeddings, expected)
    assert described.preprocessor("a bee").shape == (6, 2)


def test_without_pretrained_weights_the_seed_draws_them(folder):
    (folder / "model.weights.h5").unlink()
    described = tfft.load_backbone(str(folder), weights=None)
    one, same, other = (described.load(seed).get_layer("token_embedding").embeddings.numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_length_is_what_the_user_wants_or_what_it_was_trained_on(folder):
    assert tfft.load_backbone(str(folder)).preprocessor.length == 512
    short = tfft.load_backbone(str(folder), length=8).preprocessor
    assert len(short("a b c d e f g h i j")) == short.length == 8


@pytest.mark.parametrize("length", [513, 10_000, 64.0, "64"])
def test_a_length_that_it_does_not_take_is_refused(folder, length):
    with pytest.raises(BackboneError, match=r"not possible with .*It takes up to 512 tokens") as caught:
        tfft.load_backbone(str(folder), length=length)
    assert f"length={length!r}" in caught.value.what


@pytest.mark.parametrize("length", [7, 0, -1, True])
def test_a_length_without_room_for_a_text_is_refused(folder, length):
    with pytest.raises(DataError, match="at least 8"):
        tfft.load_backbone(str(folder), length=length)


def test_other_words_for_weights_are_refused(folder):
    with pytest.raises(WeightsError, match=r"has no weights 'imagenet'\. Pass 'pretrained', or None"):
        tfft.load_backbone(str(folder), weights="imagenet")


@pytest.mark.parametrize(
    ("values", "family"),
    [
        ({"model_type": "bert", "num_hidden_layers": 3}, "bert"),
        ({"model_type": "distilbert", "n_layers": 3}, "distil_bert"),
        ({"model_type": "roberta", "num_hidden_layers": 3, "max_position_embeddings": 514}, "roberta"),
        ({"model_type": "xlm-roberta", "num_hidden_layers": 3, "max_position_embeddings": 514}, "xlm_roberta"),
        ({"model_type": "albert", "num_hidden_layers": 3}, "albert"),
        ({"model_type": "gpt2", "n_layer": 3}, "gpt2"),
        *(({"class_name": family.backbone, "config": {"num_layers": 3}}, name) for name, family in FAMILIES.items()),
    ],
)
def test_the_configuration_says_which_family_it_is(tmp_path, values, family):
    (tmp_path / "config.json").write_text(json.dumps(values))
    described = tfft.load_backbone(str(tmp_path), weights=None)
    assert described.blocks == FAMILIES[family].blocks(3)
    assert described.features.pooling == FAMILIES[family].pooling
    assert described.preprocessor.segments == FAMILIES[family].segments
    assert described.preprocessor.length == FAMILIES[family].length


def test_a_folder_without_a_model_tells_what_was_looked_for_and_what_is_there(folder):
    (folder / "config.json").unlink()
    with pytest.raises(BackboneError, match=r"holds no model: it has no config\.json") as caught:
        tfft.load_backbone(str(folder))
    assert "'model.weights.h5'" in caught.value.got
    assert "'tokenizer.json'" in caught.value.got
    for wanted in ("config.json", "model.safetensors", "model.weights.h5", "vocabulary"):
        assert wanted in caught.value.fix


def test_weights_of_pytorch_alone_are_refused_with_how_to_convert_them(folder):
    (folder / "model.weights.h5").rename(folder / "pytorch_model.bin")
    with pytest.raises(
        WeightsError, match=r"holds no weights that tfft can read.*Convert them.*save_pretrained"
    ) as caught:
        tfft.load_backbone(str(folder))
    assert "'pytorch_model.bin'" in caught.value.got
    assert "model.safetensors" in caught.value.fix


def test_a_folder_without_weights_tells_what_was_looked_for(folder):
    (folder / "model.weights.h5").unlink()
    with pytest.raises(
        WeightsError,
        match=r"holds no weights that tfft can read.*Copy one of 'model\.safetensors'.*'model\.weights\.h5'",
    ):
        tfft.load_backbone(str(folder))


@pytest.mark.parametrize("kind", ["llama", "swin", ""])
def test_a_model_of_another_kind_is_refused_with_those_that_are_known(folder, kind):
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    with pytest.raises(BackboneError, match=r"which tfft does not know\. For texts it knows 'bert'.*'gpt2'") as caught:
        tfft.load_backbone(str(folder))
    assert repr(kind) in caught.value.what


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"3", b'["bert"]'])
def test_a_configuration_that_cannot_be_read_is_named(folder, content):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(BackboneError, match=r"config\.json' cannot be read.*Copy the model again"):
        tfft.load_backbone(str(folder))


@pytest.mark.parametrize("missing", ["tokenizer.json", "assets"])
def test_a_tokenizer_without_its_files_is_refused_when_it_is_needed(folder, missing):
    path = next(folder.rglob(missing)) if missing != "assets" else next(folder.rglob("vocabulary.txt"))
    path.unlink()
    described = tfft.load_backbone(str(folder))
    with pytest.raises(WeightsError, match="could not be loaded") as caught:
        described.preprocessor("a bee")
    assert str(folder) in caught.value.what


def test_a_vocabulary_without_cls_is_refused_with_the_token(folder):
    path = next(folder.rglob("vocabulary.txt"))
    path.write_text(path.read_text().replace("[CLS]", "cls"))
    with pytest.raises(WeightsError, match=r"could not be loaded.*\[CLS\]"):
        tfft.load_backbone(str(folder)).preprocessor("a bee")


def test_damaged_weights_are_refused(folder):
    (folder / "model.weights.h5").write_bytes(b"no weights")
    described = tfft.load_backbone(str(folder))
    with pytest.raises(WeightsError, match=r"model\.weights\.h5 of .* is damaged") as caught:
        described.load()
    assert str(folder) in caught.value.what


@pytest.mark.parametrize(("stripping", "same"), [(True, True), (False, False), (None, True)])
def test_accents_are_dropped_where_the_tokenizer_of_transformers_does(folder, stripping, same):
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "strip_accents": stripping}))
    read = tfft.load_backbone(str(folder)).preprocessor
    assert np.array_equal(read("café"), read("cafe")) == same


def test_a_preset_without_a_network_is_refused_when_it_is_loaded(monkeypatch):
    from keras_hub.src.utils import preset_utils

    def refused(*_, **__):
        raise OSError("no network")

    described = tfft.load_backbone("bert_tiny_en_uncased")
    monkeypatch.setattr(preset_utils, "get_file", refused)
    for needed in (described.load, lambda: described.preprocessor("a bee")):
        with pytest.raises(WeightsError, match=r"'bert_tiny_en_uncased' could not be loaded: OSError: no network"):
            needed()


def test_a_package_is_found_without_importing_it(monkeypatch, folder, tmp_path):
    package, inside, _ = PACKAGES["minilm_l6"]
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise RuntimeError('imported')")
    folder.rename(tmp_path / package / inside)
    monkeypatch.delitem(sys.modules, package, raising=False)  # a test before this one may have imported the real one
    monkeypatch.syspath_prepend(tmp_path)
    described = tfft.load_backbone("minilm_l6")
    assert described.handle == "minilm_l6"
    assert described.load().output_shape[0] == (None, None, 8)


needs_minilm = pytest.mark.skipif(
    find_spec(PACKAGES["minilm_l6"].module) is None,
    reason=f"the weights of MiniLM are not installed; {PACKAGES['minilm_l6'].install}",
)


@pytest.mark.real
@needs_minilm
def test_minilm_finds_paraphrases_nearer_than_other_sentences():
    described = tfft.load_backbone("minilm_l6")
    assert [block.name for block in described.blocks] == ["embeddings", *(f"layer{number}" for number in range(1, 7))]
    texts = ["A man is playing the guitar.", "Someone plays a guitar.", "The stock market fell sharply today."]
    arrays = described.preprocessor.collate(list(described.preprocessor.many(texts).rows))
    features, mask = map(np.asarray, described.load()(list(arrays.values())))
    vectors = (features * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > 0.7
    assert max(likeness[0, 2], likeness[1, 2]) < 0.3


@pytest.mark.real
@needs_minilm
def test_minilm_reads_accents_and_capitals_as_its_own_tokenizer_does():
    read = tfft.load_backbone("minilm_l6").preprocessor
    np.testing.assert_array_equal(read("café"), read("cafe"))
    np.testing.assert_array_equal(read("CAFÉ"), read("cafe"))
    assert read("cafe")[:, 0].tolist()[0::2] == [101, 102]


@pytest.mark.parametrize(
    ("kind", "preset"), [("deberta-v2", "deberta_v3_extra_small_en"), ("electra", "electra_small")]
)
def test_what_kerashub_does_not_read_of_hugging_face_is_refused_before_anything_is_built(tmp_path, kind, preset):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind, "num_hidden_layers": 3}))
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(
        BackboneError,
        match=rf"KerasHub 0\.32 does not read models of the kind '{kind}' in the format of Hugging Face.*Keras presets.*{preset}",
    ):
        tfft.load_backbone(str(tmp_path))


def test_a_text_is_as_long_as_there_are_positions(tmp_path):
    (tmp_path / "model.safetensors").touch()
    for kind, positions, limit in (
        ("bert", 128, 128),
        ("roberta", 514, 512),
        ("bert", 1026, 1024),
        ("gpt2", 1024, 1024),
    ):
        config = {"model_type": kind, "num_hidden_layers": 3, "max_position_embeddings": positions}
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert tfft.load_backbone(str(tmp_path)).preprocessor.length == limit
        assert tfft.load_backbone(str(tmp_path), length=16).most_tokens == limit
        with pytest.raises(BackboneError, match=f"up to {limit} tokens"):
            tfft.load_backbone(str(tmp_path), length=limit + 4)


@pytest.mark.parametrize("lines", [6, 10_000])
def test_a_vocabulary_of_another_model_is_refused_when_weights_are_loaded(folder, lines):
    assets = folder / "assets" / "tokenizer" / "vocabulary.txt"
    assets.write_text("\n".join([*SPECIAL, *(f"word{i}" for i in range(lines - 5))]))
    with pytest.raises(BackboneError, match=rf"does not fit its weights\. Got: {lines:,} tokens for 57 embeddings"):
        tfft.load_backbone(str(folder)).load()
