"""BERT over any vocabulary: its sizes are as told, its weights drawn, and a vocabulary that cannot serve is refused."""

import numpy as np
import pytest

import tfft
from tfft.backbones.keras_hub.scratch import SIZES, names
from tfft.core.errors import BackboneError, DataError, WeightsError

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join([*SPECIAL, "好", "看", "film", "##s", "é"]), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", names())
def test_layers_width_and_heads_are_as_requested(name, vocabulary):
    described = tfft.load_backbone(name, vocabulary=vocabulary)
    assert len(described.blocks) == SIZES[name].layers + 1
    assert described.features.pooling == "average"
    net = described.load()
    assert net.output_shape[0] == (None, None, SIZES[name].width)
    layer = net.get_layer("transformer_layer_0")
    assert layer.num_heads == SIZES[name].heads
    assert layer.intermediate_dim == 4 * SIZES[name].width
    assert net.get_layer("token_embedding").embeddings.shape == (10, SIZES[name].width)


def test_weights_are_drawn_by_the_seed():
    described = tfft.load_backbone("toy_text")
    one, same, other = (np.concatenate([w.numpy().ravel() for w in described.load(seed).weights]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_every_word_of_plain_english_is_known_letter_by_letter():
    found = tfft.load_backbone("toy_text").preprocessor.many(
        ["It's 4 o'clock, (nearly) 100% \"sure\"!", "naïve café", "好"]
    )
    assert found.unknown.tolist() == [0, 0, 1]


def test_texts_are_tokens_of_the_vocabulary_of_the_user(vocabulary):
    read = tfft.load_backbone("bert_tiny", vocabulary=str(vocabulary)).preprocessor
    assert read("好看 Films")[:, 0].tolist() == [2, 5, 6, 7, 8, 3]


def test_upper_case_and_accents_stay_where_they_are_wanted(vocabulary):
    lower, kept = (
        tfft.load_backbone("toy_text", vocabulary=vocabulary, lowercase=way).preprocessor for way in (True, False)
    )
    assert lower.many(["Film", "é"]).unknown.tolist() == [0, 1]
    assert kept.many(["Film", "é"]).unknown.tolist() == [1, 0]
    assert kept("é")[1, 0] == 9


def test_the_options_make_the_same_backbone_again(vocabulary):
    options = {"vocabulary": vocabulary, "lowercase": False, "length": 64, "dropout": 0.0}
    described = tfft.load_backbone("bert_tiny", **options)
    assert dict(described.options) == {**options, "vocabulary": str(vocabulary)}
    assert tfft.load_backbone(described.handle, **dict(described.options)) == described
    assert described.preprocessor.length == 64


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_dropout_has_the_given_rate_and_only_in_training(dropout):
    net = tfft.load_backbone("toy_text", dropout=dropout).load()
    inputs = [np.ones((2, 8), np.int32)] * 3
    calm = np.asarray(net(inputs)[0])
    np.testing.assert_array_equal(calm, net(inputs)[0])
    assert np.allclose(calm, net(inputs, training=True)[0], atol=1e-6) == (dropout == 0)


def test_a_name_without_a_vocabulary_is_refused():
    with pytest.raises(BackboneError, match=r"'bert_tiny' needs a vocabulary\. Pass vocabulary=\"vocab.txt\""):
        tfft.load_backbone("bert_tiny")


@pytest.mark.parametrize("lacking", SPECIAL)
def test_a_vocabulary_without_a_token_that_bert_needs_is_refused(tmp_path, lacking):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join([*(token for token in SPECIAL if token != lacking), "film"]))
    with pytest.raises(
        WeightsError, match=r"lacks tokens that BERT needs.*Add each token in a line of its own"
    ) as caught:
        tfft.load_backbone("bert_tiny", vocabulary=path)
    assert caught.value.got == repr(lacking)
    assert str(path) in caught.value.what


def test_a_vocabulary_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"nix\.txt' cannot be read.*Check the path"):
        tfft.load_backbone("bert_tiny", vocabulary=tmp_path / "nix.txt")
    with pytest.raises(WeightsError, match="cannot be read"):
        tfft.load_backbone("bert_tiny", vocabulary=tmp_path)
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    with pytest.raises(WeightsError, match=r"latin\.txt' cannot be read"):
        tfft.load_backbone("bert_tiny", vocabulary=tmp_path / "latin.txt")


def test_a_vocabulary_of_windows_and_one_that_ends_in_an_empty_line_are_read(vocabulary):
    plain = tfft.load_backbone("bert_tiny", vocabulary=vocabulary).preprocessor("好看 films")
    content = vocabulary.read_text(encoding="utf-8")
    vocabulary.write_bytes((content.replace("\n", "\r\n") + "\r\n").encode())
    np.testing.assert_array_equal(
        tfft.load_backbone("bert_tiny", vocabulary=vocabulary).preprocessor("好看 films"), plain
    )


@pytest.mark.parametrize("length", [513, 64.0, "64", None])
def test_a_length_that_it_does_not_take_is_refused(length):
    with pytest.raises(BackboneError, match=r"not possible with 'toy_text'\. It takes up to 512 tokens") as caught:
        tfft.load_backbone("toy_text", length=length)
    assert f"length={length!r}" in caught.value.what


@pytest.mark.parametrize("length", [7, 0, -1, True])
def test_a_length_without_room_for_a_text_is_refused(length):
    with pytest.raises(DataError, match="at least 8"):
        tfft.load_backbone("toy_text", length=length)


def test_a_vocabulary_with_a_token_twice_is_refused(vocabulary):
    vocabulary.write_text(vocabulary.read_text(encoding="utf-8") + "\nfilm", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"holds tokens twice\. Got: 'film'\. Remove the second line of each token"):
        tfft.load_backbone("bert_mini", vocabulary=vocabulary)
