"""The features of a net are what its head reads."""

import numpy as np
import pytest

import tfft
from tfft.formats.net_features import features_net

CASES = {
    "map": ("toy", tfft.tasks.classification(["a", "b"])),
    "sequence": ("toy_text", tfft.tasks.classification(["a", "b"])),
    "pyramid": ("toy", tfft.tasks.segmentation(["a", "b"])),
}


@pytest.mark.parametrize("case", CASES)
def test_the_head_makes_the_logits_of_the_net_from_them(case, tmp_path):
    backbone, task = CASES[case]
    model = tfft.build(backbone, task, seed=0)
    item = "a good film" if case == "sequence" else np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    net = tfft.load(tfft.export(model, tmp_path / "m.tfft")).net
    rows = model.preprocessor.collate([model.preprocessor(item)] * 2)
    given = rows if len(rows) > 1 else next(iter(rows.values())).astype(np.float32)
    for each in (net, model.net):
        found = features_net(each)(given)
        head = each.get_layer("head")
        made = head([found[tensor.name] for tensor in head.inputs] if len(head.inputs) > 1 else found["features"])
        np.testing.assert_allclose(made, each(given), atol=1e-6)


def test_a_head_that_was_called_in_another_net_as_well_has_the_features_of_this_one():
    import keras

    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    other = keras.Input((2, 2, 8))
    keras.Model(other, model.head_net(other))
    image = np.random.default_rng(0).integers(0, 255, (1, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(model.head_net(features_net(model.net)(image)["features"]), model.net(image), atol=1e-6)
