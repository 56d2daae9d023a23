"""What fit() refuses before anything is trained."""

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.core.errors import DataError, PlanError
from tfft.plans import Phase, Plan, augmentation
from tfft.trainable import match, nothing

RATE = 0.05


def test_what_is_no_model_or_no_splits_is_refused(model, data):
    with pytest.raises(DataError, match=r"a Functional and a Splits.*fit\(model, data\)"):
        tfft.fit(model.net, data)
    with pytest.raises(DataError, match=r"a TransferModel and a Examples.*not data.train"):
        tfft.fit(model, data.train)


def test_texts_for_a_net_of_pictures_are_refused(model):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(30)], "label": ["red", "green", "blue"] * 10})
    with pytest.raises(
        DataError, match=r"'toy' takes pictures, and the data holds texts.*'text \d+' first.*image_column="
    ):
        tfft.fit(model, tfft.data.from_dataframe(frame))


def test_data_of_other_labels_is_refused(model, toy_arrays):
    other = tfft.data.from_arrays(*toy_arrays, class_names=["a", "b", "c"])
    with pytest.raises(DataError, match=r"other labels.*'a', 'b', 'c'.*'red'.*task\(data.labels\)"):
        tfft.fit(model, other)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, None])
def test_a_batch_size_that_is_no_positive_whole_number_is_refused(model, data, wrong):
    with pytest.raises(DataError, match=f"batch_size={wrong!r}.*32"):
        tfft.fit(model, data, batch_size=wrong)


def test_a_phase_instead_of_a_plan_is_refused(model, data):
    with pytest.raises(PlanError, match=r"Phase.*Plan\(Phase"):
        tfft.fit(model, data, Phase("head", nothing(), 1, 0.1))


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
