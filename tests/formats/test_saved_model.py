"""A SavedModel answers raw inputs as the bundle does, in a process without tfft."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import tfft
from tests.conftest import picture
from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError
from tfft.data.targets.answers import answer_space
from tfft.formats import answer_graph, entity_graph, word_graph
from tfft.formats.compared_examples import encoded
from tfft.tokenizers import place_graph

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


def test_entities_are_answered_as_the_bundle_does(tmp_path):
    texts = ["Ann sleeps here. " * 40, "去北京", "Bo", "no, no"]
    model = tfft.build("toy_text", tfft.tasks.token_classification(["per", "org"]), seed=0)
    for variable in model.net.get_layer("head").weights:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape) * 3)
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    folder = tfft.export(predictor, tmp_path / "saved", format="saved_model", examples=texts)
    made = tf.saved_model.load(str(folder))
    assert set(made.signatures) == {"serving_default", "predict_text", "predict_words"}
    about = json.loads((folder / "assets.extra" / "tfft.json").read_text(encoding="utf-8"))
    assert about["comparison"]["agreement"] == 1.0
    assert about["comparison"]["largest_difference"] < 1e-5
    found, total = alone(folder, tmp_path / "given.npz", True, texts=texts), 0
    labels = made.signatures["predict_text"](texts=tf.constant(texts))["labels"].numpy()
    for row, answer in enumerate(predictor.predict(texts)):
        count = found["counts"][row]
        total += count
        rows = [found[name][row][:count] for name in ("starts", "ends", "probabilities")]
        wanted = [(each.start, each.end, pytest.approx(each.probability, abs=1e-5)) for each in answer.entities]
        assert list(zip(*rows, strict=True)) == wanted
        assert [label.decode() for label in labels[row, :count]] == [each.label for each in answer.entities]
    assert total > 20


def test_entities_at_other_places_are_an_error_and_nothing_is_left(tmp_path, monkeypatch):
    """The places of words are compared, not only their probabilities."""

    def shifted(texts):
        found = word_graph.words_of(texts)
        return found._replace(ends=found.ends + 1)

    monkeypatch.setattr(entity_graph, "words_of", shifted)
    model = tfft.build("toy_text", tfft.tasks.token_classification(["per"]), seed=0)
    with pytest.raises(BundleError, match="answers of the saved_model differ from those of the Keras net"):
        tfft.export(model, tmp_path / "saved", format="saved_model", examples=["Ann sleeps here."])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::tfft.core.errors.DataWarning")  # two posts have two annotations each
def test_entities_in_real_texts_are_those_of_the_predictor(tmp_path, material):
    """WNUT-17 and MiniLM with a head from a short training, so that probabilities are not all alike."""
    home = material / "data" / "token_classification" / "wnut17"
    few = [tmp_path / name for name in ("dev.conll", "test.conll")]
    for path in few:
        sentences = (home / path.name).read_text(encoding="utf-8").split("\n\n")[:250]
        path.write_text("\n\n".join(sentences), encoding="utf-8")
    data = tfft.data.from_conll({"train": few[0], "test": few[1]}, seed=0)
    model = tfft.build(tfft.load_backbone("minilm_l6", length=32), tfft.tasks.token_classification(data.labels), seed=0)
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    texts = [text.first for text in data.test.inputs[:100]] + [" ".join(text.first for text in data.test.inputs[:40])]
    predictor = Predictor(model.net, model.task, model.preprocessor, {})
    folder = tfft.export(predictor, tmp_path / "saved", format="saved_model", examples=texts)
    made = tf.saved_model.load(str(folder)).signatures["predict_text"](texts=tf.constant(texts))
    found = {name: values.numpy() for name, values in made.items()}
    for row, answer in enumerate(predictor.predict(texts)):
        names = ("entities", "labels", "starts", "ends")
        said = list(zip(*(found[name][row, : found["counts"][row]].tolist() for name in names), strict=True))
        assert said == [(each.text.encode(), each.label.encode(), each.start, each.end) for each in answer.entities]
    assert found["counts"].sum() > 50


def reader(length=24):
    """A reader with a random head; it may say that there is no answer."""
    task = tfft.tasks.question_answering(answer_space(unanswerable=True), stride=4)
    model = tfft.build(tfft.load_backbone("toy_text", length=length), task, seed=0)
    for variable in model.net.get_layer("head").weights:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape) * 3)
    return model


def test_questions_are_answered_as_the_bundle_does(tmp_path):
    contexts = [
        "Ann sleeps in room 7, not in 8. " * 9,
        "去北京看朋友，然后去上海。",
        "İ 😀 Cafe\u0301! Ann is there.",
        "Bo\0 is\there.\nAnn is not.",
    ]
    pairs = [(f"Who {verb}?", context) for context in contexts for verb in ("sleeps", "is 😀")]
    predictor = tfft.load(tfft.export(reader(), tmp_path / "m.tfft"))
    folder = tfft.export(tmp_path / "m.tfft", tmp_path / "saved", format="saved_model", examples=pairs)
    made = tf.saved_model.load(str(folder))
    assert set(made.signatures) == {"serving_default", "predict_text"}
    about = json.loads((folder / "assets.extra" / "tfft.json").read_text(encoding="utf-8"))
    assert (about["comparison"]["examples"], about["comparison"]["agreement"]) == (len(pairs), 1.0)
    assert about["comparison"]["largest_difference"] < 1e-5
    given = {"question": [pair[0] for pair in pairs], "context": [pair[1] for pair in pairs]}
    found = alone(folder, tmp_path / "given.npz", True, **given)
    texts = made.signatures["predict_text"](**{name: tf.constant(each) for name, each in given.items()})["text"].numpy()
    places = 0
    for row, prediction in enumerate(predictor.predict(pairs)):
        answer = prediction.answer
        assert (found["start"][row], found["end"][row]) == (answer.place or (-1, -1))
        assert texts[row].decode() == (answer.label or "")
        assert found["probability"][row] == pytest.approx(answer.probability, abs=1e-5)
        scores = [*answer.scores.values(), *[0] * (5 - len(answer.scores))]
        np.testing.assert_allclose(found["best_probabilities"][row], scores, atol=1e-5)
        places += answer.place is not None
    assert places > 3


def test_answers_at_other_places_are_an_error_and_nothing_is_left(tmp_path, monkeypatch):
    def shifted(parts, texts):
        found = place_graph.places_of(parts, texts)
        return found._replace(ends=found.ends + 1)

    monkeypatch.setattr(answer_graph, "places_of", shifted)
    with pytest.raises(BundleError, match="answers of the saved_model differ from those of the Keras net"):
        tfft.export(reader(), tmp_path / "saved", format="saved_model", examples=[("Who sleeps?", "Ann sleeps here.")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::tfft.core.errors.DataWarning")  # an answer is longer than a window
@pytest.mark.parametrize("backbone", ["minilm_l6", "multilingual_e5_small"])
def test_answers_to_real_questions_are_those_of_the_predictor(tmp_path, material, backbone):
    """A bundle with a briefly trained head, so that its answers differ, and XQuAD in English and Chinese."""
    home = material / "data" / "question_answering" / "xquad"
    language = {"minilm_l6": "en", "multilingual_e5_small": "zh"}[backbone]
    whole = json.loads((home / f"xquad.{language}.dev.json").read_text(encoding="utf-8"))
    (tmp_path / "few.json").write_text(json.dumps({**whole, "data": whole["data"][:4]}), encoding="utf-8")
    data = tfft.data.from_squad({"train": tmp_path / "few.json"}, seed=0)
    task = tfft.tasks.question_answering(data.labels, stride=16)
    model = tfft.build(tfft.load_backbone(backbone, length=64), task, seed=0)
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    pairs = [(text.first, text.second) for text in data.train.inputs[:60]]
    pairs += [(pairs[0][0], " ".join(dict.fromkeys(context for _, context in pairs)))]
    predictor = Predictor(model.net, model.task, model.preprocessor, {})
    folder = tfft.export(predictor, tmp_path / "saved", format="saved_model", examples=pairs)
    columns = (tf.constant(list(column)) for column in zip(*pairs, strict=True))
    made = tf.saved_model.load(str(folder)).signatures["predict_text"]
    found = {
        name: values.numpy()
        for name, values in made(**dict(zip(("question", "context"), columns, strict=True))).items()
    }
    for row, prediction in enumerate(predictor.predict(pairs)):
        answer = prediction.answer
        assert (found["start"][row], found["end"][row]) == answer.place
        assert found["text"][row].decode() == answer.label
        assert found["probability"][row] == pytest.approx(answer.probability, abs=1e-5)
    assert len(set(found["start"])) > 20


def test_a_task_whose_answers_no_graph_gives_is_refused_and_nothing_is_left(tmp_path):
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    other = Predictor(model.net, replace(model.task, served=None), model.preprocessor, {})
    with pytest.raises(BundleError, match=r"cannot give the answers of classification\..*tfft\.load"):
        tfft.export(other, tmp_path / "saved", format="saved_model")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_tensorflow_cannot_write_is_an_error_and_nothing_is_left(tmp_path, monkeypatch):
    def refuse(*given, **options):
        raise AssertionError("Tried to export a function which references an 'untracked' resource.")

    monkeypatch.setattr(tf.saved_model, "save", refuse)
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    with pytest.raises(BundleError, match=r"cannot be written as a SavedModel.*'untracked' resource.*tfft\.load"):
        tfft.export(model, tmp_path / "saved", format="saved_model", examples=IMAGES)
    assert list(tmp_path.iterdir()) == []
