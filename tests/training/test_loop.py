"""fit(): what moves, what does not, what is kept, what is refused."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.core.errors import DataError, MovementError, PlanError, RunWarning
from tfft.plans import Phase, Plan, augmentation, constant
from tfft.trainable import bias_only, everything, last_blocks, match, nothing

RATE = 0.05


def weights_of(model):
    return {row["path"]: value for row, value in zip(overview_rows(model), values_of(model), strict=True)}


def overview_rows(model):
    return model.apply(nothing()).to_rows()


def values_of(model):
    return [np.array(v.numpy()) for v in model.apply(nothing()).variables]


def moved_between(before, after):
    return {path for path in before if before[path].tobytes() != after[path].tobytes()}


def test_the_head_phase_moves_the_head_alone_bit_for_bit(model, data):
    before = weights_of(model)
    tfft.fit(model, data, tfft.plans.head_only(2, RATE))
    assert moved_between(before, weights_of(model)) == {"head/logits/kernel", "head/logits/bias"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (last_blocks(1), {"block3_conv/kernel", "block3_conv/bias"}),
        (last_blocks(2), {"block3_conv/kernel", "block3_conv/bias", "block2_conv/kernel", "block2_conv/bias"}),
        (match("block1_conv/kernel"), {"block1_conv/kernel"}),
        (bias_only(), {"block1_conv/bias", "block2_conv/bias", "block3_conv/bias"}),
    ],
)
def test_each_policy_moves_exactly_what_it_names(model, data, policy, expected):
    before = weights_of(model)
    tfft.fit(model, data, Plan(Phase("only", policy, 1, RATE)))
    assert moved_between(before, weights_of(model)) == expected | {"head/logits/kernel", "head/logits/bias"}


def test_norms_train_and_update_only_when_the_phase_says_so(model, data):
    before = weights_of(model)
    tfft.fit(model, data, Plan(Phase("frozen norms", everything(), 1, RATE)))
    assert not any("_bn/" in path for path in moved_between(before, weights_of(model)))
    before = weights_of(model)
    tfft.fit(model, data, Plan(Phase("norms", everything(), 1, RATE, train_norms=True)))
    assert moved_between(before, weights_of(model)) == set(before)


@pytest.mark.slow
def test_the_second_phase_really_unfreezes_after_the_first(model, data):
    run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, learning_rate=RATE))
    head, tune = (record.overview for record in run.phases)
    assert {row.path for row in head.rows if row.moved} == {"head/logits/kernel", "head/logits/bias"}
    assert {row.path for row in tune.rows if row.moved} == {
        "head/logits/kernel", "head/logits/bias", "block3_conv/kernel", "block3_conv/bias",
    }  # fmt: skip
    assert not tune.discrepancies()


def test_training_learns_the_toy_images(model, data):
    tfft.fit(model, data, tfft.plans.full(15, 0.02, train_norms=True))
    assert tfft.evaluate(model, data.test).metrics["accuracy"]["value"] == 1.0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_bit_for_bit(data):
    def once(seed):
        model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.5), seed=seed)
        run = tfft.fit(model, data, tfft.plans.two_phase(2, 2, learning_rate=RATE), seed=seed)
        return run.history(), [w.tobytes() for w in model.net.get_weights()]

    first, again, other = once(3), once(3), once(4)
    assert first == again
    assert first != other


def test_a_phase_that_only_harms_ends_where_it_began_and_says_so(model, data):
    plan = Plan(
        Phase("good", nothing(), 5, RATE), Phase("harm", everything(), 2, 10.0, clip_norm=None, schedule=constant())
    )
    run = tfft.fit(model, data, plan)
    good, harm = run.phases
    assert harm.best_epoch == 0
    assert harm.best_loss == good.best_loss
    assert "no epoch improved the validation loss" in run.describe()
    net = model.net
    net.compile(loss=model.task.loss())
    pixels = np.stack([model.preprocessor(item) for item in data.validation.inputs])
    again = net.evaluate(pixels, model.task.encode(data.validation.targets, {})[0], verbose=0, batch_size=32)
    assert again == pytest.approx(good.best_loss, rel=1e-5)


def test_the_best_epoch_is_kept_not_the_last(model, data):
    plan = Plan(Phase("wild", everything(), 6, 5.0, clip_norm=None, schedule=constant()))
    record = tfft.fit(model, data, plan).phases[0]
    losses = record.history["val_loss"]
    assert losses[-1] > record.best_loss  # or this test would not tell the best from the last
    if record.best_epoch:
        assert record.best_epoch == int(np.argmin(losses)) + 1
        assert record.best_loss == min(losses)
    else:  # nothing beat the weights from before
        assert record.best_loss < min(losses)
    left = tfft.evaluate(model, data.validation).metrics["log_loss"]["value"]
    assert left == pytest.approx(record.best_loss, rel=1e-4)


def test_patience_stops_early(model, data):
    plan = Plan(Phase("long", nothing(), 50, 10.0, schedule=constant(), clip_norm=None, patience=2))
    record = tfft.fit(model, data, plan).phases[0]
    assert len(record.history["loss"]) == record.best_epoch + 2 < 50


@pytest.mark.slow
def test_class_weights_decide_which_epoch_is_kept(toy_arrays):
    """With weights on the validation loss too, the kept epoch finds more of the rare class, not fewer."""
    images, targets = toy_arrays
    random = np.random.default_rng(0)
    noisy = np.clip(images.astype(int) + random.integers(-90, 90, images.shape), 0, 255).astype(np.uint8)
    keep = np.r_[np.flatnonzero(targets == 0), np.flatnonzero(targets == 1)[:6]]
    uneven = tfft.data.from_arrays(noisy[keep], targets[keep], holdout=(0.3, 0.2))

    def kept(weights):
        model = tfft.build("toy", tfft.tasks.classification(uneven.labels, class_weights=weights))
        run = tfft.fit(model, uneven, tfft.plans.head_only(8, RATE))
        return run, tfft.evaluate(model, uneven.validation)

    run, report = kept({"0": 1.0, "1": 50.0})
    # the loss that was minimised is the weighted one
    rows = zip(uneven.validation.targets, report_losses(run.model, uneven.validation), strict=True)
    weighted = np.mean([loss * (50.0 if target == 1 else 1.0) for target, loss in rows])
    assert run.phases[0].best_loss == pytest.approx(weighted, rel=1e-4)
    assert report.per_class[1]["recall"] >= kept(None)[1].per_class[1]["recall"]


def report_losses(model, examples):
    """Cross-entropy of each example."""
    from tfft.evaluation.predictions import predict

    found = predict(model, examples, 32)
    return -np.log(found.probabilities[np.arange(len(examples)), examples.targets])


@pytest.mark.slow
def test_a_second_fit_never_leaves_the_model_worse(model, data):
    good = tfft.fit(model, data, tfft.plans.head_only(8, RATE)).phases[-1].best_loss
    harm = tfft.fit(model, data, Plan(Phase("harm", everything(), 1, 10.0, clip_norm=None, schedule=constant())))
    assert harm.phases[0].best_epoch == 0
    assert harm.phases[0].best_loss == pytest.approx(good, rel=1e-5)


def test_numpy_seeds_go_into_the_run(model, data, tmp_path):
    run = tfft.fit(model, data, tfft.plans.head_only(1, RATE), seed=np.int64(3), run_folder=tmp_path)
    assert type(run.seed) is int


@pytest.mark.slow
def test_multi_label_and_regression_train(toy_arrays):
    images, targets = toy_arrays
    several = tfft.data.from_arrays(images, np.stack([targets == 0, targets < 2], axis=1).astype(int))
    run = tfft.fit(tfft.build("toy", tfft.tasks.multi_label(several.labels)), several, tfft.plans.head_only(5, RATE))
    assert run.history()["loss"][-1] < run.history()["loss"][0]
    real = tfft.data.from_arrays(images, images.mean(axis=(1, 2, 3)) * 1000.0)
    run = tfft.fit(tfft.build("toy", tfft.tasks.regression(real.labels)), real, tfft.plans.full(8, 0.01))
    assert run.history()["loss"][-1] < run.history()["loss"][0]
    # in the user's unit: of the size of the targets' spread, not of the standardised 1
    assert run.history()["val_mae"][-1] > 10


@pytest.mark.slow
def test_a_run_folder_holds_a_line_for_each_event_and_the_run(model, data, tmp_path):
    run = tfft.fit(model, data, tfft.plans.two_phase(2, 1, learning_rate=RATE), run_folder=tmp_path / "run")
    events = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["run", "phase", "epoch", "epoch", "end", "phase", "epoch", "end"]
    assert [e["val_loss"] for e in events if e["event"] == "epoch"] == run.history()["val_loss"]
    saved = json.loads((tmp_path / "run" / "run.json").read_text())
    assert saved["data"]["fingerprints"]["train"] == data.train.fingerprint()
    assert tfft.Plan.from_dict(saved["plan"]) == run.plan
    before = model.net.get_weights()
    model.net.load_weights(tmp_path / "run" / "model.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.net.get_weights(), strict=True))


def test_nothing_is_written_without_a_run_folder(model, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tfft.fit(model, data, tfft.plans.head_only(1, RATE))
    assert list(tmp_path.iterdir()) == []


def test_a_variable_that_moves_against_its_intent_is_reported(model, data, monkeypatch):
    from tfft.training import best_weights

    bias = model.backbone_net.get_layer("block1_conv").bias
    original = best_weights.BestWeights.on_epoch_end

    def meddle(self, epoch, logs=None):
        bias.assign(bias + 1)
        original(self, epoch, logs)

    monkeypatch.setattr(best_weights.BestWeights, "on_epoch_end", meddle)
    with pytest.raises(MovementError, match=r"block1_conv/bias \(changed, meant to stay frozen\)"):
        tfft.fit(model, data, tfft.plans.head_only(1, RATE))


def test_a_loss_that_becomes_nan_puts_the_weights_back(model, data):
    model.backbone_net.get_layer("block1_bn").gamma.assign(np.full(4, 1e38))
    before = weights_of(model)
    plan = Plan(Phase("explode", nothing(), 2, 10.0, clip_norm=None, schedule=constant()))
    with pytest.raises(PlanError, match=r"became NaN or infinite.*Lower its learning rate"):
        tfft.fit(model, data, plan)
    assert not moved_between(before, weights_of(model))


def test_an_interrupted_phase_leaves_the_best_weights(model, data, monkeypatch):
    from tfft.training import progress

    losses = []

    def interrupt(self, epoch, logs=None):
        losses.append(logs["val_loss"])
        if epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.JsonLog, "on_epoch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tfft.fit(model, data, tfft.plans.head_only(5, RATE))
    model.net.compile(loss=model.task.loss())
    pixels = np.stack([model.preprocessor(item) for item in data.validation.inputs])
    now = model.net.evaluate(pixels, model.task.encode(data.validation.targets, {})[0], verbose=0, batch_size=32)
    assert now == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_an_interrupted_phase_is_in_the_run_folder_with_the_epochs_that_ended(
    model, data, monkeypatch, tmp_path, number, error
):
    from tfft.training import progress

    def interrupt(self, epoch, logs=None):
        if self._name == "tune" and epoch == 1:
            os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(progress.LiveLine, "on_epoch_begin", lambda self, epoch, logs=None: None)
    monkeypatch.setattr(progress.JsonLog, "on_epoch_begin", interrupt)
    try:
        with pytest.raises(error):
            tfft.fit(model, data, tfft.plans.two_phase(2, 5, learning_rate=RATE), run_folder=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    told = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert [(phase["phase"]["name"], len(phase["history"]["loss"])) for phase in told["phases"]] == [
        ("head", 2),
        ("tune", 1),
    ]
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["event"] == "interrupted"
    again = tfft.build("toy", tfft.tasks.classification(data.labels), seed=7)
    again.net.load_weights(tmp_path / "model.weights.h5")
    assert not moved_between(weights_of(again), weights_of(model))


def test_a_run_folder_that_cannot_be_written_never_ends_training(model, data, monkeypatch, tmp_path):
    def fail(net, path):
        raise RuntimeError("of HDF5")

    monkeypatch.setattr("tfft.keras_files.saving.save_weights", fail)
    with pytest.warns(RunWarning, match="of HDF5"):
        run = tfft.fit(model, data, tfft.plans.head_only(1, RATE), run_folder=tmp_path)
    assert len(run.phases) == 1


def test_more_blocks_than_there_are_is_refused_before_any_training(model, data):
    before = weights_of(model)
    with pytest.raises(PlanError, match=r"last_blocks\(9\).*3 blocks.*at most 3"):
        tfft.fit(model, data, tfft.plans.two_phase(1, 1, blocks=9))
    assert not moved_between(before, weights_of(model))


def test_an_image_that_vanishes_while_training_is_named(class_folder: Path):
    data = tfft.data.from_folder(class_folder)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    gone = Path(data.train.inputs[0])
    gone.unlink()
    with pytest.raises(DataError, match=rf"{gone.parent.name}/{gone.name}.*no such file"):
        tfft.fit(model, data, tfft.plans.head_only(1))


def test_a_larger_batch_than_there_are_examples_works(model, data):
    assert len(tfft.fit(model, data, tfft.plans.head_only(1, RATE), batch_size=1000).history()["loss"]) == 1


def test_a_disk_that_fills_up_does_not_cost_the_training(model, data, tmp_path, monkeypatch):
    from tfft.core.errors import RunWarning
    from tfft.training.run import Run

    def full(self, folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Run, "save", full)
    with pytest.warns(RunWarning, match=r"could not be written.*No space left.*Training continues"):
        run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, learning_rate=RATE), run_folder=tmp_path)
    assert len(run.phases) == 2


@pytest.mark.slow
def test_a_run_with_changed_images_repeats_bit_for_bit(data):
    plan = tfft.plans.two_phase(1, 1, augment=(augmentation.crops(), augmentation.flips(), augmentation.cutmix()))
    weights = []
    for _ in range(2):
        run = tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels), seed=3), data, plan, seed=4)
        weights.append([value.tobytes() for value in run.model.net.get_weights()])
    assert weights[0] == weights[1]
    plain = tfft.fit(
        tfft.build("toy", tfft.tasks.classification(data.labels), seed=3), data, plan.with_phases(augment=()), seed=4
    )
    assert [value.tobytes() for value in plain.model.net.get_weights()] != weights[0]


@pytest.fixture
def texts():
    """90 texts of two classes, of many lengths, that differ in a letter."""
    random = np.random.default_rng(0)
    words = [" ".join(random.choice(["b", "c", "d"], random.integers(1, 12))) for _ in range(90)]
    labels = ["yes" if index % 2 else "no" for index in range(90)]
    ends = [f"{index} {'zz' if label == 'yes' else 'qq'}" for index, label in enumerate(labels)]
    lines = [f"{word} {end}" for word, end in zip(words, ends, strict=True)]
    frame = pd.DataFrame({"text": lines, "label": labels})
    return tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)


def text_model(texts, seed=0):
    return tfft.build("toy_text", tfft.tasks.classification(texts.labels), seed=seed)


@pytest.mark.slow
def test_without_a_plan_texts_are_trained_as_an_encoder_and_images_in_two_phases(model, data, texts, monkeypatch):
    short = {"sequence": tfft.plans.encoder(epochs=1), "map": tfft.plans.two_phase(1, 1)}
    asked = []

    def usual(backbone, task, examples, strategy, solving):
        asked.append((backbone.features.kind, examples, task.name))
        assert solving
        return short[backbone.features.kind]

    monkeypatch.setattr("tfft.training.loop.plan_for", usual)
    assert tfft.fit(text_model(texts), texts).plan == short["sequence"]
    assert tfft.fit(model, data).plan == short["map"]
    assert asked == [("sequence", len(texts.train), "classification"), ("map", len(data.train), "classification")]


@pytest.mark.slow
def test_the_encoder_recipe_moves_layers_and_head_and_leaves_the_tables_bit_for_bit(texts):
    model = text_model(texts)
    before = weights_of(model)
    run = tfft.fit(model, texts, tfft.plans.encoder(epochs=1, learning_rate=0.01, head=2))
    moved = moved_between(before, weights_of(model))
    blocks = {row["path"]: row["block"] for row in overview_rows(model)}
    assert {blocks[path] for path in moved} == {"layer1", "layer2", "head"}
    assert {path for path, block in blocks.items() if block == "embeddings"}.isdisjoint(moved)
    assert run.phases[0].overview.discrepancies() == ()


@pytest.mark.slow
def test_training_learns_the_toy_texts(texts):
    model = text_model(texts)
    tfft.fit(model, texts, tfft.plans.encoder(epochs=10, learning_rate=0.01, embeddings=True, head=2), batch_size=8)
    assert tfft.evaluate(model, texts.test).metrics["accuracy"]["value"] == 1.0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_on_texts_bit_for_bit(texts):
    def once(seed):
        run = tfft.fit(text_model(texts, seed), texts, tfft.plans.encoder(epochs=2, learning_rate=0.01), seed=seed)
        return run.history(), [w.tobytes() for w in run.model.net.get_weights()]

    first, again, other = once(3), once(3), once(4)
    assert first == again
    assert first != other


@pytest.mark.slow
def test_kept_features_of_texts_are_trained_on_as_texts_are(texts):
    """Where all that moves lies behind a cut, what is before it is computed once, of batches that are padded otherwise."""
    plan = Plan(Phase("top", last_blocks(1), 2, 0.01, train_norms=True))
    runs = []
    for cache in ("off", "memory"):
        backbone = tfft.load_backbone("toy_text", dropout=0.0)
        model = tfft.build(backbone, tfft.tasks.classification(texts.labels), seed=1, cache=cache)
        runs.append(tfft.fit(model, texts, plan, seed=2))
    read, kept = runs
    assert [run.phases[0].reads.startswith("features") for run in runs] == [False, True]
    for name, values in read.history().items():
        np.testing.assert_allclose(kept.history()[name], values, atol=1e-4, err_msg=name)
    for one, other in zip(read.model.net.get_weights(), kept.model.net.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_rates_decide_how_far_each_block_goes(model, data):
    """A block whose rate is next to nothing hardly moves, and the head goes on at its own."""
    before = weights_of(model)
    rates = tfft.plans.Rates(layer_decay=0.01, head=5)
    tfft.fit(model, data, Plan(Phase("p", everything(), 1, 0.01, constant(), rates=rates)))
    after = weights_of(model)
    far = {path: np.abs(after[path] - before[path]).max() for path in before if path.endswith("kernel")}
    steps = 2  # 42 examples, 32 in a batch
    limits = {"block1_conv": 1e-6, "block2_conv": 1e-4, "block3_conv": 0.01, "head/logits": 0.05}
    for name, rate in limits.items():
        assert rate / 4 < far[f"{name}/kernel"] < 1.5 * steps * rate, name
