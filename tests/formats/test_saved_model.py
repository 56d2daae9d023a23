"""A SavedModel answers raw inputs as the bundle does, in a process without tfft."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.conftest import picture
from tfft.core.errors import BundleError
from tfft.formats.compared_examples import encoded

IMAGES = [picture(seed, (20 + seed, 30 - seed)) for seed in range(8)]
TEXTS = ["a good film", "bad", "好 and long " * 40]
pytestmark = pytest.mark.slow

ALONE = """
import json, sys
sys.modules["tfft"] = sys.modules["keras_hub"] = None  # neither can be imported
import numpy as np, tensorflow as tf
if {texts}:
    import tensorflow_text  # imports Keras itself
else:
    sys.modules["keras"] = None
folder, path = sys.argv[1:]
made = tf.saved_model.load(folder)
given = np.load(path, allow_pickle=True)
found = made.signatures["serving_default"](**{{name: tf.constant(list(given[name])) for name in given.files}})
print(json.dumps({{name: value.numpy().tolist() for name, value in found.items() if value.dtype != tf.string}}))
"""


def alone(folder, path, needs_text=False, **columns):
    """What a process with TensorFlow alone answers."""
    np.savez(path, **{name: np.array(values, object) for name, values in columns.items()})
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(texts=needs_text), str(folder), str(path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_images_are_answered_as_the_bundle_does_without_tfft_and_keras(tmp_path):
    model = tfft.build("toy", tfft.tasks.classification(["ants", "蜂"]), seed=0)
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    folder = tfft.export(tmp_path / "m.tfft", tmp_path / "saved", format="saved_model", examples=IMAGES)
    made = tf.saved_model.load(str(folder))
    assert set(made.signatures) == {"serving_default", "predict_bytes", "features"}
    contents = [encoded(image) for image in IMAGES]
    wanted = predictor.predict(IMAGES)
    found = made.signatures["predict_bytes"](images=tf.constant(contents))
    assert [label.decode() for label in found["label"].numpy()] == [each.label for each in wanted]
    scores = np.array([list(each.scores.values()) for each in wanted])
    np.testing.assert_allclose(found["probabilities"], scores, atol=1e-6)
    np.testing.assert_allclose(found["probability"], scores.max(axis=1), atol=1e-6)
    assert made.signatures["features"](images=tf.constant(contents[:3]))["features"].shape == (3, 2, 2, 8)
    np.testing.assert_allclose(
        alone(folder, tmp_path / "given.npz", images=contents)["probabilities"], scores, atol=1e-6
    )
    about = json.loads((folder / "assets.extra" / "tfft.json").read_text(encoding="utf-8"))
    assert about["labels"] == ["ants", "蜂"]
    assert about["comparison"]["examples"] == len(IMAGES)
    assert about["comparison"]["agreement"] == 1.0
    assert about["preprocessing"] == {"height": 16, "width": 16, "fit": "crop"}


def test_texts_are_answered_as_the_bundle_does(tmp_path):
    model = tfft.build("toy_text", tfft.tasks.multi_label(["kind", "long"]), seed=0)
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    folder = tfft.export(predictor, tmp_path / "saved", format="saved_model")
    scores = np.array([list(each.scores.values()) for each in predictor.predict(TEXTS)])
    found = alone(folder, tmp_path / "given.npz", True, texts=TEXTS)
    np.testing.assert_allclose(found["probabilities"], scores, atol=1e-6)
    made = tf.saved_model.load(str(folder)).signatures["predict_text"](texts=tf.constant(TEXTS))
    np.testing.assert_allclose(made["probabilities"], scores, atol=1e-6)
    np.testing.assert_array_equal(made["predicted"], scores >= 0.5)


def test_pairs_of_texts_have_two_arguments(tmp_path):
    pairs = [(f"Who is {number}?", f"Number {number} is here.") for number in range(20)]
    data = tfft.data.from_arrays(pairs, ["yes", "no"] * 10, seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), seed=0)
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    folder = tfft.export(model, tmp_path / "saved", format="saved_model", examples=data.test)
    made = tf.saved_model.load(str(folder)).signatures["predict_text"]
    first, second = (tf.constant(list(column)) for column in zip(*pairs, strict=True))
    found = made(texts=first, second_texts=second)["probabilities"].numpy()
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    np.testing.assert_allclose(found, [list(each.scores.values()) for each in predictor.predict(pairs)], atol=1e-6)


def test_masks_have_the_size_of_the_net(tmp_path):
    model = tfft.build("toy", tfft.tasks.segmentation(["a", "b"]), seed=0)
    folder = tfft.export(model, tmp_path / "saved", format="saved_model", examples=IMAGES)
    made = tf.saved_model.load(str(folder)).signatures["predict_bytes"]
    assert made(images=tf.constant([encoded(IMAGES[0])]))["mask"].shape == (1, 16, 16)


@pytest.mark.parametrize("task", [tfft.tasks.token_classification(["per"]), tfft.tasks.question_answering()])
def test_answers_that_are_places_in_a_text_are_refused_and_nothing_is_left(tmp_path, task):
    model = tfft.build("toy_text", task)
    with pytest.raises(BundleError, match=r"cannot give the answers of .*, which are places in a text.*tfft\.load"):
        tfft.export(model, tmp_path / "saved", format="saved_model")
    assert list(tmp_path.iterdir()) == []
