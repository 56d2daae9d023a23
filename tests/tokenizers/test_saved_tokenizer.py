"""The preprocessing SavedModel of an encoder as a tokenizer."""

import shutil

import pytest
import tensorflow as tf

from tests.modules import publish, reader, tiny
from tfft.core.errors import BackboneError, BundleError
from tfft.tokenizers.saved_tokenizer import SavedTokenizer
from tfft.tokenizers.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return reader(tmp_path_factory.mktemp("hub") / "reader")


@pytest.fixture
def tokenizer(folder):
    return Tokenizer("reader", 1, lambda: SavedTokenizer(folder))


def test_special_tokens_are_found_in_an_empty_text(folder):
    made = SavedTokenizer(folder)
    assert (made.start_token_id, made.end_token_id, made.pad_token_id) == (2, 3, 0)


def test_tokens_are_those_between_the_special_ones(folder):
    found = SavedTokenizer(folder)(tf.constant(["a good film", "", "bad"]))
    assert found.to_list() == [[9, 5, 7], [], [6]]


@pytest.mark.slow
def test_texts_and_pairs_are_packed_as_those_of_other_encoders(tokenizer):
    assert tokenizer.pack([("a good film",)], 16).rows[0][:, 0].tolist() == [2, 9, 5, 7, 3]
    pair = tokenizer.pack([("a film", "very good")], 16).rows[0]
    assert pair[:, 0].tolist() == [2, 9, 7, 3, 8, 5, 3]
    assert pair[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.slow
def test_it_comes_back_from_its_files_after_the_folder_is_gone(tmp_path):
    folder = reader(tmp_path / "reader")
    own = Tokenizer("reader", 1, lambda: SavedTokenizer(folder))
    values = own.to_dict()
    (tmp_path / "kept").mkdir()
    own.save(tmp_path / "kept")
    shutil.rmtree(folder)
    again = Tokenizer.read(tmp_path / "kept", values)
    assert again.pack([("a bad film",)], 16).rows[0].tolist() == own.pack([("a bad film",)], 16).rows[0].tolist()
    (tmp_path / "kept" / "tokenizer.tar.gz").write_bytes(b"other")
    with pytest.raises(BundleError, match="files cannot be read"):
        Tokenizer.read(tmp_path / "kept", values)
    Tokenizer("other", 1, lambda: SavedTokenizer(reader(tmp_path / "other", length=12))).save(tmp_path / "kept")
    with pytest.raises(BundleError, match="not the one that was exported"):
        Tokenizer.read(tmp_path / "kept", values)


def test_a_saved_model_that_takes_no_strings_is_refused(tmp_path):
    with pytest.raises(BackboneError, match="does not take strings"):
        SavedTokenizer(publish(tiny(), tmp_path))


def test_a_saved_model_with_other_outputs_is_refused(tmp_path):
    module = tf.Module()
    module.__call__ = tf.function(tf.strings.length, input_signature=[tf.TensorSpec((None,), tf.string)])
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(BackboneError, match=r"does not pack texts.*input_word_ids"):
        SavedTokenizer(tmp_path)
