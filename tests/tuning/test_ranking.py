"""A ranking prefers features that fit the targets, reads training examples alone, and refuses early what cannot be ranked."""

import gc
import json
import weakref

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import BackboneError, DataError, PlanError, TaskError, TfftError, WeightsError
from tfft.data.examples import Splits
from tfft.tuning import ranking
from tfft.tuning.ranking import rank_backbones
from tfft.tuning.ranking_table import Ranking


def net(shows):
    """A backbone in memory whose features are the means of the channels, or for 0 the same for all images."""
    pixels = keras.Input((16, 16, 3))
    kernel = np.eye(3, 8)[None, None] * shows
    layer = keras.layers.Conv2D(8, 1, name="mixed")
    features = layer(pixels)
    layer.set_weights([kernel, np.ones(8)])
    made = keras.Model(pixels, features, name="shows" if shows else "hides")
    return tfft.load_backbone(made, pixel_range="zero_to_one")


def untouchable(examples):
    """Examples whose inputs and targets raise an error when they are read."""

    class Nothing:
        def __len__(self):
            return len(examples)

        def __getitem__(self, index):
            raise RuntimeError("a validation or test example was read")

    return tfft.data.Examples(Nothing(), Nothing(), examples.labels, examples.digests)


def test_features_that_show_the_classes_are_first_by_every_score(data):
    for order in ("probe", "logme", "hscore"):
        found = rank_backbones(data, [net(0), net(1), "toy"], order, progress=False)
        assert isinstance(found, Ranking)
        assert (found.order, found.measure, found.examples) == (order, "accuracy", len(data.train))
        assert (found.rows[0].name, found.rows[-1].name) == ("<shows>", "<hides>")
        best, last = found.rows[0], found.rows[-1]
        assert best.probe == 1.0
        assert last.probe == pytest.approx(1 / 3, abs=0.1)
        assert best.logme > last.logme
        assert best.hscore > 1.5 > last.hscore == 0.0
        assert {row.width for row in found.rows} == {8}


def test_the_same_call_gives_the_same_scores_and_another_seed_other_ones(data):
    def scores(seed, examples=20):
        rows = rank_backbones(data, ["toy"], examples=examples, seed=seed, progress=False).rows
        return [(row.name, row.probe, row.logme, row.hscore) for row in rows]

    assert scores(0) == scores(0)
    assert scores(0) != scores(1)
    assert scores(0) != scores(0, 500)


def test_validation_and_test_examples_are_never_read(data):
    alone = Splits(data.train, untouchable(data.validation), untouchable(data.test), data.labels)
    wanted = rank_backbones(data, ["toy"], progress=False).rows[0]
    found = rank_backbones(alone, ["toy"], progress=False).rows[0]
    assert (found.probe, found.logme, found.hscore) == (wanted.probe, wanted.logme, wanted.hscore)


def test_one_backbone_is_in_memory_at_a_time(data, monkeypatch):
    nets, alive = [], []
    build = ranking.build

    def watched(*arguments, **options):
        alive.append(sum(net() is not None for net in nets))
        model = build(*arguments, **options)
        nets.append(weakref.ref(model.backbone_net))
        return model

    monkeypatch.setattr(ranking, "build", watched)
    rank_backbones(data, ["toy", "tfft_mini", tfft.load_backbone("toy", size=32)], progress=False)
    assert alive == [0] * 6
    gc.collect()
    assert not any(net() is not None for net in nets)


def test_a_row_says_size_width_and_time(data):
    (row,) = rank_backbones(data, ["toy"], progress=False).rows
    backbone = tfft.build("toy", tfft.tasks.classification(data.labels)).backbone_net
    assert row.megabytes == pytest.approx(4 * backbone.count_params() / 1e6)
    assert (row.name, row.width) == ("toy", 8)
    assert 0 < row.seconds < 300
    json.dumps(row.to_dict())


def test_texts_quantities_and_several_labels_are_ranked():
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (40, 16, 16, 3), np.uint8)
    texts = tfft.data.from_arrays([f"{'up' if n % 2 else 'down'} {n}" for n in range(40)], [0, 1] * 20)
    found = rank_backbones(texts, ["toy_text"], progress=False)
    assert found.measure == "accuracy"
    assert found.rows[0].hscore is not None
    bright = images.mean(axis=(1, 2, 3), dtype="float64")[:, None]
    quantities = tfft.data.from_arrays(images, bright, class_names=["brightness"])
    row = rank_backbones(quantities, ["toy"], progress=False).rows[0]
    assert row.hscore is None
    assert np.isfinite([row.probe, row.logme]).all()
    several = tfft.data.from_arrays(images, (random.random((40, 2)) < 0.5).astype("int64"), class_names=["a", "b"])
    found = rank_backbones(several, ["toy"], "logme", progress=False)
    assert (found.measure, found.rows[0].hscore) == ("macro_f1", None)
    with pytest.raises(TaskError, match=r"The H-score needs one class for each example\. Got: data for multi_label"):
        rank_backbones(several, ["toy"], "hscore", progress=False)


def nothing_is_built(monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("weights were loaded")

    monkeypatch.setattr(ranking, "build", refuse)


@pytest.mark.parametrize(
    ("backbones", "options", "error", "match"),
    [
        (["toy", "vgg61"], {}, BackboneError, r"'vgg61' does not exist\. Did you mean 'vgg19' or 'vgg16'"),
        (["toy", "toy_text"], {}, DataError, r"'toy_text' takes texts, but the data holds images"),
        ("toy", {}, BackboneError, r"takes a list of backbones\. Got: 'toy'"),
        ([], {}, BackboneError, r"takes a list of backbones\. Got: \[\]"),
        (["toy", 5], {}, BackboneError, r"takes names of backbones, or results of load_backbone\(\)\. Got: an int"),
        (
            ["toy"],
            {"order": "accuracy"},
            DataError,
            r"order='accuracy' is unknown\. Use one of 'probe', 'logme', 'hscore'",
        ),
        (["toy"], {"examples": 9}, DataError, r"examples=9 must be a whole number of at least 10"),
        (["toy"], {"examples": True}, DataError, r"examples=True must be"),
        (["toy"], {"examples": 1e3}, DataError, r"examples=1000.0 must be"),
        (["toy"], {"seed": 0.5}, TfftError, r"seed=0.5 must be a whole number"),
        (["toy"], {"cache": "desk"}, DataError, r"cache='desk' is unknown"),
    ],
)
def test_wrong_arguments_are_refused_before_weights_are_loaded(data, monkeypatch, backbones, options, error, match):
    nothing_is_built(monkeypatch)
    with pytest.raises(error, match=match):
        rank_backbones(data, backbones, **options)


def test_weights_that_cannot_be_read_are_named_before_anything_is_computed(data, monkeypatch, tmp_path):
    (tmp_path / "broken.h5").write_bytes(b"nothing")

    def refuse(*_):
        raise RuntimeError("features were computed")

    monkeypatch.setattr(ranking, "frozen_features", refuse)
    broken = tfft.load_backbone("mobilenet", alpha=0.25, weights=tmp_path / "broken.h5")
    with pytest.raises(WeightsError, match=r"mobilenet"):
        rank_backbones(data, ["toy", broken], progress=False)


def test_an_error_that_does_not_name_its_backbone_gets_its_name():
    with (
        pytest.raises(PlanError, match=r"^The backbone 'toy' cannot be ranked\. No\. Got: nothing\. Do\.$"),
        ranking._naming("toy"),
    ):
        raise PlanError("No.", "nothing", "Do.")


def test_data_without_anything_to_compare_is_refused(data, monkeypatch):
    nothing_is_built(monkeypatch)
    with pytest.raises(DataError, match=r"takes data from tfft\.data\. Got: an Examples"):
        rank_backbones(data.train, ["toy"])
    few = Splits(data.train.take(range(9)), data.validation, None, data.labels)
    with pytest.raises(DataError, match="A ranking needs 10 training examples"):
        rank_backbones(few, ["toy"])
    alike = Splits(data.train.take(data.train.targets == 1), data.validation, None, data.labels)
    with pytest.raises(DataError, match=r"All targets of 14 training examples are equal.*Add other examples"):
        rank_backbones(alike, ["toy"])


def test_tasks_with_answers_for_tokens_are_refused(tmp_path, monkeypatch):
    nothing_is_built(monkeypatch)
    lines = [f"Ada{number} B-person\nlived O\nin O\nLondon B-place\n" for number in range(20)]
    (tmp_path / "all.conll").write_text("\n".join(lines))
    entities = tfft.data.from_conll(tmp_path / "all.conll")
    with pytest.raises(
        TaskError, match=r"one vector of features for each example\. Got: data for token_classification"
    ):
        rank_backbones(entities, ["toy_text"])


def test_features_that_are_not_finite_are_refused(data):
    broken = net(np.nan)
    with pytest.raises(BackboneError, match="are NaN or infinite"):
        rank_backbones(data, ["toy", broken], progress=False, cache="off")
