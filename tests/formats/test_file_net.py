"""A LiteRT file is called as the Keras net is."""

import importlib.util

import numpy as np
import pytest

import tfft
from tests.conftest import picture
from tfft.core.values import argument_of
from tfft.formats.file_net import FileNet, seconds_per_example

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason='pip install ".[litert]"'),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter"),
]


@pytest.mark.parametrize("backbone", ["toy", "toy_text"])
def test_a_file_gives_the_logits_of_its_net_also_inside_of_a_graph(tmp_path, backbone):
    import tensorflow as tf

    model = tfft.build(backbone, tfft.tasks.classification(["a", "b"]), seed=0)
    items = [picture(seed) for seed in range(5)] if backbone == "toy" else ["a film", "a long and good film", "bad"]
    path = tfft.export(model, tmp_path / "made", format="litert", examples=items)
    net = FileNet(path / "model.tflite", model.net)
    given = argument_of(model.preprocessor.collate([model.preprocessor(item) for item in items]))
    wanted = np.asarray(model.net(given))
    np.testing.assert_allclose(np.asarray(net(given)), wanted, atol=1e-5)
    traced = tf.function(net, autograph=False)(given)
    assert traced.shape == wanted.shape
    np.testing.assert_allclose(traced.numpy(), wanted, atol=1e-5)


def test_a_slower_net_needs_more_seconds(tmp_path):
    import time

    import tensorflow as tf

    data = tfft.data.from_arrays(np.stack([picture(seed) for seed in range(20)]), [0, 1] * 10)
    model = tfft.build("toy", tfft.tasks.classification(data.labels), seed=0)
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))

    def slow(inputs, training=False):
        tf.numpy_function(lambda: time.sleep(0.05), [], [])
        return model.net(inputs)

    assert seconds_per_example(predictor, slow, data.train) >= 0.05
    assert 0 < seconds_per_example(predictor, model.net, data.train) < 0.05
