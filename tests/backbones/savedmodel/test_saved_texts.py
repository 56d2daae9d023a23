"""SavedModels that take texts."""

import shutil

import numpy as np
import pytest

import tfft
from tests.modules import encoder, publish, reader, tiny
from tfft.core.errors import BackboneError

TEXTS = ["a good film", "a bad film", "it was very good", "it was very bad", "good", "bad"] * 10


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    return encoder(folder / "encoder"), reader(folder / "reader")


@pytest.fixture
def texts(tmp_path):
    rows = [f"{text},{'up' if 'good' in text else 'down'}" for text in TEXTS]
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *rows]))
    with pytest.warns(Warning, match="same content"):
        return tfft.data.from_csv(tmp_path / "rows.csv")


def described(pair, **options):
    return tfft.load_backbone(str(pair[0]), preprocessor=str(pair[1]), **options)


def test_an_encoder_is_described_with_its_own_preprocessing(pair):
    found = described(pair)
    assert (found.features.kind, found.features.masked, found.takes()) == ("sequence", True, "16 tokens")
    names = [block.name for block in found.blocks]
    assert names[-2:] == ["transformer_layer_0", "transformer_layer_1"] or "transformer_layer_1" in names
    packed = found.preprocessor.many(["a good film", ""])
    assert packed.rows[0][:, 0].tolist() == [2, 9, 5, 7, 3]
    assert packed.rows[1][:, 0].tolist() == [2, 3]


@pytest.mark.slow
def test_features_are_those_of_the_saved_model(pair):
    import tensorflow as tf

    model = tfft.build(described(pair), tfft.tasks.classification(["a", "b"]))
    arrays = model.preprocessor.collate([model.preprocessor(text) for text in ("a good film", "bad")])
    assert list(arrays) == ["token_ids", "segment_ids", "padding_mask"]
    ids, segments, mask = arrays.values()
    found, _ = model.backbone_net.predict([ids, segments, mask], verbose=0)
    loaded = tf.saved_model.load(str(pair[0]))
    expected = loaded({"input_word_ids": ids, "input_type_ids": segments, "input_mask": mask}, training=False)
    np.testing.assert_allclose(found, expected["sequence_output"], atol=1e-6)


@pytest.mark.slow
def test_it_trains_in_two_phases_and_a_bundle_reads_raw_strings_after_both_folders_are_gone(texts, tmp_path):
    pair = encoder(tmp_path / "encoder"), reader(tmp_path / "reader")
    model = tfft.build(described(pair), tfft.tasks.classification(texts.labels))
    run = tfft.fit(model, texts, tfft.plans.two_phase(2, 2, tune_learning_rate=1e-3), batch_size=8, progress=False)
    head, tune = (record.overview for record in run.phases)
    assert {row.block for row in head.rows if row.moved} == {"head"}
    assert len({row.block for row in tune.rows if row.moved}) == 2
    for folder in pair:
        shutil.rmtree(folder)
    predictor = tfft.load(tfft.export(model, tmp_path / "own.tfft"))
    given = model.preprocessor.collate([model.preprocessor("a good film")])
    assert set(given) == {"token_ids", "segment_ids", "padding_mask"}
    own = model.net.predict(given, verbose=0)
    answer = predictor.predict(["a good film"])[0]
    np.testing.assert_allclose(
        [answer.scores[name] for name in texts.labels.names], model.task.probabilities(own)[0], atol=1e-6
    )


@pytest.mark.slow
def test_the_default_plan_trains_all_layers_and_learns(texts, pair):
    model = tfft.build(described(pair), tfft.tasks.classification(texts.labels))
    plan = tfft.plans.encoder(epochs=8, learning_rate=3e-3, augment=())
    run = tfft.fit(model, texts, plan, batch_size=8, progress=False)
    assert min(run.history()["val_loss"]) < 0.3


def test_the_vector_is_taken_where_it_is_asked_for(pair):
    found = described(pair, output="pooled_output", length=16)
    assert (found.features.kind, found.takes()) == ("vector", "16 tokens")
    assert tfft.build(found, tfft.tasks.classification(["a", "b"])).net.output_shape == (None, 2)


def test_without_its_preprocessing_it_is_refused(pair):
    with pytest.raises(BackboneError, match=r"takes tokens.*Pass preprocessor="):
        tfft.load_backbone(str(pair[0]))


def test_a_preprocessing_model_that_makes_no_tokens_is_refused_before_anything_is_built(pair, tmp_path):
    wrong = publish(tiny(), tmp_path / "wrong")
    with pytest.raises(BackboneError, match=r"wrong' does not turn strings into tokens.*input_word_ids"):
        tfft.load_backbone(str(pair[0]), preprocessor=str(wrong))
    with pytest.raises(BackboneError, match=r"is not a SavedModel: it does not contain saved_model\.pb"):
        tfft.load_backbone(str(pair[0]), preprocessor=str(tmp_path / "nowhere"))


def test_a_length_beyond_what_the_preprocessing_packs_is_refused(pair):
    with pytest.raises(BackboneError, match=r"length=32 is not possible.*returns up to 16"):
        described(pair, length=32)
    assert described(pair, length=8).most_tokens == 16


def test_a_length_that_is_none_is_refused(pair):
    with pytest.raises(BackboneError, match="length='long' is not possible"):
        described(pair, length="long")
