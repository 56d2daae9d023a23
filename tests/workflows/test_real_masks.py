"""Segmentation of real street scenes and membranes with real ImageNet weights, in small settings."""

import numpy as np
import pytest

import tfft

pytestmark = pytest.mark.real
WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


@pytest.fixture(scope="module")
def streets(material):
    home = material / "data" / "segmentation" / "camvid_small"
    return tfft.data.from_masks(home, (home / "classes.txt").read_text().split(), ignore="unlabelled")


def backbone(material, size):
    return tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=str(material / "weights" / WEIGHTS), size=size)


def test_streets_are_told_from_cached_features_and_answers_have_the_size_of_photos(material, streets, tmp_path):
    few = streets.train.take(np.arange(0, 367, 3))
    data = tfft.data.Splits(few, streets.validation.take(np.arange(0, 101, 3)), None, streets.labels)
    model = tfft.build(backbone(material, (96, 128)), tfft.tasks.segmentation(data.labels, width=32))
    run = tfft.fit(model, data, tfft.plans.head_only(6), batch_size=8, progress=False)
    assert run.phases[0].reads.startswith("features after map_0 and map_1 and map_2 and map_3")
    test = streets.test.take(np.arange(0, 233, 8))
    report = tfft.evaluate(model, test)
    assert report.metrics["pixel_accuracy"]["value"] > 0.7
    assert report.metrics["mean_iou"]["value"] > 0.28
    road = next(row for row in report.per_class if row["name"] == "road")
    assert road["iou"] > 0.65
    predictor = tfft.load(tfft.export(model, tmp_path / "streets.tfft", report=report))
    answers = predictor.predict([test.inputs[0], test.inputs[1]])
    assert [answer.mask.shape for answer in answers] == [(180, 240)] * 2
    assert np.mean([answer.mask == test.targets[i] for i, answer in enumerate(answers)]) > 0.6


def test_membranes_are_found_in_grey_images(material):
    home = material / "data" / "segmentation" / "isbi_membrane_small"
    data = tfft.data.from_masks(home, ["first", "second"], holdout=(0.2, 0.2))
    model = tfft.build(backbone(material, (128, 128)), tfft.tasks.segmentation(data.labels, width=32, finest=2))
    tfft.fit(model, data, tfft.plans.head_only(8), batch_size=4, progress=False)
    metrics = tfft.evaluate(model, data.test).metrics
    counts = np.array(list(data.test.counts().values()))
    # a constant answer has no pixel of the rarer class, so its mean IoU is half of its accuracy
    constant = counts.max() / counts.sum()
    assert metrics["pixel_accuracy"]["value"] > constant + 0.01
    assert metrics["mean_iou"]["value"] > constant / 2 + 0.1


def test_a_folder_of_timm_is_a_backbone(material, streets):
    described = tfft.load_backbone(str(material / "weights" / "timm_efficientnet_lite0"), size=(90, 120))
    data = tfft.data.Splits(
        streets.train.take(np.arange(8)), streets.validation.take(np.arange(4)), None, streets.labels
    )
    model = tfft.build(described, tfft.tasks.segmentation(data.labels, width=16))
    run = tfft.fit(model, data, tfft.plans.segmenter(1, 1), batch_size=4, progress=False)
    assert model.net.output_shape == (None, 90, 120, 11)
    assert [record.reads.split(":")[0].split(" ")[0] for record in run.phases] == ["features", "pixels"]
