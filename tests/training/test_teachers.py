"""A student learns from a teacher with the same labels, in any order, and never from another one."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import tfft
from tests.conftest import picture
from tfft.core.errors import DataError, DataWarning, PlanError, TfftError
from tfft.data.splits import Splits
from tfft.plans.teacher import Teacher
from tfft.training import loop
from tfft.training.teachers import opened, soft_targets

IMAGES = np.stack([picture(seed, (20, 24), seed % 3) for seed in range(60)])
CLASSES = [["red", "green", "blue"][seed % 3] for seed in range(60)]
PLAN = tfft.plans.two_phase(3, 2, learning_rate=0.05, tune_learning_rate=0.01)


PARTS = {"train": slice(0, 42), "validation": slice(42, 51), "test": slice(51, 60)}


def read(targets=CLASSES, **options):
    return tfft.data.from_arrays({part: (IMAGES[at], targets[at]) for part, at in PARTS.items()}, **options)


@pytest.fixture(scope="module")
def data():
    return read()


@pytest.fixture(scope="module")
def teacher(data):
    """A larger input than that of the students, so that both have preprocessors of their own."""
    model = tfft.build(tfft.load_backbone("toy", size=24), tfft.tasks.classification(data.labels), seed=1)
    return tfft.fit(model, data, tfft.plans.head_only(30, 0.1), progress=False).model


@pytest.fixture(scope="module")
def path(teacher, tmp_path_factory):
    return tfft.export(teacher, tmp_path_factory.mktemp("teacher") / "t.tfft")


@pytest.fixture
def bundle(path):
    return tfft.load(path)


def student(data, seed=2, **options):
    return tfft.build("toy", tfft.tasks.classification(data.labels), seed=seed, **options)


def answers(teacher, data, model=None):
    model = student(data) if model is None else model
    return soft_targets(opened(Teacher.of(teacher), model, data), model, data, lambda text: None)


def softened(teacher, data, temperature=1.0):
    rows = [teacher.preprocessor(data.train.inputs[index]) for index in range(len(data.train))]
    logits = np.asarray(teacher.net(teacher.preprocessor.collate(rows)["pixels"])) / temperature
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_a_model_and_its_bundle_give_the_probabilities_of_the_teacher(data, teacher, path):
    wanted = softened(teacher, data)
    for each in (teacher, tfft.load(path)):
        np.testing.assert_allclose(answers(each, data).soft, wanted, atol=1e-5)
    np.testing.assert_allclose(answers(Teacher(teacher, 5.0), data).soft, softened(teacher, data, 5.0), atol=1e-5)


def test_answers_follow_the_names_of_labels_and_not_their_order(data, teacher):
    other = read(class_names=["blue", "red", "green"])
    assert other.labels.names != data.labels.names
    assert other.train.digests == data.train.digests
    order = [data.labels.names.index(name) for name in other.labels.names]
    np.testing.assert_allclose(answers(teacher, other).soft, softened(teacher, data)[:, order], atol=1e-5)


def test_quantities_are_converted_to_the_unit_of_the_student():
    values = np.stack([np.linspace(10, 90, 60), np.linspace(5, -5, 60)], axis=1)
    data = read(values)
    space = replace(data.labels, mean=(0.0, 1.0), scale=(2.0, 3.0))
    teacher = tfft.build("toy", tfft.tasks.regression(space), seed=3)
    model = tfft.build("toy", tfft.tasks.regression(data.labels), seed=4)
    pixels = np.stack([teacher.preprocessor(data.train.inputs[index]) for index in range(len(data.train))])
    said = np.asarray(teacher.net(pixels)) * [2.0, 3.0] + [0.0, 1.0]
    wanted = (said - np.array(data.labels.mean)) / np.array(data.labels.scale)
    np.testing.assert_allclose(answers(teacher, data, model).soft, wanted, rtol=1e-4, atol=1e-4)
    run = tfft.fit(model, data, tfft.plans.head_only(1), progress=False, teacher=teacher)
    assert np.isfinite(run.history()["loss"]).all()


def test_texts_may_have_other_lengths_and_several_labels():
    texts = [f"{'good' if index % 2 else 'bad'} film {'and long ' * (index % 5)}{index}" for index in range(60)]
    data = read_texts = tfft.data.from_arrays(texts, [["a", "b"][: 1 + index % 2] for index in range(60)], seed=0)
    task = tfft.tasks.multi_label(data.labels)
    teacher = tfft.build(tfft.load_backbone("toy_text", length=8), task, seed=1)
    model = tfft.build("toy_text", task, seed=2)
    rows = [teacher.preprocessor(read_texts.train.inputs[index]) for index in range(len(data.train))]
    logits = np.concatenate([np.asarray(teacher.net(teacher.preprocessor.collate([row]))) for row in rows])
    np.testing.assert_allclose(answers(teacher, data, model).soft, 1 / (1 + np.exp(-logits)), atol=1e-5)
    run = tfft.fit(model, data, tfft.plans.encoder(1), progress=False, teacher=teacher)
    assert np.isfinite(run.history()["loss"]).all()


def test_a_student_whose_whole_loss_is_the_teacher_learns_what_the_teacher_says(data, teacher):
    """The labels are shuffled, so that they cannot help."""
    wrong = replace(data, train=replace(data.train, targets=np.roll(data.train.targets, 1)))
    plan, said = tfft.plans.head_only(40, 0.1), softened(teacher, data).argmax(axis=1)

    def agreement(**options):
        model = student(data)
        tfft.fit(model, wrong, plan, progress=False, **options)
        pixels = np.stack([model.preprocessor(data.train.inputs[index]) for index in range(len(data.train))])
        return np.mean(np.asarray(model.net(pixels)).argmax(axis=1) == said)

    taught, alone = agreement(teacher=Teacher(teacher, 1.0, 1.0)), agreement()
    assert taught > max(0.7, alone + 0.4)
    assert alone < 0.6


def test_validation_uses_the_labels_alone(data, teacher):
    """A teacher changes what is learned, and not how it is measured."""
    model = student(data)
    run = tfft.fit(model, data, tfft.plans.head_only(1), progress=False, teacher=Teacher(teacher, 3.0, 0.9))
    measured = tfft.evaluate(model, data.validation).metrics["log_loss"]["value"]
    kept = run.phases[0].best_loss
    assert kept == pytest.approx(measured, rel=1e-4)


def test_the_loss_of_a_step_is_the_one_that_is_documented(data, teacher):
    """One step of plain gradient descent would move the head by this; Adam's history tells the loss before the step."""
    model = student(data, cache="off")
    pixels = np.stack([model.preprocessor(data.train.inputs[index]) for index in range(len(data.train))])
    logits = np.asarray(model.net(pixels))
    labels = np.eye(3)[data.train.targets]
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    soft, half = softened(teacher, data, 4.0), logits / 4
    divergence = (soft * (np.log(soft) - half + np.log(np.exp(half).sum(axis=1, keepdims=True)))).sum(axis=1)
    wanted = 0.3 * -(labels * log).sum(axis=1) + 0.7 * 16 * divergence
    run = tfft.fit(
        model, data, tfft.plans.head_only(1), batch_size=1000, progress=False, teacher=Teacher(teacher, 4.0, 0.7)
    )
    assert run.history()["loss"][0] == pytest.approx(wanted.mean(), rel=1e-4)


def same(one, two):
    assert one.history() == two.history()
    for a, b in zip(one.model.net.get_weights(), two.model.net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_cached_features_and_answers_change_nothing(data, teacher):
    run = tfft.fit(student(data), data, PLAN, progress=False, teacher=teacher)
    same(run, tfft.fit(student(data), data, PLAN, progress=False, teacher=teacher))
    pixels = tfft.fit(student(data, cache="off"), data, PLAN, progress=False, teacher=teacher)
    for name, values in run.history().items():
        np.testing.assert_allclose(values, pixels.history()[name], atol=1e-4, err_msg=name)
    alone = tfft.fit(student(data), data, PLAN, progress=False)
    assert alone.history()["loss"] != run.history()["loss"]


def test_answers_are_computed_once_and_again_for_other_weights(data, path):
    said = []
    model = student(data)

    def ask(each):
        chosen = opened(Teacher.of(each), model, data)
        return soft_targets(chosen, model, data, said.append)

    first = ask(tfft.load(path))
    again = ask(tfft.load(path))
    assert said == [f"The teacher answers {len(data.train)} training examples."]
    np.testing.assert_array_equal(first.soft, again.soft)
    other = tfft.load(path)
    other.net.weights[-1].assign(other.net.weights[-1] + 1.0 * np.arange(3))
    assert np.abs(ask(other).soft - first.soft).max() > 0.05
    assert len(said) == 2


def test_mixed_images_have_mixed_answers(data, teacher):
    augment = (tfft.plans.augmentation.flips(), tfft.plans.augmentation.mixup())
    plan = tfft.plans.head_only(2, augment=augment)
    run = tfft.fit(student(data), data, plan, progress=False, teacher=teacher)
    same(run, tfft.fit(student(data), data, plan, progress=False, teacher=teacher))


class Stops(keras.callbacks.Callback):
    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_continued_run_is_the_same_run_and_has_the_same_teacher(data, teacher, bundle, path, tmp_path, monkeypatch):
    arguments = {"batch_size": 8, "progress": False, "save_minutes": 1e-6}
    whole = tfft.fit(student(data), data, PLAN, teacher=bundle, batch_size=8, progress=False)

    def started(folder, at, **options):
        with pytest.raises(KeyboardInterrupt):
            tfft.fit(student(data), data, PLAN, run_folder=folder, callbacks=[Stops(at)], **arguments, **options)

    started(tmp_path / "run", 4, teacher=bundle)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "soft_targets", None)  # the teacher is not asked
        with pytest.raises(TfftError, match="holds an unfinished run"):
            tfft.fit(student(data), data, PLAN, run_folder=tmp_path / "run", **arguments, teacher=bundle)
    moved = tfft.load(tfft.export(teacher, tmp_path / "moved.tfft"))
    for wrong in ({}, {"teacher": Teacher(bundle, 3.0)}, {"teacher": Teacher(bundle, 1.0, 0.4)}):
        with pytest.raises(TfftError, match=r"was started differently.*teacher"):
            tfft.fit(student(data), data, PLAN, run_folder=tmp_path / "run", resume=True, **arguments, **wrong)
    other = tfft.load(path)
    other.net.weights[-1].assign(other.net.weights[-1] + 1.0)
    with pytest.raises(TfftError, match=r"was started differently.*teacher\.weights"):
        tfft.fit(student(data), data, PLAN, run_folder=tmp_path / "run", resume=True, **arguments, teacher=other)
    done = tfft.fit(student(data), data, PLAN, run_folder=tmp_path / "run", resume=True, **arguments, teacher=moved)
    same(done, whole)
    started(tmp_path / "alone", 4)
    with pytest.raises(TfftError, match=r"was started differently.*teacher"):
        tfft.fit(student(data), data, PLAN, run_folder=tmp_path / "alone", resume=True, **arguments, teacher=bundle)


def test_a_run_records_its_teacher_and_its_code_repeats_it(data, teacher, bundle, path):
    plan = tfft.plans.head_only(1)
    run = tfft.fit(student(data), data, plan, progress=False, teacher=Teacher(bundle, 3, 0.25))
    about = run.to_dict()["teacher"]
    assert (about["path"], about["backbone"], about["temperature"], about["weight"]) == (str(path), "toy", 3.0, 0.25)
    assert about["weights"] == tfft.evaluate(teacher, data.validation).weights
    code = run.to_code()
    assert f"teacher = tfft.load({str(path)!r})" in code
    assert "teacher=tfft.plans.Teacher(teacher, temperature=3.0, weight=0.25))" in code
    values = {"targets": CLASSES, "images": IMAGES}
    exec(code[code.index("backbone = ") :], {"tfft": tfft, "data": data, **values}, values)
    same(run, values["run"])
    loaded = replace(bundle, origin="hf://ann/f@v1")
    assert opened(Teacher(loaded), student(data), data).about()["path"] == "hf://ann/f@v1"
    passed = tfft.fit(student(data), data, plan, progress=False, teacher=teacher)
    assert f"# first define teacher: toy, weights {about['weights']}" in passed.to_code()
    assert tfft.fit(student(data), data, plan, progress=False).to_dict()["teacher"] is None


def test_what_the_teacher_has_seen_is_known_to_the_student(data, bundle):
    swapped = Splits(data.test, data.validation, data.train, data.labels)
    with pytest.warns(DataWarning, match=rf"The teacher has seen {len(data.train)} of the test examples"):
        run = tfft.fit(student(data), swapped, tfft.plans.head_only(1), progress=False, teacher=bundle)
    assert run.model.seen.counts(data.train)["train"] == len(data.train)
    assert "optimistic" in tfft.evaluate(run.model, swapped.test).describe()
    unknown = replace(bundle, seen=None)
    run = tfft.fit(student(data), swapped, tfft.plans.head_only(1), progress=False, teacher=unknown)
    assert run.model.seen.counts(data.train) == {"train": 0, "validation": 0}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda data: 7,
            r"teacher must be a model or a loaded bundle\. Got: an int\. Write teacher=tfft\.load\('large\.tfft'\)",
        ),
        (
            lambda data: "my.tfft",
            r"a loaded bundle\. Got: the path 'my\.tfft'\. Write teacher=tfft\.load\('my\.tfft'\)",
        ),
        (
            lambda data: tfft.build("toy", tfft.tasks.classification(["red", "green", "grey"])),
            r"another task or other labels.*only one of them has 'blue', 'grey'",
        ),
        (
            lambda data: tfft.build("toy", tfft.tasks.multi_label(["red", "green", "blue"])),
            "multi_label of .* for class",
        ),
        (lambda data: tfft.build("toy", tfft.tasks.segmentation(["red", "green", "blue"])), "segmentation of"),
    ],
)
def test_a_teacher_of_something_else_is_refused(data, made, message):
    with pytest.raises(PlanError, match=message):
        tfft.fit(student(data), data, PLAN, progress=False, teacher=made(data))


def test_teachers_that_cannot_read_the_data_or_cannot_answer_are_refused(data):
    reader = tfft.build("toy_text", tfft.tasks.classification(data.labels))
    with pytest.raises(DataError, match=r"trained on texts, but the data holds images"):
        tfft.fit(student(data), data, PLAN, teacher=reader)
    own = student(data)
    with pytest.raises(PlanError, match="The teacher is the model that is trained"):
        tfft.fit(own, data, PLAN, teacher=own)
    broken = student(data, seed=9)
    broken.net.weights[-1].assign([np.nan, 0.0, 0.0])
    with pytest.raises(DataError, match="The teacher answers NaN or infinity"):
        tfft.fit(student(data), data, PLAN, teacher=broken)


def test_tasks_of_tokens_and_pixels_have_no_teacher():
    masks = np.zeros((60, 20, 24), np.uint8)
    masks[:, :10] = 1
    data = tfft.data.from_masks({"train": (IMAGES, masks)}, ["a", "b"], seed=0)
    models = [tfft.build("toy", tfft.tasks.segmentation(data.labels), seed=seed) for seed in range(2)]
    with pytest.raises(PlanError, match="segmentation cannot learn from a teacher"):
        tfft.fit(models[0], data, teacher=models[1])
