"""What fit() refuses before anything is trained."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.core.errors import DataError, DataWarning, PlanError, TfftError
from tfft.models.prepared import prepared
from tfft.plans import Phase, Plan, augmentation
from tfft.trainable import match, nothing
from tfft.training.checks import check, check_folder, check_plan, warn_about_texts

RATE = 0.05


@pytest.fixture
def texts():
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(30)], "label": ["red", "green", "blue"] * 10})
    return tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)


@pytest.fixture
def text_model(texts):
    return tfft.build("toy_text", tfft.tasks.classification(texts.labels))


def test_what_fits_is_not_refused_and_nothing_is_changed(model, data, text_model, texts):
    for some, parts, plan in (
        (model, data, tfft.plans.two_phase()),
        (text_model, texts, tfft.plans.encoder()),
        (text_model, texts, tfft.plans.head_only()),
    ):
        before = [(v.trainable, v.numpy().tobytes()) for v in some.net.weights]
        check(some, parts, 8)
        check_plan(some, plan)
        assert [(v.trainable, v.numpy().tobytes()) for v in some.net.weights] == before


def test_what_is_no_model_or_no_splits_is_refused(model, data):
    with pytest.raises(DataError, match=r"a Functional and a Splits.*fit\(model, data\)"):
        tfft.fit(model.net, data)
    with pytest.raises(DataError, match=r"a TransferModel and an Examples.*not data.train"):
        tfft.fit(model, data.train)


def test_texts_for_a_net_of_images_are_refused(model, texts):
    for refuse in (lambda: check(model, texts, 8), lambda: tfft.fit(model, texts)):
        with pytest.raises(DataError) as caught:
            refuse()
        assert caught.value.what == "'toy' takes images, but the data holds texts."
        assert '"minilm_l6" for texts' in caught.value.fix


def test_images_for_a_net_of_texts_are_refused(text_model, data):
    for refuse in (lambda: check(text_model, data, 8), lambda: tfft.fit(text_model, data)):
        with pytest.raises(DataError) as caught:
            refuse()
        assert caught.value.what == "'toy_text' takes texts, but the data holds images."
        assert '"vgg16" for images' in caught.value.fix


def test_refused_texts_are_shown_and_how_to_name_a_column_of_images(model, texts):
    """A column of file names that nobody called one of images is read as texts: the first of them tells which it was."""
    with pytest.raises(DataError, match=r"takes images, but the data holds texts.*'text \d+' first.*image_column="):
        tfft.fit(model, texts)


def test_the_kind_of_data_is_checked_before_its_labels(model, toy_arrays):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(20)], "label": ["x", "y"] * 10})
    other = tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)
    with pytest.raises(DataError, match="takes images"):
        check(model, other, 8)


def test_data_of_other_labels_is_refused(model, toy_arrays):
    other = tfft.data.from_arrays(*toy_arrays, class_names=["a", "b", "c"])
    with pytest.raises(
        DataError, match=r"labels of the data differ from those of the model.*'a', 'b', 'c'.*'red'.*task\(data.labels\)"
    ):
        tfft.fit(model, other)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, None])
def test_a_batch_size_that_is_no_positive_whole_number_is_refused(model, data, wrong):
    with pytest.raises(DataError, match=f"batch_size={wrong!r}.*32"):
        tfft.fit(model, data, batch_size=wrong)


def test_a_phase_instead_of_a_plan_is_refused(model, data):
    with pytest.raises(PlanError, match=r"Phase.*Plan\(Phase"):
        tfft.fit(model, data, Phase("head", nothing(), 1, 0.1))


@pytest.mark.parametrize("wrong", [None, "two_phase", 3])
def test_what_is_no_plan_is_refused_by_its_type(model, wrong):
    with pytest.raises(PlanError, match=rf"plan must be a Plan. Got: {type(wrong).__name__}. Use tfft.plans.two_phase"):
        check_plan(model, wrong)


def test_more_blocks_than_there_are_is_refused_before_any_training(text_model):
    with pytest.raises(PlanError, match=r"last_blocks\(4\).*'embeddings', 'layer1', 'layer2'.*at most 3"):
        check_plan(text_model, tfft.plans.two_phase(blocks=4))
    with pytest.raises(PlanError, match=r"all_but_first_blocks\(3\) leaves no block.*at most 2"):
        check_plan(text_model, Plan(Phase("p", tfft.trainable.all_but_first_blocks(3), 1, RATE)))


def test_changes_of_words_are_refused_where_each_word_has_a_target():
    model = tfft.build("toy_text", tfft.tasks.token_classification(["per"]))
    phase = tfft.Phase("tag", tfft.trainable.nothing(), 1, 1e-3, augment=(tfft.plans.augmentation.swaps(),))
    with pytest.raises(
        PlanError, match=r"'tag' changes the words of texts, but single words or places have targets.*token_dropout"
    ):
        check_plan(model, tfft.Plan(phase))
    check_plan(
        model,
        tfft.Plan(tfft.Phase("tag", phase.trainable, 1, 1e-3, augment=(tfft.plans.augmentation.token_dropout(),))),
    )


def test_changes_of_images_are_refused_for_a_net_of_texts(text_model):
    plan = tfft.plans.encoder(augment=(augmentation.flips(), augmentation.crops()))
    with pytest.raises(PlanError, match=r"'encoder' changes images.*'toy_text' takes texts.*flips\(.*crops\("):
        check_plan(text_model, plan)


def test_a_policy_that_chooses_nothing_of_the_backbone_is_refused(model, data):
    with pytest.raises(PlanError, match=r"trains no variable.*match\('block1_bn/.\*'\).*train_norms=True"):
        tfft.fit(model, data, Plan(Phase("norms", match("block1_bn/.*"), 1, RATE)))
    tfft.fit(model, data, Plan(Phase("norms", match("block1_bn/.*"), 1, RATE, train_norms=True)))


def test_several_labels_may_be_mixed_and_quantities_may_not(toy_arrays):
    images, targets = toy_arrays
    plan = tfft.plans.head_only(1, augment=augmentation.mixup())
    several = tfft.data.from_arrays(images, np.stack([targets == 0, targets < 2], axis=1))
    tfft.fit(tfft.build("toy", tfft.tasks.multi_label(several.labels)), several, plan)
    real = tfft.data.from_arrays(images, images.mean(axis=(1, 2, 3)))
    with pytest.raises(PlanError, match=r"'head' mixes examples.*mixup\(alpha=0.2\)' for regression.*Leave it out"):
        tfft.fit(tfft.build("toy", tfft.tasks.regression(real.labels)), real, plan)


def texts_of(*words):
    rows = [f"{word} {number}" for number in range(10) for word in words]
    return tfft.data.from_arrays(rows, ["a", "b"] * (len(rows) // 2))


def test_texts_that_lose_their_end_are_counted():
    data = texts_of("short", "a text that goes on and on")
    model = tfft.build(tfft.load_backbone("toy_text", length=16), tfft.tasks.classification(data.labels))
    with pytest.warns(
        DataWarning, match=r"7 of 14 training texts have more than 16 tokens and lose their end.*pass length=\d+ with"
    ):
        warn_about_texts(model.backbone, prepared(model.preprocessor, data.train))


def test_a_vocabulary_that_does_not_know_the_language_is_named():
    data = texts_of("好看的电影", "房间干净")
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels))
    with pytest.warns(DataWarning, match=r"% of the tokens .* not in the vocabulary of 'toy_text'.*bert_base_zh"):
        tfft.fit(model, data, tfft.plans.head_only(epochs=1))


def test_of_plain_texts_and_of_images_nothing_is_said(model, data, recwarn):
    plain = texts_of("good", "bad")
    for some, parts in ((tfft.build("toy_text", tfft.tasks.classification(plain.labels)), plain), (model, data)):
        warn_about_texts(some.backbone, prepared(some.preprocessor, parts.train))
    assert [str(found.message) for found in recwarn if issubclass(found.category, DataWarning)] == []


@pytest.mark.slow
def test_single_texts_are_refused_for_a_model_that_was_trained_on_pairs(tmp_path):
    rows = "".join(f"question {i}\tanswer {i}\t{'ab'[i % 2]}\n" for i in range(20))
    (tmp_path / "pairs.tsv").write_text(f"first\tsecond\tlabel\n{rows}")
    pairs, single = (
        tfft.data.from_csv(tmp_path / "pairs.tsv", text_column=columns) for columns in (["first", "second"], "first")
    )
    model = tfft.build("toy_text", tfft.tasks.classification(pairs.labels))
    tfft.fit(model, pairs, tfft.plans.head_only(1), progress=False)
    with pytest.raises(DataError, match=r"trained on pairs of texts, but got single texts"):
        check(model, single, 32)
    check(model, pairs, 32)
    predictor = tfft.load(tfft.export(model, tmp_path / "p.tfft"))
    with pytest.raises(DataError, match=r"trained on pairs of texts, but got single texts"):
        predictor.predict([("x", "y"), ("x", "y"), "z"], batch_size=2)


def test_a_text_that_is_gone_is_named_before_anything_else(tmp_path):
    for label in ("up", "down"):
        (tmp_path / label).mkdir()
        for number in range(10):
            (tmp_path / label / f"{number}.txt").write_text(f"{label} {number}")
    data = tfft.data.from_folder(tmp_path)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels))
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    label, number = data.test.name(0).split()
    Path(tmp_path, label, f"{number}.txt").unlink()
    with pytest.raises(DataError, match=r"cannot be read again"):
        tfft.evaluate(model, data.test)
    label, number = data.train.name(0).split()
    Path(tmp_path, label, f"{number}.txt").unlink()
    with pytest.raises(DataError, match=r"cannot be read again"):
        check(model, data, 32)


def test_a_run_folder_that_takes_nothing_is_refused_before_anything_else(tmp_path):
    (tmp_path / "file").touch()
    for name, reason in (("file", "it is a file"), ("file/run", "Not a directory"), ("~/run", "does not expand '~'")):
        with pytest.raises(TfftError, match=rf"run folder '.*{name}': .*{reason}.*Choose another folder"):
            tfft.fit(None, None, run_folder=name if name[0] == "~" else tmp_path / name)
    for wrong in (3, "", b"run"):
        with pytest.raises(TfftError, match=r"must be the path of a folder.*run_folder=\"runs/1\""):
            tfft.fit(None, None, run_folder=wrong)
    assert check_folder(tmp_path / "new" / "run") == tmp_path / "new" / "run"
    assert check_folder(None) is None
    with pytest.raises(
        TfftError,
        match=r"1 minutes between two checkpoints, and no run folder.*run_folder=\"runs/1\", or leave save_minutes= out",
    ):
        tfft.fit(None, None, save_minutes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("typed", ["Auto", "32", ""])
def test_a_batch_size_in_words_is_auto_or_nothing(model, data, typed):
    with pytest.raises(
        DataError, match=rf"batch_size='{typed}' is not a number\. Write a number, such as 32, or \"auto\"\."
    ):
        tfft.fit(model, data, batch_size=typed)
