"""Models and predictors can be copied. The error for pickling says what to do instead."""

import copy
import pickle

import numpy as np
import pytest

import tfft
from tfft.core.errors import TfftError


@pytest.fixture(params=["model", "predictor"])
def value(request, tmp_path):
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    return model if request.param == "model" else tfft.load(tfft.export(model, tmp_path / "toy.tfft"))


def test_the_error_for_pickling_says_what_to_do_instead(value):
    with pytest.raises(TfftError, match=r"cannot be pickled\..*tfft\.load\(path\)"):
        pickle.dumps(value)


def test_a_deep_copy_has_weights_of_its_own_and_a_shallow_one_shares_them(value):
    deep, shallow = copy.deepcopy(value), copy.copy(value)
    pixels = np.full((1, 16, 16, 3), 100, np.float32)
    before = np.asarray(value.net(pixels))
    np.testing.assert_array_equal(deep.net(pixels), before)
    value.net.weights[-1].assign_add(np.ones(2))
    np.testing.assert_array_equal(deep.net(pixels), before)
    np.testing.assert_array_equal(shallow.net(pixels), value.net(pixels))
