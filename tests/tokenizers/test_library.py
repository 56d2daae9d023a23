"""The library is called in parts that give the same as one call, and its failures become errors of tfft."""

import pytest
from tokenizers import Tokenizer, models, normalizers

from tfft.core.errors import BackboneError
from tfft.tokenizers import library
from tfft.tokenizers.library import Vocabulary, ids_of, normalized_length, survived


@pytest.fixture
def made():
    return Tokenizer(models.WordLevel({"[UNK]": 0, "how": 1, "far": 7}, "[UNK]"))


def test_the_vocabulary_has_as_many_rows_as_its_highest_id(made):
    made.add_tokens(["new"])
    words = Vocabulary(made)
    assert words.get_vocabulary() == {"[UNK]": 0, "how": 1, "far": 7, "new": made.token_to_id("new")}
    assert words.vocabulary_size() == max(words.get_vocabulary().values()) + 1
    assert (words.token_to_id("far"), words.token_to_id("gone")) == (7, None)


def test_parts_give_the_ids_of_one_call(made, monkeypatch):
    texts = ["how", "far", "other", "how far"]
    whole = ids_of(made, texts, "it")
    assert whole == {"how": [1], "far": [7], "other": [0], "how far": [0]}
    monkeypatch.setattr(library, "_AT_ONCE", 4)
    assert ids_of(made, texts, "it") == whole
    assert ids_of(made, [], "it") == {}


def test_a_normalized_text_is_counted_in_parts(made, monkeypatch):
    assert normalized_length(made, "é" * 30, "it") == 30
    made.normalizer = normalizers.NFD()
    assert normalized_length(made, "é" * 30, "it") == 60
    monkeypatch.setattr(library, "PART", 7)
    assert normalized_length(made, "é" * 30, "it") == 60


def test_failures_of_the_library_are_told_and_an_interruption_passes():
    class PanicException(BaseException):
        pass

    def raises(error):
        raise error

    for error in (ValueError("bad\nmore"), PanicException("bad\nmore")):
        with pytest.raises(BackboneError, match=r"^'x' cannot be used: bad\. "):
            survived(lambda error=error: raises(error), "'x'")
    with pytest.raises(BackboneError, match="cannot be used: KeyError"):
        survived(lambda: raises(KeyError()), "'x'")
    with pytest.raises(KeyboardInterrupt):
        survived(lambda: raises(KeyboardInterrupt()), "'x'")
