"""Augmentations of texts check their options when they are made, and are applied while texts are loaded."""

import numpy as np
import pandas
import pytest

import tfft
from tfft.augment import augmentation, views
from tfft.augment.text_augmentation import deletions, insertions, swaps, synonyms, token_dropout
from tfft.core.errors import DataError, PlanError
from tfft.core.specs import Text

TABLE = {"film": ["movie"], "Good": ("fine",)}
EVERY = (synonyms(TABLE), insertions(TABLE), swaps(), deletions(0.3), token_dropout(0.3))


def test_a_table_is_kept_in_lower_case_and_shown_by_its_size():
    value = synonyms(TABLE, share=0.25)
    assert dict(value.options)["table"] == (("film", ("movie",)), ("good", ("fine",)))
    assert value.describe() == "synonyms(share=0.25, table=2 words)"
    assert synonyms().describe() == "synonyms(share=0.1, table=None)"
    assert {step.noun for step in EVERY} == {"text"}
    assert augmentation.flips().noun == "image"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: swaps(0), "share=0"),
        (lambda: deletions(1), "share=1"),
        (lambda: token_dropout("a"), "share='a'"),
        (lambda: synonyms({}), "table of synonyms is empty or invalid"),
        (lambda: synonyms({"film": "movie"}), "table of synonyms is empty or invalid"),
        (lambda: insertions(3), "table of synonyms is empty or invalid"),
    ],
)
def test_what_cannot_be_used_is_refused_when_the_value_is_made(make, said):
    with pytest.raises(DataError, match=said):
        make()


@pytest.fixture(scope="module")
def preprocessor():
    return tfft.load_backbone("toy_text").preprocessor


def read(preprocessor, items, augment, seed=0):
    return views.changed(
        items, preprocessor, augment, [np.random.default_rng([seed, index]) for index in range(len(items))]
    )


def test_texts_are_changed_before_they_are_cut_into_tokens(preprocessor):
    [row] = read(preprocessor, [Text("a film")], [synonyms(TABLE, 1.0)])
    assert np.array_equal(row, preprocessor("a movie"))
    [row] = read(preprocessor, [Text("a film", "good one")], [synonyms(TABLE, 1.0)])
    assert np.array_equal(row, preprocessor(("a movie", "fine one")))


def test_hidden_tokens_carry_the_mask_token_and_the_frame_stays(preprocessor):
    whole = preprocessor("how far is it from here")
    [row] = read(preprocessor, [Text("how far is it from here")], [token_dropout(0.5)])
    changed = row[:, 0] != whole[:, 0]
    assert changed.any()
    assert set(row[changed, 0]) == {preprocessor.tokenizer.made.mask_token_id}
    assert np.array_equal(row[[0, -1]], whole[[0, -1]])


def test_tokens_are_hidden_alike_in_texts_and_in_what_they_are_as_tokens(preprocessor, monkeypatch):
    items = [Text("how far is it from here"), Text("a film", "good one")]
    expected = [
        *read(preprocessor, items[:1], [token_dropout(0.5)]),
        *read(preprocessor, items[1:], [token_dropout(0.5)]),
    ]
    rows = [preprocessor(item) for item in items]
    monkeypatch.setattr(type(preprocessor), "many", lambda *_: pytest.fail("turned into tokens anew"))
    for row, wanted in zip(rows, expected, strict=True):
        [found] = read(preprocessor, [row], [token_dropout(0.5)])
        assert np.array_equal(found, wanted)


@pytest.fixture
def texts():
    table = pandas.DataFrame({
        "text": [f"{word} film number {number}" for number in range(20) for word in ("good", "awful")],
        "label": ["up", "down"] * 20,
    })  # fmt: skip
    return tfft.data.from_dataframe(table, text_column="text", seed=0)


@pytest.mark.slow
def test_every_epoch_reads_other_words_and_the_same_seed_the_same(texts):
    def losses(seed, *augment):
        model = tfft.build("toy_text", tfft.tasks.classification(texts.labels), precision="float32")
        plan = tfft.plans.encoder(epochs=3, learning_rate=1e-3, augment=augment)
        run = tfft.fit(model, texts, plan, seed=seed)
        return run.history()["loss"], run.phases[0].reads

    changes = (swaps(0.5), token_dropout(0.3))
    first, reads = losses(0, *changes)
    assert losses(0, *changes)[0] == first
    assert losses(0)[0] != first
    assert "changes texts in every epoch" in reads or "no layer before it has a kernel" in reads


@pytest.mark.slow
def test_a_frozen_encoder_reads_texts_that_change_and_says_why(texts):
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels), precision="float32")
    run = tfft.fit(model, texts, tfft.plans.head_only(epochs=2, augment=(deletions(0.3),)))
    assert run.phases[0].reads == "tokens: deletions(share=0.3) changes texts in every epoch"


def test_changes_of_the_other_kind_are_refused_with_those_that_fit(texts, data):
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels))
    with pytest.raises(PlanError, match=r"changes images, but 'toy_text' takes texts.*flips.*token_dropout"):
        tfft.fit(model, texts, tfft.plans.head_only(1, augment=(augmentation.flips(),)))
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    with pytest.raises(PlanError, match=r"changes texts, but 'toy' takes images.*swaps.*crops"):
        tfft.fit(model, data, tfft.plans.head_only(1, augment=(swaps(),)))
