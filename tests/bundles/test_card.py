"""The model card says what is known of a model, asks for the rest, and is read by the hub's own client."""

import dataclasses
import json

import numpy as np
import pytest

import tfft
from tfft.bundles.card import card
from tfft.core.errors import BundleError
from tfft.core.specs import LabelSpace
from tfft.evaluation import render


@pytest.fixture(scope="module")
def trained():
    random = np.random.default_rng(0)
    images = random.integers(0, 120, (40, 16, 16, 3)).astype(np.uint8)
    images[1::2, ..., 0] += 130
    data = tfft.data.from_arrays(images, ["ants", "<b>bees|"] * 20, seed=3)
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=0)
    run = tfft.fit(model, data, tfft.plans.two_phase(2, 1), seed=0, progress=False)
    return run, tfft.evaluate(run.model, data.test)


def test_a_bundle_has_a_card_with_data_training_metrics_and_code(trained, tmp_path):
    run, report = trained
    path = tfft.export(run.model, tmp_path / "m.tfft", report=report, run=run)
    page = (path / "card.md").read_text(encoding="utf-8")
    accuracy = report.metrics["accuracy"]
    (row,) = [line for line in page.splitlines() if line.startswith("| accuracy")]
    assert row.split("|")[2].strip() == render.number(accuracy["value"])
    for part, count in run.data["counts"].items():
        assert any(line.split() == ["|", part, "|", str(count), "|"] for line in page.splitlines())
    assert "| tune" in page
    assert "tfft.fit(model, data, plan, seed=0" in page
    assert page.count("fill in") == 3
    assert "<b>" not in page.split("---", 2)[2]


def test_the_metadata_is_that_of_the_hub(trained):
    from huggingface_hub import ModelCard

    run, report = trained
    data = ModelCard(card(run.model, report, run)).data
    assert (data.library_name, data.license, data.pipeline_tag) == ("keras", "unknown", "image-classification")
    assert {"tfft", "keras"} <= set(data.tags)
    (result,) = [each for each in data.eval_results if each.metric_type == "accuracy"]
    assert result.metric_value == pytest.approx(report.metrics["accuracy"]["value"])


def test_without_report_and_run_the_card_says_so():
    page = card(tfft.build("toy", tfft.tasks.regression(LabelSpace(("age",), "real", (1.0,), (1.0,)))))
    assert "gives each image age" in page
    assert "Nothing was measured." in page
    assert "How the model was trained is not recorded." in page
    assert "## Metrics" not in page


@pytest.mark.parametrize("task", [tfft.tasks.token_classification(["per"]), tfft.tasks.question_answering()])
def test_each_task_of_texts_has_its_name_on_the_hub(task):
    page = card(tfft.build("toy_text", task))
    assert f"pipeline_tag: {json.dumps(task.name.replace('_', '-'))}" in page


def test_folders_of_the_user_are_in_no_part_of_the_bundle(trained, tmp_path):
    run, report = trained
    handle = "/home/ann's/secret project/vgg.keras"
    backbone = dataclasses.replace(run.model.backbone, handle=handle, options=(("vocabulary", "/home/ann/vocab.txt"),))
    model = dataclasses.replace(run.model, backbone=backbone)
    worst = [{**row, "name": "/home/ann/photos/1.jpg"} for row in report.worst]
    source = "tfft.data.from_folder('/home/ann/flowers', seed=3)"
    run = dataclasses.replace(run, model=model, data={**run.data, "source": source})
    report = dataclasses.replace(report, model=handle, worst=worst)
    path = tfft.export(model, tmp_path / "m.tfft", report=report, run=run)
    page = (path / "card.md").read_text(encoding="utf-8")
    assert "# vgg.keras for classification" in page
    assert '"name": "vgg.keras for classification"' in page
    assert "from the backbone `vgg.keras`" in page
    assert "from_folder('flowers', seed=3)" in page
    assert "load_backbone('vgg.keras', vocabulary='vocab.txt')" in page.replace('"', "'")
    for file in sorted(path.glob("*.json")) + sorted(path.glob("*.md")):
        assert "ann" not in file.read_text(encoding="utf-8"), file.name
    assert json.loads((path / "report.json").read_text())["worst"][0]["name"] == "1.jpg"
    loaded = tfft.load(path)
    assert loaded.manifest["backbone"]["handle"] == "vgg.keras"
    assert loaded.manifest["backbone"]["options"] == {"vocabulary": "vocab.txt"}


@pytest.mark.parametrize(
    ("handle", "shown"),
    [
        ("a`b", "the backbone `a'b`"),
        ("a\n# Title|b", "the backbone `a\\u000a# Title|b`"),
        ("hf://owner/model", "the backbone `hf://owner/model`"),
        ("~/nets/bert/", "the backbone `bert`"),
        ("C:\\nets\\vgg.keras", "the backbone `vgg.keras`"),
        ("keras:///home/ann/vgg.keras", "the backbone `keras://vgg.keras`"),
        ("<my net>", "the backbone `<my net>`"),
    ],
)
def test_the_handle_of_the_backbone_is_one_word_in_the_card(handle, shown):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    page = card(dataclasses.replace(model, backbone=dataclasses.replace(model.backbone, handle=handle)))
    assert shown in page
    assert page.count("\n# ") == 1


def test_a_model_of_pairs_shows_a_pair_as_its_example():
    import pandas as pd

    frame = pd.DataFrame({"a": [f"one {i:02d}" for i in range(20)], "b": ["x y"] * 20, "label": ["no", "yes"] * 10})
    data = tfft.data.from_dataframe(frame, text_column=["a", "b"], label_column="label", seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), seed=0)
    run = tfft.fit(model, data, tfft.plans.head_only(1), seed=0, progress=False)
    assert 'predict([("A text.", "Another text.")])' in card(run.model)


def test_a_card_may_be_edited_and_an_old_bundle_without_one_opens(trained, tmp_path):
    run, _ = trained
    path = tfft.export(run.model, tmp_path / "m.tfft", run=run)
    with open(path / "card.md", "a", encoding="utf-8") as file:
        file.write("CC-BY-4.0")
    assert tfft.load(path).task.labels == run.model.task.labels
    (path / "card.md").unlink()
    assert tfft.load(path).task.labels == run.model.task.labels
    tfft.export(run.model, path)  # is still a bundle, which may be replaced


def test_a_run_of_another_model_is_refused(trained, tmp_path):
    run, _ = trained
    other = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    for wrong in (run, 7):
        with pytest.raises(BundleError, match=r"run= must be the run that trained this model.*run=run"):
            tfft.export(other, tmp_path / "m.tfft", run=wrong)


def test_relative_folders_are_in_no_part_of_the_card(trained, tmp_path):
    run, _ = trained
    backbone = dataclasses.replace(
        run.model.backbone, handle="acme/vgg.keras", options=(("weights", "keras:///home/acme/v.keras"),)
    )
    source = "tfft.data.from_csv('clients/acme/reviews.csv', label_column='label/sub', separator='/')"
    about = {"path": "", "backbone": "/acme/net.keras", "weights": "0" * 32, "temperature": 2.0, "weight": 0.5}
    model = dataclasses.replace(run.model, backbone=backbone)
    for path in ("", "acme/teacher.tfft"):
        changed = dataclasses.replace(
            run, model=model, data={**run.data, "source": source}, teacher={**about, "path": path}
        )
        page = card(model, run=changed)
        assert "acme" not in page
        assert "from_csv('reviews.csv', label_column='label/sub', separator='/')" in page
        assert "net.keras, weights 0" in page
