"""Areas under ROC curves equal those of scikit-learn, also with weights and ties."""

import numpy as np
import pytest
from sklearn import metrics as sk

from tfft.measures.areas import levels, mean_area, roc_areas

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("weights", [np.ones(50), np.random.default_rng(1).integers(1, 4, 50).astype(float)])
def test_areas_equal_scikit_learns(weights):
    probabilities = RANDOM.integers(0, 6, (50, 3)) / 6
    truth = RANDOM.random((50, 3)) < 0.4
    expected = [sk.roc_auc_score(truth[:, i], probabilities[:, i], sample_weight=weights) for i in range(3)]
    assert roc_areas(levels(probabilities), truth, weights) == pytest.approx(expected)
    assert mean_area(levels(probabilities), truth, weights) == pytest.approx(np.mean(expected))


def test_a_class_that_all_examples_have_or_none_has_no_area_and_is_left_out_of_the_mean():
    probabilities = RANDOM.random((10, 3))
    truth = np.stack([np.ones(10, bool), np.zeros(10, bool), np.arange(10) < 5], axis=1)
    areas = roc_areas(levels(probabilities), truth, np.ones(10))
    assert np.isnan(areas).tolist() == [True, True, False]
    assert mean_area(levels(probabilities), truth, np.ones(10)) == areas[2]
    assert np.isnan(mean_area(levels(probabilities[:, :2]), truth[:, :2], np.ones(10)))
