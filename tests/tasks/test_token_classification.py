"""Tags travel with the pieces of words, and come back as entities with their places."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.core.errors import DataError, DataWarning, TaskError
from tfft.core.ragged import Ragged
from tfft.core.specs import LabelSpace, Text
from tfft.core.values import RowLogits
from tfft.data.words import split_words
from tfft.tasks import token_classification

SPACE = LabelSpace(("per", "loc"), "tags")


def task():
    return token_classification(SPACE)


def rows_of(texts, length=512, stride=4):
    preprocessor = tfft.load_backbone("toy_text", length=length).preprocessor
    return token_classification(SPACE, stride=stride).prepare(preprocessor).many(texts)


def test_the_first_piece_of_a_word_carries_its_tag_and_no_other_token_has_one():
    packed = rows_of(["Ann met Bo"])
    aligned = task().align(Ragged.of([np.array([1, 0, 3], np.int32)]), packed.rows, packed.owner)
    words = packed.rows[0][:, 2]
    assert aligned[0][words >= 0].tolist() == [1, 0, 3]
    assert (aligned[0][words < 0] == -1).all()
    targets, counted = task().encode(aligned, {"ids": np.zeros((1, 32))})
    assert targets.shape == counted.shape == (1, 32)
    assert counted.sum() == 3
    assert targets[counted == 1].tolist() == [1, 0, 3]


@pytest.mark.parametrize("stride", [0, 4, 10])
def test_windows_of_a_long_text_give_every_word_its_own_logits(stride):
    texts = ["Ann met Bo . " * 9, "", "Cy"]
    packed = rows_of(texts, length=16, stride=stride)
    assert len(packed.rows) > 5
    # the logits of a token are the number of its word
    logits = [np.repeat(row[:, 2:].astype(np.float32), 5, axis=1) for row in packed.rows]
    found = task().merge(RowLogits(logits, packed.rows, packed.owner, 3))
    assert [rows[:, 0].tolist() for rows in found] == [list(range(36)), [], [0]]


def test_an_answer_names_entities_with_text_place_and_probability():
    text = "Ann met Bo in New York."
    probabilities = np.full((len(split_words(text)), 5), 0.05)
    for word, tag in enumerate([1, 0, 1, 0, 3, 4, 0]):
        probabilities[word, tag] = 0.8
    answer = task().decode(probabilities, Text(text, words=split_words(text)))
    assert [(found.text, found.label, found.start, found.end) for found in answer.entities] == [
        ("Ann", "per", 0, 3),
        ("Bo", "per", 8, 10),
        ("New York", "loc", 14, 22),
    ]
    assert answer.entities[2].probability == pytest.approx(0.8)
    assert (answer.label, answer.scores) == (None, {})


def test_backbones_of_images_and_other_options_are_refused():
    with pytest.raises(
        TaskError, match=r"about parts of a text, and needs a backbone for texts.*backbone for images.*minilm_l6"
    ):
        tfft.build("toy", task())
    with pytest.raises(TaskError, match=r"stride=-1 must be a whole number of at least 0"):
        token_classification(SPACE, stride=-1)


def test_types_alone_make_a_task():
    assert token_classification(["a", "b"]).labels == LabelSpace(("a", "b"), "tags")


def test_a_text_of_many_windows_is_answered_in_batches(tmp_path, monkeypatch):
    model = tfft.build(tfft.load_backbone("toy_text", length=16), token_classification(SPACE, stride=4))
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    sizes, call = [], predictor.net.predict_on_batch
    monkeypatch.setattr(predictor.net, "predict_on_batch", lambda x: sizes.append(len(x["token_ids"])) or call(x))
    text = "Ann met Bo . " * 40
    whole = predictor.predict(text, batch_size=1000)[0]
    assert sizes[0] > 20
    sizes.clear()
    found = predictor.predict(text, batch_size=8)[0].entities
    assert [(each.label, each.start, each.end) for each in found] == [(e.label, e.start, e.end) for e in whole.entities]
    assert [each.probability for each in found] == pytest.approx([each.probability for each in whole.entities])
    assert max(sizes) == 8


def test_a_text_that_is_too_long_is_refused():
    preprocessor = tfft.load_backbone("toy_text").preprocessor.answering("words", 8)
    with pytest.raises(
        DataError, match=r"Text 0: 6,000,000 characters are more than the limit.*TFFT_MAX_TEXT_CHARACTERS"
    ):
        preprocessor.many(["a " * 3_000_000])


def test_a_batch_without_words_changes_nothing_and_training_goes_on(tmp_path):
    rows = [{"text": f"Ann{i} sleeps", "entities": [(0, 3 + len(str(i)), "per")]} for i in range(8)]
    frame = pd.DataFrame([*rows, *({"text": "", "entities": []} for _ in range(4))])
    parts = {"train": frame, "validation": pd.DataFrame(rows[:3])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # empty texts and texts in two parts
        data = tfft.data.from_spans(parts, holdout=(0, 0))
    model = tfft.build("toy_text", token_classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.head_only(2, learning_rate=0.1), batch_size=1, progress=False)
    losses = run.history()["val_loss"]
    assert np.isfinite(losses).all()
    assert all(np.isfinite(weight.numpy()).all() for weight in model.net.weights)


def test_the_watched_metric_is_the_f1_of_tags_inside_of_entities():
    from sklearn.metrics import f1_score

    task = token_classification(["a", "b"])
    (metric,) = (each for each in task.metrics() if each.name == task.watched)
    random = np.random.default_rng(0)
    true, logits = random.integers(0, 5, (6, 7)), random.normal(size=(6, 7, 5)).astype("float32")
    counted = random.integers(0, 2, (6, 7)).astype("float32")
    for rows in (slice(0, 2), slice(2, 6)):
        metric.update_state(true[rows], logits[rows], sample_weight=counted[rows])
    there = counted > 0
    expected = f1_score(true[there], logits.argmax(-1)[there], labels=[1, 2, 3, 4], average="micro")
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_the_epoch_with_the_best_f1_of_tags_is_kept_and_not_that_of_the_lowest_loss(tmp_path):
    lines = [f"{word}\t{tag}" for word, tag in (("Anna", "B-person"), ("saw", "O"), ("Rome", "B-place"), (".", "O"))]
    random = np.random.default_rng(0)
    text = "\n\n".join("\n".join([f"w{n}\tO", *random.permutation(lines)]) for n in range(40)) + "\n"
    (tmp_path / "train.conll").write_text(text)
    data = tfft.data.from_conll(tmp_path / "train.conll")
    model = tfft.build("toy_text", token_classification(data.labels), seed=0)
    record = tfft.fit(model, data, tfft.plans.full(6, learning_rate=0.05), seed=0, progress=False).phases[0]
    found, losses = record.history["val_tag_f1"], record.history["val_loss"]
    assert record.watched == "tag_f1"
    best = min(range(6), key=lambda epoch: (-found[epoch], losses[epoch]))
    assert (record.best_epoch, record.best_metric, record.best_loss) == (best + 1, found[best], losses[best])
    assert tfft.evaluate(model, data.validation).to_dict()["metrics"]["entity_f1"]["value"] > 0.5
    unimproved = replace(
        record, best_epoch=0, best_metric=0.875, history={"val_tag_f1": [0.25, 0.5], "val_loss": [1.0, 2.0]}
    )
    assert "no epoch improved the validation tag_f1 (0.8750 before, 0.5000 at best)" in unimproved.describe()
