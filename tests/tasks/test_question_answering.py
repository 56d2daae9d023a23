"""Answers travel to the tokens of windows, and come back as places in the context."""

import json

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError, DataWarning, TaskError
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace, Text
from tfft.core.values import RowLogits
from tfft.data.targets.answers import answer_space
from tfft.measures.answers import NOWHERE
from tfft.tasks import question_answering

QUESTION, CONTEXT = "Who sleeps?", "Ann met Bo in Rome. " * 6


def task(**options):
    return question_answering(answer_space(unanswerable=True), **{"stride": 8, **options})


def rows_of(pairs, length=48, made=None):
    preprocessor = tfft.load_backbone("toy_text", length=length).preprocessor
    return (made or task()).prepare(preprocessor).many(pairs)


def places(*answers):
    return Ragged.of(
        [np.array(list(each), np.int32).reshape(-1, 2) for each in answers], like=np.zeros((0, 2), np.int32)
    )


def test_the_tokens_of_an_answer_are_marked_in_the_windows_that_hold_all_of_it():
    begin = CONTEXT.index("Rome", 60)
    packed = rows_of([(QUESTION, CONTEXT)])
    aligned = task().align(places([(begin, begin + 4)]), packed.rows, packed.owner)
    held = 0
    for row, codes in zip(packed.rows, aligned, strict=True):
        inside = row[:, 2] != NOWHERE
        assert (codes[1:][~inside[1:]] == -1).all(), "question, end tokens"
        whole = row[inside, 2].min() <= begin and row[inside, 3].max() >= begin + 4
        if whole:
            first, last = (int(np.flatnonzero((codes > 0) & (codes & bit == bit))[-1]) for bit in (1, 2))
            assert (row[first, 2], row[last, 3]) == (begin, begin + 4)
            assert codes[0] in (8, 16), "the number of windows that hold the answer"
        else:
            assert codes[0] == 3 + 4, "no answer in this window, but in another one"
        held += whole
    assert 0 < held < len(packed.rows)


def test_an_answer_of_one_token_begins_and_ends_there():
    packed = rows_of([(QUESTION, "A b")])
    codes = task().align(places([(2, 3)]), packed.rows, packed.owner)[0]
    assert codes[packed.rows[0][:, 2] == 2].tolist() == [3]


def test_a_question_without_an_answer_points_to_the_first_token_in_all_windows():
    packed = rows_of([(QUESTION, CONTEXT)])
    aligned = task().align(places([]), packed.rows, packed.owner)
    assert [codes[0] for codes in aligned] == [3 + 8 * len(packed.rows)] * len(packed.rows)


def test_an_answer_that_fits_into_no_window_has_no_loss_and_is_counted():
    packed = rows_of([(QUESTION, CONTEXT), (QUESTION, "Ann")])
    made = task(answer_tokens=200)
    aligned = made.align(places([(0, 100)], [(0, 3)]), packed.rows, packed.owner)
    (doubt,) = made.doubts(aligned, packed.owner)
    assert "answers of 1 of 2 questions fit into no row of tokens" in doubt
    assert "larger length=" in doubt
    assert all((codes == -1).all() for codes, owner in zip(aligned, packed.owner, strict=True) if owner == 0)
    encoded, counted = task().encode(aligned, {"ids": np.zeros((len(aligned), 48))})
    assert counted.tolist() == [0.0] * (len(aligned) - 1) + [1.0]
    loss = task().loss()
    loss.reduction = "none"
    assert np.isfinite(np.asarray(loss(encoded, np.zeros((*encoded.shape, 2), np.float32)))).all()


def test_answers_longer_than_any_that_is_given_are_counted():
    packed = rows_of([(QUESTION, "Ann met Bo")])
    made = task(answer_tokens=3)
    aligned = made.align(places([(0, 7)]), packed.rows, packed.owner)
    (doubt,) = made.doubts(aligned, packed.owner)
    assert "answers of 1 of 1 question have more than 3 tokens" in doubt
    assert "larger answer_tokens=" in doubt


def test_fit_names_the_part_with_answers_that_cannot_be_learned(tmp_path):
    articles = [
        {"paragraphs": [{"context": f"Ann{n} met Bo in Rome", "qas": [
            {"id": str(n), "question": "Whom?", "answers": [{"text": f"Ann{n} met Bo in Rome", "answer_start": 0}]}]}]}
        for n in range(12)
    ]  # fmt: skip
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": articles}))
    data = tfft.data.from_squad(path)
    model = tfft.build("toy_text", question_answering(data.labels, answer_tokens=4))
    with pytest.warns(
        DataWarning, match=r"The (train|validation) part: The answers of \d of \d questions have more"
    ) as caught:
        tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    assert len(caught) == 2
    assert caught[0].filename == __file__


def test_the_loss_is_the_mean_cross_entropy_of_begin_and_end_over_the_tokens_that_can_be_chosen():
    codes = np.array([[8, -1, 1, 0, 2, -1], [11, -1, 0, 0, -1, -1]], np.int32)
    logits = np.random.default_rng(0).normal(size=(2, 6, 2)).astype(np.float32)
    loss = task().loss()
    loss.reduction = "none"
    expected = []
    for row, scores, (begin, end) in zip(codes, logits, [(2, 4), (0, 0)], strict=True):
        allowed = scores[row >= 0].astype(np.float64)
        total = np.log(np.exp(allowed).sum(axis=0))
        expected.append((total[0] - scores[begin, 0] + total[1] - scores[end, 1]) / 2)
    assert np.asarray(loss(codes, logits)) == pytest.approx(np.array(expected), rel=1e-5)
    exact = task().metrics()[0]
    exact.update_state(codes, logits)
    assert float(exact.result()) < 1.0
    logits[0, 2, 0] = logits[0, 4, 1] = logits[1, 0] = 9.0
    logits[:, 1] = 99.0  # cannot be chosen
    sure = task().metrics()[0]
    sure.update_state(codes, logits)
    assert float(sure.result()) == 1.0


def answered(windows, pairs, **options):
    """Merge logits that are 0 but for given ones: (window, begin, end, logit) by places in characters."""
    made = task(**options)
    packed = rows_of(pairs, made=made)
    logits = [np.zeros((len(row), 2), np.float32) for row in packed.rows]
    for window, begin, end, value in windows:
        row = packed.rows[window]
        if begin == NOWHERE:
            logits[window][0] = value / 2
        else:
            logits[window][row[:, 2] == begin, 0] += value / 2
            logits[window][row[:, 3] == end, 1] += value / 2
    found = RowLogits(logits, list(packed.rows), packed.owner, len(pairs))
    return made, made.probabilities(made.merge(found)), packed


def test_the_best_place_of_all_windows_is_the_answer():
    _, _, packed = answered([], [(QUESTION, CONTEXT)])
    third = packed.rows[2][packed.rows[2][:, 2] != NOWHERE]
    begin, end = int(third[2, 2]), int(third[4, 3])
    made, found, _ = answered([(0, 0, 3, 6.0), (2, begin, end, 8.0)], [(QUESTION, CONTEXT)])
    answer = made.decode(found[0], Text(QUESTION, CONTEXT))
    assert (answer.label, answer.place) == (CONTEXT[begin:end], (begin, end))
    assert answer.probability == pytest.approx(found[0][0, 2])
    assert found[0][:, 2].sum() == pytest.approx(1)
    assert list(answer.scores)[:2] == [CONTEXT[begin:end], "Ann"]
    assert len(found[0]) == 21
    assert len({tuple(row) for row in found[0][:, :2]}) == 21


def test_no_answer_needs_the_agreement_of_all_windows():
    pairs = [(QUESTION, CONTEXT)]
    count = len(rows_of(pairs).rows)
    every = [(window, NOWHERE, NOWHERE, 9.0) for window in range(count)]
    made, found, _ = answered(every, pairs)
    answer = made.decode(found[0], Text(*pairs[0]))
    assert (answer.label, answer.place, next(iter(answer.scores))) == (None, None, "no answer")
    assert answer.probability > 0.9
    made, found, _ = answered(every[1:], pairs)
    assert made.decode(found[0], Text(*pairs[0])).label is not None


def test_answers_are_at_most_as_long_as_wanted_and_never_end_before_they_begin():
    context = "a b c d e f"
    for longest, wanted in ((3, 3), (1, 1)):
        _, found, packed = answered([(0, 0, 11, 9.0)], [(QUESTION, context)], answer_tokens=longest)
        row = packed.rows[0]
        for begin, end, _ in found[0][found[0][:, 0] != NOWHERE]:
            first, last = (int(np.flatnonzero(row[:, column] == place)[0]) for column, place in ((2, begin), (3, end)))
            assert 0 <= last - first < wanted
    _, found, _ = answered([(0, 8, 3, 9.0)], [(QUESTION, context)])
    assert all(begin <= end for begin, end, _ in found[0])


def test_a_context_without_tokens_has_no_answer():
    made = question_answering()
    packed = rows_of([(QUESTION, "\u200b")], made=made)
    found = made.probabilities(
        made.merge(RowLogits([np.zeros((len(packed.rows[0]), 2))], list(packed.rows), packed.owner, 1))
    )
    answer = made.decode(found[0], Text(QUESTION, "\u200b"))
    assert (answer.label, answer.probability, answer.place) == (None, None, None)


def test_padding_and_other_windows_change_no_answer(tmp_path):
    model = tfft.build(tfft.load_backbone("toy_text", length=48), task())
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    pairs = [(QUESTION, CONTEXT), (QUESTION, "Ann sleeps here."), ("Where?", CONTEXT[:50])]
    together = predictor.predict(pairs, batch_size=16)
    for pair, found in zip(pairs, together, strict=True):
        alone = predictor.predict(pair)[0]
        assert (alone.label, alone.place) == (found.label, found.place)
        assert alone.probability == pytest.approx(found.probability, abs=1e-5)


def test_wrong_inputs_and_options_are_refused(tmp_path):
    with pytest.raises(TaskError, match=r"about parts of a text, and needs a backbone for texts"):
        tfft.build("toy", question_answering())
    for option, said in (({"stride": -1}, "stride=-1 must"), ({"answer_tokens": 0}, "answer_tokens=0 must")):
        with pytest.raises(TaskError, match=said):
            question_answering(**option)
    with pytest.raises(TaskError, match=r"takes labels of kind 'span'.*tasks.classification"):
        question_answering(tfft.tasks.classification(["a", "b"]).labels)
    predictor = tfft.load(tfft.export(tfft.build("toy_text", question_answering()), tmp_path / "m.tfft"))
    with pytest.raises(DataError, match=r"Input 0 is a single text.*'Ann sleeps'.*Pass \(question, context\)"):
        predictor.predict("Ann sleeps")
    with pytest.raises(DataError, match=r"6,000,000 characters are more than the limit.*TFFT_MAX_TEXT_CHARACTERS"):
        predictor.predict(("Who?", "a " * 3_000_000))


def test_a_context_of_a_million_characters_is_answered():
    made = question_answering()
    preprocessor = made.prepare(tfft.load_backbone("toy_text", length=512).preprocessor)
    packed = preprocessor.many([("Who sleeps?", "Ann met Bo in Rome. " * 50_000)])
    covered = np.unique(np.concatenate([row[:, 2] for row in packed.rows]))
    assert len(covered) - 1 == sum(sign != " " for sign in "Ann met Bo in Rome. " * 50_000)
    logits = [np.zeros((len(row), 2), np.float32) for row in packed.rows]
    logits[1000][50, 0] = logits[1000][55, 1] = 5.0
    found = made.merge(RowLogits(logits, list(packed.rows), packed.owner, 1))[0]
    assert found[0, :2].tolist() == [packed.rows[1000][50, 2], packed.rows[1000][55, 3]]


def test_no_doubt_without_a_reason():
    packed = rows_of([(QUESTION, CONTEXT)])
    assert not list(task().doubts(task().align(places([(0, 3)]), packed.rows, packed.owner), packed.owner))


def test_no_answer_stays_among_the_candidates_however_unlikely_it_is():
    pairs = [(QUESTION, CONTEXT)]
    count = len(rows_of(pairs).rows)
    _, found, _ = answered([(window, NOWHERE, NOWHERE, -30.0) for window in range(count)], pairs)
    assert found[0][-1, 0] == NOWHERE
    assert len(found[0]) == 21


def test_the_scores_of_an_answer_are_those_of_its_best_place():
    rows = np.array([[0, 4, 0.4], [9, 14, 0.3], [20, 25, 0.3]])
    answer = task().decode(rows, Text("Where?", "Rome and Paris and  Paris"))
    assert (answer.label, answer.probability) == ("Rome", 0.4)
    assert answer.scores == {"Rome": 0.4, "Paris": 0.3}


def test_the_words_no_answer_in_a_context_are_an_answer():
    context = "There was no answer from Ann."
    rows = np.array([[10, 19, 0.6], [NOWHERE, NOWHERE, 0.3], [25, 28, 0.1]])
    answer = task().decode(rows, Text("What?", context))
    assert (answer.label, answer.place) == ("no answer", (10, 19))
    assert answer.scores == {'"no answer"': 0.6, "no answer": 0.3, "Ann": 0.1}


def test_a_label_space_of_other_names_is_refused():
    with pytest.raises(TaskError, match=r"label space of questions has other names: \('x',\).*data.labels"):
        question_answering(LabelSpace(("x",), "span"))


@pytest.mark.parametrize("spot", ["Oslo\u200b", "\ufeffOslo", "cafe\u0301", "\u200fOslo\u200f"])
@pytest.mark.parametrize("length", [512, 32])
def test_answers_with_characters_in_no_token_are_marked(spot, length):
    context = f"Ann met Bo and Cy lives in {spot} now and then and later too."
    begin = context.index(spot)
    packed = rows_of([(QUESTION, context)], length=length)
    aligned = task().align(places([(begin, begin + len(spot))]), packed.rows, packed.owner)
    assert not list(task().doubts(aligned, packed.owner))
    marked = [(row, codes) for row, codes in zip(packed.rows, aligned, strict=True) if codes[0] % 8 == 0]
    assert marked
    for row, codes in marked:
        first, last = (int(np.flatnonzero((codes > 0) & (codes & bit == bit))[-1]) for bit in (1, 2))
        assert context[row[first, 2] : row[last, 3]].strip("\u200b\u200f\ufeff") == spot.strip("\u200b\u200f\ufeff")


def test_the_accents_after_a_letter_belong_to_its_token():
    row = rows_of([(QUESTION, "cafe\u0301 हिन्दी")]).rows[0]
    inside = row[row[:, 2] != NOWHERE]
    assert "cafe\u0301"[int(inside[3, 2]) : int(inside[3, 3])] == "e\u0301"
    covered = {place for begin, end in inside[:, 2:] for place in range(begin, end)}
    assert covered == {place for place in range(len("cafe\u0301 हिन्दी")) if place != 5}


def test_the_next_accepted_answer_is_learned_when_the_first_fits_into_no_window():
    packed = rows_of([(QUESTION, CONTEXT)])
    aligned = task(answer_tokens=200).align(places([(0, 100), (0, 3)]), packed.rows, packed.owner)
    codes, row = aligned[0], packed.rows[0]
    first, last = (int(np.flatnonzero((codes > 0) & (codes & bit == bit))[-1]) for bit in (1, 2))
    assert (row[first, 2], row[last, 3]) == (0, 3)


def test_windows_without_the_answer_of_their_question_do_not_count_as_exact():
    codes = np.array([[7, -1, 0, 0], [8, -1, 3, 0], [11, -1, 0, 0]], np.int32)
    logits = np.zeros((3, 4, 2), np.float32)
    logits[:, 0] = 5.0  # "no answer" everywhere
    exact = task().metrics()[0]
    exact.update_state(codes, logits, sample_weight=np.ones(3, np.float32))
    assert float(exact.result()) == 0.5
    loss = task().loss()
    loss.reduction = "none"
    assert np.asarray(loss(codes, logits))[0] == pytest.approx(np.asarray(loss(codes, logits))[2])


def test_each_question_has_the_same_weight_in_exact_however_many_windows_it_has():
    """A long context without an answer has many windows; a model that never answers must not look good for them."""
    packed = rows_of([(QUESTION, CONTEXT), (QUESTION, "Ann")])
    aligned = task().align(places([], [(0, 3)]), packed.rows, packed.owner)
    windows = len(packed.rows) - 1
    assert windows > 2
    codes, counted = task().encode(aligned, {"ids": np.zeros((len(aligned), 48))})
    never = np.zeros((*codes.shape, 2), np.float32)
    never[:, 0] = 5.0
    for batch in (slice(None), slice(0, 2)):
        exact = task().metrics()[0]
        exact.update_state(codes[batch], never[batch], sample_weight=counted[batch])
        assert float(exact.result()) == pytest.approx(0.5 if batch == slice(None) else 1.0)


def test_the_scores_of_an_answer_have_five_different_texts():
    context = "10 a 10 b 10 c 10 d 10 e Zoe"
    rows = np.array([[start, start + 2, 0.15] for start in (0, 5, 10, 15, 20)] + [[25, 28, 0.14], [3, 4, 0.11]])
    assert task().decode(rows, Text("Who?", context)).scores == {"10": 0.15, "Zoe": 0.14, "a": 0.11}


def test_rows_too_short_for_every_answer_are_an_error():
    packed = rows_of([(QUESTION, CONTEXT)])
    made = task()
    aligned = made.align(places([(0, 100)]), packed.rows, packed.owner)
    with pytest.raises(DataError, match=r"No answer fits into a row of tokens.*1 question.*larger length="):
        list(made.doubts(aligned, packed.owner))
