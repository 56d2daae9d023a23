"""Questions and contexts become rows of tokens that know their place, and a long context has several rows."""

import numpy as np
import pytest

import tfft
from tfft.core.errors import TaskError
from tfft.tokenizers.pair_windows import NOWHERE
from tfft.tokenizers.tokenizer import Tokenizer

QUESTION, CONTEXT = "Who sleeps?", "Ann  sleeps; Bo\tdoes not. Café?"


def packed(pairs, length=512, stride=4):
    return tfft.load_backbone("toy_text", length=length).preprocessor.answering("places", stride).many(pairs)


def test_ids_and_segments_are_those_of_a_pair():
    pair = (QUESTION, CONTEXT)
    plain = tfft.load_backbone("toy_text").preprocessor.many([pair])
    found = packed([pair])
    np.testing.assert_array_equal(found.rows[0][:, :2], plain.rows[0])
    assert found.whole.tolist() == plain.whole.tolist()
    assert found.unknown.tolist() == plain.unknown.tolist()


def test_each_token_of_the_context_knows_its_characters_and_no_other_token_does():
    row = packed([(QUESTION, CONTEXT)]).rows[0]
    inside = row[:, 2] != NOWHERE
    assert inside.tolist() == ((row[:, 1] == 1) & (np.arange(len(row)) < len(row) - 1)).tolist()
    assert "".join(CONTEXT[begin:end] for begin, end in row[inside, 2:]) == "".join(CONTEXT.split())


@pytest.mark.parametrize("stride", [0, 4, 100])
def test_windows_of_a_long_context_hold_every_character_and_the_whole_question(stride):
    context = "Ann met Bo . " * 20
    found = packed([(QUESTION, context), (QUESTION, "Cy")], length=32, stride=stride)
    assert len(found.rows) > 6
    assert found.owner.tolist() == sorted(found.owner.tolist())
    first = [row for row, owner in zip(found.rows, found.owner, strict=True) if owner == 0]
    covered = {int(place) for row in first for place in row[row[:, 2] != NOWHERE, 2]}
    assert covered == {place for place, sign in enumerate(context) if sign != " "}
    assert all(len(row) <= 32 for row in first)
    questions = {tuple(row[row[:, 1] == 0, 0].tolist()) for row in found.rows}
    assert len(questions) == 1
    shared = set(first[0][:, 2].tolist()) & set(first[1][:, 2].tolist()) - {NOWHERE}
    assert len(shared) == min(stride, (32 - 3 - 10) // 2)


def test_a_long_question_keeps_half_of_the_row_and_is_counted():
    found = packed([("who " * 40, "Ann sleeps"), (QUESTION, "Ann")], length=32)
    assert found.cut_questions.tolist() == [True, False]
    assert found.statistics(32)["cut_questions"] == 1
    assert (found.rows[0][:, 1] == 0).sum() == 1 + (32 - 3) // 2 + 1
    assert "cut_questions" not in packed([(QUESTION, "Ann")]).statistics(512)


def test_a_context_without_tokens_has_one_row():
    found = packed([(QUESTION, "\u200b"), (QUESTION, "\u200b \ufeff")])
    assert len(found.rows) == 2
    assert (found.rows[0][:, 2:] == NOWHERE).all()


def test_a_context_that_several_questions_share_is_tokenized_once(monkeypatch):
    preprocessor = tfft.load_backbone("toy_text").preprocessor.answering("places", 4)
    made = preprocessor.tokenizer.made
    seen = []
    real = made.encode_with_places
    monkeypatch.setattr(made, "encode_with_places", lambda texts: seen.append(list(texts)) or real(texts))
    found = preprocessor.many([("a?", CONTEXT), ("b?", CONTEXT), ("c?", "Cy")])
    assert seen == [[CONTEXT, "Cy"]]
    assert found.owner.tolist() == [0, 1, 2]


def test_a_tokenizer_without_places_is_refused():
    with pytest.raises(TaskError, match=r"'mine' does not tell the places of its tokens.*minilm_l6.*tokenizer.json"):
        Tokenizer("mine", 1, lambda: object()).pack_places([("a", "b")], 16, 4)
