"""Segmentation: a class for each pixel, at the size of the image."""

import numpy as np
import pytest
from PIL import Image

import tfft
from tfft.core.errors import PlanError, TaskError
from tfft.core.label_values import IGNORED
from tfft.core.specs import FeatureSpec, LabelSpace
from tfft.inputs.image import ImagePreprocessor
from tfft.tasks.segmentation import segmentation

SPACE = LabelSpace(("sky", "road", "pole"), "masks")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": {}}, "loss={} is unknown"),
        ({"loss": ["dice"]}, "is unknown.*'cross_entropy', 'dice'"),
        ({"loss": "focal"}, "loss='focal' is unknown.*'cross_entropy', 'dice'"),
        ({"class_weights": {"sky": 1}}, "class_weights must be"),
        ({"loss": "dice", "class_weights": "balanced"}, "no effect on the Dice loss"),
        ({"dropout": 1}, "dropout=1 must be in"),
        ({"width": 7}, "width=7 must be a multiple of 8"),
        ({"finest": 1}, "finest=1 must be 2, 4 or 8"),
        ({"finest": True}, "finest=True must be"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(TaskError, match=message):
        segmentation(SPACE, **options)


def test_a_finest_map_that_a_backbone_does_not_have_is_refused():
    spec = FeatureSpec("map", pyramid=((64, 64, 3), (16, 16, 8)))
    with pytest.raises(TaskError, match=r"finest=2 has no effect on this backbone.*map of stride 4.*Leave finest= out"):
        segmentation(SPACE, finest=2).head.build(spec, (16, 16, 8), 3, seed=0)
    assert segmentation(SPACE).head.build(spec, (16, 16, 8), 3, seed=0).output_shape == (None, 64, 64, 3)


def test_the_finest_map_is_chosen():
    for finest, maps in ((2, 3), (4, 2)):
        model = tfft.build("toy", segmentation(SPACE, finest=finest))
        assert len(model.backbone_net.outputs) == maps
        assert tfft.tasks.from_dict(model.task.to_dict()).levels[0] == finest
    with pytest.raises(
        TaskError, match=r"no maps at the strides that this task reads.*strides 2, 4, 8, read 8, 16, 32"
    ):
        tfft.build("toy", segmentation(SPACE, finest=8))


def test_one_class_and_labels_of_another_kind_are_refused():
    with pytest.raises(TaskError, match="from 2 to 254 classes"):
        segmentation(["sky"])
    with pytest.raises(TaskError, match=r"takes labels of kind 'masks'.*data.from_masks"):
        segmentation(LabelSpace(("a", "b")))


def test_logits_are_reduced_to_the_class_and_its_probability():
    task = segmentation(SPACE)
    logits = np.float32([[[[0, np.log(3), 0], [np.nan, 0, 0], [np.inf, 0, 0]]]])
    found = np.asarray(task.reduce(logits))
    assert found.dtype == np.uint8
    assert found.tolist() == [[[[1, 153], [IGNORED, 0], [IGNORED, 0]]]]
    assert task.usable(found[0, :, :1])
    assert not task.usable(found[0])


def test_ignored_pixels_do_not_count():
    targets, counted = segmentation(SPACE).encode(np.uint8([[[0, 2, IGNORED]]]), {})
    assert (targets.tolist(), counted.tolist()) == ([[[0, 2, IGNORED]]], [[[1, 1, 0]]])
    assert (targets.dtype, counted.dtype) == (np.int32, np.float32)


def test_an_answer_has_the_share_of_each_class():
    answer = segmentation(SPACE).decode(np.uint8([[[1, 255], [1, 0]], [[0, 255], [1, 0]]]), None)
    assert answer.scores == {"sky": 0.25, "road": 0.75, "pole": 0.0}
    assert (answer.mask.tolist(), answer.probability, answer.label) == ([[1, 1], [0, 1]], 0.5, None)
    assert "<img" in answer._repr_html_()


def toy_data(size=(20, 28), count=24):
    random = np.random.default_rng(0)
    images, masks = [], []
    for _ in range(count):
        image = random.integers(0, 60, (*size, 3)).astype(np.uint8)
        mask = np.zeros(size, np.uint8)
        left = int(random.integers(0, size[1] - 10))
        image[4:14, left : left + 10] += 150
        mask[4:14, left : left + 10] = 1
        mask[:, 0] = IGNORED
        images.append(image)
        masks.append(mask)
    return tfft.data.from_masks({"train": (images, masks)}, ["ground", "box"], ignore=IGNORED)


@pytest.mark.parametrize("loss", ["cross_entropy", "dice"])
def test_boxes_are_found_with_either_loss(loss):
    data = toy_data()
    model = tfft.build(
        tfft.load_backbone("toy", size=(20, 28)), segmentation(data.labels, loss=loss, dropout=0.0, width=16)
    )
    tfft.fit(model, data, tfft.plans.full(25, learning_rate=2e-2), batch_size=4, progress=False)
    assert tfft.evaluate(model, data.test).metrics["mean_iou"]["value"] > 0.75


def test_class_weights_weigh_pixels():
    data = toy_data()
    weights = segmentation(data.labels, class_weights="balanced").class_weight(data.train.counts())
    total, counts = sum(data.train.counts().values()), list(data.train.counts().values())
    assert list(weights.values()) == pytest.approx([total / (2 * each) for each in counts])
    model = tfft.build("toy", segmentation(data.labels, class_weights={"ground": 1, "box": 50}, width=16))
    tfft.fit(model, data, tfft.plans.head_only(3), batch_size=8, progress=False)
    row = tfft.evaluate(model, data.validation).to_dict()["per_class"][1]
    assert row["recall"] > 0.9, "a box that is missed costs 50 times as much"


def test_views_with_cached_features_equal_those_of_pixels():
    """The mask moves with its image, also where the image is a row of features."""
    from tfft.plans import augmentation as changes

    losses = []
    for cache in ("off", "memory"):
        data = toy_data()
        model = tfft.build("toy", segmentation(data.labels, dropout=0.0, width=16), cache=cache)
        plan = tfft.plans.head_only(
            2, augment=(changes.crops(), changes.flips(), changes.colors(), changes.erasing(1.0))
        )
        losses.append(tfft.fit(model, data, plan, batch_size=4, progress=False).history()["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_mixing_and_texts_are_refused():
    data = toy_data()
    model = tfft.build("toy", segmentation(data.labels))
    with pytest.raises(PlanError, match="mixes examples"):
        tfft.fit(model, data, tfft.plans.head_only(1, augment=(tfft.plans.augmentation.mixup(),)), progress=False)
    with pytest.raises(TaskError, match="needs a backbone for images"):
        tfft.build("toy_text", segmentation(data.labels))


def test_images_of_any_size_have_answers_of_their_size(tmp_path):
    data = toy_data()
    model = tfft.build("toy", segmentation(data.labels, width=16))
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    images = [np.zeros((height, width, 3), np.uint8) for height, width in ((9, 40), (100, 30), (16, 16))]
    assert [found.mask.shape for found in predictor.predict(images)] == [image.shape[:2] for image in images]
    assert predictor.preprocessor.to_dict()["fit"] == "squash"
    (found,) = predictor.predict(images[0])
    assert "data:image/png" in found._repr_html_()
    assert found.answer.source is found.item is None, "answers keep no images in memory"
    values = found.to_dict()
    assert (values["height"], values["width"], sum(values["shares"].values())) == (9, 40, pytest.approx(1))


def test_an_answer_keeps_the_path_of_its_image_alone(tmp_path):
    data = toy_data()
    predictor = tfft.load(tfft.export(tfft.build("toy", segmentation(data.labels, width=16)), tmp_path / "m.tfft"))
    path = tmp_path / "1.png"
    Image.fromarray(data.train.inputs[0]).save(path)
    sources = [
        found.answer.source
        for found in predictor.predict([path, str(path), path.read_bytes(), data.train.inputs[0], Image.open(path)])
    ]
    assert sources == [str(path), str(path), None, None, None]


def test_crop_becomes_squash_and_pad_is_kept():
    for given, used in (("crop", "squash"), ("squash", "squash"), ("pad", "pad")):
        assert segmentation(SPACE).prepare(ImagePreprocessor(8, 8, given)).fit == used
