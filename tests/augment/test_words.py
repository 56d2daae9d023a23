"""Changes of words and tokens change nothing else."""

import sys
import types
from collections import Counter

import numpy as np
import pytest

from tfft.augment import words
from tfft.core.errors import DataError

SENTENCE = ["a", "film", "that", "i", "would", "see", "again", "with", "my", "whole", "family"]
TABLE = (("film", ("movie", "picture")), ("family", ("clan",)))


def drawn(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("text", ["how far is it", "好看的电影", "one", "", "a b c"])
def test_a_text_is_split_so_that_it_can_be_put_together_again(text):
    parts, between = words.split(text)
    assert between.join(parts) == text


def test_synonyms_replace_known_words_alone_whatever_their_case():
    for seed in range(20):
        changed = words.replace_synonyms(["The", "FILM", "ends"], drawn(seed), 1.0, dict(TABLE))
        assert changed[0] == "The"
        assert changed[2] == "ends"
        assert changed[1] in ("movie", "picture")
    assert words.replace_synonyms(["nothing", "known"], drawn(), 1.0, dict(TABLE)) == ["nothing", "known"]


def test_the_share_says_how_many_words_change_and_at_least_one_does():
    table = {word: (word.upper(),) for word in SENTENCE}
    for share, wanted in ((0.01, 1), (0.3, 3), (1.0, 11)):
        changed = words.replace_synonyms(SENTENCE, drawn(), share, table)
        assert sum(one != other for one, other in zip(SENTENCE, changed, strict=True)) == wanted


def test_insertions_keep_every_word_in_its_order_and_add_synonyms():
    changed = words.insert_synonyms(SENTENCE, drawn(), 0.3, dict(TABLE))
    assert len(changed) == len(SENTENCE) + 3
    added = Counter(changed) - Counter(SENTENCE)
    assert set(added) <= {"movie", "picture", "clan"}
    assert [word for word in changed if word not in added] == SENTENCE
    assert words.insert_synonyms(["nothing"], drawn(), 1.0, dict(TABLE)) == ["nothing"]


def test_swaps_change_the_order_alone():
    changed = words.swap_words(SENTENCE, drawn(), 0.2)
    assert changed != SENTENCE
    assert Counter(changed) == Counter(SENTENCE)
    assert words.swap_words(["alone"], drawn(), 1.0) == ["alone"]


def test_deletions_keep_the_order_and_one_word_at_least():
    for seed in range(20):
        changed = words.delete_words(SENTENCE, drawn(seed), 0.9)
        assert changed
        remaining = iter(SENTENCE)
        assert all(word in remaining for word in changed)
    assert words.delete_words([], drawn(), 0.5) == []


def test_dropped_tokens_are_masked_and_special_ones_stay():
    row = np.array([[2, 0], *[[number, 0] for number in range(10, 30)], [3, 0], [30, 1], [3, 1]], np.int32)
    changed = words.drop_tokens(row, drawn(), 0.5, mask=4, special=(2, 3))
    assert changed.dtype == np.int32
    assert np.array_equal(changed[:, 1], row[:, 1])
    hidden = changed[:, 0] != row[:, 0]
    assert 0 < hidden.sum() < len(row) - 3
    assert set(changed[hidden, 0]) == {4}
    assert not hidden[np.isin(row[:, 0], (2, 3))].any()


@pytest.mark.parametrize("text", ["A film to see twice , with the family .", "这部电影我想再看一遍", "film", ""])
def test_the_same_draw_changes_a_text_in_the_same_way(text):
    steps = [
        ("synonyms", {"share": 0.5, "table": TABLE}),
        ("swaps", {"share": 0.3}),
        ("deletions", {"share": 0.2}),
        ("other", {}),
    ]
    assert words.changed(text, steps, drawn(3)) == words.changed(text, steps, drawn(3))
    assert bool(words.changed(text, steps, drawn(3))) == bool(text)


def test_without_wordnet_the_error_says_how_to_get_it_or_do_without(monkeypatch):
    words.wordnet.cache_clear()
    monkeypatch.setitem(sys.modules, "nltk", None)
    monkeypatch.setitem(sys.modules, "nltk.corpus", None)
    with pytest.raises(DataError, match=r"need a table, or WordNet.*Pass table=.*pip install nltk.*downloader wordnet"):
        words.wordnet()


def test_wordnet_gives_the_other_words_of_each_synset(monkeypatch):
    words.wordnet.cache_clear()
    synsets = [["movie", "film", "motion_picture"], ["Film"], ["film", "cinema"], ["alone"]]
    corpus = types.ModuleType("nltk.corpus")
    found = [types.SimpleNamespace(lemma_names=lambda names=names: names) for names in synsets]
    corpus.wordnet = types.SimpleNamespace(all_synsets=lambda: found)
    monkeypatch.setitem(sys.modules, "nltk", types.ModuleType("nltk"))
    monkeypatch.setitem(sys.modules, "nltk.corpus", corpus)
    table = words.wordnet()
    words.wordnet.cache_clear()
    assert table["film"] == ["cinema", "motion picture", "movie"]
    assert "alone" not in table


def test_a_single_word_is_not_taken_apart_and_chinese_with_a_space_is():
    assert words.split("Excellent") == (["Excellent"], " ")
    assert words.changed("Excellent", [("swaps", {"share": 1.0})], drawn()) == "Excellent"
    parts, between = words.split("房间 干净")
    assert (parts, between) == (list("房间干净"), "")


def test_without_a_change_of_words_a_text_stays_as_it_was_written():
    assert (
        words.changed("line one\n\nline  two", [("token_dropout", {"share": 0.5})], drawn()) == "line one\n\nline  two"
    )
