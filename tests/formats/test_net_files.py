"""A net alone answers as the bundle does, with a program that needs nothing of tfft."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import tfft
from tests.conftest import picture
from tfft.core.errors import BundleError
from tfft.core.specs import LabelSpace
from tfft.formats import net_files

IMAGES = [picture(seed, (20 + seed, 30 - seed)) for seed in range(8)]
TEXTS = ["a good film", "bad", "好 and long " * 40]
AGE = LabelSpace(("age",), "real", mean=(40.0,), scale=(10.0,))


PAIRS = [("Who is it?", "Ann. " * 30), ("好 and long " * 40, "no"), ("a", "b")]


def fitted(fit):
    toy = tfft.load_backbone("toy")
    return replace(toy, preprocessor=replace(toy.preprocessor, fit=fit))


def of_pairs():
    rows = [(f"Who is {number}?", f"Number {number} is here.") for number in range(20)]
    data = tfft.data.from_arrays(rows, ["yes", "no"] * 10, seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), seed=0)
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    return model


MODELS = {
    "images": lambda: tfft.build("toy", tfft.tasks.classification(["label", "蜂"]), seed=0),
    "padded images": lambda: tfft.build(
        fitted("pad"), tfft.tasks.multi_label(["a", "b"], threshold=[0.9, 0.1]), seed=0
    ),
    "quantities of images": lambda: tfft.build(fitted("squash"), tfft.tasks.regression(AGE), seed=0),
    "masks": lambda: tfft.build("toy", tfft.tasks.segmentation(["a", "b"]), seed=0),
    "texts": lambda: tfft.build("toy_text", tfft.tasks.classification(["kind", "long"]), seed=0),
    "labels of texts": lambda: tfft.build("toy_text", tfft.tasks.multi_label(["a", "b"], threshold=0.4), seed=0),
    "quantities of texts": lambda: tfft.build("toy_text", tfft.tasks.regression(AGE), seed=0),
    "pairs of texts": of_pairs,
}
NEEDS = {"onnx": "tf2onnx", "litert": "ai_edge_litert", "keras": "keras"}
# all kinds in one format, and each kind of input in the others: a kind differs in its program, a format in how a net is called
CASES = [("onnx", kind) for kind in MODELS]
CASES += [(format, kind) for format in ("litert", "keras") for kind in ("images", "masks", "texts", "pairs of texts")]
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]

ALONE = """
import runpy, sys
sys.modules["tfft"] = sys.modules["tensorflow_text"] = None
if {keras}:
    sys.modules["tensorflow"] = sys.modules["keras"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def program(folder, *given, keras=False):
    """What the program in a folder answers, in a process that cannot import tfft, nor for other formats TensorFlow."""
    code = ALONE.format(keras=not keras)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "predict.py"), *map(str, given)],
        capture_output=True, text=True, timeout=300, cwd=folder.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(("format", "kind"), CASES)
def test_the_program_of_an_export_answers_as_the_bundle_does(tmp_path, format, kind):
    if importlib.util.find_spec(NEEDS[format]) is None:
        pytest.skip(f'needs {NEEDS[format]}: pip install ".[{format}]"')
    model = MODELS[kind]()
    predictor = tfft.load(tfft.export(model, tmp_path / "m.tfft"))
    texts = "texts" in kind
    items = PAIRS if "pairs" in kind else TEXTS if texts else IMAGES
    folder = tfft.export(predictor, tmp_path / "made", format=format, examples=items)
    about = json.loads((folder / "tfft.json").read_text(encoding="utf-8"))
    assert about["comparison"]["examples"] == len(items)
    assert about["comparison"]["largest_difference"] < 1e-4
    assert about["options"] == model.task.to_dict()["options"]
    given = items
    if not texts:
        given = [tmp_path / f"{index}.png" for index in range(3)]
        for path, pixels in zip(given, IMAGES, strict=False):
            Image.fromarray(pixels).save(path)
    words = [word for pair in given for word in pair] if "pairs" in kind else given
    found = program(folder, *words, keras=format == "keras")
    assert len(found) == len(given)
    for said, wanted in zip(found, predictor.predict(given), strict=True):
        scores = pytest.approx(dict(wanted.scores), abs=1e-4)
        if kind == "masks":
            assert said["labels"] == ["a", "b"]
            logits = predictor.net(predictor.preprocessor(wanted.name)[None].astype(np.float32))
            np.testing.assert_array_equal(said["mask"], np.argmax(logits[0], axis=-1))
        elif model.task.name == "regression":
            assert said == {"values": scores}
        elif model.task.name == "multi_label":
            assert said == {"labels": list(wanted.label), "probabilities": scores}
        else:
            assert said == {"label": wanted.label, "probabilities": scores}


@pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason='pip install ".[litert]"')
def test_rounded_files_are_smaller_and_say_how_far_they_are(tmp_path):
    net = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=None, size=96)
    model = tfft.build(net, tfft.tasks.classification(["ants", "bees"]), seed=0)
    images = [picture(seed, (100, 110), seed % 3) for seed in range(6)]
    sizes = {}
    for format in ("litert", "litert_float16", "litert_int8"):
        folder = tfft.export(model, tmp_path / format, format=format, examples=images)
        sizes[format] = (folder / "model.tflite").stat().st_size
        found = json.loads((folder / "tfft.json").read_text(encoding="utf-8"))["comparison"]
        assert found["largest_difference"] < (1e-4 if format == "litert" else 0.2)
    assert sizes["litert_float16"] < 0.6 * sizes["litert"]
    assert sizes["litert_int8"] < 0.5 * sizes["litert"]


@pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason='pip install ".[litert]"')
def test_int8_of_texts_needs_no_examples(tmp_path):
    model = tfft.build("toy_text", tfft.tasks.classification(["ants", "bees"]), seed=0)
    found = tfft.export(model, tmp_path / "made", format="litert_int8")
    assert json.loads((found / "tfft.json").read_text(encoding="utf-8"))["comparison"]["agreement"] == 1.0


@pytest.mark.skipif(importlib.util.find_spec("tf2onnx") is None, reason='pip install ".[onnx]"')
def test_answers_in_a_text_have_their_logits_and_no_program(tmp_path):
    model = tfft.build("toy_text", tfft.tasks.token_classification(["per"]), seed=0)
    folder = tfft.export(model, tmp_path / "made", format="onnx", examples=["Ann sleeps here.", "Bo"])
    assert not (folder / "predict.py").exists()
    assert (folder / "tokenizer" / "tokenizer.json").is_file()


@pytest.mark.skipif(importlib.util.find_spec("tf2onnx") is None, reason='pip install ".[onnx]"')
def test_gelu_is_written_with_operations_that_onnx_has(tmp_path):
    """tf2onnx 1.17 writes Erfc, which ONNX does not have, so that no program loads the file."""
    import keras
    import onnx
    import onnxruntime

    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="gelu"), keras.layers.Dense(2)])
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32) * 4
    wanted, path = net(values), tmp_path / "net.onnx"
    net.export(str(path), format="onnx", verbose=False)
    net_files._mend(path)
    onnx.checker.check_model(onnx.load(str(path)))
    session = onnxruntime.InferenceSession(str(path))
    assert [output.name for output in session.get_outputs()] == ["logits"]
    np.testing.assert_allclose(session.run(None, {session.get_inputs()[0].name: values})[0], wanted, atol=1e-5)


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_missing_package_is_named_and_nothing_is_left(tmp_path, monkeypatch, format):
    monkeypatch.setattr(net_files, "find_spec", lambda name: None)
    with pytest.raises(BundleError, match=rf'not installed.*Run: pip install "tfft\[{format}\]"'):
        tfft.export(MODELS["images"](), tmp_path / "made", format=format, examples=IMAGES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(importlib.util.find_spec("tf2onnx") is None, reason='pip install ".[onnx]"')
@pytest.mark.parametrize("step", ["export", "mend"])
def test_a_net_that_cannot_become_onnx_is_an_error_and_nothing_is_left(tmp_path, monkeypatch, step):
    def refuse(*given, **options):
        raise ValueError("Opset 9 has no FusedThing.")

    model = MODELS["images"]()
    if step == "export":
        monkeypatch.setattr(type(model.net), "export", refuse)
    else:
        monkeypatch.setattr(net_files, "_mend", refuse)
    with pytest.raises(
        BundleError, match=r"cannot be written as ONNX.*Opset 9 has no FusedThing.*Choose another format"
    ):
        tfft.export(model, tmp_path / "made", format="onnx", examples=IMAGES)
    assert list(tmp_path.iterdir()) == []
