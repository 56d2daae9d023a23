"""evaluate() and Report."""

import json
import re

import numpy as np
import pytest

import tfft
from tfft.core.errors import DataError


def test_a_report_counts_every_example_once(model, data):
    report = tfft.evaluate(model, data.train)
    assert report.count == len(data.train) == np.sum(report.confusion)
    assert [row["support"] for row in report.per_class] == list(data.train.counts().values())
    hits = sum(report.confusion[i][i] for i in range(3))
    assert report.metrics["accuracy"]["value"] == pytest.approx(hits / report.count)


def test_it_is_the_same_twice_and_whatever_the_batch_size(model, data):
    assert tfft.evaluate(model, data.test) == tfft.evaluate(model, data.test)
    one, many = (tfft.evaluate(model, data.test, batch_size=size).metrics for size in (1, 50))
    assert one["log_loss"]["value"] == pytest.approx(many["log_loss"]["value"], rel=1e-5)


def test_it_goes_into_json_and_markdown_files(model, data, tmp_path):
    report = tfft.evaluate(model, data.test)
    assert json.loads(report.save(tmp_path / "report.json").read_text()) == json.loads(json.dumps(report.to_dict()))
    text = report.save(tmp_path / "report.md").read_text()
    assert text == report.to_markdown()
    assert re.search(r"\| accuracy +\| \d\.\d{4} \| \d\.\d{4} to \d\.\d{4} \|", text)
    for name in ("red", "green", "blue"):
        assert f"| {name}" in text


@pytest.mark.slow
def test_multi_label_and_regression_have_reports_of_their_own(toy_arrays):
    images, targets = toy_arrays
    several = tfft.data.from_arrays(images, np.stack([targets == 0, targets < 2], axis=1))
    report = tfft.evaluate(tfft.build("toy", tfft.tasks.multi_label(several.labels)), several.test)
    assert set(report.metrics) == {"subset_accuracy", "macro_f1", "weighted_f1", "roc_auc", "log_loss"}
    assert report.confusion is None
    real = tfft.data.from_arrays(images, images.mean(axis=(1, 2, 3)).astype(float))
    report = tfft.evaluate(tfft.build("toy", tfft.tasks.regression(real.labels)), real.test)
    assert set(report.metrics) == {"mae", "rmse", "r2"}
    assert "| target" in report.to_markdown()


def test_data_without_a_test_part_says_what_to_do(model):
    with pytest.raises(DataError, match=r"no examples to evaluate.*no test part.*parts="):
        tfft.evaluate(model, None)


def test_examples_of_other_labels_are_refused(model, toy_arrays):
    other = tfft.data.from_arrays(*toy_arrays, class_names=["a", "b", "c"])
    with pytest.raises(DataError, match=r"other labels.*'a', 'b', 'c'.*'red'"):
        tfft.evaluate(model, other.test)


def test_a_run_or_all_parts_instead_of_a_model_and_one_part_are_refused(model, data):
    with pytest.raises(DataError, match=r"a str.*evaluate\(run.model, data.test\)"):
        tfft.evaluate("run", data.test)
    with pytest.raises(DataError, match=r"a Splits.*data.test"):
        tfft.evaluate(model, data)


def test_new_data_may_lack_some_of_the_classes(model, data, toy_arrays):
    images, targets = toy_arrays
    some = targets != 1
    fewer = tfft.data.from_arrays(images[some], np.array(["red", "?", "blue"])[targets[some]], seed=1)
    found = tfft.evaluate(model, fewer.everything())
    assert [row["support"] for row in found.per_class] == [int((targets == 0).sum()), 0, int((targets == 2).sum())]
    whole = tfft.evaluate(model, data.everything())
    assert [found.confusion[i] for i in (0, 2)] == [whole.confusion[i] for i in (0, 2)]


def test_of_several_labels_new_data_may_lack_some_as_well(toy_arrays):
    images, targets = toy_arrays
    names = [["a"] if t == 0 else ["a", "b"] if t == 1 else ["c"] for t in targets]
    data = tfft.data.from_arrays(images, names)
    model = tfft.build("toy", tfft.tasks.multi_label(data.labels))
    some = [i for i, t in enumerate(targets) if t != 2]
    fewer = tfft.data.from_arrays(images[some], [names[i][::-1] for i in some])
    found = tfft.evaluate(model, fewer.everything())
    assert [row["support"] for row in found.per_class] == [len(some), int((targets == 1).sum()), 0]


def test_a_class_the_model_does_not_know_is_named(model, toy_arrays):
    images, targets = toy_arrays
    other = tfft.data.from_arrays(images, targets, class_names=["red", "green", "violet"])
    with pytest.raises(DataError, match=r"other labels.*'violet' for single 'red', 'green', 'blue'"):
        tfft.evaluate(model, other.train)


def test_a_metric_that_is_no_number_is_null_in_json(toy_arrays):
    images, targets = toy_arrays
    data = tfft.data.from_arrays(images, targets.astype(float) + 0.5)
    model = tfft.build("toy", tfft.tasks.regression(data.labels))
    report = tfft.evaluate(model, data.test.take([0]))
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["metrics"]["r2"]["value"] is None
    assert "| r2     | -" in report.to_markdown()


@pytest.mark.slow
def test_the_worst_quantities_are_measured_in_units_of_the_training_part(toy_arrays):
    images, _ = toy_arrays
    random = np.random.default_rng(0)
    small, large = random.normal(0, 1, 60), random.normal(0, 1000, 60)
    data = tfft.data.from_arrays(images, np.stack([small, large], axis=1))
    model = tfft.build("toy", tfft.tasks.regression(data.labels))
    other = tfft.data.from_arrays(images, np.stack([1e6 * small, large], axis=1)).everything()
    rows = tfft.evaluate(model, other).worst
    far = np.argsort(-np.abs(other.targets[:, 0]))[: len(rows)]
    assert [row["index"] for row in rows] == far.tolist()


def test_endings_are_known_whatever_their_case(toy_arrays, tmp_path):
    data = tfft.data.from_arrays(*toy_arrays)
    report = tfft.evaluate(tfft.build("toy", tfft.tasks.classification(data.labels)), data.test)
    assert report.save(tmp_path / "x.HTML").read_text().startswith("<!doctype html>")
    assert report.save(tmp_path / "x.Json").read_text().startswith("{")
    assert (
        report.save(tmp_path / "x").read_text() == report.save(tmp_path / "x.txt").read_text() == report.to_markdown()
    )
    for name in ("x.pdf", "x.csv", "x.docx"):
        with pytest.raises(DataError, match=r"cannot be written as '\.\w+'.*\.html.*\.md for Markdown"):
            report.save(tmp_path / name)
    with pytest.raises(DataError, match="does not expand '~'"):
        report.save("~/x.html")
    assert report.to_html() == report.to_html()


def test_a_report_is_not_written_over_a_folder_or_with_what_is_no_run(model, data, tmp_path):
    report = tfft.evaluate(model, data.test)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        report.save(tmp_path)
    with pytest.raises(DataError, match=r"takes the run that fit\(\) returned\. Got: a TransferModel"):
        report.save(tmp_path / "x.html", model)
    assert list(tmp_path.iterdir()) == []
