"""The page: one file, whole, with everything that was promised, and safe for any name."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import tfft

NASTY = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for hue, name in enumerate(["reds", "a & b"]):
        (root / name).mkdir()
        for index in range(12):
            pixels = random.integers(0, 120, (20, 20, 3)).astype(np.uint8)
            pixels[..., hue] += 130
            Image.fromarray(pixels).save(root / name / f"{index}.png")
    data = tfft.data.from_folder(root, holdout=(0.2, 0.3))
    run = tfft.fit(
        tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.two_phase(2, 1, learning_rate=0.05)
    )
    return run, tfft.evaluate(run.model, data.test)


def test_a_page_holds_everything_and_needs_nothing_else(made):
    run, report = made
    assert "<wbr>" in report.to_html(run)
    page = report.to_html(run).replace("<wbr>", "")
    for words in (
        "Metrics",
        "Learning curves",
        "Class by class",
        "Highest losses",
        "Changed variables of each phase",
        "Code that repeats the run",
        "Versions",
        "block3_conv/kernel",
        "tfft.data.from_folder(",
        "seed=0",
        "tensorflow 2.",
    ):
        assert words in page, words
    assert page.count("<svg") == 4
    assert page.count("data:image/jpeg;base64,") == len(report.worst)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "prefers-color-scheme: dark" in page


def test_every_element_is_closed(made):
    run, report = made
    open_elements = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "img", "br", "wbr"):
                open_elements.append(tag)

        def handle_endtag(self, tag):
            assert open_elements.pop() == tag

        def handle_startendtag(self, tag, attributes):
            pass

    Checker().feed(report.to_html(run))
    assert not open_elements


def test_names_cannot_break_out_of_the_page(toy_arrays):
    images, targets = toy_arrays
    data = tfft.data.from_arrays(images, targets, class_names=[NASTY, "b", "c"])
    page = tfft.evaluate(tfft.build("toy", tfft.tasks.classification(data.labels)), data.test).to_html()
    assert NASTY not in page
    assert "&lt;script&gt;" in page


def test_the_title_names_dataset_model_and_date(made):
    run, report = made
    for page in (report.to_html(run), replace(report, dataset="photos").to_html()):
        title = re.search(r"<title>(.*?)</title>", page)[1]
        assert re.fullmatch(rf"photos\d*, toy, {report.date}", title), title
        assert title in page[page.index("<h1>") :].replace("<wbr>", "")
    assert f"<title>classification, toy, {report.date}</title>" in report.to_html()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", report.date)


def test_tiles_show_probabilities_beside_losses_and_no_more_digits_than_the_interval(made):
    _, report = made
    page = report.to_html()
    for row in report.worst:
        assert f"{100 * row['predicted_probability']:.1f}&nbsp;%" in page
        assert f"{100 * row['true_probability']:.1f}&nbsp;%" in page
        assert row["loss"] == pytest.approx(-np.log(row["true_probability"]), rel=1e-6)
    wide = replace(report, metrics={"accuracy": {"value": 0.93333, "low": 0.85512, "high": 0.98213}}).to_html()
    assert "<b>0.93</b>" in wide
    assert "0.86 to 0.98" in wide


def test_photos_stay_out_of_dicts_and_bundles(made, tmp_path):
    run, report = made
    assert "base64" not in str(report.to_dict())
    path = tfft.export(run.model, tmp_path / "m.tfft", report=report)
    assert not [file for file in path.iterdir() if b"base64" in file.read_bytes()]


@pytest.mark.slow
def test_other_tasks_have_pages_of_their_own(toy_arrays, tmp_path):
    images, targets = toy_arrays
    for labels, task, words in (
        (np.stack([targets == 0, targets < 2], axis=1), tfft.tasks.multi_label, "subset accuracy"),
        (images.mean(axis=(1, 2, 3)), tfft.tasks.regression, "Residuals"),
    ):
        data = tfft.data.from_arrays(images, labels)
        report = tfft.evaluate(tfft.build("toy", task(data.labels)), data.test)
        assert words in report.save(tmp_path / "page.html").read_text()
