"""A graph chooses the candidates that the task chooses."""

import numpy as np
import pytest
import tensorflow as tf

from tfft.core.specs import Text
from tfft.core.values import RowLogits
from tfft.data.targets.answers import answer_space
from tfft.formats.span_graph import Spans, answers, candidates, merged
from tfft.tasks.question_answering import question_answering

CONTEXT = "去 Ann and Bo, 😀 Cy and Dee. " * 4


def windows(random, count, tokens):
    """Random rows of windows of a context, with some tokens that cannot be chosen."""
    rows = []
    for _ in range(count):
        begins = np.sort(random.choice(len(CONTEXT) - 6, tokens, replace=False))
        places = np.stack([begins, begins + random.integers(1, 5, tokens)], 1)
        places[random.random(tokens) < 0.3] = -1
        places[0] = -1
        rows.append(np.concatenate([np.zeros((tokens, 2), int), places], 1).astype(np.int32))
    return rows


@pytest.mark.parametrize("without", [False, True])
@pytest.mark.parametrize("answer_tokens", [1, 4, 100])
def test_answers_are_those_of_the_task(without, answer_tokens):
    random, task = np.random.default_rng(0), question_answering(answer_space(without), answer_tokens=answer_tokens)
    counts = [1, 3, 2, 1]
    rows = windows(random, sum(counts), 12)
    rows[-1][:, 2:] = -1  # a context without tokens
    rows[2] = rows[1]  # two windows with the same places
    logits = random.normal(size=(len(rows), 12, 2)).astype(np.float32) * 3
    owner = np.repeat(np.arange(4), counts)
    wanted = task.probabilities(task.merge(RowLogits(list(logits), rows, owner, 4)))
    found = candidates(
        tf.constant(logits), *(tf.constant(np.stack(rows)[:, :, side], tf.int64) for side in (2, 3)), answer_tokens
    )
    spans = merged(found, tf.constant(counts, tf.int64), without)
    said = {name: values.numpy() for name, values in answers(spans, tf.constant([CONTEXT] * 4)).items()}
    for number, own in enumerate(wanted):
        there = spans.there.numpy()[number]
        ours = np.stack([spans.begins, spans.ends, spans.probabilities], axis=-1)[number][there]
        np.testing.assert_allclose(ours, own, atol=1e-12)
        answer = task.decode(own, Text("Who?", CONTEXT))
        assert said["text"][number].decode() == (answer.label or "")
        assert (said["start"][number], said["end"][number]) == (answer.place or (-1, -1))
        assert said["probability"][number] == pytest.approx(answer.probability or 0, abs=1e-6)
        texts = [text.decode() for text in said["best_texts"][number]][: len(answer.scores)]
        assert texts == list(answer.scores)
        scores = [*answer.scores.values(), *[0] * (5 - len(answer.scores))]
        np.testing.assert_allclose(said["best_probabilities"][number], scores, atol=1e-6)
    assert (said["text"][3], said["start"][3]) == (b"", -1)
    assert said["best_texts"][3].tolist() == ([b"no answer"] if without else [b""]) + [b""] * 4


def test_the_words_no_answer_in_a_context_are_an_answer_as_for_the_task():
    rows = np.array([[10, 19, 0.6], [-1, -1, 0.3], [25, 28, 0.1]])
    context = "There was no answer from Ann."
    spans = Spans(
        begins=tf.constant(rows[None, :, 0], tf.int32),
        ends=tf.constant(rows[None, :, 1], tf.int32),
        probabilities=tf.constant(rows[None, :, 2]),
        there=tf.fill([1, 3], True),
    )
    said = answers(spans, tf.constant([context]))
    decoded = question_answering(answer_space(True)).decode(rows, Text("Who?", context))
    texts = [text.decode() for text in said["best_texts"].numpy()[0]]
    assert texts == [*decoded.scores, "", ""] == ['"no answer"', "no answer", "Ann", "", ""]
    np.testing.assert_allclose(said["best_probabilities"][0], [0.6, 0.3, 0.1, 0, 0], atol=1e-6)


def test_no_questions_have_no_answers():
    found = candidates(tf.zeros([0, 0, 2]), tf.zeros([0, 0], tf.int64), tf.zeros([0, 0], tf.int64), 30)
    said = answers(merged(found, tf.zeros([0], tf.int64), True), tf.constant([], tf.string))
    assert {name: tuple(values.shape) for name, values in said.items()} == {
        "text": (0,), "start": (0,), "end": (0,), "probability": (0,), "best_texts": (0, 5), "best_probabilities": (0, 5)
    }  # fmt: skip
